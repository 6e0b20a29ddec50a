"""OpenAPI 3.0 descriptions as JSON Schema, and which operation a request is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote

import jsonschema_rs

_URI = "urn:description"
_METHODS = ("get", "put", "post", "delete", "patch")


def as_json_schema(node: Any) -> Any:
    """OpenAPI 3.0's dialect in draft 4: ``nullable`` becomes a type. Draft 4 has boolean bounds, too."""
    if isinstance(node, list):
        return [as_json_schema(item) for item in node]
    if not isinstance(node, dict):
        return node
    # A property may be called "nullable"; then its value is a schema.
    nullable = node.get("nullable") is True
    done = {key: as_json_schema(value) for key, value in node.items() if not (key == "nullable" and nullable)}
    if not nullable:
        return done
    if isinstance(done.get("type"), str) and not {"allOf", "anyOf", "oneOf"} & done.keys():
        if "enum" in done:
            done["enum"] = [*done["enum"], None]
        return done | {"type": [done["type"], "null"]}
    return {"anyOf": [done, {"type": "null"}]}


@dataclass(frozen=True)
class Operation:
    """One operation of a description."""

    id: str
    method: str
    path: str
    raw: dict[str, Any]
    parameters: tuple[dict[str, Any], ...]

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What its paths look like. Only parameters that may hold slashes do."""
        several = {each["name"] for each in self.parameters if each.get("x-multi-segment")}
        parts = re.split(r"\{(\w+)\}", self.path)
        return re.compile(
            "".join(
                re.escape(part) if at % 2 == 0 else (".*" if part in several else "[^/]+")
                for at, part in enumerate(parts)
            )
        )

    @property
    def literals(self) -> int:
        """How many segments are no parameter: of two that fit, the one with more is meant."""
        return sum("{" not in segment for segment in self.path.split("/"))


class Description:
    """An OpenAPI 3.0 document, ready to check requests and answers."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        converted = as_json_schema(document)
        self._registry = jsonschema_rs.Registry([(_URI, converted)], draft=jsonschema_rs.Draft4)
        self._validators: dict[str, Any] = {}
        self.operations = {each.id: each for each in self._read()}

    def _read(self) -> Iterator[Operation]:
        for path, item in self._document["paths"].items():
            for method in _METHODS:
                if method in item:
                    raw = item[method]
                    listed = [*item.get("parameters", []), *raw.get("parameters", [])]
                    parameters = tuple(self.follow(each)[1] for each in listed)
                    yield Operation(raw["operationId"], method.upper(), path, raw, parameters)

    def follow(self, node: dict[str, Any]) -> tuple[str | None, dict[str, Any]]:
        """What a reference refers to, with its pointer; what is no reference, as it is."""
        pointer = node.get("$ref")
        if pointer is None:
            return None, node
        found: Any = self._document
        for part in pointer.removeprefix("#/").split("/"):
            found = found[part]
        return pointer, found

    def find(self, method: str, path: str) -> Operation | None:
        """The operation of a request, by its path as sent."""
        fitting = [
            each
            for each in self.operations.values()
            if each.method == method and each.pattern.fullmatch(path)
        ]
        return max(fitting, key=lambda each: each.literals, default=None)

    def errors(self, pointer: str, value: Any) -> list[str]:
        """What is wrong with ``value`` by the schema at ``pointer`` (``#/…``)."""
        validator = self._validators.get(pointer)
        if validator is None:
            schema = {"$ref": f"{_URI}{quote(pointer, safe='#/~')}"}
            validator = jsonschema_rs.Draft4Validator(
                schema, registry=self._registry, validate_formats=True, ignore_unknown_formats=True
            )
            self._validators[pointer] = validator
        return [
            f"{'/'.join(str(part) for part in error.instance_path) or 'body'}: {error.message[:300]}"
            for error in validator.iter_errors(value)
        ]

    def response(self, operation: Operation, status: int) -> tuple[str, dict[str, Any]] | None:
        """A response with its pointer; None: this status is not described."""
        raw = operation.raw["responses"].get(str(status))
        if raw is None:
            return None
        pointer, found = self.follow(raw)
        return pointer or f"{self.pointer(operation)}/responses/{status}", found

    @staticmethod
    def pointer(operation: Operation) -> str:
        """Where an operation stands in the document."""
        escaped = operation.path.replace("~", "~0").replace("/", "~1")
        return f"#/paths/{escaped}/{operation.method.lower()}"
