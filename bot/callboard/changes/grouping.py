"""Which changes go into one pull request: by the configured grouping, within what a pull request can hold.

Four things go before the configured grouping. A promotion stands alone. What an open pull request of ours
already holds stays in it, as long as that is a place for it: nothing that people are reviewing is moved
about. More new models of one source at once than may be open are an import, grouped by source. And what only
this version of Callboard writes otherwise is one refresh.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from callboard.changes.group import FileChange, Group, Placed, is_named_by
from callboard.changes.shards import DEPTH, Room, parts, place_of
from callboard.config import GroupBy

_LONGEST_SLUG = 40


@dataclass(frozen=True)
class Member:
    """A model that the catalog has or will have, as far as grouping must know it."""

    key: str
    source: str
    placed: Placed
    files: int
    """So many files a pull request about it may have to change."""


@dataclass(frozen=True)
class Rules:
    """How to group."""

    by: GroupBy
    scope: str
    """Of the models that are grouped. Who proposes models of another scope to the same catalog has other
    branches, whatever the grouping."""
    room: Room
    at_once: int
    """More new pull requests than this from one source are an import."""


@dataclass(frozen=True)
class _Family:
    """What belongs together, whatever its size."""

    key: str
    slug: str
    crowd: str
    """Names all models that are in it or could be: they tell how it is split."""


def group(
    changes: Iterable[FileChange],
    catalog: Iterable[Member],
    rules: Rules,
    open_in: Mapping[str, str],
) -> tuple[Group, ...]:
    """Sort changes into groups, deletions apart; in the order of their keys, promotions last.

    These wait for people, and would keep all places that pull requests can take from what else is new.

    ``catalog``: the models of the base branch. ``open_in``: the branch of our open pull request that holds a
    model, by the model's key.
    """
    ordered = sorted(changes, key=lambda one: one.change.key)
    members = _members(ordered, catalog, rules.by)
    found: dict[tuple[_Family, str], list[FileChange]] = defaultdict(list)
    free: list[FileChange] = []
    for one in ordered:
        held = _held(one, open_in.get(one.change.key), rules)
        if held is None:
            free.append(one)
        else:
            found[held].append(one)
    found = _relieved(found, members, rules.room)
    imported = _imported_sources(free, rules)
    crowds = _crowds(members.values(), rules)
    split: dict[str, dict[str, str]] = {}
    for one in free:
        if one.change.promotes:
            found[_promotion(one), ""].append(one)
            continue
        family = _family(one, rules, imported=one.change.kind == "new" and one.source in imported)
        if family.crowd not in split:
            split[family.crowd] = parts(crowds[family.crowd], rules.room)
        found[family, split[family.crowd][one.change.key]].append(one)
    groups = (_group(family, bits, held) for (family, bits), held in found.items())
    return tuple(sorted(groups, key=lambda one: (one.changes[0].change.promotes, one.key)))


def is_promotion(branch: str, key: str) -> bool:
    """Whether a branch is that of the promotion of the model with this key."""
    return is_named_by(branch, _promoting(key))


def is_held(one: FileChange, branch: str | None, rules: Rules) -> bool:
    """Whether a model's change belongs on the branch of the open pull request that has the model already."""
    return _held(one, branch, rules) is not None


def _members(changes: Iterable[FileChange], catalog: Iterable[Member], by: GroupBy) -> dict[str, Member]:
    """All models that the catalog has or will have."""
    members = {one.key: one for one in catalog}
    for one in changes:
        there = members.get(one.change.key)
        files = there.files + len(one.change.files_added) if there else len(one.files)
        members[one.change.key] = Member(one.change.key, one.source, _placed(one, by), files)
    return members


def _crowds(members: Iterable[Member], rules: Rules) -> dict[str, dict[str, int]]:
    """The models of each crowd, with their sizes."""
    crowds: dict[str, dict[str, int]] = defaultdict(dict)
    for one in members:
        configured = _by(rules, one.key, "", one.source, one.placed)[0]
        for crowd in (configured, _import(rules, one.source).crowd, _refresh(rules).crowd):
            crowds[crowd][one.key] = one.files
    return crowds


