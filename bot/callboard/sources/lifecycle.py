"""Where a model is in its life, in words that are the same for all registries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from callboard.config_models import Lifecycles
from callboard.model import Model, Version
from callboard.sources.tables import folded, merged, shipped_table

TABLE = "the table of lifecycles"
"""Who says what comes from here."""
ARCHIVED, DEPRECATED = "archived", "deprecated"


@dataclass(frozen=True)
class LifecycleTable:
    """The rows, by folded words, and what goes with them."""

    words: Mapping[str, str]
    tags: tuple[str, ...]
    order: tuple[str, ...]
    archived: Literal["mark", "leave"]


def lifecycle_table(own: Lifecycles) -> LifecycleTable:
    """The shipped table with ``own`` rows on top."""
    words = merged(shipped_table("lifecycles", Lifecycles).words, own.words)
    return LifecycleTable(words, own.tags, own.order, own.archived)


def lifecycle_of(model: Model, table: LifecycleTable) -> str | None:
    """Where the model is: as its registry says in the field made for it, in the model's state or a typed tag
    of it, or in the states, aliases and typed tags of its versions. None: nothing of it says anything.

    Of several versions the one that is farthest counts, by ``order``. A model is deprecated or archived only
    when each of its versions is one or the other: an old version that was archived says nothing of the model.
    """
    if model.lifecycle:
        return table.words.get(folded(model.lifecycle), model.lifecycle)
    tagged = (model.properties.get(key, "") for key in table.tags)
    for word in (model.state or "", *tagged):
        if (said := table.words.get(folded(word))) is not None:
            return said
    of_versions = [_said_of(version, table) for version in model.versions]
    alive = {word for words in of_versions for word in words} - {ARCHIVED, DEPRECATED}
    if alive:
        return min(alive, key=lambda word: _rank(word, table))
    if not of_versions or not all(of_versions):
        return None
    return DEPRECATED if any(DEPRECATED in words for words in of_versions) else ARCHIVED


def _said_of(version: Version, table: LifecycleTable) -> set[str]:
    words = (version.state or "", *version.aliases, *(version.tags.get(key, "") for key in table.tags))
    return {said for word in words if (said := table.words.get(folded(word))) is not None}


def _rank(word: str, table: LifecycleTable) -> tuple[int, str]:
    return (table.order.index(word) if word in table.order else len(table.order)), word
