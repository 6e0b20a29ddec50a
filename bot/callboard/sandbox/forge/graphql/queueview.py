"""What GraphQL queries see of merge queues and issues; fields in snake_case."""

from __future__ import annotations

from typing import Any

from callboard.sandbox.forge.shapes.links import node_id
from callboard.sandbox.forge.state import Issue, MergeQueue, QueueEntry, Repository

from .connection import Connection, connect
from .objects import AccountView, CommitView, Scope, label_view


class MergeQueueView:
    """MergeQueue."""

    def __init__(self, scope: Scope, repository: Repository, queue: MergeQueue) -> None:
        self._scope, self._repository, self._queue = scope, repository, queue
        self.id = node_id("MergeQueue", queue.id)
        self.url = scope.links.page(repository, "queue", queue.branch)

    def entries(self, **page: Any) -> Connection:
        """What waits, in its order."""
        found = [entry_view(self._scope, self._repository, each) for each in self._queue.entries]
        return connect(found, **page)


def entry_view(scope: Scope, repository: Repository, entry: QueueEntry) -> dict[str, Any]:
    """MergeQueueEntry."""
    from .views import RepositoryView

    entries = repository.queues[entry.pull.base_ref].entries
    return {
        "id": node_id("MergeQueueEntry", entry.id),
        "position": entries.index(entry) + 1,
        "enqueued_at": entry.enqueued_at,
        "enqueuer": AccountView(scope, entry.enqueuer),
        "head_commit": CommitView(scope, repository, entry.head),
        "pull_request": lambda: RepositoryView(scope, repository).pull_request(entry.pull.number),
        "state": "QUEUED",
    }


class IssueView:
    """Issue."""

    def __init__(self, scope: Scope, repository: Repository, issue: Issue) -> None:
        self._repository, self._issue = repository, issue
        self.id, self.database_id, self.number = node_id("Issue", issue.id), issue.id, issue.number
        self.url = scope.links.page(repository, "issues", str(issue.number))
        self.title, self.body = issue.title, issue.body or ""
        self.closed = issue.state == "closed"
        self.state = "CLOSED" if self.closed else "OPEN"
        self.author = AccountView(scope, issue.author)
        self.created_at, self.updated_at = issue.created_at, issue.updated_at

    def labels(self, **page: Any) -> Connection:
        """Its labels."""
        found = (self._repository.label(name) for name in self._issue.labels)
        return connect([label_view(label) for label in found if label], **page)
