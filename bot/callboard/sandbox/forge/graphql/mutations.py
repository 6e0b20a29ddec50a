"""The mutations that the sandbox does."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLError

from callboard.sandbox.forge import queueing
from callboard.sandbox.forge.apps import check_grant
from callboard.sandbox.forge.bare import SHA, ZERO
from callboard.sandbox.forge.pushes import settle
from callboard.sandbox.forge.refusal import Refused
from callboard.sandbox.forge.shapes.links import node_id
from callboard.sandbox.forge.state import Pull, Repository

from .objects import Scope
from .queueview import entry_view


class MutationView:
    """Mutation."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def _writable(self, repository: Repository) -> Repository:
        try:
            check_grant(self._scope.grant, repository, "git/", "POST")
        except Refused as refused:
            raise GraphQLError(refused.message) from None
        if not repository.allows(self._scope.actor, "write"):
            raise GraphQLError("Resource not accessible by personal access token")
        return repository

    def enqueue_pull_request(self, input: dict[str, Any]) -> dict[str, Any]:  # noqa: A002 - GitHub's name
        """Put a pull request into the merge queue of its base."""
        repository, pull = self._pull(input["pullRequestId"])
        head = input.get("expectedHeadOid")
        try:
            entry = queueing.enqueue(self._scope.world, repository, pull, self._scope.actor, head)
        except Refused as refused:
            raise GraphQLError(refused.message) from None
        return _answer(input) | {"merge_queue_entry": entry_view(self._scope, repository, entry)}

    def dequeue_pull_request(self, input: dict[str, Any]) -> dict[str, Any]:  # noqa: A002 - GitHub's name
        """Take a pull request out of the merge queue of its base."""
        repository, pull = self._pull(input["id"])
        try:
            view = entry_view(self._scope, repository, queueing.place(repository, pull))
            queueing.dequeue(repository, pull)
        except Refused as refused:
            raise GraphQLError(refused.message) from None
        return _answer(input) | {"merge_queue_entry": view}

    def _pull(self, node: str) -> tuple[Repository, Pull]:
        for repository in self._scope.world.repositories.values():
            for pull in repository.pulls.values():
                if node_id("PullRequest", pull.id) == node:
                    return self._writable(repository), pull
        raise _unknown(node)

    def update_refs(self, input: dict[str, Any]) -> dict[str, Any]:  # noqa: A002 - GitHub's name
        """Move refs, all or none, each only from where it is said to be; zeros stand for no ref."""
        for repository in self._scope.world.repositories.values():
            if node_id("Repository", repository.id) == input["repositoryId"]:
                break
        else:
            raise _unknown(input["repositoryId"])
        git, updates = self._writable(repository).git, input["refUpdates"]
        for update in updates:
            _check(repository, update)
        for update in updates:
            now = repository.refs.get(update["name"], ZERO)
            if update["afterOid"] == ZERO:
                git.delete_ref(update["name"], now)
            else:
                git.update_ref(update["name"], update["afterOid"], now)
        settle(self._scope.world, repository, self._scope.actor)
        return _answer(input)


def _check(repository: Repository, update: dict[str, Any]) -> None:
    git, name, new = repository.git, update["name"], update["afterOid"]
    if not name.startswith("refs/") or name.startswith("refs/pull/") or not git.valid_ref(name):
        raise GraphQLError(f"{name} is not a valid ref name")
    now = repository.refs.get(name, ZERO)
    if update.get("beforeOid", now) != now:
        raise GraphQLError(f"{name} is at {now} but expected {update['beforeOid']}")
    if new != ZERO and (not SHA.fullmatch(new) or git.object_type(new) != "commit"):
        raise GraphQLError(f"{new} does not exist")
    if ZERO not in (now, new) and not update["force"] and not git.is_ancestor(now, new):
        raise GraphQLError(f"{name}: update is not a fast forward")


def _answer(input: dict[str, Any]) -> dict[str, Any]:  # noqa: A002 - GitHub's name
    return {"client_mutation_id": input.get("clientMutationId")}


def _unknown(node: str) -> GraphQLError:
    return GraphQLError(f"Could not resolve to a node with the global id of '{node}'.")
