"""Reminding of pull requests that nobody touches: once each, then they are left alone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from callboard.forges.protocol import ForgeError
from callboard.model import Problem
from callboard.pulls.comments import NUDGE_MARKER, nudge_comment
from callboard.pulls.staleness import is_stale
from callboard.walk.acting import Handled
from callboard.walk.refusals import refused
from callboard.walk.workplace import Workplace

_AT_ONCE = 10
"""So many reminders in one pass: the first pass over an old repository shall not flood anybody."""


def nudge(workplace: Workplace, handled: Iterable[Handled], now: datetime) -> tuple[Problem, ...]:
    """Remind of what has waited for people for ``pull-requests: nudge-after`` days; answers what failed.

    What people hold or committed to is theirs, and what goes on by itself needs nobody.
    """
    forge, days = workplace.forge, workplace.config.pull_requests.nudge_after
    if days is None:
        return ()
    stale = [
        one
        for one in handled
        if one.done == "nothing"
        and one.verdict.kind in ("wait", "blocked")
        and one.pull.comment_of(forge.identity(), NUDGE_MARKER) is None
        and is_stale(one.pull, now, days)
    ]
    problems = []
    for one in stale[:_AT_ONCE]:
        try:
            forge.comment(one.pull, nudge_comment(one.verdict, days, forge.word), marker=NUDGE_MARKER)
        except ForgeError as error:
            problems.append(refused(error))
    return tuple(problems)
