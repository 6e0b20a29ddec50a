"""The JSON Schema of callboard.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic.json_schema import models_json_schema

from callboard.config import Config, SourceSettings


def config_schema(settings: Mapping[str, type[SourceSettings]]) -> dict[str, Any]:
    """The JSON Schema of callboard.yaml, for editors, with the settings of each type of source."""
    references, schema = models_json_schema(
        [(Config, "validation"), *((one, "validation") for one in settings.values())]
    )
    definitions = schema["$defs"]
    choices = []
    for name, one in sorted(settings.items()):
        reference = references[(one, "validation")]
        definition = definitions[reference["$ref"].rpartition("/")[2]]
        definition["properties"]["type"] = {"const": name}
        definition["required"] = [
            key for key in definition["properties"] if key in (*definition["required"], "type")
        ]
        choices.append(reference)
    root = definitions.pop(references[(Config, "validation")]["$ref"].rpartition("/")[2])
    root["properties"]["sources"]["items"] = {"oneOf": choices}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://callboard.dev/schemas/callboard.schema.json",
        **root,
        "title": "callboard.yaml",
        "$defs": definitions,
    }
