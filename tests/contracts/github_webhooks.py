"""GitHub's own description of its webhooks, and the check of every delivery against it."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import jsonschema_rs

from tests.contracts.packages import CHECKOUT, Package, file_of

WEBHOOKS = Package(
    "@octokit/openapi-webhooks",
    "12.1.0",
    "sha512-Z5eDsLCUNbx1zHpZb1LNQirADqdMTvWJQ/deahi0ws+tWWnwHXB+Pr4jfmM9OrETS9Y5iW8ZRu1fdbudObhLrg==",
)
_AT_HAND = CHECKOUT.parent / "shared" / "contracts" / "github" / "webhooks.openapi.json"
_URI = "urn:webhooks"


@cache
def _document() -> dict[str, Any]:
    place = _AT_HAND if _AT_HAND.exists() else file_of(WEBHOOKS, "generated/api.github.com.json")
    document: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
    return document


@cache
def _validator(name: str) -> Any:
    registry = jsonschema_rs.Registry([(_URI, _document())], draft=jsonschema_rs.Draft202012)
    schema = {"$ref": f"{_URI}#/components/schemas/{name}"}
    return jsonschema_rs.Draft202012Validator(schema, registry=registry, validate_formats=True)


def errors(event: str, payload: Any) -> list[str]:
    """What is wrong with a payload by GitHub's description."""
    action = payload.get("action")
    name = "-".join(["webhook", event.replace("_", "-"), *([action.replace("_", "-")] if action else [])])
    if name not in _document()["components"]["schemas"]:
        return [f"GitHub describes no {name}"]
    return [
        f"{'/'.join(map(str, error.instance_path)) or 'body'}: {error.message[:300]}"
        for error in _validator(name).iter_errors(payload)
    ]
