"""What comes after a merge: compare, register, confirm, report on the pull request, tidy up."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field

from callboard.backstage.client import Catalog
from callboard.backstage.registration import Outcome
from callboard.forges.protocol import ForgeError, PullRequest
from callboard.git.command import GitError
from callboard.http import HttpProblem
from callboard.model import Problem
from callboard.pulls.comments import LANDING_MARKER, landing_comment
from callboard.walk.base import Base
from callboard.walk.folders import folders_of
from callboard.walk.landing import CATALOG_FILE, PENDING_LABEL, Registration, differing_paths, register
from callboard.walk.workplace import Workplace


@dataclass
class Followed:
    """What became of what was merged."""

    registration: Registration | None = None
    """None where Backstage is not configured or did not answer."""
    pending: list[tuple[PullRequest, str]] = field(default_factory=list)
    """Merged pull requests that Backstage does not have yet, and why: one sentence."""
    problems: list[Problem] = field(default_factory=list)


def follow(
    workplace: Workplace,
    catalog: Catalog | None,
    landed: Base,
    merged: Sequence[PullRequest],
    progress: Callable[[str], None],
) -> Followed:
    """Follow merged pull requests of ours to their end, and bring Backstage to the state of the base branch.

    ``landed``: the base branch with all of them on it.
    """
    followed = Followed()
    sound, withheld = _sound(workplace, merged, landed, followed)
    if catalog is not None:
        _register(workplace, catalog, landed, sound, withheld, progress, followed)
    return followed


def is_due(workplace: Workplace, pull: PullRequest, catalog: Catalog | None) -> bool:
    """Whether a merged pull request of ours, whoever merged it, has not been followed to its end."""
    reported = pull.comment_of(workplace.forge.identity(), LANDING_MARKER) is not None
    return catalog is not None and (PENDING_LABEL in pull.labels or not reported)


def tidy(workplace: Workplace, merged: Iterable[PullRequest]) -> None:
    """Delete the branches that still stand where they were merged: of this pass, or of one that died."""
    heads = workplace.repository.heads()
    done = {one.head_ref: (one.head, None) for one in merged if heads.get(one.head_ref) == one.head}
    if done:
        with contextlib.suppress(GitError):  # they may be gone already; a left branch harms nobody
            workplace.repository.push(done)


def _sound(
    workplace: Workplace, merged: Sequence[PullRequest], landed: Base, followed: Followed
) -> tuple[list[PullRequest], set[str]]:
    """The merged pull requests whose merge commits really have the approved bytes; the folders of others."""
    sound = []
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
        followed.problems.append(problem_of(pull, f"{what}; it is not registered"))
        way_out = f"Revert it, or take the label {PENDING_LABEL} off to accept it as it is."
        _report(workplace, pull, (), followed, wrong=f"After the merge, {what}. {way_out}")
    return sound, withheld


def _register(
    workplace: Workplace,
    catalog: Catalog,
    landed: Base,
    merged: Sequence[PullRequest],
    withheld: Collection[str],
    progress: Callable[[str], None],
    followed: Followed,
) -> None:
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
            _report(workplace, pull, (), followed, wrong=wrong)
        found = Problem(source="backstage", what=problem.what, where=problem.where, hint=problem.hint)
        followed.problems.append(found)
        return
    followed.registration = registration
    by_target = {outcome.target: outcome for outcome in registration.outcomes}
    for pull in merged:
        targets = [
            forge.file_url(f"{folder}/{CATALOG_FILE}", config.catalog.base)
            for folder in sorted(folders_of(pull, config.catalog.path))
        ]
        outcomes = tuple(by_target[target] for target in targets if target in by_target)
        _report(workplace, pull, outcomes, followed)
    followed.problems += [
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


def _report(
    workplace: Workplace,
    pull: PullRequest,
    outcomes: tuple[Outcome, ...],
    followed: Followed,
    wrong: str = "",
) -> None:
    """Say on the pull request what became of it; keep it marked until Backstage has it."""
    forge = workplace.forge
    states = [one.state for outcome in outcomes for one in outcome.confirmations if one.state != "confirmed"]
    if wrong or states:
        followed.pending.append(
            (pull, wrong or f"Backstage does not have it yet: {', '.join(sorted(set(states)))}.")
        )
    marked = PENDING_LABEL in pull.labels
    try:
        forge.comment(pull, landing_comment(outcomes, wrong, forge.word), marker=LANDING_MARKER)
        if (wrong or states) and not marked:
            forge.label(pull.number, add=(PENDING_LABEL,))
        elif marked and not (wrong or states):
            forge.label(pull.number, remove=(PENDING_LABEL,))
    except ForgeError as error:
        followed.problems.append(problem_of(pull, f"what became of it could not be said there: {error.what}"))


def problem_of(pull: PullRequest, what: str) -> Problem:
    """What went wrong with a pull request, for who reads the output."""
    return Problem(source="forge", what=what, where=pull.url, hint="the next reconcile decides anew")
