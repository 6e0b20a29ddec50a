"""What GraphQL queries see of pull requests: one view for each type, fields in snake_case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError

from callboard.sandbox.forge import merging, pulls
from callboard.sandbox.forge.bare import FileChange
from callboard.sandbox.forge.shapes.links import Links, node_id
from callboard.sandbox.forge.shapes.people import association
from callboard.sandbox.forge.state import (
    Account,
    CheckRun,
    Comment,
    ForcePushed,
    Label,
    Pull,
    Repository,
    Review,
    Status,
    World,
)

from .connection import Connection, connect, cursor

_CHANGE_TYPES = {"removed": "DELETED"}


@dataclass(frozen=True)
class Scope:
    """Who asks, where."""

    world: World
    links: Links
    actor: Account


class AccountView:
    """User, Bot or Organization. A bot's login has no suffix here."""

    def __init__(self, scope: Scope, account: Account) -> None:
        self.typename = account.kind
        self.id = node_id(account.kind, account.id)
        self.database_id = account.id
        self.login = self.name = account.slug
        self.url = scope.links.account(account)


class ViewerView(AccountView):
    """The caller: always of type User, and a bot's login keeps its suffix."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope, scope.actor)
        self.typename = "User"
        self.login = scope.actor.login


def account_view(scope: Scope, account: Account | None) -> AccountView | None:
    """The view, or nothing."""
    return AccountView(scope, account) if account else None


class CommitView:
    """Commit."""

    typename = "Commit"

    def __init__(self, scope: Scope, repository: Repository, oid: str) -> None:
        self._scope, self._repository = scope, repository
        self.id, self.oid, self.abbreviated_oid = node_id("Commit", oid), oid, oid[:7]
        self.url = scope.links.page(repository, "commit", oid)

    def message(self) -> str:
        """The whole message."""
        return self._repository.git.commit(self.oid).message

    def message_headline(self) -> str:
        """Its first line."""
        return self.message().partition("\n")[0]

    def committed_date(self) -> str:
        """When it was committed."""
        return self._repository.git.commit(self.oid).committer.date

    def authored_date(self) -> str:
        """When it was written."""
        return self._repository.git.commit(self.oid).author.date

    def tree(self) -> dict[str, str]:
        """Its tree."""
        oid = self._repository.git.commit(self.oid).tree
        return {"typename": "Tree", "id": node_id("Tree", oid), "oid": oid, "abbreviated_oid": oid[:7]}

    def status_check_rollup(self) -> RollupView | None:
        """All its checks and statuses; nothing when it has none."""
        view = RollupView(self._scope, self._repository, self.oid)
        return view if view.items else None


class RollupView:
    """StatusCheckRollup."""

    def __init__(self, scope: Scope, repository: Repository, oid: str) -> None:
        self.id = node_id("StatusCheckRollup", oid)
        runs = merging.check_runs(repository, oid)
        statuses = merging.latest_statuses(repository, oid)
        self.items: list[Any] = [_check_run(run) for run in runs]
        self.items += [_status_context(scope, status) for status in statuses]
        self._states = set(merging.check_states(repository, oid).values())

    def state(self) -> str:
        """The worst of them."""
        if "failure" in self._states:
            return "FAILURE"
        return "PENDING" if "pending" in self._states else "SUCCESS"

    def contexts(self, **page: Any) -> Connection:
        """Each of them."""
        return connect(self.items, **page)


def _check_run(run: CheckRun) -> dict[str, Any]:
    app = {
        "id": node_id("App", run.app.id),
        "database_id": run.app.id,
        "slug": run.app.slug,
        "name": run.app.slug,
    }
    return {
        "typename": "CheckRun",
        "id": node_id("CheckRun", run.id),
        "database_id": run.id,
        "name": run.name,
        "status": run.status.upper(),
        "conclusion": run.conclusion.upper() if run.conclusion else None,
        "details_url": run.details_url,
        "started_at": run.started_at,
        "completed_at": run.completed_at,
        "check_suite": {"id": node_id("CheckSuite", run.app.id), "database_id": run.app.id, "app": app},
    }


def _status_context(scope: Scope, status: Status) -> dict[str, Any]:
    return {
        "typename": "StatusContext",
        "id": node_id("StatusContext", status.id),
        "context": status.context,
        "state": status.state.upper(),
        "description": status.description,
        "target_url": status.target_url,
        "created_at": status.created_at,
        "creator": AccountView(scope, status.creator),
    }


def label_view(label: Label) -> dict[str, Any]:
    """Label."""
    return {
        "id": node_id("Label", label.id),
        "name": label.name,
        "color": label.color,
        "description": label.description,
    }


def _file(change: FileChange) -> dict[str, Any]:
    return {
        "path": change.path,
        "change_type": _CHANGE_TYPES.get(change.status, change.status.upper()),
        "additions": change.additions,
        "deletions": change.deletions,
    }


class PullView:
    """PullRequest."""

    def __init__(self, scope: Scope, repository: Repository, pull: Pull) -> None:
        self._scope, self._repository, self._pull = scope, repository, pull
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
        self.is_cross_repository = False
        self.created_at, self.updated_at = pull.created_at, pull.updated_at
        self.author = account_view(scope, pull.author)
        self.merged_by = account_view(scope, pull.merged_by)
        self.author_association = association(repository, pull.author)

    def merge_commit(self) -> CommitView | None:
        """The commit that merged it."""
        merged = self._pull.merge_commit
        return CommitView(self._scope, self._repository, merged) if merged else None

    def head_ref(self) -> dict[str, Any] | None:
        """The branch, while it exists."""
        return ref_view(self._scope, self._repository, f"refs/heads/{self._pull.head_ref}")

    def base_ref(self) -> dict[str, Any] | None:
        """The branch as it is now."""
        return ref_view(self._scope, self._repository, f"refs/heads/{self._pull.base_ref}")

    def head_repository(self) -> RepositoryView:
        """Ours: the sandbox has no forks."""
        return RepositoryView(self._scope, self._repository)

    def head_repository_owner(self) -> AccountView:
        """Its owner."""
        return AccountView(self._scope, self._repository.owner)

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
            "url": f"{self.url}#issuecomment-{comment.id}",
            "viewer_did_author": comment.author == self._scope.actor,
        }

    def timeline_items(self, *, item_types: list[str] | None = None, **page: Any) -> Connection:
        """The force pushes. Other events are not kept, so a query must name the type."""
        if item_types is None:
            raise GraphQLError(
                "The sandbox forge keeps only HEAD_REF_FORCE_PUSHED_EVENT: name it in itemTypes."
            )
        return connect([self._force_push(event) for event in self._pull.force_pushes], **page)

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


def ref_view(scope: Scope, repository: Repository, name: str) -> dict[str, Any] | None:
    """Ref, or nothing when there is none of this name."""
    sha = repository.refs.get(name)
    if sha is None:
        return None
    prefix = "/".join(name.split("/")[:2]) + "/"
    return {
        "id": node_id("Ref", f"{repository.full_name}:{name}"),
        "name": name.removeprefix(prefix),
        "prefix": prefix,
        "target": CommitView(scope, repository, sha),
    }


class RepositoryView:
    """Repository."""

    def __init__(self, scope: Scope, repository: Repository) -> None:
        self._scope, self._repository = scope, repository
        self.id, self.database_id = node_id("Repository", repository.id), repository.id
        self.name, self.name_with_owner = repository.name, repository.full_name
        self.url, self.is_private, self.is_fork = scope.links.page(repository), repository.private, False
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

    def pull_request(self, number: int) -> PullView:
        """One pull request."""
        if number not in self._repository.pulls:
            raise GraphQLError(f"Could not resolve to a PullRequest with the number of {number}.")
        return PullView(self._scope, self._repository, self._repository.pulls[number])

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
        found = [PullView(self._scope, self._repository, pull) for pull in self._repository.pulls.values()]
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
        if order_by is not None:
            updated = order_by["field"] == "UPDATED_AT"
            found.sort(key=lambda view: view.updated_at if updated else view.created_at)
            if order_by["direction"] == "DESC":
                found.reverse()
        return connect(found, **page)

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


class QueryView:
    """Query."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def viewer(self) -> ViewerView:
        """Who asks."""
        return ViewerView(self._scope)

    def repository(self, owner: str, name: str, follow_renames: bool = True) -> RepositoryView:  # noqa: ARG002
        """A repository that the caller may read."""
        found = self._scope.world.repositories.get(f"{owner}/{name}".lower())
        if found is None or not found.allows(self._scope.actor, "read"):
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
