"""How GitLab says no: ``{"message": …}`` from its models and guards, ``{"error": …}`` from its parameters."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from callboard.sandbox.forge.refusal import Refused


class Denied(Refused):
    """The request cannot be done; ``said`` is GitLab's message, a text or a structure."""

    def __init__(self, status: int, said: Any, *, key: str = "message") -> None:
        super().__init__(status, str(said))
        self._body = {key: said}

    @property
    def body(self) -> dict[str, Any]:
        """The JSON body."""
        return self._body


class Moved(Denied):
    """The project has another path now: reads are sent on to its number, writes are not taken."""

    def __init__(self, url: str, asked: str, number: int, method: str) -> None:
        to = url.replace(quote(asked, safe=""), str(number), 1)
        if method == "GET":
            super().__init__(301, f"This resource has been moved permanently to {to}")
            self.headers = {"location": to}
        else:
            super().__init__(405, "405 Non GET methods are not allowed for moved projects")


class InsufficientScope(Denied):
    """403: the token may read and not write; as RFC 6750 says it."""

    def __init__(self) -> None:
        said = "The request requires higher privileges than provided by the access token."
        super().__init__(403, "insufficient_scope", key="error")
        self._body |= {"error_description": said, "scope": "api"}


def unauthorized() -> Denied:
    """401: nobody signed in, or somebody who may not do this to a merge request."""
    return Denied(401, "401 Unauthorized")


def forbidden() -> Denied:
    """403."""
    return Denied(403, "403 Forbidden")


def missing(what: str = "") -> Denied:
    """404, also for what the caller may not know of."""
    return Denied(404, f"404 {what} Not Found" if what else "404 Not found")


def wrong(parameter: str, why: str) -> Denied:
    """400 for a parameter."""
    return Denied(400, f"{parameter} {why}", key="error")


def as_gitlab(refused: Refused) -> Denied:
    """A refusal of the shared rules, in GitLab's form."""
    if isinstance(refused, Denied):
        return refused
    if refused.status == 404:
        return missing()
    if refused.status == 401:
        return unauthorized()
    return Denied(refused.status, refused.message)
