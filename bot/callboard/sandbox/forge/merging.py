"""Whether a pull request may merge, and the merge: real commits, made without a work tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from . import pulls
from .bare import Bare, Commit, GitFailed, Person
from .pushes import mark_merged, settle
from .refusal import Refused
from .state import Account, CheckRun, Pull, QueueEntry, Repository, Review, Status, World

Method = Literal["merge", "squash", "rebase"]
MergeState = Literal["BEHIND", "BLOCKED", "CLEAN", "DIRTY", "DRAFT", "UNKNOWN", "UNSTABLE"]
_GOOD_CONCLUSIONS = ("success", "neutral", "skipped")


@dataclass(frozen=True)
class Mergeability:
    """What GitHub says of a pull request; ``mergeable`` None: not known yet, or no longer open."""

    mergeable: bool | None
    state: MergeState
    refusal: str = ""
    """Why the merge is refused; empty when it is not."""


def mergeability(repository: Repository, pull: Pull) -> Mergeability:
    """The answer to this read. The first reads after a change may not know it yet."""
    if pull.state != "open":
        return Mergeability(None, "UNKNOWN", "Pull Request is not mergeable")
    if pull.undecided_reads:
        pull.undecided_reads -= 1
        return Mergeability(None, "UNKNOWN")
    return _decided(repository, pull)


def _decided(repository: Repository, pull: Pull) -> Mergeability:
    if pull.state != "open":
        return Mergeability(None, "UNKNOWN", "Pull Request is not mergeable")
    git = repository.git
    base = git.resolve(pull.base_ref)
    if base is None or git.merge_tree(base, pull.head) is None:
        return Mergeability(False, "DIRTY", "Pull Request is not mergeable")
    if pull.draft:
        return Mergeability(True, "DRAFT", "Pull Request is still a draft")
    unmet = _unmet(repository, pull)
    if unmet:
        return Mergeability(True, "BLOCKED", unmet)
    protection = repository.protections.get(pull.base_ref)
    if protection and protection.strict and not git.is_ancestor(base, pull.head):
        return Mergeability(True, "BEHIND", "Head branch is out of date with the base branch")
    if any(state != "success" for state in check_states(repository, pull.head).values()):
        return Mergeability(True, "UNSTABLE")
    return Mergeability(True, "CLEAN")


def review_decision(repository: Repository, pull: Pull) -> str | None:
    """APPROVED, CHANGES_REQUESTED or REVIEW_REQUIRED; None when no review is asked for."""
    protection = repository.protections.get(pull.base_ref)
    if not protection or not protection.approvals:
        return None
    states = [review.state for review in _counting(repository, pull).values()]
    if "CHANGES_REQUESTED" in states:
        return "CHANGES_REQUESTED"
    return "APPROVED" if states.count("APPROVED") >= protection.approvals else "REVIEW_REQUIRED"


def _counting(repository: Repository, pull: Pull) -> dict[int, Review]:
    latest: dict[int, Review] = {}
    for review in pull.reviews:
        if review.state != "COMMENTED" and repository.allows(review.author, "write"):
            latest[review.author.id] = review
    return latest


def _unmet(repository: Repository, pull: Pull) -> str:
    protection = repository.protections.get(pull.base_ref)
    if protection is None:
        return ""
    decision = review_decision(repository, pull)
    if decision == "CHANGES_REQUESTED":
        return "Changes have been requested."
    if decision == "REVIEW_REQUIRED":
        count = protection.approvals
        reviews = "approving review is" if count == 1 else "approving reviews are"
        return f"At least {count} {reviews} required by reviewers with write access."
    states = check_states(repository, pull.head)
    for name in protection.checks:
        if name not in states:
            return f'Required status check "{name}" is expected.'
        if states[name] != "success":
            return f'Required status check "{name}" is {states[name]}.'
    return ""


def latest_statuses(repository: Repository, sha: str) -> list[Status]:
    """The newest status of each context on a commit."""
    newest = {status.context: status for status in repository.statuses if status.sha == sha}
    return list(newest.values())


def check_runs(repository: Repository, sha: str) -> list[CheckRun]:
    """The newest check run of each name and app on a commit."""
    newest = {(run.app.id, run.name): run for run in repository.check_runs.values() if run.sha == sha}
    return list(newest.values())


def check_states(repository: Repository, sha: str) -> dict[str, str]:
    """success, failure or pending by the name of each status and check run on a commit."""
    states: dict[str, str] = {
        status.context: "failure" if status.state == "error" else status.state
        for status in latest_statuses(repository, sha)
    }
    for run in check_runs(repository, sha):
        good = "success" if run.conclusion in _GOOD_CONCLUSIONS else "failure"
        states[run.name] = good if run.status == "completed" else "pending"
    return states


@dataclass(frozen=True)
class MergeRequest:
    """How to merge; ``sha`` pins the head."""

    method: Method = "merge"
    sha: str | None = None
    title: str | None = None
    message: str | None = None


def merge(world: World, repository: Repository, pull: Pull, actor: Account, request: MergeRequest) -> str:
    """The commit that brought the pull request into its base. Raises Refused (405, 409)."""
    if pull.state != "open":
        raise Refused(405, "Pull Request is not mergeable")
    if request.sha is not None and request.sha != pull.head:
        raise Refused(409, "Head branch was modified. Review and try the merge again.")
    if pull.base_ref in repository.queues:
        raise Refused(405, "Changes must be made through the merge queue")
    refusal = refusal_to_merge(repository, pull)
    if refusal:
        raise Refused(405, refusal)
    return land(world, repository, pull, actor, request)


def queue_entry(repository: Repository, pull: Pull) -> QueueEntry | None:
    """The place of a pull request in the merge queue of its base."""
    queue = repository.queues.get(pull.base_ref)
    return queue.entry(pull) if queue else None


def refusal_to_merge(repository: Repository, pull: Pull) -> str:
    """Why this pull request may not merge now; empty when it may."""
    return _decided(repository, pull).refusal


def land(world: World, repository: Repository, pull: Pull, actor: Account, request: MergeRequest) -> str:
    """Merge what may be merged; the commit that brought it into its base. Raises Refused (405)."""
    git = repository.git
    base = repository.refs[f"refs/heads/{pull.base_ref}"]
    commit = _merge_commit(repository, pull, _noreply(actor), base, request)
    try:
        git.update_ref(f"refs/heads/{pull.base_ref}", commit, base)
    except GitFailed:
        raise Refused(405, "Base branch was modified. Review and try the merge again.") from None
    # Before the other pull requests follow, so that this one is not taken for pushed by hand.
    mark_merged(world, pull, actor, commit)
    settle(world, repository, actor)
    return commit


def _merge_commit(repository: Repository, pull: Pull, who: Person, base: str, request: MergeRequest) -> str:
    git = repository.git
    if request.method == "rebase":
        return rebased(git, pulls.commits(repository, pull), base, who)
    tree = git.merge_tree(base, pull.head)
    if tree is None:
        raise Refused(405, "Pull Request is not mergeable")
    if request.method == "squash":
        title = request.title or f"{pull.title} (#{pull.number})"
        message = _message(title, request.message if request.message is not None else pull.body or "")
        return git.commit_tree(tree, [base], message, _noreply(pull.author), who)
    source = (pull.fork or repository).owner.login
    title = request.title or f"Merge pull request #{pull.number} from {source}/{pull.head_ref}"
    message = _message(title, request.message if request.message is not None else pull.title)
    return git.commit_tree(tree, [base, pull.head], message, who, who)


def rebased(git: Bare, commits: list[Commit], onto: str, who: Person) -> str:
    """The commits again on top of ``onto``, the last one's id. Raises Refused (405)."""
    for commit in commits:
        if len(commit.parents) != 1:
            raise Refused(405, "This branch can't be rebased")
        # merge-tree takes the merge base from the history, so we give it the history that a cherry-pick has.
        ours = git.commit_tree(f"{onto}^{{tree}}", commit.parents, "base of a cherry-pick", who, who)
        tree = git.merge_tree(ours, commit.sha)
        if tree is None:
            raise Refused(405, "This branch can't be rebased due to conflicts")
        onto = git.commit_tree(tree, [onto], commit.message, commit.author, who)
    return onto


