"""What is said about a pull request: a verdict, and the reasons for it.

The verdicts in the order of gravity, and what each asks of the walk:

``not-ours``    never merged: validated and explained only
``hold``        a person or the operator said stop: nothing is touched
``step-back``   people changed the branch, or where it goes: it is theirs now
``regenerate``  write the content anew on the current base
``blocked``     a person has to do something first
``wait``        time or a review will do
``merge``       merge, pinned to ``Verdict.head``
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

VerdictKind = Literal["not-ours", "hold", "step-back", "regenerate", "blocked", "wait", "merge"]
_GRAVITY: tuple[str, ...] = get_args(VerdictKind)


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that stands in the way of a merge."""

    calls_for: VerdictKind
    code: str
    """Stable, kebab-case."""
    sentence: str
    """What is so. Holds names from outside: cleaned where it is written."""
    hint: str
    """What to do next."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be done with a pull request, and why."""

    kind: VerdictKind
    head: str
    """The commit that was decided about; a merge is pinned to it."""
    reasons: tuple[Reason, ...] = ()
    """Everything that stands in the way, gravest first; empty for a merge, and only then."""
    approved_by: tuple[str, ...] = ()
    """Logins of the persons whose approval counts."""
    approvals_needed: int = 1
    approved_at: datetime | None = None
    """When the approvals became enough; None when they are not, or nobody can tell."""


def gravest_first(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """The reasons by what they call for, else in the order in which they were found."""
    return tuple(sorted(reasons, key=lambda reason: _GRAVITY.index(reason.calls_for)))
