"""What a moved branch means for pull requests, whichever way it moved: git, REST, a merge, or the sandbox."""

from __future__ import annotations

import dataclasses

from .bare import ZERO
from .state import Account, Event, ForcePushed, Pull, Repository, Review, World

_BRANCH = "refs/heads/"


def settle(world: World, repository: Repository, actor: Account) -> None:
    """Compare the refs with those of the last look, and let every pull request follow."""
    before, after = repository.refs, repository.git.refs()
    moved = {
        name: (before.get(name, ZERO), after.get(name, ZERO))
        for name in before.keys() | after.keys()
        if name.startswith(_BRANCH) and before.get(name) != after.get(name)
    }
    repository.refs = after
    if not moved:
        return
    repository.pushed_at = repository.updated_at = world.now()
    for pull in repository.pulls.values():
        if pull.state != "open":
            continue
        head = moved.get(_BRANCH + pull.head_ref)
        if head and pull.fork is None:
            head_moved(world, repository, pull, actor, *head)
        base = moved.get(_BRANCH + pull.base_ref)
        if base and pull.state == "open":
            _base_moved(world, repository, pull, actor, base[1])
    for other in world.repositories.values():
        for pull in other.pulls.values():
            head = moved.get(_BRANCH + pull.head_ref)
            if head and pull.fork is repository and pull.state == "open":
                if head[1] != ZERO:
                    other.git.take(repository.git, head[1])
                head_moved(world, other, pull, actor, *head)


def remember_head(repository: Repository, pull: Pull) -> None:
    """Keep the head's objects after its branch is gone, by the names that GitHub and GitLab have for it."""
    for name in (f"refs/pull/{pull.number}/head", f"refs/merge-requests/{pull.number}/head"):
        repository.git.update_ref(name, pull.head)
        repository.refs[name] = pull.head


def remember_push(world: World, repository: Repository, pull: Pull, actor: Account, before: str) -> None:
    """Keep where head and base stood after a push."""
    parted = repository.git.merge_base(pull.base, pull.head) or pull.base
    event = Event(
        world.new_id(), "pushed", actor, pull.updated_at, before, pull.head, base=parted, start=pull.base
    )
    pull.events.append(event)


def close(world: World, pull: Pull) -> None:
    """Close without merging."""
    pull.state = "closed"
    pull.closed_at = pull.updated_at = world.now()


def head_moved(world: World, repository: Repository, pull: Pull, actor: Account, old: str, new: str) -> None:
    """The head branch moved from ``old`` to ``new``; zeros: it was deleted."""
    if new == ZERO:
        close(world, pull)
        return
    git = repository.git
    pull.updated_at = world.now()
    pull.undecided_reads = world.undecided_reads
    forced = not git.is_ancestor(old, new)
    if forced:
        pull.force_pushes.append(ForcePushed(world.new_id(), actor, old, new, pull.updated_at))
    protection = repository.protections.get(pull.base_ref)
    stale = repository.settings.reset_approvals_on_push or (
        protection is not None and protection.dismiss_stale_reviews
    )
    approvers = sorted({review.author.slug for review in pull.reviews if review.state == "APPROVED"})
    pull.reviews = [
        _after_push(review, new, stale=stale, repointed=forced and world.repoints_reviews)
        for review in pull.reviews
    ]
    pull.head = new
    base = git.resolve(pull.base_ref)
    if base is not None:
        pull.base = base
    remember_head(repository, pull)
    remember_push(world, repository, pull, actor, old)
    if stale and approvers:
        event = Event(
            world.new_id(),
            "approvals-reset",
            actor,
            pull.updated_at,
            text=", ".join(f"@{one}" for one in approvers),
        )
        pull.events.append(event)
    if base is not None and git.is_ancestor(new, base):
        close(world, pull)


def _after_push(review: Review, new: str, *, stale: bool, repointed: bool) -> Review:
    if review.state != "APPROVED":
        return review
    if stale:
        return dataclasses.replace(review, state="DISMISSED")
    return dataclasses.replace(review, commit=new) if repointed else review


def _base_moved(world: World, repository: Repository, pull: Pull, actor: Account, new: str) -> None:
    if new == ZERO:
        close(world, pull)
        return
    pull.undecided_reads = world.undecided_reads
    if repository.git.is_ancestor(pull.head, new):
        mark_merged(world, pull, actor, new)


def mark_merged(world: World, pull: Pull, actor: Account, commit: str) -> None:
    """The pull request is merged; ``commit`` brought it into the base branch."""
    pull.state = "closed"
    pull.merge_commit, pull.merged_by = commit, actor
    pull.merged_at = pull.closed_at = pull.updated_at = world.now()
