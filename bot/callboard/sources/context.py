"""What every source is given beside its settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from callboard.model import Model


def _silent(_models: int) -> None:
    return None


@dataclass(frozen=True)
class Context:
    """What a source's ``list_models(settings, context)`` is given beside its settings."""

    folder: Path
    """The folder that relative paths in callboard.yaml start from."""
    known: Mapping[str, Model] = field(default_factory=dict)
    """Registry id to the record that the catalog already holds (from its lock): what has not changed since
    need not be fetched again. Untrusted, like any file: only values of the same version are taken over."""
    progress: Callable[[int], None] = _silent
    """Told how many models have been read so far."""
