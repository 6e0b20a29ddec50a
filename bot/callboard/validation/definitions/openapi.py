"""OpenAPI: by its own schemas, and by its references within itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache

from callboard.resources import shipped
from callboard.validation.definitions.limits import MOST
from callboard.validation.definitions.local_references import lost_references
from callboard.validation.definitions.wrong import Wrong
from callboard.validation.definitions.yaml_or_json import parsed, version_of
from callboard.validation.diagnostics import shown
from callboard.validation.json_schema import JsonSchema


def wrong_in(text: str) -> Iterator[Wrong]:
    """What is wrong in a definition. Raises Wrong."""
    definition = parsed(text)
    field = "swagger" if "swagger" in definition.value and "openapi" not in definition.value else "openapi"
    version = version_of(definition, field)
    short = ".".join(version.split(".")[:2])
    known = ("2.0",) if field == "swagger" else ("3.0", "3.1", "3.2")
    if short not in known:
        what = f"{field} {shown(version, 20)} is not one of the versions known here"
        raise Wrong("definition-unchecked", what, f"known: {', '.join(known)}")
    said = 0
    for wrong in _schema(short).mismatches(definition.value, MOST):
        said += 1
        what = f"{definition.at(wrong.path, key=wrong.key)}: {wrong.message}"
        yield Wrong("definition-invalid", what, f"write it as OpenAPI {short} has it")
    for path, reference in lost_references(text, definition.value):
        if said >= MOST:
            return
        said += 1
        what = f"{definition.at(path)}: {shown(reference)} leads to nothing in it"
        yield Wrong("definition-invalid", what, "correct the reference, or add what it leads to")


@cache
def _schema(version: str) -> JsonSchema:
    text = shipped("schemas", "openapi", f"{version}.schema.json").read_text(encoding="utf-8")
    return JsonSchema(json.loads(text))