def _message(title: str, body: str) -> str:
    return f"{title}\n\n{body}".rstrip() + "\n" if body else f"{title}\n"


def _noreply(account: Account) -> Person:
    return Person(account.login, f"{account.id}+{account.login}@users.noreply.github.com")


def update_branch(
    world: World, repository: Repository, pull: Pull, actor: Account, expected_head: str | None
) -> None:
    """Merge the base into the head branch. Raises Refused (422)."""
    if expected_head is not None and expected_head != pull.head:
        raise Refused(422, "expected head sha didn't match current head ref.")
    git = repository.git
    base = git.resolve(pull.base_ref)
    if pull.state != "open" or base is None:
        raise Refused(422, "The pull request is closed.")
    if pull.fork is not None:
        raise Refused(403, "You do not have permission to update the head repository.")
    if git.is_ancestor(base, pull.head):
        raise Refused(422, "There are no new commits on the base branch.")
    tree = git.merge_tree(pull.head, base)
    if tree is None:
        raise Refused(422, "merge conflict between base and head")
    who = _noreply(actor)
    message = f"Merge branch '{pull.base_ref}' into {pull.head_ref}\n"
    commit = git.commit_tree(tree, [pull.head, base], message, who, who)
    git.update_ref(f"refs/heads/{pull.head_ref}", commit, pull.head)
    settle(world, repository, actor)
