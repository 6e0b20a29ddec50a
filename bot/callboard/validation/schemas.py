"""Our JSON Schemas of Backstage's kinds: ``jsonschema`` decides what is valid and words the errors."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from referencing import Registry, Resource

from callboard.documents.place import Path
from callboard.resources import shipped
from callboard.validation.diagnostics import Finding, shown
from callboard.validation.references import KINDS

_CODES = {
    "additionalProperties": "unknown-field",
    "const": "unknown-value",
    "enum": "unknown-value",
    "maxLength": "too-long",
    "minItems": "empty-list",
    "minLength": "empty-value",
    "required": "missing-field",
    "type": "wrong-type",
}
_FILES = {"AiResource": "ai-resource"}
_TYPES = {"object": "a mapping", "array": "a list", "string": "a string"}


@cache
def _validator(kind: str | None) -> Draft202012Validator:
    schemas = [
        json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(shipped("schemas", "backstage").glob("*.schema.json"))
    ]
    registry: Registry[Any] = Registry().with_resources(
        (schema["$id"], Resource.from_contents(schema)) for schema in schemas
    )
    wanted = "entity" if kind is None else _FILES.get(kind, kind.lower())
    (schema,) = (schema for schema in schemas if schema["$id"].endswith(f"/{wanted}.schema.json"))
    return Draft202012Validator(schema, registry=registry)


def schema_findings(entity: Mapping[str, Any]) -> Iterator[Finding]:
    """What the schema of the entity's kind does not allow; at most one finding for each place."""
    kind = entity.get("kind")
    validator = _validator(kind if isinstance(kind, str) and kind in KINDS else None)
    seen: set[tuple[Path, str]] = set()
    for error in sorted(validator.iter_errors(entity), key=_importance):
        for finding in _findings(error):
            place = (finding.path, "missing" if finding.code == "missing-field" else "")
            if place not in seen:
                seen.add(place)
                yield finding


def _importance(error: ValidationError) -> tuple[list[str], int]:
    order = ("type", "required", "minLength", "enum")
    at = order.index(error.validator) if error.validator in order else len(order)
    return [str(step) for step in error.absolute_path], at


def _findings(error: ValidationError) -> Iterator[Finding]:
    path: Path = tuple(error.absolute_path)
    keyword = str(error.validator)
    instance, rule = cast(Any, error.instance), cast(Any, error.validator_value)
    code = _CODES.get(keyword, "schema")
    properties = cast(Mapping[str, Any], error.schema).get("properties", {})
    if keyword == "required":
        for field in rule:
            if field not in instance:
                hint = f"add {field!r} ({_meaning(properties.get(field, {}))})"
                yield Finding((*path, field), code, f"{_dotted((*path, field))} is missing", hint)
    elif keyword == "additionalProperties" and rule is False:
        for field in instance:
            if field not in properties:
                near = difflib.get_close_matches(field, properties, 1)
                hint = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(properties)}"
                yield Finding((*path, field), code, f"{_dotted((*path, field))} is not known", hint, key=True)
    else:
        what = f"{_dotted(path)}: {_worded(error)}"
        hint = _HINTS.get(keyword, _no_hint)(error)
        yield Finding(path, code, what, hint, quotes=_is_unquoted(error))


def _meaning(schema: Mapping[str, Any]) -> str:
    """What a field is, in words."""
    if "description" in schema:
        return str(schema["description"]).rstrip(".")
    if schema.get("type") != "object":
        return "a text that is not empty"
    needed = schema.get("required", [])
    return f"a mapping with {', '.join(needed)}" if needed else "a mapping, if only an empty one: {}"


def _worded(error: ValidationError) -> str:
    """What is wrong, in YAML's words."""
    wanted, instance = cast(Any, error.validator_value), cast(Any, error.instance)
    match error.validator:
        case "type":
            return f"{_kind_of(instance)} stands where {_TYPES.get(str(wanted), wanted)} belongs"
        case "enum" | "const":
            return f"{shown(instance)} is not allowed here"
        case "minLength" | "minItems":
            return "it is empty"
        case "maxLength":
            return f"it has {len(instance):,} characters"
        case _:
            return _plain(error.message.replace(repr(instance), shown(instance), 1))


def _kind_of(value: object) -> str:
    kinds = {
        bool: "a boolean",
        dict: "a mapping",
        float: "a number",
        int: "a number",
        list: "a list",
        str: "a string",
    }
    return kinds.get(type(value), "null")


def _plain(message: str, limit: int = 300) -> str:
    """A message on one line and not too long."""
    line = " ".join(message.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def _is_unquoted(error: ValidationError) -> bool:
    """Whether a number or a boolean stands where a text should."""
    return error.validator_value == "string" and isinstance(error.instance, int | float)


def _type_hint(error: ValidationError) -> str:
    wanted = str(error.validator_value)
    if _is_unquoted(error):
        return "put it in quotes"
    if wanted == "array" and not isinstance(error.instance, dict | list):
        return "write a list, even for one value"
    return f"write {_TYPES.get(wanted, wanted)}, or leave the field out if it is optional"


def _value_hint(error: ValidationError) -> str:
    rule, written = error.validator_value, str(error.instance)
    allowed = [str(one) for one in rule] if isinstance(rule, list) else [str(rule)]
    # Of those that begin like it, the usual one comes first, and is not nearer by its length.
    near = [one for one in allowed if written and one.startswith(written)]
    near = near or difflib.get_close_matches(written, allowed, 1)
    return f"did you mean {near[0]!r}?" if near else f"allowed: {', '.join(allowed)}"


def _no_hint(_error: ValidationError) -> str:
    return "see the schema of this kind"


_HINTS: Mapping[str, Callable[[ValidationError], str]] = {
    "type": _type_hint,
    "enum": _value_hint,
    "const": _value_hint,
    "minLength": lambda _error: "write at least one character, or leave the field out if it is optional",
    "minItems": lambda _error: "list at least one",
    "maxLength": lambda error: f"write at most {error.validator_value} characters",
}


def _dotted(path: Path) -> str:
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return _plain(text, 120) or "the entity"
