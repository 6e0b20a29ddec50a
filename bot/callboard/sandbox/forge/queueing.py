"""The merge queue of a branch: pull requests that merge one after the other, each pinned to its head."""

from __future__ import annotations

from .merging import MergeRequest, land, refusal_to_merge
from .refusal import Refused
from .state import Account, Pull, QueueEntry, Repository, World


def enqueue(
    world: World, repository: Repository, pull: Pull, actor: Account, expected_head: str | None
) -> QueueEntry:
    """The new place in the queue. Raises Refused (422) as GitHub does."""
    queue = repository.queues.get(pull.base_ref)
    if queue is None:
        raise Refused(422, "The base branch of this pull request does not have a merge queue.")
    if expected_head is not None and expected_head != pull.head:
        raise Refused(422, "The head of the pull request is not the expected one.")
    if queue.entry(pull) is not None:
        raise Refused(422, "The pull request is already in the merge queue.")
    refusal = refusal_to_merge(repository, pull)
    if refusal:
        raise Refused(422, refusal)
    entry = QueueEntry(world.new_id(), pull, pull.head, actor, world.now())
    queue.waiting.append(entry)
    return entry


def place(repository: Repository, pull: Pull) -> QueueEntry:
    """Its place in the queue of its base. Raises Refused (422)."""
    queue = repository.queues.get(pull.base_ref)
    entry = queue.entry(pull) if queue else None
    if entry is None:
        raise Refused(422, "The pull request is not in the merge queue.")
    return entry


def dequeue(repository: Repository, pull: Pull) -> None:
    """Take it out of the queue of its base. Raises Refused (422)."""
    repository.queues[pull.base_ref].waiting.remove(place(repository, pull))


def process(world: World, repository: Repository, branch: str, most: int | None = None) -> list[int]:
    """Merge what waits, in its order; answers the numbers of what was merged.

    What cannot be merged any more leaves the queue. ``most``: so many merges, None: all.
    """
    queue = repository.queues[branch]
    merged: list[int] = []
    while queue.entries and (most is None or len(merged) < most):
        entry = queue.entries[0]
        queue.waiting.remove(entry)
        if refusal_to_merge(repository, entry.pull):
            continue
        try:
            land(world, repository, entry.pull, entry.enqueuer, MergeRequest(queue.method, entry.head))
        except Refused:
            continue
        merged.append(entry.pull.number)
    return merged
