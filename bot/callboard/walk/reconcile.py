"""One pass over our open pull requests: write anew, merge what may be merged, register, confirm."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from callboard.backstage.client import Catalog
from callboard.changes.group import Group
from callboard.forges.protocol import PullRequest
from callboard.model import Problem
from callboard.pulls.decide import decide
from callboard.walk.acting import Handled, act
from callboard.walk.base import Base, base_of_commit
from callboard.walk.facts import gather, might_be_ours
from callboard.walk.following import follow, is_due, problem_of, tidy
from callboard.walk.landing import Registration
from callboard.walk.moves import at_its_name
from callboard.walk.pausing import pause_reason
from callboard.walk.rewriting import head_holds, written_anew
from callboard.walk.workplace import Workplace


@dataclass(frozen=True)
class ReconcileResult:
    """What a pass found and did."""

    handled: tuple[Handled, ...]
    registration: Registration | None = None
    """None when Backstage is not configured, or did not answer."""
    problems: tuple[Problem, ...] = ()


def reconcile(
    workplace: Workplace, catalog: Catalog | None, *, paused: bool, progress: Callable[[str], None]
) -> ReconcileResult:
    """One pass. Raises GitError or ForgeError when the forge cannot be read at all.

    ``paused``: the environment says that nothing may be written; configuration and dashboard may say so too.
    """
    workplace, about = at_its_name(workplace)
    config, repository, forge = workplace.config, workplace.repository, workplace.forge
    paused = paused or pause_reason(config, {}, about) is not None
    base = _base(workplace)
    pulls = forge.open_pull_requests()
    anew: dict[int, Group | None] = {}

    def is_current(pull: PullRequest) -> bool:
        group = anew[pull.number] = written_anew(repository, base, pull, config.catalog.path)
        return group is None or head_holds(repository, pull.head, group)

    examined = gather(config, repository, forge.repository, about.identity, pulls, is_current, paused=paused)
    handled: list[Handled] = []
    for one in examined:
        pull, verdict = one.facts.pull, decide(one.facts, config.merge)
        progress(f"{pull.reference}: {verdict.kind}")
        handled.append(act(workplace, base, pull, verdict, anew.get(pull.number), queue=about.queue))
    if paused:
        return ReconcileResult(tuple(handled))
    merged = [
        pull
        for pull in forge.finished_lately()
        if pull.state == "merged" and might_be_ours(pull, forge.repository, about.identity, config)
    ]
    handled = _answered(handled, merged)
    tidy(workplace, merged)
    now_merged = {one.pull.number for one in handled if one.done == "merged"}
    due = [pull for pull in merged if pull.number in now_merged or is_due(workplace, pull, catalog)]
    landed = _base(workplace) if now_merged else base
    registration, problems = follow(workplace, catalog, landed, due, progress)
    failed = [problem_of(one.pull, one.why) for one in handled if one.done == "failed"]
    return ReconcileResult(tuple(handled), registration, (*failed, *problems))


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
