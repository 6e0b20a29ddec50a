"""What GraphQL queries see of a pull request; fields in snake_case."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLError

from callboard.sandbox.forge import merging, pulls
from callboard.sandbox.forge.bare import FileChange
from callboard.sandbox.forge.shapes.links import node_id
from callboard.sandbox.forge.shapes.people import association
from callboard.sandbox.forge.state import (
    BaseChanged,
    Comment,
    ForcePushed,
    Pull,
    Repository,
    Review,
)

from .connection import Connection, connect
from .objects import AccountView, CommitView, Scope, account_view, label_view, ref_view

_CHANGE_TYPES = {"removed": "DELETED"}


def _file(change: FileChange) -> dict[str, Any]:
    return {
        "path": change.path,
        "change_type": _CHANGE_TYPES.get(change.status, change.status.upper()),
        "additions": change.additions,
        "deletions": change.deletions,
    }


class PullView:
    """PullRequest."""

    def __init__(self, scope: Scope, repository: Repository, pull: Pull, home: object) -> None:
        self._scope, self._repository, self._pull = scope, repository, pull
        self._home = home
        self._decided: merging.Mergeability | None = None
        self._changes: list[FileChange] | None = None
        self.id, self.database_id, self.number = node_id("PullRequest", pull.id), pull.id, pull.number
        self.url = self.permalink = scope.links.page(repository, "pull", str(pull.number))
        self.title, self.body, self.is_draft = pull.title, pull.body or "", pull.draft
        self.merged, self.merged_at = pull.merged_at is not None, pull.merged_at
        self.state = "MERGED" if self.merged else pull.state.upper()
        self.closed, self.closed_at = pull.state == "closed", pull.closed_at
        self.head_ref_name, self.head_ref_oid = pull.head_ref, pull.head
        self.base_ref_name, self.base_ref_oid = pull.base_ref, pull.base
        self.is_cross_repository = pull.fork is not None
        self.created_at, self.updated_at = pull.created_at, pull.updated_at
        self.author = account_view(scope, pull.author)
        self.merged_by = account_view(scope, pull.merged_by)
        self.author_association = association(repository, pull.author)

        self.is_in_merge_queue = merging.queue_entry(repository, pull) is not None

    def head_repository(self) -> object:
        """Where the head branch is."""
        from .views import RepositoryView

        return RepositoryView(self._scope, self._pull.fork) if self._pull.fork else self._home

    def merge_queue_entry(self) -> object:
        """Its place in the merge queue."""
        from .queueview import entry_view

        found = merging.queue_entry(self._repository, self._pull)
        return entry_view(self._scope, self._repository, found) if found else None

    def merge_commit(self) -> CommitView | None:
        """The commit that merged it."""
        merged = self._pull.merge_commit
        return CommitView(self._scope, self._repository, merged) if merged else None

    def head_ref(self) -> dict[str, Any] | None:
        """The branch, while it exists."""
        return ref_view(self._scope, self._pull.fork or self._repository, f"refs/heads/{self._pull.head_ref}")

    def base_ref(self) -> dict[str, Any] | None:
        """The branch as it is now."""
        return ref_view(self._scope, self._repository, f"refs/heads/{self._pull.base_ref}")

    def head_repository_owner(self) -> AccountView:
        """Its owner."""
        return AccountView(self._scope, (self._pull.fork or self._repository).owner)

    def _mergeability(self) -> merging.Mergeability:
        # One answer for one query, however many fields ask.
        if self._decided is None:
            self._decided = merging.mergeability(self._repository, self._pull)
        return self._decided

    def mergeable(self) -> str:
        """MERGEABLE, CONFLICTING or UNKNOWN."""
        return {True: "MERGEABLE", False: "CONFLICTING", None: "UNKNOWN"}[self._mergeability().mergeable]

    def merge_state_status(self) -> str:
        """What GitHub's merge button would say."""
        return self._mergeability().state

    def review_decision(self) -> str | None:
        """What protection makes of the reviews."""
        return merging.review_decision(self._repository, self._pull)

    def _files(self) -> list[FileChange]:
        if self._changes is None:
            self._changes = pulls.changed_files(self._repository, self._pull)
        return self._changes

    def changed_files(self) -> int:
        """How many."""
        return len(self._files())

    def additions(self) -> int:
        """Lines added."""
        return sum(change.additions for change in self._files())

    def deletions(self) -> int:
        """Lines deleted."""
        return sum(change.deletions for change in self._files())

    def files(self, **page: Any) -> Connection:
        """The changed files; of a renamed one only the new name."""
        return connect([_file(change) for change in self._files()], **page)

    def labels(self, **page: Any) -> Connection:
        """Its labels."""
        found = (self._repository.label(name) for name in self._pull.labels)
        return connect([label_view(label) for label in found if label], **page)

    def reviews(
        self, *, states: list[str] | None = None, author: str | None = None, **page: Any
    ) -> Connection:
        """The submitted reviews, oldest first."""
        found = [
            review
            for review in self._pull.reviews
            if (states is None or review.state in states) and (author is None or review.author.slug == author)
        ]
        return connect([self._review(review) for review in found], **page)

    def _review(self, review: Review) -> dict[str, Any]:
        return {
            "id": node_id("PullRequestReview", review.id),
            "database_id": review.id,
            "author": AccountView(self._scope, review.author),
            "author_association": association(self._repository, review.author),
            "state": review.state,
            "body": review.body,
            "submitted_at": review.submitted_at,
            "commit": CommitView(self._scope, self._repository, review.commit),
            "url": f"{self.url}#pullrequestreview-{review.id}",
        }

    def comments(self, **page: Any) -> Connection:
        """The conversation, oldest first."""
        found = [each for each in self._repository.comments.values() if each.number == self.number]
        return connect([self._comment(comment) for comment in found], **page)

    def _comment(self, comment: Comment) -> dict[str, Any]:
        return {
            "id": node_id("IssueComment", comment.id),
            "database_id": comment.id,
            "author": AccountView(self._scope, comment.author),
            "author_association": association(self._repository, comment.author),
            "body": comment.body,
            "created_at": comment.created_at,
            "updated_at": comment.updated_at,
            "last_edited_at": comment.updated_at if comment.updated_at != comment.created_at else None,
            "url": f"{self.url}#issuecomment-{comment.id}",
            "viewer_did_author": comment.author == self._scope.actor,
        }

    def timeline_items(self, *, item_types: list[str] | None = None, **page: Any) -> Connection:
        """Force pushes and changes of the base. Other events are not kept, so a query must name the types."""
        if item_types is None:
            raise GraphQLError(
                "The sandbox forge keeps only HEAD_REF_FORCE_PUSHED_EVENT and BASE_REF_CHANGED_EVENT: "
                "name them in itemTypes."
            )
        kept = {
            "HEAD_REF_FORCE_PUSHED_EVENT": [self._force_push(event) for event in self._pull.force_pushes],
            "BASE_REF_CHANGED_EVENT": [self._base_change(event) for event in self._pull.base_changes],
        }
        found = [event for kind in item_types for event in kept[kind]]
        return connect(sorted(found, key=lambda event: str(event["created_at"])), **page)

    def _base_change(self, event: BaseChanged) -> dict[str, Any]:
        return {
            "typename": "BaseRefChangedEvent",
            "id": node_id("BaseRefChangedEvent", event.id),
            "actor": AccountView(self._scope, event.actor),
            "created_at": event.created_at,
            "previous_ref_name": event.previous,
            "current_ref_name": event.current,
        }

    def _force_push(self, event: ForcePushed) -> dict[str, Any]:
        return {
            "typename": "HeadRefForcePushedEvent",
            "id": node_id("HeadRefForcePushedEvent", event.id),
            "actor": AccountView(self._scope, event.actor),
            "created_at": event.created_at,
            "before_commit": CommitView(self._scope, self._repository, event.before),
            "after_commit": CommitView(self._scope, self._repository, event.after),
        }

    def commits(self, **page: Any) -> Connection:
        """The commits, oldest first."""
        found = pulls.commits(self._repository, self._pull)
        views = [
            {
                "id": node_id("PullRequestCommit", f"{self._pull.id}:{commit.sha}"),
                "commit": CommitView(self._scope, self._repository, commit.sha),
            }
            for commit in found
        ]
        return connect(views, **page)
