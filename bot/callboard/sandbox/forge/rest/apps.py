"""What an app asks as itself: where it is installed, and a token to work there."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from callboard.sandbox.forge.refusal import Refused, not_found
from callboard.sandbox.forge.shapes import people, repositories
from callboard.sandbox.forge.state import App, Grant, Repository

from .table import Answer, Call, operation


def _app(call: Call) -> App:
    assert call.app is not None
    return call.app


def _installed(call: Call, app: App) -> list[Repository]:
    return [each for each in call.world.repositories.values() if app.account.id in each.collaborators]


@operation(
    "GET",
    "/repos/{owner}/{repo}/installation",
    "apps/get-repo-installation",
    models="by the app's signed token only; 404 where it is not installed",
    by_app=True,
)
def get_installation(call: Call) -> Answer:
    """Where the app is installed for a repository."""
    app = _app(call)
    call.stay(app.account)
    repository = call.world.repository(call.path["owner"], call.path["repo"], app.account)
    if repository not in _installed(call, app):
        raise not_found()
    url = f"{call.links.api}/app/installations/{app.installation}"
    return Answer(
        {
            "id": app.installation,
            "account": people.account(call.links, repository.owner),
            "repository_selection": "selected",
            "access_tokens_url": f"{url}/access_tokens",
            "repositories_url": f"{call.links.api}/installation/repositories",
            "html_url": f"{call.links.account(repository.owner)}/settings/installations/{app.installation}",
            "app_id": app.id,
            "app_slug": app.account.slug,
            "target_id": repository.owner.id,
            "target_type": repository.owner.kind,
            "permissions": dict(app.permissions),
            "events": [],
            "created_at": app.account.created_at,
            "updated_at": app.account.created_at,
            "single_file_name": None,
            "suspended_by": None,
            "suspended_at": None,
        }
    )


@operation(
    "POST",
    "/app/installations/{number}/access_tokens",
    "apps/create-installation-access-token",
    models="limited to repositories and permissions; 422 for more than the app has; ends after an hour",
    by_app=True,
)
def create_token(call: Call) -> Answer:
    """A token for the installation."""
    app, world = _app(call), call.world
    if call.number("number") != app.installation:
        raise not_found()
    installed = {each.name.lower(): each for each in _installed(call, app)}
    names = [name.lower() for name in call.texts("repositories")] or list(installed)
    permissions = dict(_asked(call, app) or app.permissions)
    if not set(names) <= installed.keys():
        raise Refused(
            422, "There is at least one repository that does not exist or is not accessible to the parent."
        )
    chosen = [installed[name] for name in names]
    expires = datetime.now(UTC).replace(microsecond=0) + world.token_lifetime
    grant = Grant(frozenset(each.id for each in chosen), permissions, expires)
    return Answer(
        {
            "token": world.new_token(app.account, grant=grant),
            "expires_at": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "permissions": permissions,
            "repository_selection": "selected",
            "repositories": [repositories.full(call.links, each) for each in chosen],
        },
        201,
    )


def _asked(call: Call, app: App) -> dict[str, Any]:
    permissions: dict[str, Any] = call.body.get("permissions") or {}
    for name, level in permissions.items():
        if app.permissions.get(name) not in (level, "write"):
            raise Refused(422, "The permissions requested are not granted to this installation.")
    return permissions
