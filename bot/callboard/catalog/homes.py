"""Which folder of the catalog holds which models: those that are one share the one published first.

Two folders become one only by configuration, and the second goes only when the first holds what it held, in
a deletion that a person approves. By statements alone nothing that is published moves.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field

from callboard.catalog.identity import Key
from callboard.catalog.link_findings import counted, finding, several
from callboard.catalog.links import Linking
from callboard.catalog.shelf import Folder, Shelf
from callboard.model import Problem

_NEVER = (math.inf, 0, 0)


@dataclass(frozen=True)
class Home:
    """A folder that the catalog has or gets, and the models in it."""

    key: Key
    """Under which it was published, or is to be."""
    models: tuple[Key, ...]
    """The one first whose word counts most."""


@dataclass(frozen=True)
class Homes:
    """Where everything belongs."""

    homes: tuple[Home, ...] = ()
    replaced: Mapping[Key, Key] = field(default_factory=dict)
    """Folders that configuration makes one with another, which holds by now what they held."""
    findings: tuple[Problem, ...] = ()


def find_homes(
    models: Set[Key],
    linking: Linking,
    shelf: Shelf,
    pending: Set[Key],
    rank: Callable[[Key], tuple[int, ...]],
) -> Homes:
    """Where each of ``models`` belongs. ``pending``: keys that our open pull requests propose folders for."""
    return _Deciding(models, linking, shelf, pending, rank).decided()


class _Deciding:
    def __init__(
        self,
        models: Set[Key],
        linking: Linking,
        shelf: Shelf,
        pending: Set[Key],
        rank: Callable[[Key], tuple[int, ...]],
    ) -> None:
        self._linking, self._shelf, self._pending = linking, shelf, pending
        self._models = models
        self._rank = rank
        self._homes: list[Home] = []
        self._replaced: dict[Key, Key] = {}
        self._apart: list[tuple[Key, ...]] = []

    def decided(self) -> Homes:
        linked = {key for group in self._linking.groups for key in group}
        for group in (*self._linking.groups, *((key,) for key in sorted(self._models - linked))):
            self._settle(group)
        homes = tuple(sorted(self._homes, key=lambda home: home.key))
        return Homes(homes, self._replaced, self._findings())

    def _settle(self, group: Sequence[Key]) -> None:
        published = self._published(group)
        if len(published) < 2:
            self._add(published[0] if published else self._new(group), group)
            return
        home, *others = published
        chosen = self._chosen(home)
        same = [key for key in others if chosen < _NEVER and self._chosen(key)[0] == chosen[0]]
        apart = [key for key in others if key not in same]
        held = {key: self._held(key, group) for key in apart}
        elsewhere = {key for keys in held.values() for key in keys}
        self._add(home, [key for key in group if key not in elsewhere])
        for key, keys in held.items():
            self._add(key, keys)
        for key in same:
            if self._shelf.folders[key].models.keys() <= self._shelf.folders[home].models.keys():
                self._replaced[key] = home
        if apart:
            self._apart.append((home, *apart))

    def _published(self, group: Sequence[Key]) -> list[Key]:
        """The keys of folders that are there for models of the group, the one that stays first."""
        found = set()
        for key in group:
            folder = self._shelf.places.get(key)
            if folder is None:
                continue
            lead = folder.lock.key
            # A folder whose own model is gone belongs to the first of the models that are left in it.
            if lead == key or (lead not in self._models and key == self._heir(folder)):
                found.add(lead)
        return sorted(found, key=lambda key: (self._chosen(key), self._order(key)))

    def _chosen(self, lead: Key) -> tuple[float, int, int]:
        """Where callboard.yaml links the models of a folder."""
        models = {lead, *self._shelf.folders[lead].models}
        return min((at for key in models if (at := self._linking.configured.get(key))), default=_NEVER)

    def _order(self, key: Key) -> tuple[tuple[int, ...], Key]:
        return self._rank(key), key

    def _heir(self, folder: Folder) -> Key | None:
        return next((key for key in folder.models if key in self._models), None)

    def _held(self, lead: Key, group: Sequence[Key]) -> list[Key]:
        """What of the group a folder holds already; its own model, whatever other folder says."""
        mine = self._shelf.folders[lead]
        return [key for key in group if self._shelf.places.get(key) is mine]

    def _new(self, group: Sequence[Key]) -> Key:
        """What a folder is named by that is not there yet: stays what is proposed already."""
        return min(group, key=lambda key: (key not in self._pending, self._order(key)))

    def _add(self, key: Key, models: Sequence[Key]) -> None:
        if models:
            self._homes.append(Home(key, tuple(sorted(models, key=self._order))))

    def _findings(self) -> tuple[Problem, ...]:
        if not self._apart:
            return ()
        said = [
            " and ".join(f"{self._shelf.folders[key].name} ({key.source}:{key.id})" for key in keys)
            for keys in self._apart
        ]
        example = ", ".join(f"'{key.source}:{key.id}'" for key in min(self._apart))
        return (
            finding(
                f"{counted(len(said), 'set')} of models that are one have folders of their own, and keep "
                f"them: {several(said)}",
                f"to keep only the first, write links: {{same: [[{example}]]}}; the others are then "
                "proposed for deletion",
            ),
        )
