"""What doctor says of issues and checks: what is certain, and what only a write could show."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from callboard.cli import permissions
from callboard.cli.permissions import Lacking, Unproven
from callboard.config import Catalog, Config
from callboard.forges.github_app import NEEDED
from callboard.http import HttpProblem
from callboard.sandbox.forge import SandboxForge
from tests.sandbox.forge.signing import keys
from tests.test_http import Server, serving

REPOSITORY = "/repos/acme/catalog"
ISSUES, CHECKS, STATUS = (f"{REPOSITORY}/{rest}" for rest in
                          ("issues", "commits/main/check-runs", "commits/main/status"))  # fmt: skip


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("CALLBOARD_TOKEN", "github_pat_0123456789")
    with serving() as running:
        for path in (ISSUES, CHECKS, STATUS):
            running.say(path, (200, {}, b"[]"))
        told(running)
        yield running


def told(server: Server, *, scopes: str | None = None, **about: object) -> None:
    body = json.dumps({"private": True, "has_issues": True} | about).encode()
    server.say(REPOSITORY, (200, {} if scopes is None else {"X-OAuth-Scopes": scopes}, body))


def config(server: Server, **more: object) -> Config:
    given = {"repository": f"{server.url}/acme/catalog", "api-url": server.url, **more}
    return Config(catalog=Catalog.model_validate(given))


@pytest.mark.parametrize(
    ("login", "remedy"),
    [
        ("acme-callboard", "give the token 'Issues: Read and write'"),
        ("github-actions[bot]", "write 'issues: write' under permissions: in the workflow"),
    ],
)
def test_what_a_fine_grained_token_may_write_is_not_claimed(server: Server, login: str, remedy: str) -> None:
    said = permissions.dashboard(config(server), login)

    assert isinstance(said, Unproven)
    assert said.endswith(f"whether they may be written only a write shows: {remedy}")


@pytest.mark.parametrize(
    ("login", "path", "remedy"),
    [
        ("acme-callboard", STATUS, "give the token 'Commit statuses: Read and write'"),
        ("callboard[bot]", CHECKS, "give the token 'Checks: Read and write'"),
        ("github-actions[bot]", CHECKS, "write 'checks: write' under permissions: in the workflow"),
    ],
)
def test_only_apps_and_workflows_report_checks(server: Server, login: str, path: str, remedy: str) -> None:
    said = permissions.check(config(server), login)

    assert isinstance(said, Unproven)
    assert said.endswith(remedy)
    assert server.requests[-1][1].startswith(path)


def test_a_token_that_cannot_read_checks_could_read_no_pull_request(server: Server) -> None:
    permissions.reading_checks(config(server))
    server.say(CHECKS, (403, {}, b'{"message": "Resource not accessible by personal access token"}'))

    with pytest.raises(Lacking, match="a fine-grained one cannot in a private repository"):
        permissions.reading_checks(config(server))

    server.say(CHECKS, (404, {}, b""))
    with pytest.raises(HttpProblem):
        permissions.reading_checks(config(server))


def test_what_github_says_is_missing_is_named(server: Server) -> None:
    wanted = {"X-Accepted-GitHub-Permissions": "issues=read; pull_requests=read"}
    refusal = b'{"message": "Resource not accessible by personal access token"}'
    server.say(ISSUES, (403, wanted, refusal))

    with pytest.raises(HttpProblem) as refused:
        permissions.dashboard(config(server), "acme-callboard")

    assert refused.value.hint == "give the token the permission issues: read or pull_requests: read"


@pytest.mark.parametrize(
    ("scopes", "private", "proven"),
    [
        ("repo, workflow", True, True),
        ("public_repo", False, True),
        ("public_repo", True, False),
        ("repo:status", True, False),
        ("", False, False),
    ],
)
def test_the_scopes_of_a_classic_token_are_proof(
    server: Server, scopes: str, private: bool, proven: bool
) -> None:
    told(server, scopes=scopes, private=private)

    issues, statuses = (
        ask(config(server), "acme-callboard") for ask in (permissions.dashboard, permissions.check)
    )

    assert isinstance(issues, Unproven) is isinstance(statuses, Unproven) is not proven
    assert not proven or (issues == "the token may write issues" and "without" not in issues)


def test_a_repository_without_issues_can_have_no_dashboard(server: Server) -> None:
    told(server, has_issues=False)

    with pytest.raises(Lacking, match="acme/catalog has no issues; turn them on"):
        permissions.dashboard(config(server), "acme-callboard")


def test_a_project_without_issues_can_have_no_dashboard_either(server: Server) -> None:
    server.say("/projects/acme%2Fcatalog", (200, {}, b'{"issues_enabled": false}'))

    with pytest.raises(Lacking, match="acme/catalog has no issues"):
        permissions.dashboard(config(server, forge="gitlab"), "callboard")


@pytest.mark.parametrize(
    ("has", "dashboard", "check"),
    [
        ({"issues": "write", "checks": "write"}, "may write issues", "may report checks"),
        ({"statuses": "write"}, "not allowed issues: write; give it", "commit statuses, without annotations"),
        (
            {"issues": "read", "checks": "read"},
            "not allowed issues: write; give it",
            "not allowed checks: write; give it",
        ),
    ],
)
def test_what_an_app_may_do_is_certain(
    forge: SandboxForge, monkeypatch: pytest.MonkeyPatch, has: dict[str, str], dashboard: str, check: str
) -> None:
    private, public = keys()
    app = forge.add_app("callboard", public, NEEDED | has)
    forge.add_repository("acme/catalog", {"README.md": b"x\n"}, collaborators={"callboard": "write"})
    monkeypatch.setenv("APP_KEY", private)
    identity = {"id": app.id, "private-key": {"env": "APP_KEY"}}
    settings = Config(
        catalog=Catalog.model_validate({"repository": f"{forge.url}/acme/catalog", "app": identity})
    )

    def said(ask: object) -> str:
        try:
            return str(ask(settings, "callboard[bot]"))  # type: ignore[operator]
        except Lacking as lacking:
            return str(lacking)

    assert dashboard in said(permissions.dashboard)
    assert check in said(permissions.check)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            (200, {}, b'{"scopes": ["api"], "expires_at": "2027-01-31"}'),
            "has the scope api, until 2027-01-31",
        ),
        ((200, {}, b'{"scopes": ["api"], "expires_at": null}'), "has the scope api, without an end"),
        ((404, {}, b""), "GitLab does not tell its scopes; it needs api"),
    ],
)
def test_until_when_a_gitlab_token_is_good(
    server: Server, answer: tuple[int, dict[str, str], bytes], said: str
) -> None:
    server.say("/personal_access_tokens/self", answer)

    assert permissions.gitlab_token(config(server, forge="gitlab")) == said


def test_a_gitlab_that_does_not_answer_is_no_token_of_unknown_scopes(server: Server) -> None:
    server.say("/personal_access_tokens/self", (200, {}, b"<html>"))

    with pytest.raises(HttpProblem, match="not JSON"):
        permissions.gitlab_token(config(server, forge="gitlab"))
