"""Compact schemas of the operations that Callboard uses of a registry, and the check of exchanges by them.

They are ours, written from the registry's own source; the file says of each operation what is sent and what a
success answers. A double hands every exchange to ``errors``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import jsonschema_rs

_HERE = Path(__file__).parent
_URI = "urn:compact"


@dataclass(frozen=True)
class Compact:
    """One file of schemas: ``$defs``, and ``operations`` such as ``GET /api/tags``."""

    name: str

    @cached_property
    def document(self) -> dict[str, Any]:
        """The file."""
        read: dict[str, Any] = json.loads((_HERE / self.name).read_text(encoding="utf-8"))
        return read

    @cached_property
    def _registry(self) -> Any:
        return jsonschema_rs.Registry([(_URI, self.document)], draft=jsonschema_rs.Draft202012)

    def shape_errors(self, shape: str, value: Any) -> list[str]:
        """What is wrong with a value by the schema of that name."""
        validator = jsonschema_rs.Draft202012Validator(
            {"$ref": f"{_URI}#/$defs/{shape}"}, registry=self._registry, validate_formats=True
        )
        return [
            f"{shape}: {'/'.join(str(part) for part in error.instance_path) or 'body'}: {error.message[:300]}"
            for error in validator.iter_errors(value)
        ]

    def errors(self, method: str, path: str, sent: bytes, status: int, received: bytes) -> list[str]:
        """What is wrong with an exchange. A refusal is checked by the shape ``Refusal``."""
        operation = self.document["operations"].get(f"{method} {path}")
        if operation is None:
            return [f"{method} {path} is not described"]
        wrong = []
        if operation.get("request"):
            wrong += self.shape_errors(operation["request"], json.loads(sent))
        elif sent:
            wrong.append(f"{method} {path} takes no body")
        shape = operation["answer"] if status < 300 else "Refusal"
        return wrong + self.shape_errors(shape, json.loads(received))
