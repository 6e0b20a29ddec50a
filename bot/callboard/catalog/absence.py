"""Absence is not deletion: what follows when a source no longer lists a model that the catalog holds.

Registries answer 200 with nothing when a permission is missing. So an incomplete listing deletes nothing; a
listing that lost too much at once stops as a finding; a removed source or a narrowed selection deletes
nothing unless somebody asks with ``--prune``; what remains is proposed as a deletion that a person approves.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from callboard.catalog.identity import Key
from callboard.model import Listing, Problem, Severity

LOST_AT_ONCE = 5
"""So many models may disappear from a source in one walk …"""
LOST_SHARE = 0.10
"""… or this share of what the catalog holds from it, whichever is more."""


@dataclass(frozen=True)
class Absence:
    """What to make of the models that a source did not list."""

    deletions: tuple[Key, ...] = ()
    findings: tuple[Problem, ...] = ()


def absent(
    listing: Listing,
    held: Mapping[Key, str],
    listed: Collection[Key],
    deselected: Collection[Key],
    *,
    prune: bool,
) -> Absence:
    """Decide for one source.

    ``held``: the source's keys in the catalog with their entity names. ``listed``: the keys that the listing
    answers for. ``deselected``: held keys that today's selection no longer asks for. What the listing says to
    be archived goes as what is missing does.
    """
    away = [key for key in sorted(held) if key not in listed and key.id not in listing.unread]
    leaving = [key for key in away if key.id in listing.archived]
    narrowed = [key for key in away if key in deselected and key not in leaving]
    missing = [key for key in away if key not in deselected and key not in leaving]
    found = (
        _of_archived(listing, leaving, held, prune=prune),
        _of_deselected(listing, narrowed, held, prune=prune),
        _of_missing(listing, missing, held),
    )
    return Absence(
        deletions=tuple(sorted(key for one in found for key in one.deletions)),
        findings=tuple(finding for one in found for finding in one.findings),
    )


def _of_archived(listing: Listing, keys: Sequence[Key], held: Mapping[Key, str], *, prune: bool) -> Absence:
    if len(keys) > _at_once(held) and not prune:
        return _kept(
            listing,
            f"{len(keys)} of {len(held)} models were archived at once and are kept",
            "if they shall all leave the catalog, run sync with --prune",
            "error",
        )
    return Absence(tuple(keys) if listing.complete else ())


def _of_deselected(listing: Listing, keys: Sequence[Key], held: Mapping[Key, str], *, prune: bool) -> Absence:
    if keys and not prune:
        return _kept(
            listing,
            f"{_models(keys, held)} no longer selected and kept in the catalog",
            "run sync with --prune to propose their deletion, or widen the selection",
        )
    return Absence(tuple(keys) if listing.complete else ())


def _of_missing(listing: Listing, keys: Sequence[Key], held: Mapping[Key, str]) -> Absence:
    if keys and not listing.complete:
        return _kept(
            listing,
            f"the listing is incomplete, so {_models(keys, held)} not listed is kept",
            "mend what the source's other problems say, then run again",
        )
    if keys and not (listing.models or listing.deselected or listing.archived):
        return _kept(
            listing,
            f"the source answered nothing, but the catalog holds {len(held)} of its models",
            "check the token's permissions and the URL; if the registry is really empty, "
            "remove the source and run sync with --prune",
            "error",
        )
    if len(keys) > _at_once(held):
        return _kept(
            listing,
            f"{len(keys)} of {len(held)} models disappeared at once",
            "check the token's permissions; if they are really gone, "
            "exclude them in the selection and run sync with --prune",
            "error",
        )
    return Absence(tuple(keys))


def _at_once(held: Collection[Key]) -> float:
    return max(LOST_AT_ONCE, LOST_SHARE * len(held))


def orphaned(source: str, held: Mapping[Key, str], *, prune: bool) -> Absence:
    """Decide for the models of a source that callboard.yaml does not name any more."""
    if prune:
        return Absence(deletions=tuple(sorted(held)))
    return _kept(
        Listing(source=source),
        f"there is no source {source} any more, but the catalog holds {_models(held, held)} from it",
        f"if it was renamed, say 'formerly: [{source}]'; if it is gone, run with --prune",
    )


def _models(keys: Collection[Key], held: Mapping[Key, str]) -> str:
    names = [held[key] for key in sorted(keys)]
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return f"{len(names)} model{'s' if len(names) != 1 else ''} ({shown})"


def _kept(listing: Listing, what: str, hint: str, severity: Severity = "warning") -> Absence:
    """Nothing is deleted, and why."""
    where = f"source {listing.source}"
    return Absence(
        findings=(Problem(source=listing.source, what=what, where=where, hint=hint, severity=severity),)
    )
