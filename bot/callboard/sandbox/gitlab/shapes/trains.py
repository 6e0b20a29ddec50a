"""Cars of merge trains."""

from __future__ import annotations

from typing import Any

from callboard.sandbox.forge.state import QueueEntry, Repository
from callboard.sandbox.gitlab.shapes import merge_requests, people
from callboard.sandbox.gitlab.shapes.links import Links, at


def car(links: Links, repository: Repository, entry: QueueEntry) -> dict[str, Any]:
    """MergeTrain."""
    return {
        "id": entry.id,
        "merge_request": merge_requests.simple(links, repository, entry.pull),
        "user": people.basic(links, entry.enqueuer),
        "pipeline": None,
        "created_at": at(entry.enqueued_at),
        "updated_at": at(entry.enqueued_at),
        "target_branch": entry.pull.base_ref,
        "status": "idle",
        "merged_at": None,
        "duration": None,
    }
