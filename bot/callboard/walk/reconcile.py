"""One pass over our open pull requests: write anew, merge what may be merged, register, confirm."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from callboard.backstage.client import Catalog
from callboard.backstage.registration import Outcome
from callboard.changes.group import Group
from callboard.forges.protocol import ForgeError, PullRequest
from callboard.git.command import GitError
from callboard.http import HttpProblem
from callboard.model import Problem
from callboard.pulls.commits import squash_message
from callboard.pulls.decide import Verdict, decide
from callboard.pulls.texts import (
    LANDING_MARKER,
    VERDICT_MARKER,
    landing_comment,
    verdict_comment,
)
from callboard.walk.base import Base, base_of_commit
from callboard.walk.facts import gather, might_be_ours
from callboard.walk.landing import CATALOG_FILE, PENDING_LABEL, Registration, differing_paths, register
from callboard.walk.obsolete import folders_of
from callboard.walk.rewriting import head_holds, written_anew
from callboard.walk.sync import push_groups
from callboard.walk.workplace import Workplace

_QUIET = {"wait", "hold", "not-ours"}
"""Verdicts that the pull request's own text and page already explain: no comment is begun for them."""


@dataclass(frozen=True)
class Handled:
    """What was decided and done about one pull request."""

    pull: PullRequest
    verdict: Verdict
    done: str = "nothing"
    """``merged``, ``rewritten``, ``nothing`` or ``failed``."""
    why: str = ""


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
    """One pass. Raises GitError or ForgeError when the forge cannot be read at all."""
    config, repository, forge = workplace.config, workplace.repository, workplace.forge
    root = config.catalog.path
    base = _base(workplace)
    identity, pulls = forge.identity(), forge.open_pull_requests()
    anew: dict[int, Group | None] = {}

    def is_current(pull: PullRequest) -> bool:
        group = anew[pull.number] = written_anew(repository, base, pull, root)
        return group is None or head_holds(repository, pull.head, group)

    facts = gather(config, repository, forge.repository, identity, pulls, is_current, paused=paused)
    handled: list[Handled] = []
    problems: list[Problem] = []
    for one in facts:
        verdict = decide(one, config.merge)
        progress(f"{one.pull.reference}: {verdict.kind}")
        handled.append(_act(workplace, base, one.pull, verdict, anew.get(one.pull.number)))
    registration = None
    if not paused:
        merged = [
            pull
            for pull in forge.finished_lately()
            if pull.state == "merged" and might_be_ours(pull, forge.repository, identity, config)
        ]
        handled = _answered(handled, merged)
        _tidy(workplace, merged)
        due = [pull for pull in merged if _is_due(workplace, pull, handled, catalog)]
        landed = _base(workplace) if any(done.done == "merged" for done in handled) else base
        sound, withheld, broken = _sound(workplace, due, landed)
        problems += broken
        if catalog is not None:
            registration, more = _register(workplace, catalog, landed, sound, withheld, progress)
            problems += more
    problems = [_problem(done.pull, done.why) for done in handled if done.done == "failed"] + problems
    return ReconcileResult(tuple(handled), registration, tuple(problems))


def _answered(handled: Sequence[Handled], merged: Iterable[PullRequest]) -> list[Handled]:
    """What was merged although its answer got lost is merged."""
    numbers = {pull.number for pull in merged}
    return [
        replace(one, done="merged", why="")
        if one.done == "failed" and one.verdict.kind == "merge" and one.pull.number in numbers
        else one
        for one in handled
    ]


def _is_due(
    workplace: Workplace, pull: PullRequest, handled: Sequence[Handled], catalog: Catalog | None
) -> bool:
    """Whether a merged pull request of ours, whoever merged it, has not been followed to its end."""
    if any(done.done == "merged" and done.pull.number == pull.number for done in handled):
        return True
    reported = pull.comment_of(workplace.forge.identity(), LANDING_MARKER) is not None
    return catalog is not None and (PENDING_LABEL in pull.labels or not reported)


def _base(workplace: Workplace) -> Base:
    config = workplace.config
    commit = workplace.repository.fetch(config.catalog.base, config.pull_requests.branch_prefix)
    return base_of_commit(workplace.repository, commit, config.catalog.path)


def _act(
    workplace: Workplace, base: Base, pull: PullRequest, verdict: Verdict, anew: Group | None
) -> Handled:
    forge, config = workplace.forge, workplace.config
    try:
        if verdict.kind == "merge":
            forge.merge(
                pull.number,
                head=verdict.head,
                method=config.merge.method,
                title=f"{pull.title} ({pull.reference})",
                message=squash_message(pull, verdict),
            )
            return Handled(pull, verdict, "merged")
        if verdict.kind == "regenerate" and anew is not None and anew.changes:
            refused = push_groups(workplace, base, {pull.head_ref: (pull.head, anew)})
            if (why := refused.get(pull.head_ref)) is not None:
                return Handled(pull, verdict, "failed", f"the branch moved while it was written anew: {why}")
            return Handled(pull, verdict, "rewritten")
        _explain(workplace, pull, verdict)
    except (ForgeError, GitError) as error:
        return Handled(pull, verdict, "failed", str(error))
    return Handled(pull, verdict)


