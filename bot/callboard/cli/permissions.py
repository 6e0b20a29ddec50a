"""What the forge's token may do beside pull requests, as far as the forge tells without a write."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from callboard import http
from callboard.config import Config
from callboard.redaction import Secret
from callboard.walk.workplace import (
    WORKFLOW_LOGIN,
    CatalogRepository,
    catalog_repository,
    forge_token,
    read_secret,
)

_SETTINGS = "Settings → General → Features"


class Lacking(Exception):
    """A permission that is certainly missing: which, and how to give it."""


class Unproven(str):
    """What nothing speaks against, and only a write can show."""

    __slots__ = ()


def reading_checks(config: Config) -> None:
    """Look whether checks can be read, without which no pull request is merged. Raises Lacking."""
    place = catalog_repository(config)
    if place.forge == "gitlab" or config.catalog.app is not None:
        return
    path = f"/repos/{place.name}/commits/{quote(config.catalog.base, safe='')}/check-runs"
    try:
        _read(config, place, path, {"per_page": "1"})
    except http.HttpProblem as problem:
        if problem.kind == "forbidden":
            raise Lacking(
                "the token may not read checks, which a fine-grained one cannot in a private repository; "
                "use a GitHub App or a classic token (scope repo), or write 'checks: read' in the workflow"
            ) from None
        raise


def dashboard(config: Config, login: str) -> str:
    """Whether ``login``, who we are, may keep the dashboard's issue. Raises Lacking and HttpProblem."""
    place = catalog_repository(config)
    if place.forge == "gitlab":
        project = _read(config, place, f"/projects/{quote(place.name, safe='')}").json()
        if project.get("issues_enabled") is False:
            raise Lacking(f"{place.name} has no issues; turn them on ({_SETTINGS}), or set dashboard: false")
        return "issues are on"
    if config.catalog.app is not None:
        if _granted(config, place).get("issues") != "write":
            raise Lacking(_app_lacks("issues: write", "dashboard: false"))
        return "the app may write issues"
    about = _read(config, place, f"/repos/{place.name}")
    if about.json().get("has_issues") is False:
        raise Lacking(f"{place.name} has no issues; turn them on ({_SETTINGS}), or set dashboard: false")
    if _is_classic(about.headers, about.json()):
        return "the token may write issues"
    _read(config, place, f"/repos/{place.name}/issues", {"per_page": "1"})
    return Unproven(
        f"issues can be read; whether they may be written only a write shows: {_give(login, 'issues')}"
    )


def check(config: Config, login: str) -> str:
    """Whether ``login`` may report our check. Raises Lacking and HttpProblem."""
    place = catalog_repository(config)
    if place.forge == "gitlab":
        return "a commit status, which the scope api allows"
    if config.catalog.app is not None:
        granted = _granted(config, place)
        if granted.get("checks") == "write":
            return "the app may report checks"
        if granted.get("statuses") == "write":
            return "the app may report commit statuses, without annotations; give it checks: write for these"
        raise Lacking(_app_lacks("checks: write", "check: false"))
    about = _read(config, place, f"/repos/{place.name}")
    if _is_classic(about.headers, about.json()):
        return "the token may report commit statuses (only apps and workflows have checks with annotations)"
    # Only apps report checks, and a workflow's token is one's.
    kind = "checks" if login.endswith("[bot]") else "statuses"
    _read(config, place, f"/repos/{place.name}/commits/{quote(config.catalog.base, safe='')}/"
          + ("check-runs" if kind == "checks" else "status"), {"per_page": "1"})  # fmt: skip
    return Unproven(
        f"{kind} can be read; whether they may be written only a write shows: {_give(login, kind)}"
    )


def gitlab_token(config: Config) -> str:
    """What the token is good for, and until when. Raises Lacking and HttpProblem."""
    place = catalog_repository(config)
    try:
        about = _read(config, place, "/personal_access_tokens/self").json()
    except http.HttpProblem as problem:
        if problem.kind in ("unauthorized", "forbidden", "not-found", "rejected"):
            return Unproven("GitLab does not tell its scopes; it needs api")
        raise
    scopes = [str(one) for one in about.get("scopes") or ()]
    if "api" not in scopes:
        has = ", ".join(scopes) or "none"
        raise Lacking(f"it has the scopes {has}, and not api: make a new one that has it")
    until = about.get("expires_at")
    return f"has the scope api, until {until}" if until else "has the scope api, without an end"


def _read(
    config: Config, place: CatalogRepository, path: str, params: Mapping[str, str] | None = None
) -> http.Response:
    usual = f"{place.web_url}/api/v4"
    if place.forge == "github":
        from callboard.forges.github import default_api_url

        usual = default_api_url(place.web_url)
    with http.connect(config.catalog.api_url or usual, token=forge_token(config, place.forge)) as client:
        return client.get(path, params=params)


def _granted(config: Config, place: CatalogRepository) -> Mapping[str, str]:
    """What the app's installation lets our token do."""
    from callboard.forges.github import default_api_url
    from callboard.forges.github_app import installation_token

    assert config.catalog.app is not None
    key: Secret = read_secret(config.catalog.app.private_key, os.environ)
    api_url = (config.catalog.api_url or default_api_url(place.web_url)).rstrip("/")
    return installation_token(api_url, config.catalog.app.id, key, place.name).permissions


def _is_classic(headers: Mapping[str, str], repository: Mapping[str, Any]) -> bool:
    """Whether this is a classic token whose scopes allow it all; only these have any that are told."""
    scopes = {one.strip() for one in headers.get("x-oauth-scopes", "").split(",")}
    return "repo" in scopes or ("public_repo" in scopes and repository.get("private") is False)


def _app_lacks(permission: str, otherwise: str) -> str:
    return (
        f"the app is not allowed {permission}; give it this permission and accept it where the app is "
        f"installed, or set {otherwise}"
    )


def _give(login: str, permission: str) -> str:
    if login == WORKFLOW_LOGIN:
        return f"write '{permission}: write' under permissions: in the workflow"
    words = {"issues": "Issues", "checks": "Checks", "statuses": "Commit statuses"}
    return f"give the token '{words[permission]}: Read and write'"
