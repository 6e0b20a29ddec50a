"""What one pull request does to one model's folder."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from callboard.catalog.promotion import moves
from callboard.changes.difference import Difference
from callboard.changes.differences import differences
from callboard.model import Model


@dataclass(frozen=True)
class KeptEdit:
    """A value that a person wrote, which stays although the registry now says something else."""

    file: str
    field: str
    """As it is handed back: ``spec.owner``, ``docs/index.md#Usage``."""
    registry: str | None
    """What the registry says; None when it says nothing (any more)."""
    person: str | None
    """What the person wrote; None when they deleted it."""


@dataclass(frozen=True)
class ModelChange:
    """The difference between base and wish for one model."""

    key: str
    name: str
    """The entity name in Backstage."""
    title: str
    """What people call the model."""
    folder: str
    """Path of the model's folder in the repository, without a slash at its end."""
    before: Model | None
    """The record in the lock on base; None for a model that the catalog does not have yet."""
    after: Model | None
    """The record as read now; None for a model that goes."""
    why: str = ""
    """Of a model that goes, where it is not that its registry has no such model any more."""
    kept: tuple[KeptEdit, ...] = ()
    files_added: tuple[str, ...] = ()
    files_changed: tuple[str, ...] = ()
    files_removed: tuple[str, ...] = ()
    preview: str = ""
    """The new ``catalog-info.yaml``, to be shown to the reviewer of a new model."""

    @property
    def kind(self) -> Literal["new", "changed", "removed"]:
        """What happens to the model as a whole."""
        if self.after is None:
            return "removed"
        return "changed" if self.before is not None else "new"

    @property
    def promotes(self) -> bool:
        """Whether it puts a version into a stage: then it does nothing else."""
        return bool(moves(self.before, self.after))

    @cached_property
    def differences(self) -> tuple[Difference, ...]:
        """What changed for the model's users, most important first."""
        return differences(self.before, self.after, self.why)
