"""Whether an entity is surely right, told quickly.

jsonschema-rs answers in a thousandth of the time that jsonschema takes, and most entities are right. Only
the others are looked at more closely: jsonschema and the rules say what is wrong, where, and in which words.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import jsonschema_rs

from callboard.resources import shipped
from callboard.validation.references import FIELDS, KINDS

_FILES = {"AiResource": "ai-resource"}


def is_surely_valid(entity: Mapping[str, Any]) -> bool:
    """Whether the schema has nothing to say about the entity. False only means that it has to be asked."""
    kind = entity.get("kind")
    try:
        return _valid(kind if isinstance(kind, str) and kind in KINDS else None)(entity)
    except ValueError:
        return False


def is_surely_right(entity: Mapping[str, Any]) -> bool:
    """Whether besides its kind is known, and names, keys, tags, links and references need no second look."""
    kind = entity.get("kind")
    try:
        return isinstance(kind, str) and kind in KINDS and _right(kind)(entity)
    except ValueError:
        return False


# All of these are narrower than what Backstage takes, and need no more than one pass over the text.
_WORD = "[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?"
_LABEL = "[a-z0-9]+(-[a-z0-9]+)*"
_DOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_URL = rf"^https?://({_LABEL}\.)*[a-z][a-z0-9]*(-[a-z0-9]+)*(:[0-9]{{1,4}})?([/?#][!-~]*)?$"


def _text(pattern: str) -> dict[str, Any]:
    return {"maxLength": 63, "pattern": f"^{pattern}$"}


_KEYS = {"propertyNames": _text(f"({_DOMAIN}/)?{_WORD}")}
_PAGE = {"pattern": "^https?://"}
_SEEN = {"pattern": "[!-~]"}
_RIGHT = {
    "properties": {
        "apiVersion": _text(f"({_DOMAIN}/)?[A-Za-z0-9]+"),
        "metadata": {
            "properties": {
                "name": _text(_WORD),
                "namespace": _text(_LABEL),
                "labels": {**_KEYS, "additionalProperties": _text(f"({_WORD})?")},
                "annotations": {
                    **_KEYS,
                    "properties": {"backstage.io/view-url": _PAGE, "backstage.io/edit-url": _PAGE},
                },
                "tags": {"items": _text("[a-z0-9:+#]+(-[a-z0-9:+#]+)*")},
                "links": {"items": {"properties": {"url": {"pattern": _URL}, "title": _SEEN, "icon": _SEEN}}},
            }
        },
    }
}


@cache
def _right(kind: str) -> Callable[[Any], bool]:
    references = {}
    for field, default in FIELDS[kind].items():
        reference = {"pattern": f"^([A-Za-z]+:){'?' if default else ''}({_LABEL}/)?{_WORD}$"}
        references[field] = {**reference, "items": reference}
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "allOf": [_schema(kind), _RIGHT, {"properties": {"spec": {"properties": references}}}],
    }
    return _answering(schema)


@cache
def _valid(kind: str | None) -> Callable[[Any], bool]:
    return _answering(_schema(kind))


def _answering(schema: Any) -> Callable[[Any], bool]:
    registry = jsonschema_rs.Registry(_resources())
    return jsonschema_rs.Draft202012Validator(schema, registry=registry).is_valid


def _schema(kind: str | None) -> Any:
    wanted = "entity" if kind is None else _FILES.get(kind, kind.lower())
    (schema,) = (schema for name, schema in _resources() if name.endswith(f"/{wanted}.schema.json"))
    return schema


@cache
def _resources() -> list[tuple[str, Any]]:
    schemas = [
        json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(shipped("schemas", "backstage").glob("*.schema.json"))
    ]
    return [(schema["$id"], schema) for schema in schemas]
