"""Merge trains: the queues of branches, in GitLab's words. ``SandboxForge.set_queue`` turns them on."""

from __future__ import annotations

from typing import Any

from callboard.sandbox.forge.merging import refusal_to_merge
from callboard.sandbox.forge.state import QueueEntry
from callboard.sandbox.gitlab.refusal import Denied, forbidden, missing
from callboard.sandbox.gitlab.shapes import trains as shapes
from callboard.sandbox.gitlab.status import decided
from callboard.sandbox.gitlab.table import Answer, Call, operation

_TRAINS = "/projects/:id/merge_trains"
_CAR = f"{_TRAINS}/merge_requests/:iid"


def _told(call: Call, entry: QueueEntry) -> dict[str, Any]:
    return shapes.car(call.links, call.repository, entry)


@operation("GET", _TRAINS, "merge_trains/list", needs="write", models="what waits; 403 where there are none")
def list_cars(call: Call) -> Answer:
    """All that waits, newest first."""
    if not call.repository.queues:
        raise forbidden()
    waiting = [entry for queue in call.repository.queues.values() for entry in queue.entries]
    return call.page([_told(call, each) for each in call.ordered(waiting, lambda each: each.id, sort="desc")])


@operation("GET", _CAR, "merge_trains/get", needs="write", models="404 for what does not wait")
def get(call: Call) -> Answer:
    """One car."""
    pull = call.pull
    queue = call.repository.queues.get(pull.base_ref)
    entry = queue.entry(pull) if queue else None
    if entry is None:
        raise missing()
    return Answer(_told(call, entry))


@operation(
    "POST",
    _CAR,
    "merge_trains/add",
    needs="write",
    models="pinned to `sha`; 409 for another head, or when it is there already; 400 for what may not merge; "
    "403 where there are none",
)
def add(call: Call) -> Answer:
    """Add one to the end."""
    pull = call.pull
    queue = call.repository.queues.get(pull.base_ref)
    if queue is None:
        raise forbidden()
    sha = call.optional("sha")
    if sha is not None and sha != pull.head:
        raise Denied(409, f"SHA does not match HEAD of source branch: {pull.head}")
    if queue.entry(pull) is not None:
        raise Denied(409, "Merge request is already on the train")
    if decided(call.repository, pull) != "mergeable" or refusal_to_merge(call.repository, pull):
        raise Denied(400, "Failed to merge")
    entry = QueueEntry(call.world.new_id(), pull, pull.head, call.signed_in, call.world.now())
    queue.waiting.append(entry)
    return Answer([_told(call, each) for each in queue.entries], 201)
