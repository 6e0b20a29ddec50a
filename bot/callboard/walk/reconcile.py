"""One pass over our open pull requests: write anew, merge what may be merged, register, confirm."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from callboard.backstage.client import Catalog
from callboard.changes.group import Group
from callboard.forges.protocol import PullRequest
from callboard.model import Problem
from callboard.pulls.asked import handed_back
from callboard.pulls.dashboard_rows import FROM_PULL_REQUESTS
from callboard.pulls.decide import decide
from callboard.walk.acting import Handled, act
from callboard.walk.base import Base, base_of_commit
from callboard.walk.checking import explain_to_others, write_checks
from callboard.walk.commanding import obey, obey_finished
from callboard.walk.dashboard import orders_on, rows_of_pass, write_dashboard
from callboard.walk.facts import Examined, gather, might_be_ours
from callboard.walk.following import Followed, follow, is_due, problem_of, tidy
from callboard.walk.landing import Registration
from callboard.walk.moves import at_its_name
from callboard.walk.nudging import nudge
from callboard.walk.ordering import obey_boxes
from callboard.walk.pausing import pause_reason
from callboard.walk.rewriting import head_holds, written_anew
from callboard.walk.turns import Decided, in_turn
from callboard.walk.workplace import Workplace


@dataclass(frozen=True)
class ReconcileResult:
    """What a pass found and did."""

    handled: tuple[Handled, ...]
    registration: Registration | None = None
    """None when Backstage is not configured, or did not answer."""
    problems: tuple[Problem, ...] = ()
    paused: str | None = None
    """Who stopped all writes: then nothing was done."""


def reconcile(
    workplace: Workplace,
    catalog: Catalog | None,
    *,
    progress: Callable[[str], None],
    environ: Mapping[str, str] = os.environ,
    now: datetime | None = None,
) -> ReconcileResult:
    """One pass. Raises GitError or ForgeError when the forge cannot be read at all.

    ``environ``: where a pause may be set. ``now``: what quiet hours and reminders go by; the present by
    default.
    """
    now = now or datetime.now(UTC)
    workplace, about = at_its_name(workplace)
    config, repository, forge = workplace.config, workplace.repository, workplace.forge
    paused = pause_reason(config, environ, about)
    base = _base(workplace)
    pulls = forge.open_pull_requests()
    anew: dict[int, Group | None] = {}

    def is_current(pull: PullRequest) -> bool:
        given = handed_back(pull, about.identity, forge.can_write)
        group = anew[pull.number] = written_anew(repository, base, pull, config.catalog.path, given)
        return group is None or head_holds(repository, pull.head, group)

    examined = gather(workplace, base, about.identity, pulls, is_current, now=now, paused=paused is not None)
    obeyed = obey(workplace, base, examined)
    orders = () if paused else orders_on(workplace, about)
    ordered = obey_boxes(workplace, base, orders, obeyed.examined)
    examined = ordered.examined
    acted = _acted(workplace, base, examined, anew, progress, queue=about.queue)
    handled = sorted((*obeyed.handled, *ordered.handled, *acted), key=lambda one: one.pull.number)
    if paused is not None:
        return ReconcileResult(tuple(handled), paused=paused)
    finished = forge.finished_lately()
    unanswered = [*obeyed.failed, *obey_finished(workplace, finished)]
    merged = [
        pull
        for pull in finished
        if pull.state == "merged" and might_be_ours(pull, forge.repository, about.identity, config)
    ]
    handled = _answered(handled, merged)
    followed = _followed(workplace, catalog, base, merged, handled, progress)
    changed = {one.pull.number for one in handled if one.done in ("merged", "rewritten", "closed")}
    problems = [
        *followed.problems,
        *write_checks(workplace, [one for one in examined if one.facts.pull.number not in changed]),
        *explain_to_others(workplace, base, examined),
        *nudge(workplace, handled, now),
    ]
    failed = [problem_of(one.pull, one.why) for one in handled if one.done == "failed"]
    failed += [problem_of(pull, why) for pull, why in unanswered]
    rows = rows_of_pass(handled, followed.pending, config.catalog.path)
    told = write_dashboard(
        workplace, about, rows, FROM_PULL_REQUESTS, handled=ordered.orders, done=ordered.done
    )
    problems += [told] if told else []
    return ReconcileResult(tuple(handled), followed.registration, (*failed, *problems))


def _acted(
    workplace: Workplace,
    base: Base,
    examined: Iterable[Examined],
    anew: Mapping[int, Group | None],
    progress: Callable[[str], None],
    *,
    queue: bool,
) -> list[Handled]:
    """Decide about each pull request and do what was decided, in turn.

    ``anew``: what those of ours would hold if they were written now. ``queue``: whether the forge has a queue
    of its own.
    """
    config = workplace.config
    decided = [Decided(one, decide(one.facts, config.merge, config.pull_requests.rebase)) for one in examined]
    handled = []
    for one in in_turn(decided, config.merge.batch):
        pull = one.examined.facts.pull
        progress(f"{pull.reference}: {one.verdict.kind}")
        diagnostics = one.examined.diagnostics or ()
        group = anew.get(pull.number)
        done = act(workplace, base, pull, one.verdict, group, queue=queue, diagnostics=diagnostics)
        handled.append(done)
    return handled


def _followed(
    workplace: Workplace,
    catalog: Catalog | None,
    base: Base,
    merged: Sequence[PullRequest],
    handled: Iterable[Handled],
    progress: Callable[[str], None],
) -> Followed:
    """Follow what was merged to its end: in this pass, or lately by whomever."""
    tidy(workplace, merged)
    now_merged = {one.pull.number for one in handled if one.done == "merged"}
    due = [pull for pull in merged if pull.number in now_merged or is_due(workplace, pull, catalog)]
    landed = _base(workplace) if now_merged else base
    return follow(workplace, catalog, landed, due, progress)


def _answered(handled: Sequence[Handled], merged: Iterable[PullRequest]) -> list[Handled]:
    """What was merged although its answer got lost is merged."""
    numbers = {pull.number for pull in merged}
    return [
        replace(one, done="merged", why="")
        if one.done == "failed" and one.verdict.kind == "merge" and one.pull.number in numbers
        else one
        for one in handled
    ]


def _base(workplace: Workplace) -> Base:
    config = workplace.config
    commit = workplace.repository.fetch(config.catalog.base, config.pull_requests.branch_prefix)
    return base_of_commit(workplace.repository, commit, config.catalog.path)
