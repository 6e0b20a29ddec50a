"""What GraphQL queries see of a repository, and where they start; fields in snake_case."""

from __future__ import annotations

from typing import Any, TypeVar

from graphql import GraphQLError

from callboard.sandbox.forge.shapes.links import node_id
from callboard.sandbox.forge.state import (
    Repository,
)

from .connection import Connection, connect, cursor
from .objects import AccountView, Scope, ViewerView, label_view, ref_view
from .pullview import PullView
from .queueview import IssueView, MergeQueueView

_View = TypeVar("_View", PullView, IssueView)


class RepositoryView:
    """Repository."""

    def __init__(self, scope: Scope, repository: Repository) -> None:
        self._scope, self._repository = scope, repository
        self.id, self.database_id = node_id("Repository", repository.id), repository.id
        self.name, self.name_with_owner = repository.name, repository.full_name
        self.url, self.is_private = scope.links.page(repository), repository.private
        self.is_fork = repository.parent is not None
        self.owner = AccountView(scope, repository.owner)
        role = repository.role(scope.actor) or "read"
        self.viewer_permission = role.upper()

    def default_branch_ref(self) -> dict[str, Any] | None:
        """The default branch, once it has a commit."""
        return self.ref(f"refs/heads/{self._repository.default_branch}")

    def ref(self, qualified_name: str) -> dict[str, Any] | None:
        """A ref by its full name, or a branch or tag by its short one."""
        for name in (qualified_name, f"refs/heads/{qualified_name}", f"refs/tags/{qualified_name}"):
            if name.startswith("refs/") and name in self._repository.refs:
                return ref_view(self._scope, self._repository, name)
        return None

    def label(self, name: str) -> dict[str, Any] | None:
        """A label."""
        label = self._repository.label(name)
        return label_view(label) if label else None

    def labels(self, **page: Any) -> Connection:
        """All labels."""
        return connect([label_view(label) for label in self._repository.labels.values()], **page)

    def merge_queue(self, branch: str | None = None) -> MergeQueueView | None:
        """The merge queue of a branch, the default one unless named."""
        found = self._repository.queues.get(branch or self._repository.default_branch)
        return MergeQueueView(self._scope, self._repository, found) if found else None

    def issue(self, number: int) -> IssueView:
        """One issue that is no pull request."""
        if number not in self._repository.issues:
            raise GraphQLError(f"Could not resolve to an Issue with the number of {number}.")
        return IssueView(self._scope, self._repository, self._repository.issues[number])

    def issues(
        self,
        *,
        states: list[str] | None = None,
        labels: list[str] | None = None,
        order_by: dict[str, str] | None = None,
        **page: Any,
    ) -> Connection:
        """Issues that are no pull requests, oldest first unless ordered otherwise."""
        wanted = {label.lower() for label in labels or ()}
        found = [
            IssueView(self._scope, self._repository, each)
            for each in self._repository.issues.values()
            if labels is None or wanted & {name.lower() for name in each.labels}
        ]
        if states is not None:
            found = [view for view in found if view.state in states]
        return connect(_ordered(found, order_by), **page)

    def pull_request(self, number: int) -> PullView:
        """One pull request."""
        if number not in self._repository.pulls:
            raise GraphQLError(f"Could not resolve to a PullRequest with the number of {number}.")
        return PullView(self._scope, self._repository, self._repository.pulls[number], self)

    def pull_requests(
        self,
        *,
        states: list[str] | None = None,
        labels: list[str] | None = None,
        head_ref_name: str | None = None,
        base_ref_name: str | None = None,
        order_by: dict[str, str] | None = None,
        **page: Any,
    ) -> Connection:
        """Pull requests, oldest first unless ordered otherwise."""
        mine = self._repository.pulls.values()
        found = [PullView(self._scope, self._repository, pull, self) for pull in mine]
        if states is not None:
            found = [view for view in found if view.state in states]
        if labels is not None:
            wanted = {label.lower() for label in labels}
            carrying = self._repository.pulls
            found = [
                view for view in found if wanted & {each.lower() for each in carrying[view.number].labels}
            ]
        if head_ref_name is not None:
            found = [view for view in found if view.head_ref_name == head_ref_name]
        if base_ref_name is not None:
            found = [view for view in found if view.base_ref_name == base_ref_name]
        return connect(_ordered(found, order_by), **page)

    def collaborators(
        self,
        *,
        login: str | None = None,
        query: str | None = None,
        affiliation: str | None = None,  # noqa: ARG002 - every collaborator here is a direct one
        **page: Any,
    ) -> Connection:
        """People with a role, for those who can write."""
        if not self._repository.allows(self._scope.actor, "write"):
            raise GraphQLError("You do not have permission to view repository collaborators.")
        found = [
            (who, role)
            for who, role in self._repository.collaborators.values()
            if who.kind == "User"
            and (login is None or who.login.lower() == login.lower())
            and (query is None or query.lower() in who.login.lower())
        ]
        edges = [
            {"cursor": cursor(at), "node": AccountView(self._scope, who), "permission": role.upper()}
            for at, (who, role) in enumerate(found)
        ]
        shown = connect(edges, **page)
        nodes = [edge["node"] for edge in shown.nodes]
        return Connection(nodes, shown.total_count, shown.page_info, edges=shown.nodes)


def _ordered(found: list[_View], order_by: dict[str, str] | None) -> list[_View]:
    if order_by is None:
        return found
    updated = order_by["field"] == "UPDATED_AT"
    ordered = sorted(found, key=lambda view: view.updated_at if updated else view.created_at)
    return ordered[::-1] if order_by["direction"] == "DESC" else ordered


class QueryView:
    """Query."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def viewer(self) -> ViewerView:
        """Who asks."""
        return ViewerView(self._scope)

    def repository(self, owner: str, name: str, follow_renames: bool = True) -> RepositoryView:
        """A repository that the caller may read."""
        world, grant = self._scope.world, self._scope.grant
        found = world.repositories.get(f"{owner}/{name}".lower())
        if follow_renames:
            found = found or world.moved(owner, name, self._scope.actor)
        is_beyond = grant is not None and found is not None and found.id not in grant.repositories
        if found is None or is_beyond or not found.allows(self._scope.actor, "read"):
            raise GraphQLError(f"Could not resolve to a Repository with the name '{owner}/{name}'.")
        return RepositoryView(self._scope, found)

    def rate_limit(self, dry_run: bool = False) -> dict[str, Any]:  # noqa: ARG002
        """Always the full allowance."""
        return {
            "cost": 1,
            "limit": 5000,
            "node_count": 0,
            "remaining": 5000,
            "reset_at": "2100-01-01T00:00:00Z",
            "used": 0,
        }
