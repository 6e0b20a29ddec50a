"""What Callboard itself would write for one model, before people's edits are taken into account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Entity = Mapping[str, Any]
"""A Backstage entity as plain values: mappings, lists, strings, numbers, booleans."""


@dataclass(frozen=True)
class Generated:
    """The content of one model's folder as generated: the base or the wish of a three-way merge."""

    entities: tuple[Entity, ...] = ()
    """The documents of ``catalog-info.yaml``, in order."""
    pages: Mapping[str, str] = field(default_factory=dict)
    """Path within the folder (``mkdocs.yml``, ``docs/index.md``, ``docs/assets/evaluation.svg``) to text."""