def _family(one: FileChange, rules: Rules, *, imported: bool = False) -> _Family:
    """Where a change belongs when nobody holds it."""
    if one.rewording:
        return _refresh(rules)
    if imported:
        return _import(rules, one.source)
    crowd, slug = _by(rules, one.change.key, one.change.name, one.source, _placed(one, rules.by))
    if one.change.kind == "removed":
        return _Family(f"delete {crowd}", f"delete-{slug}", crowd)
    return _Family(f"update {crowd}", slug, crowd)


def _promotion(one: FileChange) -> _Family:
    """Always alone, whatever the grouping: it has gates and approvers of its own."""
    key = _promoting(one.change.key)
    return _Family(key, f"promote-{one.change.name}", key)


def _promoting(key: str) -> str:
    return f"promote {key}"


def _refresh(rules: Rules) -> _Family:
    crowd = f"{rules.scope} refresh"
    return _Family(f"update {crowd}", "refresh", crowd)


def _import(rules: Rules, source: str) -> _Family:
    crowd = f"{rules.scope} import:{source}"
    return _Family(f"update {crowd}", f"import-{source}", crowd)


def _placed(one: FileChange, by: GroupBy) -> Placed:
    """Reading thousands of entities takes seconds: only where their owner or system decides."""
    return one.placed if by in ("owner", "system") else Placed()


def _by(rules: Rules, key: str, name: str, source: str, placed: Placed) -> tuple[str, str]:
    """What a model is grouped under, and how a branch is called for it."""
    owner, system, scope = placed.owner, placed.system, rules.scope
    return {
        "model": (key, name),
        "owner": (f"{scope} owner:{owner}", owner.rpartition("/")[2] or "no-owner"),
        "system": (f"{scope} system:{system}", system.rpartition("/")[2] or "no-system"),
        "source": (f"{scope} source:{source}", source),
        "all": (f"{scope} all", "models"),
    }[rules.by]


def _held(one: FileChange, branch: str | None, rules: Rules) -> tuple[_Family, str] | None:
    """The group of the open pull request that holds a model, if it is one that the model can stay in."""
    if branch is None:
        return None
    if one.change.promotes:
        family = _promotion(one)
        return (family, "") if is_named_by(branch, _key(family, "")) else None
    families = [_family(one, rules)]
    if one.change.kind == "new":
        families.append(_import(rules, one.source))
    bits = place_of(one.change.key)
    for family in families:
        for length in range(DEPTH + 1):
            if is_named_by(branch, _key(family, bits[:length])):
                return family, bits[:length]
    return None


def _relieved(
    found: Mapping[tuple[_Family, str], Sequence[FileChange]], members: Mapping[str, Member], room: Room
) -> dict[tuple[_Family, str], list[FileChange]]:
    """The same, where no part holds too much: models grow while they wait."""
    relieved: dict[tuple[_Family, str], list[FileChange]] = defaultdict(list)
    for (family, bits), held in found.items():
        sizes = {one.change.key: members[one.change.key].files for one in held}
        below = parts(sizes, room, bits)
        for one in held:
            relieved[family, below[one.change.key]].append(one)
    return relieved


def _imported_sources(free: Iterable[FileChange], rules: Rules) -> set[str]:
    """The sources whose new models would open more pull requests than may be open."""
    asked: dict[str, set[_Family]] = defaultdict(set)
    for one in free:
        if one.change.kind == "new":
            asked[one.source].add(_family(one, rules))
    return {source for source, families in asked.items() if len(families) > rules.at_once}


def _group(family: _Family, bits: str, held: Iterable[FileChange]) -> Group:
    slug = _slug(family.slug) + (f"-{bits}" if bits else "")
    return Group(_key(family, bits), slug, tuple(held))


def _key(family: _Family, bits: str) -> str:
    return f"{family.key} {bits}" if bits else family.key


def _slug(text: str) -> str:
    # "--", "..", ".lock" and a dot at the ends are what git refuses in names (git-check-ref-format).
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:_LONGEST_SLUG].strip("-") or "model"
