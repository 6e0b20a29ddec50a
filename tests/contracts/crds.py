"""What a Kubernetes API takes as an object of a custom resource, and the check of every object against it.

The schemas in ``kubernetes/*.schema.json`` are ours: the fields in use. Where the upstream definitions are at
hand, objects must be right by both, and ours are compared with them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml_rs

from tests.contracts.packages import CHECKOUT

UPSTREAM = CHECKOUT.parent / "shared" / "contracts"
_HERE = Path(__file__).parent / "kubernetes"


@dataclass(frozen=True)
class Definition:
    """A custom resource in one version."""

    file: str
    """The upstream file."""
    plural: str
    kind: str
    version: str

    @property
    def ours(self) -> dict[str, Any]:
        """Our schema of an object."""
        return _schemas(self.file)[f"{self.kind}/{self.version}"]

    @property
    def upstream(self) -> dict[str, Any] | None:
        """The unmodified schema of an object; None where it is not at hand."""
        definition = _upstream(self.file)
        if definition is None:
            return None
        found: dict[str, Any] = next(
            version["schema"]["openAPIV3Schema"]
            for version in definition["spec"]["versions"]
            if version["name"] == self.version
        )
        return found


@cache
def _schemas(file: str) -> dict[str, dict[str, Any]]:
    name = f"{file.partition('-')[0]}.schema.json"
    read = json.loads((_HERE / name).read_text(encoding="utf-8"))
    found: dict[str, dict[str, Any]] = _whole(read["objects"], read["definitions"])
    return found


def _whole(schema: Any, definitions: dict[str, Any]) -> Any:
    """The schema with each ``$ref`` replaced by what it names."""
    if isinstance(schema, list):
        return [_whole(one, definitions) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _whole(definitions[schema["$ref"]], definitions)
    return {key: _whole(value, definitions) for key, value in schema.items()}


@cache
def _upstream(file: str) -> dict[str, Any] | None:
    path = UPSTREAM / file
    if not path.exists():
        return None
    read = yaml_rs.loads(path.read_text(encoding="utf-8"), parse_datetime=False)
    assert isinstance(read, dict)
    return read


def strict(schema: Any) -> Any:
    """The schema as an API server with strict field validation applies it: no field that it does not name.

    Where Kubernetes takes numbers and texts alike, the type that stands beside that does not count.
    """
    if isinstance(schema, list):
        return [strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    properties = schema.get("properties", {})
    read = {
        key: {name: strict(one) for name, one in properties.items()} if value is properties else strict(value)
        for key, value in schema.items()
        if key not in ("description", "default")
    }
    if schema.get("x-kubernetes-int-or-string"):
        read.pop("type", None)
    if (
        "properties" in schema
        and schema.get("type") == "object"
        and "additionalProperties" not in schema
        and not schema.get("x-kubernetes-preserve-unknown-fields")
    ):
        read["additionalProperties"] = False
    return read


@cache
def _validators(definition: Definition) -> list[tuple[str, Any]]:
    found = [("ours", definition.ours), ("upstream", definition.upstream)]
    return [(name, jsonschema_rs.Draft7Validator(strict(schema))) for name, schema in found if schema]


def errors(definition: Definition, value: Any) -> list[str]:
    """What is wrong with an object, by our schema and by the upstream one."""
    return [
        f"by {source}: {'/'.join(map(str, error.instance_path)) or 'object'}: {error.message[:300]}"
        for source, validator in _validators(definition)
        for error in validator.iter_errors(value)
    ]


def differences(ours: dict[str, Any], theirs: dict[str, Any], at: str = "") -> Iterator[str]:
    """Where our schema says something that the upstream one does not."""
    for key in ("type", "enum", "minimum", "minItems"):
        if key in ours and ours[key] != theirs.get(key):
            yield f"{at or '/'}: {key} is {theirs.get(key)}, not {ours[key]}"
    if missing := set(theirs.get("required", ())) & set(ours.get("properties", ())) - set(
        ours.get("required", ())
    ):
        yield f"{at or '/'}: {sorted(missing)} is required"
    for name, schema in ours.get("properties", {}).items():
        if at == "" and name == "metadata":
            continue  # The same for all objects: no definition describes it.
        if name not in theirs.get("properties", {}):
            yield f"{at}/{name}: is not there"
        else:
            yield from differences(schema, theirs["properties"][name], f"{at}/{name}")
    if isinstance(ours.get("items"), dict):
        yield from differences(ours["items"], theirs.get("items", {}), f"{at}[]")
    if isinstance(ours.get("additionalProperties"), dict):
        yield from differences(
            ours["additionalProperties"], theirs.get("additionalProperties", {}), f"{at}{{}}"
        )
