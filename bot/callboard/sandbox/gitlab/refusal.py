"""How GitLab says no: ``{"message": …}`` from its models and guards, ``{"error": …}`` from its parameters."""

from __future__ import annotations

from typing import Any

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
