"""GitLab's API as we speak to it: reads that are bounded and asked again, writes that are sent once.

What is read goes through our own client, which bounds what a server may send and asks again after a failure;
what is written goes through python-gitlab, one request each, never repeated after an unclear answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Literal
from urllib.parse import quote, urlsplit

import requests
from gitlab.exceptions import GitlabError

from callboard import http
from callboard.forges.budget import Budget, Limits, shared
from callboard.forges.protocol import ForgeError
from callboard.redaction import Secret, redact

ACCESS = "the role Developer (or what the protected branch asks for) and the scope api"
GITLAB = Limits(burst=30, per_minute=60, per_hour=3600)
"""GitLab.com takes 60 notes a minute of a user (docs.gitlab.com, "Rate limits on GitLab.com"); each write
counts as one here. A GitLab that people run themselves has limits of its own, told when they are met."""
_PAGE = 100
_MOST_PAGES = 30
"""Of one list around a merge request; GitLab keeps the diffs of at most 3,000 files."""


class Api:
    """The REST and the GraphQL API of one GitLab, for one project. Every method may raise ForgeError."""

    def __init__(
        self, web_url: str, repository: str, token: Secret, api_url: str | None, budget: Budget | None
    ) -> None:
        self.web = web_url.rstrip("/")
        self.repository = repository
        self.project = f"/projects/{quote(repository, safe='')}"
        api = (api_url or f"{self.web}/api/v4").rstrip("/")
        self._graphql = f"{api.removesuffix('/v4')}/graphql"
        self._reader = http.connect(api, token=token)
        self._writer = http.gitlab_client(api, token)
        self._writer.session.hooks["response"].append(self._remember)
        limits = GITLAB if urlsplit(self.web).hostname == "gitlab.com" else None
        who = hashlib.sha256(token.reveal().encode()).hexdigest()
        self._budget = budget or shared((api, who), limits)
        self._headers: Mapping[str, str] = {}
        self.writes = 0

    def _remember(self, answer: requests.Response, **_: Any) -> None:
        # python-gitlab's errors have no headers.
        self._headers = answer.headers

    @property
    def reads(self) -> int:
        """Requests that asked, so far."""
        return self._reader.requests

    def read(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        """What a path of the REST API answers."""
        try:
            return self._reader.get_json(path, params=params)
        except http.HttpProblem as problem:
            raise _asked(problem) from None

    def read_or_none(self, path: str) -> Any:
        """The same; None for what is not there, or not to be seen by us."""
        try:
            return self.read(path)
        except ForgeError as error:
            if error.status != 404:
                raise
            return None

    def pages(self, path: str, asked: Mapping[str, str] | None = None) -> tuple[list[Any], bool]:
        """A list, and whether it was read to its end."""
        found: list[Any] = []
        for page in range(1, _MOST_PAGES + 1):
            rows = self.read(path, {**(asked or {}), "per_page": str(_PAGE), "page": str(page)})
            found += rows
            if len(rows) < _PAGE:
                return found, True
        return found, False

    def query(self, text: str, variables: Mapping[str, Any]) -> Any:
        """What a GraphQL query answers."""
        where = f"GraphQL query on {self.repository}"
        try:
            answer = self._reader.post_json(
                self._graphql, {"query": text, "variables": dict(variables)}, idempotent=True
            )
        except http.HttpProblem as problem:
            raise _asked(problem) from None
        if not isinstance(answer, dict) or answer.get("errors") or not isinstance(answer.get("data"), dict):
            errors = answer.get("errors") if isinstance(answer, dict) else None
            said = "; ".join(str(error.get("message", "")) for error in errors or [])
            hint = "Callboard needs GitLab 17.0 or newer; report this with what GitLab said"
            raise ForgeError(
                redact(f"GitLab did not answer: {said or 'no GraphQL answer'}"), where=where, hint=hint
            )
        return answer["data"]

    def write(self, what: str, method: Literal["POST", "PUT"], path: str, body: Mapping[str, Any]) -> Any:
        """Change something, in one request. ``what`` completes "GitLab did not …".

        What GitLab refused for its rate it has not done: that alone is sent once more, after the wait that it
        asked for.
        """
        where = f"{self.repository} on {urlsplit(self.web).netloc}"
        try:
            return self._send(method, path, body, where)
        except GitlabError as error:
            status, said = error.response_code, _said(error)
            raise ForgeError(
                redact(f"GitLab did not {what}: {said} (status {status})"),
                where=where,
                hint=_hint(status, said, "run again later; nothing is repeated blindly"),
                status=status,
            ) from None
        except requests.RequestException as error:
            what = f"no clear answer when asked to {what}: {type(error).__name__}"
            hint = "the next run looks at what was done and goes on from there"
            raise ForgeError(redact(what), where=where, hint=hint) from None

    def _send(
        self, method: str, path: str, body: Mapping[str, Any], where: str, *, may_repeat: bool = True
    ) -> Any:
        send: Callable[..., Any] = self._writer.http_post if method == "POST" else self._writer.http_put
        self._budget.spend(where)
        self.writes += 1
        self._headers = {}
        try:
            return send(path, post_data=dict(body))
        except GitlabError as error:
            status = error.response_code or 0
            if not (may_repeat and self._budget.refused(status, self._headers, _said(error), where)):
                raise
        return self._send(method, path, body, where, may_repeat=False)


_HINTS = {
    401: "check that the token is set, complete, not expired, and may do this; a CI_JOB_TOKEN may not",
    403: f"give the token {ACCESS}",
    404: "check the project's path and that the token may see it",
    405: "see on its page what GitLab asks for first; Callboard never works around it",
    406: "it conflicts with the base branch; the next run decides anew",
    409: "it is there already, or its head moved; the next run decides anew",
    422: "see on its page what GitLab asks for first; Callboard never works around it",
    429: "too many requests; run again later",
}


def _hint(status: int | None, said: str, otherwise: str) -> str:
    # {"error":"insufficient_scope","error_description":…,"scope":"api …"}: RFC 6750, as GitLab answers it.
    if status == 403 and ("insufficient_scope" in said or "higher privileges" in said):
        return "the token lacks the scope api (read_api is not enough): make a new one that has it"
    return _HINTS.get(status or 0, otherwise)


def _asked(problem: http.HttpProblem) -> ForgeError:
    hint = _hint(problem.status, problem.message, problem.hint)
    return ForgeError(problem.what, where=problem.where, hint=hint, status=problem.status)


def _said(error: GitlabError) -> str:
    said: object = error.error_message
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return " ".join(text.split())[:500] or "no reason given"
