"""A GitHub App asks for a token that can do no more than it needs, and only in one repository."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from callboard import http
from callboard.forges.github import GitHub
from callboard.forges.github_app import NEEDED, USED, _repository, _signed, current_token, installation_token
from callboard.forges.protocol import ForgeError, NewPullRequest
from callboard.git.command import GitError
from callboard.git.repository import Repository
from callboard.redaction import Secret
from callboard.sandbox.forge import SandboxForge
from callboard.sandbox.forge.installations import App
from tests.sandbox.forge.signing import keys, new_keys

NAME = "acme/catalog"


KEY = Secret(keys()[0])


def install(forge: SandboxForge, permissions: dict[str, str] | None = None) -> App:
    app = forge.add_app("callboard", keys()[1], permissions or NEEDED | USED | {"workflows": "write"})
    for name in (NAME, "acme/other"):
        forge.add_repository(name, {"README.md": b"x\n"}, collaborators={"callboard": "write"}, private=True)
    return app


def test_the_token_is_for_one_repository_and_for_what_is_needed(forge: SandboxForge) -> None:
    app = install(forge)

    given = installation_token(forge.api_url, app.id, KEY, NAME)

    grant = forge.world.grant(given.token.reveal())
    assert grant is not None
    assert grant.repositories == {forge.repository(NAME).id}
    assert grant.permissions == NEEDED | USED
    assert timedelta(minutes=55) < given.expires_at - datetime.now(UTC) <= timedelta(hours=1)
    assert GitHub(forge.url, NAME, given.token).identity().login == "callboard[bot]"
    with pytest.raises(ForgeError):
        GitHub(forge.url, "acme/other", given.token).open_pull_requests()


def test_git_and_the_api_take_the_token(forge: SandboxForge, tmp_path: Path) -> None:
    app = install(forge)
    token = installation_token(forge.api_url, app.id, KEY, NAME).token
    github = GitHub(forge.url, NAME, token)
    repository = Repository(tmp_path / "clone", github.git_url, token)
    base = repository.fetch("main", "callboard/")
    assert base is not None

    repository.try_push(base)
    branch = github.commit(
        "callboard/x", parent=base, files={"a": b"1"}, existing=(), message="Add", expected=None
    )
    opened = github.open(NewPullRequest("callboard/x", "main", "T", "B"))

    assert opened.head == branch
    assert forge.repository(NAME).git.commit(branch).author.name == "callboard[bot]"


def test_a_token_without_a_permission_cannot_do_what_needs_it(forge: SandboxForge, tmp_path: Path) -> None:
    app = install(forge)
    with http.connect(forge.api_url, token=_as_app(app)) as client:
        asked = {"permissions": {"contents": "read", "metadata": "read"}}
        token = client.post_json(f"/app/installations/{app.installation}/access_tokens", asked)["token"]
    github = GitHub(forge.url, NAME, Secret(token))
    repository = Repository(tmp_path / "clone", github.git_url, Secret(token))
    base = repository.fetch("main", "callboard/")
    assert base is not None

    for refused in (
        lambda: github.open_issue("T", "B", ()),
        lambda: github.commit("b", parent=base, files={"a": b"1"}, existing=(), message="m", expected=None),
        lambda: github._writer.send("report", "POST", f"/repos/{NAME}/statuses/{base}", {"state": "success"}),
    ):
        with pytest.raises(ForgeError) as error:
            refused()
        assert error.value.status == 403
    with pytest.raises(GitError):
        repository.try_push(base)


def _as_app(app: App) -> Secret:
    return _signed(app.id, KEY, "here")


def test_an_installation_that_has_less_gives_less(forge: SandboxForge) -> None:
    app = install(forge, NEEDED | {"checks": "read", "workflows": "write"})

    given = installation_token(forge.api_url, app.id, KEY, NAME)

    grant = forge.world.grant(given.token.reveal())
    assert grant is not None
    assert grant.permissions == NEEDED | {"checks": "read"}


def test_an_app_without_what_is_needed_says_which_permissions_it_lacks(forge: SandboxForge) -> None:
    app = install(forge, {"contents": "read", "metadata": "read", "pull_requests": "write"})

    with pytest.raises(ForgeError, match="not allowed contents: write"):
        installation_token(forge.api_url, app.id, KEY, NAME)


def test_a_wrong_app_key_or_repository_says_what_to_check(forge: SandboxForge) -> None:
    app = install(forge)
    other, _ = new_keys()

    for app_id, key, name in (
        (app.id, Secret(other), NAME),
        (app.id + 1, KEY, NAME),
        (app.id, KEY, "acme/none"),
    ):
        with pytest.raises(ForgeError, match="check the app's id and private key"):
            installation_token(forge.api_url, app_id, key, name)
    with pytest.raises(ForgeError, match="give the whole PEM file") as refused:
        installation_token(forge.api_url, app.id, Secret("no key at all"), NAME)
    assert "no key at all" not in str(refused.value)


def test_a_key_with_its_line_ends_written_out_is_one(forge: SandboxForge) -> None:
    app = install(forge)
    written_out = Secret(KEY.reveal().strip().replace("\n", "\\n"))

    assert installation_token(forge.api_url, app.id, written_out, NAME).token


def test_a_token_is_used_again_until_half_an_hour_before_its_end(forge: SandboxForge) -> None:
    app = install(forge)
    asked = (forge.api_url, app.id, KEY, NAME)
    now = datetime.now(UTC)

    first = current_token(*asked)
    again = current_token(*asked, now=now + timedelta(minutes=25))
    later = current_token(*asked, now=now + timedelta(minutes=31))

    assert first == again
    assert later != first


def test_a_token_that_has_ended_is_refused(forge: SandboxForge) -> None:
    app = install(forge)
    forge.world.token_lifetime = timedelta(0)
    token = installation_token(forge.api_url, app.id, KEY, NAME).token

    with pytest.raises(ForgeError, match="401"):
        GitHub(forge.url, NAME, token).identity()


def test_a_renamed_repository_is_found_by_its_old_name(forge: SandboxForge) -> None:
    app = install(forge)
    forge.rename(NAME, "models")

    token = installation_token(forge.api_url, app.id, KEY, NAME).token

    about = GitHub(forge.url, NAME, token).about("main")
    assert (about.repository, about.identity.login) == ("acme/models", "callboard[bot]")


@pytest.mark.parametrize(
    ("answered_at", "asked"),
    [
        ("https://api.github.com/repositories/42/installation", {"repository_ids": [42]}),
        ("https://api.github.com/repos/acme/models/installation", {"repositories": ["models"]}),
        ("https://elsewhere.example/", {"repositories": ["catalog"]}),
    ],
)
def test_where_the_answer_came_from_names_the_repository(answered_at: str, asked: dict[str, object]) -> None:
    assert _repository(answered_at, NAME) == asked


def test_an_app_that_may_not_read_checks_reads_everything_else_and_takes_no_head_for_green(
    forge: SandboxForge,
) -> None:
    app = install(forge, dict(NEEDED))
    forge.commit(NAME, "callboard/x", {"models/x/a": b"1"}, "Add", author="callboard")
    bot = GitHub(forge.url, NAME, installation_token(forge.api_url, app.id, KEY, NAME).token)
    bot.open(NewPullRequest("callboard/x", "main", "Title", "Body"))

    (pull,) = bot.open_pull_requests()

    assert (pull.title, pull.paths) == ("Title", ("models/x/a",))
    assert [(check.state, check.source) for check in pull.checks] == [("pending", "callboard")]
    assert "may not read" in pull.checks[0].name
