"""What is written to GitHub: through PyGithub's connection, one request each, never repeated blindly."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

import requests
from github import Github

from callboard.forges.budget import Budget, asked_to_wait
from callboard.forges.protocol import ForgeError
from callboard.http_answers import accepted
from callboard.redaction import redact

Method = Literal["POST", "PUT", "PATCH", "DELETE"]
_AGAIN = "run again later; nothing is repeated blindly"


class MutationRefused(ForgeError):
    """GraphQL answered that it did not do it."""


class Writer:
    """Sends writes to one repository's forge, within its budget.

    ``where`` names the repository and the forge for people; ``access`` says what the token has to be allowed.
    """

    def __init__(
        self, client: Github, *, api: str, graphql: str, where: str, access: str, budget: Budget
    ) -> None:
        self._client, self._api, self._graphql = client, urlsplit(api), graphql
        self._where, self._budget = where, budget
        self._hints = {
            401: "check that the token is set, complete and not expired",
            403: f"give the token {access}",
            404: "check the repository's name and that the token may see it",
            405: "see which protection refuses it; Callboard never works around one",
            409: "the head moved; the next run decides anew",
            422: "see what GitHub says is invalid; the next run reads the state anew",
        }
        self.sent = 0
        """Requests that were to change something."""

    def send(self, what: str, method: Method, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The answer's JSON. ``what`` completes "GitHub did not …"; ``path`` is below the REST root.

        A write that was refused for its rate was certainly not done: it is sent once more when the forge asks
        for no more than a minute. One that was sent to another place of the same server follows there, once.
        Raises ForgeError.
        """
        status, headers, said = self._exchange(what, method, path, body)
        if status >= 300:
            if status in (307, 308) and self._is_here(headers.get("location", "")):
                status, headers, said = self._exchange(what, method, headers["location"], body)
            elif self._budget.refused(status, headers, _message(said), self._where):
                status, headers, said = self._exchange(what, method, path, body)
        if status >= 300:
            raise self._refusal(what, status, headers, said)
        return said

    def mutate(self, what: str, query: str, variables: Mapping[str, Any]) -> Any:
        """The data of a GraphQL mutation. Raises ForgeError; MutationRefused when GraphQL said no."""
        said = self.send(what, "POST", self._graphql, {"query": query, "variables": dict(variables)})
        errors = said.get("errors") if isinstance(said, dict) else [{"message": "not a GraphQL answer"}]
        if errors:
            reasons = "; ".join(str(error.get("message", "")) for error in errors)
            limited = any(error.get("type") == "RATE_LIMITED" for error in errors)
            raise MutationRefused(
                redact(f"GitHub did not {what}: {reasons}"),
                where=self._where,
                hint=_AGAIN if limited else self._hints[422],
                status=429 if limited else 422,
            )
        return said["data"]

    def _exchange(
        self, what: str, method: Method, path: str, body: Mapping[str, Any] | None
    ) -> tuple[int, Mapping[str, str], Any]:
        self._budget.spend(self._where)
        self.sent += 1
        try:
            status, headers, text = self._client.requester.requestJson(
                method, path, input=None if body is None else dict(body)
            )
        except requests.RequestException as error:
            what = f"no clear answer when asked to {what}: {type(error).__name__}"
            hint = "the next run looks at what was done and goes on from there"
            raise ForgeError(redact(what), where=self._where, hint=hint) from None
        except (RuntimeError, AssertionError):
            # PyGithub's words for a redirect to another server, which it does not follow.
            hint = "check the addresses of the forge and of its API"
            what = f"GitHub did not {what}: it redirects to another server, which is not followed"
            raise ForgeError(redact(what), where=self._where, hint=hint) from None
        try:
            return status, headers, json.loads(text) if text else None
        except ValueError:
            return status, headers, None

    def _is_here(self, location: str) -> bool:
        to = urlsplit(location)
        return (to.scheme, to.netloc) == (self._api.scheme, self._api.netloc) and to.path.startswith(
            f"{self._api.path}/"
        )

    def _refusal(self, what: str, status: int, headers: Mapping[str, str], said: Any) -> ForgeError:
        reason = _message(said) or "no reason given"
        limited = asked_to_wait(status, headers, reason, 0.0) is not None
        hint = (status == 403 and accepted(headers)) or self._hints.get(status, _AGAIN)
        if status < 400:
            hint = "the repository was moved or renamed; configure where it is now"
        return ForgeError(
            redact(f"GitHub did not {what}: {reason} (status {status})"),
            where=self._where,
            hint="too many writes; the next run goes on from there" if limited else hint,
            status=429 if limited else status,
        )


def _message(said: Any) -> str:
    """What an error's body says to people, in one line."""
    if not isinstance(said, dict):
        return ""
    errors = said.get("errors")
    parts = [said.get("message"), *(errors if isinstance(errors, list) else ())]
    texts = [part.get("message") if isinstance(part, dict) else part for part in parts]
    return " ".join("; ".join(text for text in texts if isinstance(text, str) and text).split())[:500]
