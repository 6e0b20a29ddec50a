"""What GraphQL queries see of accounts, commits, checks, labels and refs: fields in snake_case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError

from callboard.sandbox.forge import merging
from callboard.sandbox.forge.apps import check_grant
from callboard.sandbox.forge.refusal import Refused
from callboard.sandbox.forge.shapes.links import Links, node_id
from callboard.sandbox.forge.state import (
    Account,
    CheckRun,
    Grant,
    Label,
    Repository,
    Status,
    World,
)

from .connection import Connection, connect


@dataclass(frozen=True)
class Scope:
    """Who asks, where."""

    world: World
    links: Links
    actor: Account
    grant: Grant | None = None
    """What limits the caller's token."""


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
        try:
            check_grant(self._scope.grant, self._repository, "checks/list-for-ref", "GET")
        except Refused as refused:
            raise GraphQLError(refused.message) from None
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
        "title": run.title,
        "summary": run.summary,
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
