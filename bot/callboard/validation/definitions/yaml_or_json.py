"""Definitions in YAML or JSON, and where in them something stands."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from callboard.documents.limits import Limits
from callboard.documents.place import Path
from callboard.documents.reader import Document, read_documents
from callboard.validation.definitions.limits import LARGEST
from callboard.validation.definitions.wrong import Wrong
from callboard.validation.diagnostics import shown

_LIMITS = Limits(bytes=4 * LARGEST, nodes=300_000, faults=1)


@dataclass(frozen=True, slots=True)
class Parsed:
    """A definition in YAML or JSON."""

    value: Mapping[str, Any]
    document: Document | None
    """With the places in it; None where it is JSON, whose reader is many times faster and knows none."""

    def at(self, path: Path, *, key: bool = False) -> str:
        """Where in the definition something stands, in words."""
        name = _pointer(path)
        if self.document is None:
            return name
        return f"line {self.document.place(path, key=key).line}, {name}"


def parsed(text: str) -> Parsed:
    """What a definition holds. Raises Wrong."""
    if isinstance(found := _json(text), dict):
        return Parsed(found, None)
    reading = read_documents(text, "definition", _LIMITS)
    documents = [one for one in reading.documents if one.value is not None]
    if reading.faults:
        fault = reading.faults[0]
        if fault.code in ("yaml-too-large", "yaml-too-deep", "yaml-alias-bomb"):
            raise Wrong("definition-unchecked", f"{fault.what}, so it was not looked into", fault.hint)
        what = f"line {fault.place.line}: {fault.what}"
        raise Wrong("definition-syntax", what, fault.hint)
    if len(documents) > 1:
        raise Wrong("definition-syntax", "it holds more than one document", "keep one")
    value: object = documents[0].value if documents else None
    if not isinstance(value, dict):
        raise Wrong("definition-syntax", "it is no mapping", "write the definition itself, as YAML or JSON")
    return Parsed(value, documents[0])


def _json(text: str) -> object:
    """What JSON holds; None where it is no JSON, or nested too deep."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        return json.loads(text, parse_constant=lambda _name: None)
    except (ValueError, RecursionError):
        return None


def version_of(definition: Parsed, field: str) -> str:
    """The version of its language, which stands in ``field``. Raises Wrong."""
    version = definition.value.get(field)
    if isinstance(version, int | float) and not isinstance(version, bool):
        written = None if definition.document is None else definition.document.written((field,))
        hint = (
            "put it in quotes"
            if written is None
            else f"put it in quotes, as in {field}: {shown(written, 20)}"
        )
        raise Wrong("definition-invalid", f"{field} is a number, and must be a text", hint)
    if not isinstance(version, str):
        raise Wrong("definition-invalid", f"it has no {field}", f"add {field} with its version")
    return version


def _pointer(path: Path) -> str:
    text = " ".join("/".join(str(step) for step in path).split())
    return (text if len(text) <= 80 else f"…{text[-79:]}") or "the definition"
