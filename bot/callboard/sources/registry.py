"""The source types that callboard.yaml can name, loaded when they are first used."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from callboard.config import SourceSettings
from callboard.model import Listing
from callboard.sources.context import Context

_MODULES = {
    "files": "callboard.sources.files",
    "github-models": "callboard.sources.github_models",
    "huggingface": "callboard.sources.huggingface",
    "kserve": "callboard.sources.kserve",
    "kubeflow": "callboard.sources.kubeflow",
    "mlflow": "callboard.sources.mlflow",
    "oci": "callboard.sources.oci",
    "ollama": "callboard.sources.ollama",
    "openai": "callboard.sources.openai",
    "openwebui": "callboard.sources.openwebui",
    "rest": "callboard.sources.rest",
    "threescale": "callboard.sources.threescale",
}

SOURCE_TYPES = tuple(sorted(_MODULES))

_INSTEAD = {"refused": "callboard.sources.refused"}
"""What no configuration can name."""


@dataclass(frozen=True)
class SourceType:
    """What a source module offers: its settings' type and the function that lists it."""

    settings: type[SourceSettings]
    list_models: Callable[[Any, Context], Listing]


def source_type(name: str) -> SourceType:
    """The source type of that name. Raises KeyError for one that Callboard does not have."""
    module = importlib.import_module({**_MODULES, **_INSTEAD}[name])
    return SourceType(settings=module.Settings, list_models=module.list_models)
