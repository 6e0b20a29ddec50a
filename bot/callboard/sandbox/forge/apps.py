"""Apps, and the tokens of their installations: who may ask for one, and what it may do."""

from __future__ import annotations

import time
from collections.abc import Mapping

import jwt

from .refusal import Refused
from .state import App, Grant, Repository

_LONGEST = 600
"""Seconds that an app's own token may live (GitHub, "Generating a JSON Web Token")."""
_SKEW = 60
_CONTENTS = (
    "git/",
    "repos/merge",
    "repos/compare",
    "repos/list-commits",
    "repos/get-commit",
    "repos/get-content",
)
_EITHER = ("issues", "pull_requests")


def app_of(apps: Mapping[int, App], authorization: str) -> App:
    """The app whose signed token this is. Raises Refused (401)."""
    token = authorization.partition(" ")[2].strip()
    try:
        issuer = jwt.decode(token, options={"verify_signature": False}).get("iss")
        app = apps[int(str(issuer))]
        required = {"require": ["iat", "exp", "iss"], "verify_iat": False}
        # GitHub takes numbers as well as text for the issuer.
        claims = jwt.decode(
            token,
            app.public_key,
            algorithms=["RS256"],
            options=required | {"verify_iss": False},  # type: ignore[arg-type]
        )
    except (jwt.InvalidTokenError, KeyError, ValueError):
        raise Refused(401, "A JSON web token could not be decoded") from None
    now = time.time()
    if claims["exp"] > now + _LONGEST + _SKEW:
        raise Refused(401, "'Expiration time' claim ('exp') is too far in the future")
    if claims["iat"] > now + _SKEW:
        raise Refused(
            401, "'Issued at' claim ('iat') must be an Integer representing the time of the assertion"
        )
    return app


def is_app_token(authorization: str | None) -> bool:
    """Whether this is a JSON web token rather than an account's token."""
    return (authorization or "").count(".") == 2


def check_grant(grant: Grant | None, repository: Repository, operation: str, method: str) -> None:
    """Refuse (403, 404) what an installation's token was not given for."""
    if grant is None:
        return
    if repository.id not in grant.repositories:
        raise Refused(404, "Not Found")
    wanted = _permissions(operation)
    level = "read" if method == "GET" else "write"
    if wanted and not any(grant.permissions.get(name) in (level, "write") for name in wanted):
        raise Refused(403, "Resource not accessible by integration")


def _permissions(operation: str) -> tuple[str, ...]:
    """Any of these permissions allows the operation; none: every token may."""
    group, _, name = operation.partition("/")
    if operation.startswith(_CONTENTS) or operation == "pulls/merge":
        return ("contents",)
    if group == "issues":
        return _EITHER
    if "status" in name and group == "repos":
        return ("statuses",)
    if "protection" in name:
        return ("administration",)
    return {"pulls": ("pull_requests",), "checks": ("checks",)}.get(group, ())
