"""What comes after a merge: compare, register, confirm, report on the pull request, tidy up."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterable, Sequence

from callboard.backstage.client import Catalog
from callboard.backstage.registration import Outcome
from callboard.forges.protocol import PullRequest
from callboard.git.command import GitError
from callboard.http import HttpProblem
from callboard.model import Problem
from callboard.pulls.texts import LANDING_MARKER, landing_comment
from callboard.walk.base import Base
from callboard.walk.landing import CATALOG_FILE, PENDING_LABEL, Registration, differing_paths, register
from callboard.walk.obsolete import folders_of
from callboard.walk.workplace import Workplace


def follow(
    workplace: Workplace,
    catalog: Catalog | None,
    landed: Base,
    merged: Sequence[PullRequest],
    progress: Callable[[str], None],
) -> tuple[Registration | None, list[Problem]]:
    """Follow merged pull requests of ours to their end, and bring Backstage to the state of the base branch.

    ``landed``: the base branch with all of them on it. Answers no registration where Backstage is not
    configured or did not answer.
    """
    sound, withheld, problems = _sound(workplace, merged, landed)
    if catalog is None:
        return None, problems
    registration, more = _register(workplace, catalog, landed, sound, withheld, progress)
    return registration, problems + more


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
        problems.append(problem_of(pull, f"{what}; it is not registered"))
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


def problem_of(pull: PullRequest, what: str) -> Problem:
    return Problem(source="forge", what=what, where=pull.url, hint="the next reconcile decides anew")
