"""Writes the schemas of callboard.yaml, of the service's file, of policies and of the model record.

``python tools/write_schemas.py``; with ``--check`` it writes nothing and ends with 1 if one is not current.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from callboard.config_schema import config_schema
from callboard.model import Model
from callboard.service.settings import service_schema
from callboard.sources.registry import SOURCE_TYPES, source_type
from callboard.validation.policy_settings import policy_schema

_FOLDER = Path(__file__).resolve().parent.parent / "schemas"


def schemas() -> Mapping[Path, str]:
    """Path to content of each schema that is generated."""
    record = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://callboard.dev/schemas/model.schema.json",
        **Model.model_json_schema(),
    }
    configuration = config_schema({name: source_type(name).settings for name in SOURCE_TYPES})
    return {
        _FOLDER / "callboard.schema.json": _text(configuration),
        _FOLDER / "callboard-service.schema.json": _text(service_schema()),
        _FOLDER / "model.schema.json": _text(record),
        _FOLDER / "policy.schema.json": _text(policy_schema()),
    }


def _text(schema: Mapping[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def main() -> int:
    """Write them, or check them."""
    old = [path for path, text in schemas().items() if not path.exists() or path.read_text("utf-8") != text]
    if "--check" in sys.argv[1:]:
        for path in old:
            print(f"{path.name} is not current; run python tools/write_schemas.py")
        return 1 if old else 0
    for path, text in schemas().items():
        path.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
