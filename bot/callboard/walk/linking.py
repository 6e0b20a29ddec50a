"""From the models of all sources to those that the catalog holds: one for each, whatever registries know it.

What a source could not say now is taken from the lock, so that a model loses nothing because one of its
registries did not answer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass

from callboard.catalog.drift import drift
from callboard.catalog.endpoints import publishable
from callboard.catalog.homes import Home, find_homes
from callboard.catalog.identity import Key
from callboard.catalog.known import Known
from callboard.catalog.link_findings import counted, finding, several
from callboard.catalog.links import Together, find_links
from callboard.catalog.shelf import Folder, Shelf
from callboard.catalog.text import shortened
from callboard.catalog.uniting import PLATFORMS, disagreements, precedence, united
from callboard.config import Config
from callboard.model import Listing, Model, Problem

Parts = tuple[tuple[Key, Model], ...]


@dataclass(frozen=True)
class Entry:
    """A model as the catalog is to hold it."""

    key: Key
    """Of its folder."""
    model: Model
    source: str
    """The source whose settings count for it."""
    parts: Parts = ()
    """Where it is of several sources, or not of the one that it was published for: what each of them says."""

    @property
    def names(self) -> tuple[str, ...]:
        """What registries call it."""
        return tuple(model.name for _, model in self.parts) or (self.model.name,)


@dataclass(frozen=True)
class Catalogued:
    """All of them."""

    entries: tuple[Entry, ...]
    deletions: Mapping[Key, str]
    """Folders that are not wanted any more; why, where it is not that their registries have no such model."""
    joined: Mapping[Key, Key]
    """Models that are in the folder of another: under which key."""
    findings: tuple[Problem, ...]


def catalogued(
    config: Config,
    scope: str,
    shelf: Shelf,
    listings: Sequence[Listing],
    live: Mapping[Key, Model],
    gone: Set[Key],
    pending: Set[Key],
    parts: Mapping[Key, Mapping[Key, Model]],
) -> Catalogued:
    """What the catalog is to hold.

    ``live``: what the sources list. ``gone``: what the catalog has and they do not list any more, where that
    is believed. ``pending``: keys that our open pull requests propose folders for. ``parts``: what each
    source said of what they propose, where that is of several.
    """
    folders = [folder for key, folder in shelf.folders.items() if key.scope == scope]
    configured = {name for one in config.sources for name in (one.name, *one.formerly)}
    held = _unsaid(listings, config, parts, live) | _held(folders, live, gone, configured)
    aside = {
        (listing.source, one)
        for listing in listings
        for one in (*listing.unread, *listing.deselected, *listing.archived)
    }
    known = Known({**held, **live}, config.sources, aside)
    unsure = {listing.source for listing in listings if not listing.complete or listing.unread}
    silent = {listing.source for listing in listings if not listing.complete and not listing.models}
    linking = find_links(known, config, _together(folders, known.models.keys()), unsure, silent)
    rank = precedence(known, config)
    homes = find_homes(known.models.keys(), linking, shelf, pending, rank)
    # Where a source is not configured any more, nobody can say whose word would count: it stays as it is.
    frozen = {
        folder.lock.key
        for folder in folders
        if any(key.source not in configured and key not in gone for key in folder.models)
    }
    entries: list[Entry] = []
    problems: list[Problem] = []
    waiting: dict[str, set[Key]] = defaultdict(set)
    for home in homes.homes:
        new = home.key not in shelf.folders and home.key not in pending
        unheard = [key for key in home.models if new and key in linking.waiting]
        for key in unheard:
            waiting[linking.waiting[key]].add(key)
        if not unheard and home.key not in frozen and not live.keys().isdisjoint(home.models):
            entry, found = _entry(home, known)
            entries.append(entry)
            problems += found
    return Catalogued(
        entries=tuple(entries),
        deletions=_deletions(folders, gone, {home.key for home in homes.homes})
        | {key: _replaced(shelf.folders[key], shelf.folders[by]) for key, by in homes.replaced.items()},
        joined={key: one.key for one in entries for key, _ in one.parts if key != one.key},
        findings=(
            *problems,
            *linking.findings,
            *homes.findings,
            *_waiting(waiting, known),
            *disagreements([model for _, model in entry.parts] for entry in entries),
            *drift(linking.groups, known, unsure),
        ),
    )


def united_models(
    config: Config, listings: Sequence[Listing]
) -> tuple[tuple[Model, ...], tuple[Problem, ...]]:
    """The models as listed, those that are one as one, in the order of the listings; and all findings."""
    live = {Key("", one.source, model.id): model for one in listings for model in one.models}
    found = catalogued(config, "", Shelf({}), listings, live, set(), set(), {})
    place = {key: at for at, key in enumerate(live)}

    def first(entry: Entry) -> int:
        return min(place[key] for key in (entry.key, *(key for key, _ in entry.parts)))

    return tuple(entry.model for entry in sorted(found.entries, key=first)), found.findings


def _held(
    folders: Iterable[Folder], live: Mapping[Key, Model], gone: Set[Key], configured: Set[str]
) -> dict[Key, Model]:
    """What the catalog holds of models that a source may have and did not tell now."""
    return {
        # What the catalog itself decided about a record is no word of a registry.
        key: model.model_copy(update={"promotions": (), "known_in": ()})
        for folder in folders
        for key, model in folder.models.items()
        if key not in live and key not in gone and key.source in configured
    }


def _unsaid(
    listings: Sequence[Listing],
    config: Config,
    parts: Mapping[Key, Mapping[Key, Model]],
    live: Mapping[Key, Model],
) -> dict[Key, Model]:
    """What our open pull requests hold of models that a source may have and did not tell now."""
    listing_of = {listing.source: listing for listing in listings}
    listings_of = {
        name: listing_of[one.name]
        for one in config.sources
        if one.name in listing_of
        for name in (one.name, *one.formerly)
    }
    found = {}
    for models in parts.values():
        for key, model in models.items():
            listing = listings_of.get(key.source)
            if key in live or listing is None or live.keys().isdisjoint(models):
                continue
            if not listing.complete or not listing.models or key.id in listing.unread:
                found[key] = model
    return found


def _together(folders: Iterable[Folder], models: Set[Key]) -> list[Together]:
    found = []
    for folder in folders:
        here = frozenset(folder.models.keys() & models)
        if len(here) > 1:
            found.append(Together(here, headless=folder.lock.key not in here))
    return found


def _entry(home: Home, known: Known) -> tuple[Entry, tuple[Problem, ...]]:
    first, *others = home.models
    if not others and first == home.key:
        return Entry(home.key, known.models[first], known.source(first)), ()
    parts: list[tuple[Key, Model]] = []
    problems: list[Problem] = []
    for key in home.models:
        model, found = publishable(known.models[key])
        parts.append((key, model))
        problems += found
    lead = home.key if home.key in home.models else first

    def is_platform(key: Key) -> bool:
        return known.type_of(known.source(key)) in PLATFORMS

    model = united(parts, is_platform, lead)
    return Entry(home.key, model, known.source(lead), tuple(parts)), tuple(problems)


def _waiting(waiting: Mapping[str, Set[Key]], known: Known) -> Iterable[Problem]:
    """New models that may be one with what could not be read: a folder of their own would stay for good."""
    for source, keys in sorted(waiting.items()):
        names = several(shortened(known.models[key].name, 60) for key in keys)
        yield finding(
            f"{counted(len(keys))} that would be new wait for {source}, of which they name models: {names}",
            f"mend what the problems of {source} say, then run again",
            source,
        )


def _deletions(folders: Iterable[Folder], gone: Set[Key], kept: Set[Key]) -> dict[Key, str]:
    return {
        folder.lock.key: ""
        for folder in folders
        if folder.models.keys() <= gone and folder.lock.key not in kept
    }


def _replaced(folder: Folder, by: Folder) -> str:
    key = folder.lock.key
    return (
        f"callboard.yaml says that {shortened(f'{key.source}:{key.id}', 120)} is one with the model "
        f"{by.name}, which holds all that its registry says"
    )
