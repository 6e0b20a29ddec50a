"""What GitLab's webhooks say, and the check of every delivery of the sandbox against it.

GitLab publishes examples of payloads, and no schema. ``gitlab/webhooks.schema.json`` is ours: the keys and
the types of those examples, as far as the sandbox tells of them. A key that no example has is refused.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

_SCHEMA = Path(__file__).parent / "gitlab" / "webhooks.schema.json"
_URI = "urn:webhooks"
HOOKS = {
    "Push Hook": "push",
    "Merge Request Hook": "merge_request",
    "Note Hook": "note",
    "Issue Hook": "issue",
    "Pipeline Hook": "pipeline",
}
"""``X-Gitlab-Event`` to the definition of its body."""


@cache
def schema() -> Any:
    """Ours."""
    return json.loads(_SCHEMA.read_text(encoding="utf-8"))


@cache
def _validator(name: str) -> Any:
    registry = jsonschema_rs.Registry([(_URI, schema())], draft=jsonschema_rs.Draft4)
    return jsonschema_rs.Draft4Validator({"$ref": f"{_URI}#/definitions/{name}"}, registry=registry)


def errors(event: str, payload: Any) -> list[str]:
    """What is wrong with a payload by our schema."""
    if event not in HOOKS:
        return [f"{event} is not described"]
    return [
        f"{'/'.join(map(str, error.instance_path)) or 'body'}: {error.message[:300]}"
        for error in _validator(HOOKS[event]).iter_errors(payload)
    ]
