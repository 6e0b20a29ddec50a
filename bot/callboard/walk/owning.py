"""Whose approval the code owners file of the base branch asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from callboard.config import ForgeKind
from callboard.forges.protocol import PullRequest
from callboard.pulls.owners import PLACES, Requirement, groups_of, required_owners
from callboard.walk.base import Base
from callboard.walk.workplace import Workplace

_LARGEST = 256 * 1024
"""Bytes of a code owners file that is read. Each of its rules is held against each changed path."""
Members = Mapping[str, frozenset[str] | None]


def required_of(
    workplace: Workplace, base: Base, pulls: Sequence[PullRequest]
) -> dict[int, tuple[tuple[Requirement, ...], Members]]:
    """What each pull request, by its number, needs of whom, and who is in the groups that are named there.

    Nothing is needed where there is no such file; no pull request is told of where it is too large. A group
    whose members the forge does not tell is None.
    """
    found: dict[int, tuple[tuple[Requirement, ...], Members]] = {}
    kind = kind_of(workplace)
    text = _file(workplace, base, kind) if pulls else ""
    if len(text) > _LARGEST:
        return {}
    for pull in pulls:
        requirements = required_owners(text, kind, pull.paths)
        named = groups_of(owner for one in requirements for owner in one.owners)
        found[pull.number] = (requirements, members_of(workplace, named))
    return found


def members_of(workplace: Workplace, groups: Iterable[str]) -> Members:
    """Who is in each of these groups."""
    return {group: workplace.forge.members(group) for group in sorted(groups)}


def kind_of(workplace: Workplace) -> ForgeKind:
    """Which forge it is, as far as the names of owners are concerned."""
    return "gitlab" if workplace.forge.word == "merge request" else "github"


def _file(workplace: Workplace, base: Base, kind: ForgeKind) -> str:
    """The text of the first code owners file where the forge looks for one."""
    for path in PLACES[kind]:
        entry = workplace.repository.entry(base.commit, path) if base.commit else None
        if entry is not None and entry.is_file:
            return workplace.repository.blobs([entry.blob])[entry.blob].decode("utf-8", "replace")
    return ""
