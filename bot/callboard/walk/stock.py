"""Taking stock: which models the sources list, under their keys, and which only the catalog still has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from callboard.catalog.absence import Absence, absent, orphaned
from callboard.catalog.identity import Key
from callboard.catalog.plan import keys_of
from callboard.catalog.shelf import Shelf
from callboard.config import Config, SourceSettings
from callboard.model import Listing, Model, Problem
from callboard.sources.selection import wanted


@dataclass(frozen=True)
class Stock:
    """All that is known of what there is."""

    models: Mapping[Key, Model]
    """What the sources list."""
    gone: frozenset[Key]
    """What the catalog has and they do not list any more, where that is believed."""
    findings: tuple[Problem, ...]


def take_stock(
    config: Config, scope: str, shelf: Shelf, listings: Sequence[Listing], *, prune: bool
) -> Stock:
    """What the listings and the catalog together say of each model of one scope."""
    settings_of = {settings.name: settings for settings in config.sources}
    findings = [problem for listing in listings for problem in listing.problems]
    findings += _left_alone(shelf)
    models: dict[Key, Model] = {}
    gone: set[Key] = set()
    for listing in listings:
        settings = settings_of[listing.source]
        keyed = keys_of(listing.models, scope, settings, shelf)
        models |= keyed
        absence = _absence(listing, settings, keyed, scope, shelf, prune=prune)
        gone.update(absence.deletions)
        findings += absence.findings
    renamed, orphans = _orphans(config, scope, models, shelf, prune=prune)
    return Stock(
        models={key: model for key, model in models.items() if key.source not in renamed},
        gone=frozenset(gone.union(orphans.deletions)),
        findings=(*findings, *orphans.findings),
    )


def _left_alone(shelf: Shelf) -> Iterable[Problem]:
    for broken in shelf.broken:
        yield Problem(
            source="catalog",
            what=f"the folder is left alone: {broken.why}",
            where=broken.path,
            hint="restore .callboard.lock from git's history, or delete the whole folder "
            "to have it written anew",
        )


def _absence(
    listing: Listing,
    settings: SourceSettings,
    keys: Mapping[Key, Model],
    scope: str,
    shelf: Shelf,
    *,
    prune: bool,
) -> Absence:
    held = shelf.of_source(scope, (settings.name, *settings.formerly))
    deselected = [
        key
        for key, at in held.items()
        if key.id in listing.deselected or not wanted(at.models.get(key, at.lock.record), settings.select)
    ]
    names = {key: folder.name for key, folder in held.items()}
    return absent(listing, names, keys.keys(), deselected, prune=prune)


def _orphans(
    config: Config, scope: str, models: Mapping[Key, Model], shelf: Shelf, *, prune: bool
) -> tuple[set[str], Absence]:
    """Sources that only the catalog knows: which new ones they became, what to delete, what to say."""
    configured = {name for settings in config.sources for name in (settings.name, *settings.formerly)}
    gone = {key.source for key in shelf.places if key.scope == scope} - configured
    renamed: set[str] = set()
    deletions: list[Key] = []
    findings: list[Problem] = []
    for source in sorted(gone):
        held = {key: folder.name for key, folder in shelf.of_source(scope, [source]).items()}
        ids = {key.id for key in held}
        twins = sorted({key.source for key in models if key not in shelf.places and key.id in ids} - {source})
        result = orphaned(source, held, prune=prune and not twins)
        deletions += result.deletions
        findings += result.findings
        if twins:
            # Most likely renamed: proposing all its models a second time would be noise at best.
            renamed.update(twins)
    return renamed, Absence(tuple(deletions), tuple(findings))
