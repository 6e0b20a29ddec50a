"""GitHub (github.com and GitHub Enterprise Server) as a forge.

What is read in bulk goes through GraphQL (one request for 50 pull requests with all their facts); what is
written goes through PyGithub, one request each, never repeated.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, Literal, TypeVar
from urllib.parse import quote, urlsplit

import requests
from github import Github, GithubException
from github.GithubObject import NotSet
from github.Issue import Issue
from github.PullRequest import PullRequest as GithubPullRequest

from callboard import http
from callboard.forges import github_facts
from callboard.forges.protocol import Account, Comment, ForgeError, HeadMoved, NewPullRequest, PullRequest
from callboard.redaction import Secret, redact

_WRITERS = {"write", "maintain", "admin"}
_MOST_FILES = 3000
"""GitHub lists no more files of a pull request (REST, "List pull requests files")."""
_Answer = TypeVar("_Answer")


class GitHub:
    """One repository on GitHub; see ``forges.protocol.Forge``."""

    word: Literal["pull request", "merge request"] = "pull request"
    access = "write access to contents and pull requests"

    def __init__(self, web_url: str, repository: str, token: Secret, *, api_url: str | None = None) -> None:
        self.repository = repository
        self._owner, _, self._name = repository.partition("/")
        self._web = web_url.rstrip("/")
        self.git_url = f"{self._web}/{repository}.git"
        api = (api_url or default_api_url(self._web)).rstrip("/")
        # github.com has /graphql beside the REST root, Enterprise Server /api/graphql beside /api/v3.
        self._graphql = (api.removesuffix("/v3") if api.endswith("/api/v3") else api) + "/graphql"
        self._reader = http.connect(api, token=token)
        self._writer: Github = http.github_client(api, token).withLazy(True)
        self._permissions: dict[str, bool] = {}
        self._writes = 0

    @property
    def reads(self) -> int:
        return self._reader.requests

    @property
    def writes(self) -> int:
        return self._writes

    def identity(self) -> Account:
        return self._identity

    @cached_property
    def _identity(self) -> Account:
        return github_facts.account(self._query(github_facts.VIEWER, {})["viewer"])

    def commit_author(self) -> str:
        me = self.identity()
        login = "".join(char for char in me.login if char.isalnum() or char in "-[]")
        return f"{login} <{me.id}+{login}@users.noreply.github.com>"

    def open_pull_requests(self) -> tuple[PullRequest, ...]:
        found: list[PullRequest] = []
        after = None
        while True:
            answer = self._query(github_facts.OPEN, self._here | {"after": after})
            found += self._facts(answer)
            page = answer["repository"]["pullRequests"]["pageInfo"]
            if not page["hasNextPage"] or page["endCursor"] == after:
                return tuple(found)
            after = page["endCursor"]

    def finished_lately(self) -> tuple[PullRequest, ...]:
        variables = {"states": ["MERGED"], "count": 50, "by": "UPDATED_AT"}
        return self._facts(self._query(github_facts.LATEST, self._here | variables))

    def last_closed(self, head_ref: str) -> PullRequest | None:
        variables = {"states": ["CLOSED", "MERGED"], "head": head_ref, "count": 1, "by": "CREATED_AT"}
        return next(iter(self._facts(self._query(github_facts.LATEST, self._here | variables))), None)

    def open(self, new: NewPullRequest) -> PullRequest:
        made = self._write(
            f"open a pull request for {new.head_ref}",
            lambda: self._repo.create_pull(
                base=new.base_ref, head=new.head_ref, title=new.title, body=new.body, draft=new.draft
            ),
        )
        if new.labels:
            self._write(f"label #{made.number}", lambda: self._issue(made.number).add_to_labels(*new.labels))
        return PullRequest(
            number=made.number,
            url=made.html_url,
            title=new.title,
            body=new.body,
            author=Account(id=str(made.user.id), login=made.user.login),
            state="open",
            draft=new.draft,
            head_ref=new.head_ref,
            head=made.head.sha,
            head_repository=self.repository,
            base_ref=new.base_ref,
            base=made.base.sha,
            labels=tuple(sorted(new.labels)),
        )

    def edit(self, number: int, *, title: str | None = None, body: str | None = None) -> None:
        self._write(
            f"edit #{number}",
            lambda: self._pull(number).edit(
                title=NotSet if title is None else title, body=NotSet if body is None else body
            ),
        )

    def comment(self, pull: PullRequest, body: str, *, marker: str) -> None:
        text = f"{marker}\n{body}"
        mine = pull.comment_of(self.identity(), marker)
        what = f"comment on #{pull.number}"
        if mine is None:
            self._write(what, lambda: self._issue(pull.number).create_comment(text))
        elif mine.body.replace("\r\n", "\n").rstrip() != text.rstrip():
            comment = self._issue(pull.number).get_comment
            self._write(what, lambda: comment(mine.id).edit(text))

    def label(self, number: int, *, add: tuple[str, ...] = (), remove: tuple[str, ...] = ()) -> None:
        if add:
            self._write(f"label #{number}", lambda: self._issue(number).add_to_labels(*add))
        for name in remove:
            self._remove_label(number, name)

    def _remove_label(self, number: int, name: str) -> None:
        try:
            self._write(f"take a label off #{number}", lambda: self._issue(number).remove_from_labels(name))
        except ForgeError as error:
            if error.status != 404:
                raise

    def merge(self, number: int, *, head: str, method: str, title: str, message: str) -> str:
        try:
            merged = self._write(
                f"merge #{number}",
                lambda: self._pull(number).merge(
                    commit_title=title, commit_message=message, merge_method=method, sha=head
                ),
            )
        except ForgeError as error:
            if error.status == 409:
                raise HeadMoved(error.what, where=error.where, hint=error.hint, status=409) from None
            raise
        return str(merged.sha)

    def close(self, number: int) -> None:
        self._write(f"close #{number}", lambda: self._pull(number).edit(state="closed"))

    def file_url(self, path: str, base: str) -> str:
        return f"{self._web}/{self.repository}/blob/{quote(base)}/{quote(path)}"

    @property
    def _here(self) -> dict[str, Any]:
        return {"owner": self._owner, "name": self._name}

    @cached_property
    def _repo(self) -> Any:
        return self._writer.get_repo(self.repository)

    def _pull(self, number: int) -> GithubPullRequest:
        pull: GithubPullRequest = self._repo.get_pull(number)
        return pull

    def _issue(self, number: int) -> Issue:
        issue: Issue = self._repo.get_issue(number)
        return issue

    def _facts(self, answer: Any) -> tuple[PullRequest, ...]:
        nodes = answer["repository"]["pullRequests"]["nodes"]
        return tuple(
            github_facts.pull_request(node, self._can_write, self._all_paths, self._all_comments)
            for node in nodes
        )

    def _query(self, query: str, variables: dict[str, Any]) -> Any:
        where = f"GraphQL query on {self.repository}"
        try:
            answer = self._reader.post_json(
                self._graphql, {"query": query, "variables": variables}, idempotent=True
            )
        except http.HttpProblem as problem:
            raise ForgeError(problem.what, where=where, hint=problem.hint, status=problem.status) from None
        errors = answer.get("errors") if isinstance(answer, dict) else [{"message": "not a GraphQL answer"}]
        if errors or (variables and not answer["data"].get("repository")):
            said = "; ".join(str(error.get("message", "")) for error in errors or [])
            what = f"GitHub did not answer: {said or 'no such repository'}"
            hint = "check the repository's name and that the token may read it and its pull requests"
            raise ForgeError(redact(what), where=where, hint=hint)
        return answer["data"]

    def _can_write(self, login: str) -> bool:
        if login not in self._permissions:
            path = f"/repos/{self.repository}/collaborators/{quote(login, safe='')}/permission"
            try:
                answer = self._reader.get_json(path)
            except http.HttpProblem as problem:
                if problem.status != 404:
                    raise _asked(problem) from None
                answer = {"permission": "none"}
            # "permission" is the older, coarser word; a custom role shows its base permission there.
            self._permissions[login] = answer.get("permission") in _WRITERS
        return self._permissions[login]

    def _all_comments(self, number: int) -> tuple[Comment, ...]:
        found: list[Comment] = []
        while True:
            path = f"/repos/{self.repository}/issues/{number}/comments"
            page = str(len(found) // 100 + 1)
            try:
                comments = self._reader.get_json(path, params={"per_page": "100", "page": page})
            except http.HttpProblem as problem:
                raise _asked(problem) from None
            for one in comments:
                author = one["user"] or {"id": "", "login": "ghost"}
                written_by = Account(id=str(author["id"]), login=author["login"])
                found.append(Comment(id=one["id"], author=written_by, body=one["body"] or ""))
            if len(comments) < 100:
                return tuple(found)

    def _all_paths(self, number: int) -> tuple[tuple[str, ...], bool]:
        paths: set[str] = set()
        count = 0
        for page in range(1, _MOST_FILES // 100 + 1):
            path = f"/repos/{self.repository}/pulls/{number}/files"
            try:
                files = self._reader.get_json(path, params={"per_page": "100", "page": str(page)})
            except http.HttpProblem as problem:
                raise _asked(problem) from None
            count += len(files)
            for file in files:
                paths |= {
                    file["filename"],
                    *([file["previous_filename"]] if "previous_filename" in file else []),
                }
            if len(files) < 100:
                break
        return tuple(sorted(paths)), count < _MOST_FILES

    def _write(self, what: str, call: Callable[[], _Answer]) -> _Answer:
        where = f"{self.repository} on {urlsplit(self._web).netloc}"
        self._writes += 1
        try:
            return call()
        except GithubException as error:
            said = error.data.get("message", "") if isinstance(error.data, dict) else ""
            raise ForgeError(
                redact(f"GitHub did not {what}: {said or 'no reason given'} (status {error.status})"),
                where=where,
                hint=_hint(error.status),
                status=error.status,
            ) from None
        except requests.RequestException as error:
            what = f"no clear answer when asked to {what}: {type(error).__name__}"
            hint = "the next run looks at what was done and goes on from there"
            raise ForgeError(redact(what), where=where, hint=hint) from None


def default_api_url(web_url: str) -> str:
    """The REST root for a GitHub web address (docs.github.com, "Getting started with the REST API")."""
    if urlsplit(web_url).hostname == "github.com":
        return "https://api.github.com"
    return f"{web_url.rstrip('/')}/api/v3"


def _asked(problem: http.HttpProblem) -> ForgeError:
    return ForgeError(problem.what, where=problem.where, hint=problem.hint, status=problem.status)


def _hint(status: int) -> str:
    return {
        401: "check that the token is set, complete and not expired",
        403: f"give the token {GitHub.access}, or wait if a rate limit is named",
        404: "check the repository's name and that the token may see it",
        405: "see which protection refuses it; Callboard never works around one",
        409: "the head moved; the next run decides anew",
        422: "see what GitHub says is invalid; the next run reads the state anew",
    }.get(status, "run again later; nothing is repeated blindly")
