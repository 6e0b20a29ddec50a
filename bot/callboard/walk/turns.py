"""Whose turn it is: which of the pull requests that may be merged are merged now, and in which order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from callboard.pulls.decide import Verdict
from callboard.pulls.queue import Candidate, plan, without_offenders
from callboard.validation.check import validate_files
from callboard.walk.facts import Examined, sentences


@dataclass(frozen=True)
class Decided:
    """A pull request with what is to be done about it."""

    examined: Examined
    verdict: Verdict


def in_turn(decided: Sequence[Decided], batch: int) -> tuple[Decided, ...]:
    """The same, what is merged last and in the order of its merging, what has to wait for others waiting.

    What goes together is validated together: at most ``batch`` of them at once.
    """
    of = {one.examined.facts.pull.number: one for one in decided}
    merging = [one for one in decided if one.verdict.kind == "merge"]
    turns = plan([(one.examined.facts, one.verdict) for one in merging], batch)
    kept: list[Candidate] = []
    late = [*turns.waiting]

    def errors_of(numbers: frozenset[int]) -> tuple[str, ...]:
        files = {path: content for number in numbers for path, content in of[number].examined.files.items()}
        return sentences(validate_files(files, as_errors={"duplicate-entity"}).diagnostics)

    for one in turns.batches:
        sifted = without_offenders(one, errors_of)
        kept += sifted.kept
        late += sifted.blocked
    changed = {one.facts.pull.number: one.verdict for one in late}
    others = [
        replace(one, verdict=changed.get(number, one.verdict))
        for number, one in of.items()
        if one.verdict.kind != "merge" or number in changed
    ]
    return (*others, *(of[one.facts.pull.number] for one in kept))
