"""Being a GitHub App: a token of its installation, for one repository and for what Callboard does there.

An app signs a short-lived token of its own, and asks with it for an installation's token, which lives an hour
(docs.github.com, "Generating an installation access token for a GitHub App").
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import github

from callboard import http
from callboard.forges.protocol import ForgeError
from callboard.redaction import Secret

NEEDED = {"contents": "write", "pull_requests": "write", "metadata": "read"}
"""Without these no pull request can be opened."""
USED = {"checks": "write", "issues": "write", "statuses": "write", "members": "read"}
"""Asked for when the installation has them, only to read if it has no more: our check, the dashboard, the
teams of code owners."""
_RENEWED_WITHIN = timedelta(minutes=30)
_SIGNED_FOR = 300  # seconds; GitHub takes 600 at most, and clocks differ
_HINT = "check the app's id and private key, and that the app is installed for this repository"


@dataclass(frozen=True)
class InstallationToken:
    """A token, when it ends, and what it may do."""

    token: Secret
    expires_at: datetime
    permissions: Mapping[str, str]


def installation_token(api_url: str, app_id: int, key: Secret, repository: str) -> InstallationToken:
    """A new token for this one repository (``owner/name``), with what of ``NEEDED`` and ``USED`` the app has.

    ``key`` is the app's private key (PEM). One read and one request for the token. Raises ForgeError.
    """
    where = f"the app {app_id} for {repository}"
    signed = _signed(app_id, key, where)
    try:
        with http.connect(api_url, token=signed) as client:
            answer = client.get(f"/repos/{repository}/installation")
            installation = answer.json()
            permissions = _permissions(installation["permissions"], where)
            asked = _repository(answer.url, repository) | {"permissions": permissions}
            path = f"/app/installations/{int(installation['id'])}/access_tokens"
            given = client.post_json(path, asked)
    except http.HttpProblem as problem:
        raise ForgeError(problem.what, where=where, hint=_HINT, status=problem.status) from None
    return InstallationToken(Secret(given["token"]), datetime.fromisoformat(given["expires_at"]), permissions)


def current_token(
    api_url: str, app_id: int, key: Secret, repository: str, *, now: datetime | None = None
) -> Secret:
    """A token good for another half hour: this process's last one, or a new one. Raises ForgeError."""
    asked = (api_url, app_id, key, repository)
    with _asking:
        known = _issued.get(asked)
        if known is None or known.expires_at - (now or datetime.now(UTC)) < _RENEWED_WITHIN:
            known = _issued[asked] = installation_token(*asked)
    return known.token


_issued: dict[tuple[str, int, Secret, str], InstallationToken] = {}
_asking = threading.Lock()


def _signed(app_id: int, key: Secret, where: str) -> Secret:
    # In an environment variable line ends are often written out.
    pem = key.reveal().replace("\\n", "\n")
    try:
        return Secret(github.Auth.AppAuth(app_id, pem).create_jwt(_SIGNED_FOR))
    except Exception as error:  # whatever PyJWT and cryptography raise for what is no key
        what = f"the app's private key cannot be used ({type(error).__name__})"
        hint = "give the whole PEM file that GitHub made for the app, with its first and last line"
        raise ForgeError(what, where=where, hint=hint) from None


def _repository(answered_at: str, asked_for: str) -> dict[str, list[Any]]:
    """The one repository, by its id or its name now: a renamed one redirects to where it can be found."""
    found = re.search(r"/(?:repositories/(\d+)|repos/[^/]+/([^/]+))/installation$", answered_at)
    number, name = found.groups() if found else (None, None)
    if number:
        return {"repository_ids": [int(number)]}
    return {"repositories": [name or asked_for.partition("/")[2]]}


def _permissions(granted: Mapping[str, Any], where: str) -> dict[str, str]:
    has = {name: level for name, level in (NEEDED | USED).items() if granted.get(name) in (level, "write")}
    missing = [f"{name}: {level}" for name, level in NEEDED.items() if name not in has]
    # Checks that we may not report we still have to read.
    has |= {name: "read" for name in USED if name not in has and granted.get(name) == "read"}
    if missing:
        what = f"the app is not allowed {' and '.join(missing)}"
        hint = "give the app these permissions, and accept them where it is installed"
        raise ForgeError(what, where=where, hint=hint)
    return has