def _tidy(workplace: Workplace, merged: Iterable[PullRequest]) -> None:
    """Delete the branches that still stand where they were merged: of this pass, or of one that died."""
    heads = workplace.repository.heads()
    done = {one.head_ref: (one.head, None) for one in merged if heads.get(one.head_ref) == one.head}
    if done:
        with contextlib.suppress(GitError):  # they may be gone already; a left branch harms nobody
            workplace.repository.push(done)


def _explain(workplace: Workplace, pull: PullRequest, verdict: Verdict) -> None:
    said = pull.comment_of(workplace.forge.identity(), VERDICT_MARKER)
    if said is None and verdict.kind in _QUIET:
        return
    if any(reason.code == "paused" for reason in verdict.reasons):
        return
    workplace.forge.comment(pull, verdict_comment(verdict, workplace.forge.word), marker=VERDICT_MARKER)


def _sound(
    workplace: Workplace, merged: Sequence[PullRequest], landed: Base
) -> tuple[list[PullRequest], set[str], list[Problem]]:
    """The merged pull requests whose merge commits really have the approved bytes; the folders of others."""
    sound, problems = [], []
    withheld: set[str] = set()
    root = workplace.config.catalog.path
    now = workplace.repository.tree(landed.commit, root) if merged and landed.commit else {}
    workplace.repository.fetch_commits(
        commit for pull in merged for commit in (pull.head, pull.merge_commit) if commit
    )
    for pull in merged:
        differing = differing_paths(workplace.repository, pull, root, now)
        if not differing:
            sound.append(pull)
            continue
        withheld.update(folders_of(pull, root))
        what = f"the merge commit does not have the approved content of {differing[0]}"
        if len(differing) > 1:
            what += f" and {len(differing) - 1} more"
        problems.append(_problem(pull, f"{what}; it is not registered"))
        way_out = f"Revert it, or take the label {PENDING_LABEL} off to accept it as it is."
        _report(workplace, pull, (), wrong=f"After the merge, {what}. {way_out}")
    return sound, withheld, problems


def _register(
    workplace: Workplace,
    catalog: Catalog,
    landed: Base,
    merged: Sequence[PullRequest],
    withheld: Collection[str],
    progress: Callable[[str], None],
) -> tuple[Registration | None, list[Problem]]:
    config, forge = workplace.config, workplace.forge
    assert config.backstage is not None
    recent = {folder for pull in merged for folder in folders_of(pull, config.catalog.path)}
    within = config.backstage.confirm_within
    try:
        registration = register(
            catalog, workplace, landed, recent, withheld=withheld, within=within, progress=progress
        )
    except HttpProblem as problem:
        for pull in merged:
            wrong = f"Backstage could not be asked: {problem.what}. {problem.hint}."
            _report(workplace, pull, (), wrong=wrong)
        found = Problem(source="backstage", what=problem.what, where=problem.where, hint=problem.hint)
        return None, [found]
    by_target = {outcome.target: outcome for outcome in registration.outcomes}
    for pull in merged:
        targets = [
            forge.file_url(f"{folder}/{CATALOG_FILE}", config.catalog.base)
            for folder in sorted(folders_of(pull, config.catalog.path))
        ]
        _report(workplace, pull, tuple(by_target[target] for target in targets if target in by_target))
    problems = [
        Problem(
            source="backstage",
            model=confirmation.entity_ref,
            what=f"{confirmation.state}: {confirmation.why}",
            where=outcome.target,
            hint="the next reconcile looks again",
        )
        for outcome in registration.outcomes
        for confirmation in outcome.confirmations
        if confirmation.state != "confirmed"
    ]
    return registration, problems


def _report(workplace: Workplace, pull: PullRequest, outcomes: tuple[Outcome, ...], wrong: str = "") -> None:
    """Say on the pull request what became of it; keep it marked until Backstage has it."""
    forge = workplace.forge
    open_ends = bool(wrong) or any(outcome.state != "confirmed" for outcome in outcomes)
    marked = PENDING_LABEL in pull.labels
    forge.comment(pull, landing_comment(outcomes, wrong, forge.word), marker=LANDING_MARKER)
    if open_ends and not marked:
        forge.label(pull.number, add=(PENDING_LABEL,))
    elif marked and not open_ends:
        forge.label(pull.number, remove=(PENDING_LABEL,))


def _problem(pull: PullRequest, what: str) -> Problem:
    return Problem(source="forge", what=what, where=pull.url, hint="the next reconcile decides anew")
