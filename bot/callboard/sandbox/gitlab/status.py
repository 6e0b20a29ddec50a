"""Whether a merge request may merge, in GitLab's words."""

from __future__ import annotations

from dataclasses import dataclass

from callboard.sandbox.forge import merging
from callboard.sandbox.forge.state import Account, Pull, Repository

from .pipelines import UNFINISHED, pipeline_of

CI_STATUSES = ("ci_must_pass", "ci_still_running")


@dataclass(frozen=True)
class Approvals:
    """Who approves now, and how many are asked for."""

    by: tuple[tuple[Account, str], ...]
    """With the time."""
    required: int

    @property
    def left(self) -> int:
        """How many are missing."""
        return max(self.required - len(self.by), 0)


def approvals(repository: Repository, pull: Pull) -> Approvals:
    """The approvals that stand; only those of people who may write here count."""
    standing: dict[int, tuple[Account, str]] = {}
    for review in pull.reviews:
        if review.state == "APPROVED" and repository.allows(review.author, "write"):
            standing[review.author.id] = (review.author, review.submitted_at)
    protection = repository.protections.get(pull.base_ref)
    return Approvals(tuple(standing.values()), protection.approvals if protection else 0)


def look(repository: Repository, pull: Pull, *, works_it_out: bool = True) -> str:
    """The answer to this read. The first reads after a change may not know it yet."""
    if pull.state == "open" and pull.undecided_reads:
        if works_it_out:
            pull.undecided_reads -= 1
            return "checking"
        return "unchecked"
    return decided(repository, pull)


def decided(repository: Repository, pull: Pull) -> str:
    """``detailed_merge_status``."""
    base = repository.git.resolve(pull.base_ref)
    if pull.state != "open":
        return "not_open"
    if pull.draft:
        return "draft_status"
    if base is None or repository.git.is_ancestor(pull.head, base):
        return "commits_status"
    if _has_open_threads(repository, pull):
        return "discussions_not_resolved"
    checks = _checks(repository, pull)
    if checks:
        return checks
    if approvals(repository, pull).left:
        return "not_approved"
    if has_conflicts(repository, pull):
        return "conflict"
    protection = repository.protections.get(pull.base_ref)
    linear = repository.settings.merge_method != "merge" or (protection is not None and protection.strict)
    if linear and not repository.git.is_ancestor(base, pull.head):
        return "need_rebase"
    verdicts = {each.author.id: each.state for each in pull.reviews if each.state != "COMMENTED"}
    if "CHANGES_REQUESTED" in verdicts.values():
        return "requested_changes"
    return "mergeable"


def has_conflicts(repository: Repository, pull: Pull) -> bool:
    """Whether head and base conflict."""
    base = repository.git.resolve(pull.base_ref)
    return pull.state == "open" and base is not None and repository.git.merge_tree(base, pull.head) is None


def open_threads(repository: Repository, pull: Pull) -> bool:
    """Whether a thread waits to be resolved."""
    return any(each.number == pull.number and each.resolved is False for each in repository.comments.values())


def _has_open_threads(repository: Repository, pull: Pull) -> bool:
    asked = repository.settings.only_allow_merge_if_all_discussions_are_resolved
    return asked and open_threads(repository, pull)


def _checks(repository: Repository, pull: Pull) -> str:
    """What the pipeline still has to do; empty: nothing."""
    protection = repository.protections.get(pull.base_ref)
    named = protection.checks if protection else ()
    pipeline = pipeline_of(repository, pull.head)
    if named:
        states = merging.check_states(repository, pull.head)
        waiting = [name for name in named if states.get(name) != "success"]
        if waiting:
            return "ci_still_running" if all(states.get(n) == "pending" for n in waiting) else "ci_must_pass"
    if repository.settings.only_allow_merge_if_pipeline_succeeds:
        if pipeline is None or pipeline.status not in ("success", *UNFINISHED):
            return "ci_must_pass"
        if pipeline.status in UNFINISHED:
            return "ci_still_running"
    return ""
