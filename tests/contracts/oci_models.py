"""What the packers of the tests write, held to what its specifications allow.

The schemas here are ours, of the fields in use. Where the upstream schema of ModelPack's configuration is at
hand, everything is held to that, too. There is none to be had of the others: a Kitfile's fields are those of
KitOps' ``KitFile``, Docker's those of its model specification and of the model runner's ``ConfigFile`` (which
name the time differently), Ollama's those of its ``ConfigV2``. Manifests are judged by the registry that they
are pushed to, besides.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from tests.contracts.packages import CHECKOUT

_UPSTREAM = CHECKOUT.parent / "shared" / "contracts" / "modelpack-config.schema.json"

_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": _TEXT}
_DIGEST = {"type": "string", "pattern": "^[a-z0-9]+(?:[+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$"}
_MEDIA_TYPE = {
    "type": "string",
    "pattern": "^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}$",
}
_MODALITIES = {"type": "array", "items": {"enum": ["text", "image", "audio", "video", "embedding", "other"]}}
_TIME = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"}


def _texts(*names: str) -> dict[str, Any]:
    return dict.fromkeys(names, _TEXT)


def _object(properties: dict[str, Any], *required: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
        **more,
    }


_ANNOTATIONS = {"type": "object", "additionalProperties": _TEXT}
_DESCRIPTOR = {
    "mediaType": _MEDIA_TYPE,
    "digest": _DIGEST,
    "size": {"type": "integer", "minimum": 0},
    "annotations": _ANNOTATIONS,
    "artifactType": _MEDIA_TYPE,
}
_REFERENCE = _object(_DESCRIPTOR, "mediaType", "digest", "size")
_TOP = {"schemaVersion": {"const": 2}, "mediaType": _MEDIA_TYPE, "annotations": _ANNOTATIONS}
_TOP |= {"artifactType": _MEDIA_TYPE}

_PART = _texts("name", "path", "license", "description", "digest", "diffId")

SCHEMAS: dict[str, dict[str, Any]] = {
    "manifest": _object(
        {**_TOP, "config": _REFERENCE, "layers": {"type": "array", "minItems": 1, "items": _REFERENCE}},
        "schemaVersion",
        "config",
        "layers",
    ),
    "index": _object(
        {
            **_TOP,
            "manifests": {
                "type": "array",
                "items": _object(
                    {
                        **_DESCRIPTOR,
                        "platform": _object({"os": _TEXT, "architecture": _TEXT}, "os", "architecture"),
                    },
                    "mediaType",
                    "digest",
                    "size",
                ),
            },
        },
        "schemaVersion",
        "manifests",
    ),
    "modelpack": _object(
        {
            "descriptor": _object(
                {
                    **_texts(
                        "family",
                        "name",
                        "docURL",
                        "sourceURL",
                        "version",
                        "revision",
                        "vendor",
                        "title",
                        "description",
                    ),
                    "createdAt": _TIME,
                    "authors": _TEXTS,
                    "datasetsURL": _TEXTS,
                    "licenses": _TEXTS,
                }
            ),
            "config": _object(
                {
                    **_texts("architecture", "format", "paramSize", "precision", "quantization"),
                    "capabilities": _object(
                        {
                            "inputTypes": _MODALITIES,
                            "outputTypes": _MODALITIES,
                            "knowledgeCutoff": _TIME,
                            "reasoning": {"type": "boolean"},
                            "toolUsage": {"type": "boolean"},
                            "reward": {"type": "boolean"},
                            "languages": {
                                "type": "array",
                                "items": {"type": "string", "pattern": "^[a-z]{2}$"},
                            },
                        }
                    ),
                }
            ),
            "modelfs": _object(
                {"type": {"enum": ["layers"]}, "diffIds": {**_TEXTS, "minItems": 1}}, "type", "diffIds"
            ),
        },
        "descriptor",
        "config",
        "modelfs",
    ),
    "modelkit": _object(
        {
            "manifestVersion": _TEXT,
            "package": _object({**_texts("name", "version", "description", "license"), "authors": _TEXTS}),
            "model": _object(
                {
                    **_PART,
                    "framework": _TEXT,
                    "format": _TEXT,
                    "version": _TEXT,
                    "parts": {"type": "array", "items": _object({**_PART, "type": _TEXT})},
                    "parameters": True,
                }
            ),
            "code": {"type": "array", "items": _object(_PART)},
            "datasets": {"type": "array", "items": _object({**_PART, "parameters": True})},
            "docs": {"type": "array", "items": _object(_PART, "path")},
        },
        "manifestVersion",
    ),
    "docker-model": _object(
        {
            "descriptor": _object({"createdAt": _TIME, "created": _TIME}),
            "config": _object(
                {
                    **_texts(
                        "format", "format_version", "quantization", "parameters", "architecture", "size"
                    ),
                    "gguf": _ANNOTATIONS,
                    "safetensors": _ANNOTATIONS,
                    "diffusers": _ANNOTATIONS,
                    "context_size": {"type": "integer"},
                },
                "format",
                "size",
            ),
            "files": {
                "type": "array",
                "items": _object({"diffID": _DIGEST, "type": _TEXT}, "diffID", "type"),
            },
        },
        "config",
        "files",
    ),
    "ollama": _object(
        {
            **_texts(
                "model_format",
                "model_family",
                "model_type",
                "file_type",
                "renderer",
                "parser",
                "requires",
                "remote_host",
                "remote_model",
                "base_name",
                "architecture",
                "os",
            ),
            "model_families": _TEXTS,
            "capabilities": _TEXTS,
            "context_length": {"type": "integer"},
            "embedding_length": {"type": "integer"},
            "rootfs": _object({"type": _TEXT, "diff_ids": _TEXTS}, "type", "diff_ids"),
        },
        "architecture",
        "os",
        "rootfs",
    ),
}


@cache
def _validators(name: str) -> tuple[Draft202012Validator, ...]:
    schemas = [SCHEMAS[name]]
    if name == "modelpack" and _UPSTREAM.is_file():
        schemas.append(json.loads(_UPSTREAM.read_text(encoding="utf-8")))
    return tuple(Draft202012Validator(schema) for schema in schemas)


def check_config(kind: str, config: Any) -> None:
    """Raises ValidationError for a configuration that its specification does not allow."""
    for validator in _validators(kind):
        validator.validate(config)


def check_manifest(manifest: Any) -> None:
    """Raises ValidationError for what is no image manifest."""
    _validators("manifest")[0].validate(manifest)


def check_index(index: Any) -> None:
    """Raises ValidationError for what is no image index."""
    _validators("index")[0].validate(index)
