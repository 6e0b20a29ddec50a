"""What Kubeflow's Model Registry and Model Catalog are asked and answer, and the check of exchanges.

The descriptions in ``kubeflow/`` are ours. Where Kubeflow's own are at hand, exchanges must be right by both.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import jsonschema_rs
import yaml

from tests.contracts.openapi import Description, Operation, as_json_schema
from tests.contracts.packages import CHECKOUT

APIS = ("registry", "catalog")
UNDESCRIBED = 400
"""Kubeflow's servers answer it to every bad query, and describe it for some operations only."""
_OURS = Path(__file__).parent / "kubeflow"
_THEIRS = CHECKOUT.parent / "shared" / "contracts"


def ours(api: str) -> dict[str, Any]:
    """Our description."""
    return _read(_OURS / f"{api}.yaml")


def upstream(api: str) -> dict[str, Any] | None:
    """Kubeflow's own, where it is at hand."""
    path = _THEIRS / f"kubeflow-model-{api}.openapi.yaml"
    return _read(path) if path.exists() else None


@cache
def _read(path: Path) -> dict[str, Any]:
    read: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
    return read


@cache
def descriptions(api: str) -> tuple[tuple[str, Description], ...]:
    """All that there are, with whose they are."""
    documents = [("ours", ours(api)), ("Kubeflow's", upstream(api))]
    return tuple((whose, Description(_told_apart(document))) for whose, document in documents if document)


def _told_apart(node: Any) -> Any:
    """``oneOf`` with a discriminator, as the discriminator means it: JSON Schema knows none."""
    if isinstance(node, list):
        return [_told_apart(item) for item in node]
    if not isinstance(node, dict):
        return node
    done = {key: _told_apart(value) for key, value in node.items()}
    told = node.get("discriminator")
    if "oneOf" not in node or not isinstance(told, dict):
        return done
    name = told["propertyName"]
    kinds = [
        {"allOf": [{"$ref": ref}, {"required": [name], "properties": {name: {"enum": [value]}}}]}
        for value, ref in told["mapping"].items()
    ]
    return {key: value for key, value in done.items() if key not in ("oneOf", "discriminator")} | {
        "oneOf": kinds
    }


def api_of(path: str) -> str:
    """Which of the two APIs a path belongs to."""
    return "catalog" if path.startswith("/api/model_catalog/") else "registry"


def errors(method: str, path: str, query: str, status: int, media: str, received: bytes) -> list[str]:
    """What is wrong with an exchange. ``path``: as sent. A refused request may be anything."""
    wrong: list[str] = []
    for whose, description in descriptions(api_of(path)):
        operation = description.find(method, path)
        if operation is None:
            wrong.append(f"by {whose}: no operation")
            continue
        found = request_errors(description, operation, query) if status < 400 else []
        response = description.response(operation, status)
        if response is None and status == UNDESCRIBED:
            found += description.errors("#/components/schemas/Error", json.loads(received))
        elif response is None:
            found.append(f"{operation.id} does not answer {status}")
        elif media != "application/json":
            found.append(f"{operation.id} does not answer {media or 'an empty body'}")
        else:
            pointer = f"{response[0]}/content/application~1json/schema"
            found += description.errors(pointer, json.loads(received))
        wrong += [f"by {whose}: {each}" for each in found]
    return wrong


def request_errors(description: Description, operation: Operation, query: str) -> list[str]:
    """What is wrong with a query."""
    allowed = {each["name"]: each["schema"] for each in operation.parameters if each["in"] == "query"}
    wrong = []
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in allowed:
            wrong.append(f"{operation.id} has no parameter {name}")
            continue
        schema = allowed[name]
        schema = schema["items"] if schema.get("type") == "array" else schema
        _, followed = description.follow(schema)
        validator = jsonschema_rs.Draft4Validator(as_json_schema(followed))
        wrong += [f"{name}: {error.message}" for error in validator.iter_errors(value)]
    return wrong


def properties(document: dict[str, Any], name: str) -> tuple[dict[str, Any], set[str]]:
    """All properties of a schema, with their own schemas, and those that are required, through ``allOf``."""
    return _properties(document, document["components"]["schemas"][name])


def _properties(document: dict[str, Any], schema: dict[str, Any]) -> tuple[dict[str, Any], set[str]]:
    if "$ref" in schema:
        return properties(document, schema["$ref"].rpartition("/")[2])
    found, required = dict(schema.get("properties", {})), set(schema.get("required", []))
    for part in schema.get("allOf", []):
        inner, needed = _properties(document, part)
        found = inner | found
        required |= needed
    return found, required
