"""Our own merge queue: which pull requests that may be merged go together, in which order, and which wait.

A repository that has a queue of its own does all that itself. Here nothing is rebased to be merged: what does
not touch the same things is merged as it was approved, and what does waits for its turn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import NamedTuple

from callboard.catalog.shelf import folder_of
from callboard.pulls.facts import PullFacts
from callboard.pulls.verdict import Reason, Verdict

ErrorsOf = Callable[[frozenset[int]], Sequence[str]]
"""What is not valid, one sentence each, when the pull requests of these numbers are merged together."""


class Candidate(NamedTuple):
    """A pull request that may be merged."""

    facts: PullFacts
    verdict: Verdict


@dataclass(frozen=True)
class Plan:
    """What a pass may merge."""

    batches: tuple[tuple[Candidate, ...], ...]
    """In the order in which they are merged. No two pull requests in all of them touch the same thing."""
    waiting: tuple[Candidate, ...]
    """What comes after one of these, each with a verdict that says after which."""


@dataclass(frozen=True)
class Sifted:
    """A batch without what is not valid together with the rest."""

    kept: tuple[Candidate, ...]
    blocked: tuple[Candidate, ...]
    """Each with a verdict that says with which others it is not valid."""


def in_order(candidates: Iterable[tuple[PullFacts, Verdict]]) -> tuple[Candidate, ...]:
    """First approved, first merged; then by number."""
    return tuple(sorted((Candidate(*one) for one in candidates), key=_turn))


def plan(candidates: Iterable[tuple[PullFacts, Verdict]], size: int) -> Plan:
    """What goes together in batches of at most ``size``, and what waits for the next pass.

    Two overlap when they change the same folder under our root, or name the same entity, in any case.
    """
    taken: dict[str, Candidate] = {}
    going: list[Candidate] = []
    waiting: list[Candidate] = []
    for one in in_order(candidates):
        touched = _touched(one.facts)
        before = min((taken[name] for name in touched if name in taken), key=_turn, default=None)
        # What waits keeps its turn: a later one that overlaps it does not overtake it.
        taken = dict.fromkeys(touched, one) | taken
        if before is None:
            going.append(one)
        else:
            waiting.append(_after(one, before))
    batches = tuple(tuple(going[start : start + size]) for start in range(0, len(going), max(size, 1)))
    return Plan(batches, tuple(waiting))


def without_offenders(batch: Sequence[Candidate], errors_of: ErrorsOf) -> Sifted:
    """The batch without those that make it invalid; ``errors_of`` is asked about parts only if it is.

    Of pull requests that are not valid together the last is taken out. It is found by halving: as many
    questions for each as the batch has binary digits, and as many again to say with which others.
    """
    errors_of = cache(errors_of)
    kept, blocked = list(batch), []
    known: frozenset[str] = frozenset()
    if _wrong(kept, errors_of, known):
        # What is wrong with the base branch already is nobody's fault here.
        known = frozenset(errors_of(frozenset()))
    while kept and _wrong(kept, errors_of, known):
        position = _first(len(kept), lambda count: bool(_wrong(kept[:count], errors_of, known))) - 1
        last = kept.pop(position)
        others = _with_whom(last, kept[:position], errors_of, known)
        blocked.append(_together(last, others, _wrong([*others, last], errors_of, known)))
    return Sifted(tuple(kept), tuple(blocked))


def _with_whom(
    last: Candidate, before: list[Candidate], errors_of: ErrorsOf, known: frozenset[str]
) -> list[Candidate]:
    """As few as possible of ``before`` that are not valid together with ``last``."""
    found: list[Candidate] = []
    left = len(before)

    def wrong(count: int) -> bool:
        return bool(_wrong([*before[:count], *found, last], errors_of, known))

    while not wrong(0):
        left = _first(left, wrong) - 1
        found.insert(0, before[left])
    return found


def _first(most: int, is_wrong: Callable[[int], bool]) -> int:
    """The smallest count that is wrong, where ``most`` is wrong and 0 is not."""
    right = 0
    while most - right > 1:
        middle = (right + most) // 2
        right, most = (right, middle) if is_wrong(middle) else (middle, most)
    return most


def _wrong(candidates: Sequence[Candidate], errors_of: ErrorsOf, known: frozenset[str]) -> list[str]:
    found = errors_of(frozenset(one.facts.pull.number for one in candidates))
    return sorted(set(found) - known)


def _after(one: Candidate, before: Candidate) -> Candidate:
    pull, other = one.facts.pull, before.facts.pull
    reason = Reason(
        "wait",
        "comes-after",
        f"{other.reference} changes the same and comes first.",
        f"Nothing to do: {pull.reference} has its turn once {other.reference} is merged.",
    )
    return _with(one, reason)


def _together(last: Candidate, others: Sequence[Candidate], errors: Sequence[str]) -> Candidate:
    names = ", ".join(other.facts.pull.reference for other in others)
    what = (
        f"Together with {names} it is not valid" if names else "It is not valid on the base branch as it is"
    )
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    said = f"{what}: {errors[0].rstrip('.')}{more}."
    hint = f"Change one of them, or close it: {names} goes on." if names else "Correct it on the branch."
    return _with(last, Reason("blocked", "invalid-together", said, hint))


def _with(one: Candidate, reason: Reason) -> Candidate:
    return Candidate(one.facts, replace(one.verdict, kind=reason.calls_for, reasons=(reason,)))


def _turn(one: Candidate) -> tuple[datetime, int]:
    return one.verdict.approved_at or datetime.max.replace(tzinfo=UTC), one.facts.pull.number


def _touched(facts: PullFacts) -> frozenset[str]:
    folders = {folder_of(path, facts.path) for path in facts.pull.paths}
    return frozenset(
        {f"folder {folder.casefold()}" for folder in folders}
        | {f"entity {name.casefold()}" for name in facts.entities}
    )
