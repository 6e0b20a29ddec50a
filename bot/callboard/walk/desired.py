"""What the catalog should hold, decided from what the sources list and what the base holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from callboard.catalog.identity import Key
from callboard.catalog.plan import name_models
from callboard.catalog.shelf import folder_of
from callboard.changes.group import FileChange, placed_by
from callboard.changes.grouping import Member, Rules, is_held
from callboard.config import Config
from callboard.model import Listing, Model, Problem
from callboard.walk.base import Base
from callboard.walk.folders import deletion, folder_contents
from callboard.walk.linking import catalogued
from callboard.walk.planning import plan_changes
from callboard.walk.stock import take_stock
from callboard.walk.wishing import wishes_for


@dataclass(frozen=True)
class Desired:
    """The outcome of deciding."""

    changes: tuple[FileChange, ...]
    findings: tuple[Problem, ...]
    models: int
    """How many models the sources listed."""
    listed: frozenset[Key] = frozenset()
    """The keys of these models."""
    settled: frozenset[Key] = frozenset()
    """Those of them for which the base branch holds all that they should have."""
    joined: Mapping[Key, Key] = field(default_factory=dict)
    """Models that are one with another, in whose folder they are: under which key."""
    unpromoted: Mapping[Key, str] = field(default_factory=dict)
    """Why a version that their registries would have in a stage is not proposed for it."""
    reworded: int = 0
    """So many of these would only be written otherwise by this version of Callboard."""


def desire(
    config: Config,
    scope: str,
    base: Base,
    listings: Sequence[Listing],
    pending: Mapping[Key, str],
    *,
    prune: bool,
    refresh: bool = False,
    handed_back: Mapping[str, Set[str]] = MappingProxyType({}),
    open_in: Mapping[str, str] = MappingProxyType({}),
    parts: Mapping[Key, Mapping[Key, Model]] = MappingProxyType({}),
) -> Desired:
    """Every change that the catalog needs, and every finding that a person must know.

    ``pending``: names that our open pull requests propose for models that the base does not have yet.
    ``parts``: what each source said of those of them that are of several sources, by the folders' keys.
    ``open_in``: the branch of the open pull request that holds a model, by its key.
    ``refresh``: what only this version of Callboard writes otherwise is asked for.
    ``handed_back``: what people gave back to the registry in these pull requests, by the models' keys.
    """
    shelf, root = base.shelf, config.catalog.path
    stock = take_stock(config, scope, shelf, listings, prune=prune)
    catalog = catalogued(config, scope, shelf, listings, stock.models, stock.gone, pending.keys(), parts)
    names = name_models({one.key: one.model for one in catalog.entries}, shelf, pending, frozenset())
    wishes = wishes_for(catalog.entries, names, shelf, config, open_in)
    going = {key: shelf.folders[key] for key in sorted(catalog.deletions)}
    current = folder_contents(base, wishes.folders | {folder.path for folder in going.values()}, root)
    planned = plan_changes(wishes.of, current, handed_back, lambda key: refresh or str(key) in open_in)
    deletions = [deletion(folder, current, catalog.deletions[key]) for key, folder in going.items()]
    return Desired(
        changes=(*planned.changes, *deletions),
        findings=(*stock.findings, *catalog.findings, *wishes.findings, *planned.findings),
        models=len(stock.models),
        listed=frozenset(stock.models) | {one.key for one in catalog.entries},
        settled=planned.settled & shelf.folders.keys(),
        joined=catalog.joined,
        unpromoted=wishes.unpromoted,
    )


def without_rewording(desired: Desired, open_in: Mapping[str, str], rules: Rules) -> Desired:
    """The same without what nobody has anything new to say about, but for what is open already.

    ``open_in``: the branch of the open pull request that holds a model, by its key.
    """
    left_out = {
        one.change.key
        for one in desired.changes
        if one.rewording and not is_held(one, open_in.get(one.change.key), rules)
    }
    return replace(
        desired,
        changes=tuple(one for one in desired.changes if one.change.key not in left_out),
        settled=desired.settled | {key for key in desired.listed if str(key) in left_out},
        reworded=len(left_out),
    )


def members(base: Base, root: str) -> tuple[Member, ...]:
    """The models of the base branch, as far as grouping must know them."""
    files = Counter(folder_of(path, root) for path in base.blobs)
    return tuple(
        Member(str(key), at.lock.record.source, placed_by(at.lock.generated.entities), files[at.path])
        for key, at in base.shelf.folders.items()
    )
