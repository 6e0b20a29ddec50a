"""What files that did not change lack since others did."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from callboard.validation.together import Surroundings


@dataclass(frozen=True)
class Before:
    """What was there once, and the files that may still rely on it."""

    relying: Collection[str]
    """The files that did not change."""
    is_changed: Callable[[str], bool]
    """Whether a file that only a Location leads to did."""
    entities: Collection[str]
    """The entities of files that changed or went away, as they were."""
    had: Callable[[str], bool]
    """Whether a file that changed or went away was there, or one that a pattern matches."""
    could_read: Callable[[str], bool]
    """Whether such a file was YAML."""


def lost_since(before: Before, now: Surroundings) -> Surroundings:
    """What of that which a file lacks was there before."""

    def had_site(name: str) -> bool:
        return before.had(name) or before.had(f"{name.removesuffix('.yml')}.yaml")

    return Surroundings(
        unresolved=now.unresolved.intersection(before.entities),
        nowhere=now.nowhere,
        without_site={folder: name for folder, name in now.without_site.items() if had_site(name)},
        missing={target: path for target, path in now.missing.items() if before.had(path)},
        unreadable={target: path for target, path in now.unreadable.items() if before.could_read(path)},
        folders=now.folders,
    )
