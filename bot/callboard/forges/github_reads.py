"""What is asked of GitHub: in bulk through GraphQL, the rest page by page through REST."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from callboard import http
from callboard.forges import github_facts
from callboard.forges import github_queries as queries
from callboard.forges.protocol import Comment, ForgeError, PullRequest
from callboard.redaction import redact

_WRITERS = {"write", "maintain", "admin"}
_PAGE = 100


class Reader:
    """Reads one repository. What does not change within a walk is asked once."""

    def __init__(self, client: http.Client, graphql: str, repository: str) -> None:
        self._client, self._graphql, self._repository = client, graphql, repository
        self._rest = f"/repos/{repository}"
        owner, _, name = repository.partition("/")
        self._here = {"owner": owner, "name": name}
        self._id: str | None = None
        self._permissions: dict[str, bool] = {}
        self._members: dict[str, frozenset[str] | None] = {}
        self.ids: dict[int, str] = {}
        """What GraphQL calls the pull requests that were met."""

    @property
    def sent(self) -> int:
        """Requests so far."""
        return self._client.requests

    def viewer(self) -> Any:
        """Who the token belongs to."""
        return self._ask(queries.VIEWER, {}, ())["viewer"]

    def repository_id(self) -> str:
        """What GraphQL calls the repository."""
        if self._id is None:
            self.query(queries.REPOSITORY)
        assert self._id is not None
        return self._id

    def query(
        self, query: str, variables: Mapping[str, Any] | None = None, *, optional: Collection[str] = ()
    ) -> Any:
        """The data of a query about the repository, whose id it must ask for.

        ``optional``: fields of the repository that the token may be refused, and that are null then. Raises
        ForgeError.
        """
        data = self._ask(query, self._here | dict(variables or {}), optional)
        self._id = data["repository"]["id"]
        return data

    def facts(self, nodes: Iterable[Any]) -> list[PullRequest]:
        """The facts of pull requests as GraphQL answered them."""
        found = []
        for node in nodes:
            self.ids[node["number"]] = node["id"]
            found.append(github_facts.pull_request(node, self.can_write, self._all_paths, self._all_comments))
        return found

    def can_write(self, login: str) -> bool:
        """Whether somebody may write here."""
        if login not in self._permissions:
            path = f"{self._rest}/collaborators/{quote(login, safe='')}/permission"
            try:
                permission = self._get(path)["permission"]
            except ForgeError as error:
                if error.status != 404:
                    raise
                permission = "none"
            # "permission" is the older, coarser word; a custom role shows its base permission there.
            self._permissions[login] = permission in _WRITERS
        return self._permissions[login]

    def members(self, group: str) -> frozenset[str] | None:
        """The logins of a team, in lower case; None when it is not told."""
        if group not in self._members:
            organization, _, team = group.partition("/")
            path = f"/orgs/{quote(organization, safe='')}/teams/{quote(team, safe='')}/members"
            try:
                listed = self._pages(path)
                self._members[group] = frozenset(one["login"].lower() for one in listed)
            except ForgeError as error:
                if error.status not in (403, 404):
                    raise
                self._members[group] = None
        return self._members[group]

    def _ask(self, query: str, variables: Mapping[str, Any], optional: Collection[str]) -> Any:
        where = f"GraphQL query on {self._repository}"
        try:
            sent = {"query": query, "variables": dict(variables)}
            answer = self._client.post_json(self._graphql, sent, idempotent=True)
        except http.HttpProblem as problem:
            raise ForgeError(problem.what, where=where, hint=problem.hint, status=problem.status) from None
        told = isinstance(answer, dict)
        errors = answer.get("errors") or [] if told else [{"message": "not a GraphQL answer"}]
        errors = [error for error in errors if not _is_about(error, optional)]
        errors = github_facts.without_unread_checks(answer, errors) if told else errors
        if errors or (variables and not answer["data"].get("repository")):
            said = "; ".join(str(error.get("message", "")) for error in errors)
            what = f"GitHub did not answer: {said or 'no such repository'}"
            hint = "check the repository's name and that the token may read it and its pull requests"
            raise ForgeError(redact(what), where=where, hint=hint)
        return answer["data"]

    def _all_comments(self, number: int) -> tuple[Comment, ...]:
        listed = self._pages(f"{self._rest}/issues/{number}/comments")
        return tuple(github_facts.comment(one) for one in listed)

    def _all_paths(self, number: int, most: int) -> tuple[tuple[str, ...], bool]:
        files = self._pages(f"{self._rest}/pulls/{number}/files", most=most)
        paths = {file["filename"] for file in files}
        paths |= {file["previous_filename"] for file in files if "previous_filename" in file}
        return tuple(sorted(paths)), len(files) < most

    def _pages(self, path: str, *, most: int | None = None) -> list[Any]:
        """A whole list, or its first ``most``."""
        found: list[Any] = []
        while most is None or len(found) < most:
            page = str(len(found) // _PAGE + 1)
            rows = self._get(path, {"per_page": str(_PAGE), "page": page})
            found += rows
            if len(rows) < _PAGE:
                break
        return found

    def _get(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        try:
            return self._client.get_json(path, params=params)
        except http.HttpProblem as problem:
            # By its own status, so that nobody takes a 403 for a missing permission.
            status = 429 if problem.kind == "rate-limited" else problem.status
            raise ForgeError(problem.what, where=problem.where, hint=problem.hint, status=status) from None


def _is_about(error: Mapping[str, Any], fields: Collection[str]) -> bool:
    """Whether an error only takes away one of these fields of the repository."""
    path: Sequence[Any] = error.get("path") or ()
    return len(path) > 1 and path[0] == "repository" and path[1] in fields
