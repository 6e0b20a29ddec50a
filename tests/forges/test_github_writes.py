"""How writes go out: one request each, within the budget, never to another server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from callboard.forges.budget import Budget, Limits
from callboard.forges.github import GitHub
from callboard.forges.protocol import ForgeError
from callboard.redaction import Secret
from callboard.sandbox.forge import SandboxForge
from callboard.sandbox.forge.faults import Fault
from callboard.sandbox.loopback import serving
from tests.forges.on_github import Scene

TOKEN = Secret("ghp_of_the_callboard_bot")


class Time:
    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def time() -> Time:
    return Time()


def _on(forge: SandboxForge, time: Time, limits: Limits | None = None) -> Scene:
    return Scene.on(forge, writes=Budget(limits, clock=lambda: time.now, sleep=time.sleep))


def test_a_secondary_limit_is_waited_for_and_the_write_sent_once_more(
    forge: SandboxForge, time: Time
) -> None:
    scene = _on(forge, time)
    opened = scene.opened()
    forge.faults.secondary_rate_limit("issues/create-comment", 30)
    mark = forge.log.mark()

    scene.bot.comment(opened, "text", marker="<!-- m -->")

    assert time.slept == [30.0]
    assert forge.log.counts(mark).writes == 2
    assert len(scene.read(opened.number).comments) == 1


def test_a_limit_that_is_met_again_is_told_and_no_missing_permission(forge: SandboxForge, time: Time) -> None:
    scene = _on(forge, time)
    opened = scene.opened()
    for _ in range(2):
        forge.faults.secondary_rate_limit("issues/create-comment", 30)

    with pytest.raises(ForgeError, match="too many writes; the next run goes on") as refused:
        scene.bot.comment(opened, "text", marker="<!-- m -->")

    assert refused.value.status == 429
    assert time.slept == [30.0]


def test_a_write_that_is_not_allowed_names_the_permission(forge: SandboxForge, time: Time) -> None:
    scene = _on(forge, time)
    opened = scene.opened()
    said, header = "Resource not accessible by personal access token", "x-accepted-github-permissions"
    forge.faults.add(Fault("issues/create-comment", 403, False, said, {header: "issues=write"}))

    with pytest.raises(ForgeError, match=f"{said}.*; give the token the permission issues: write"):
        scene.bot.comment(opened, "text", marker="<!-- m -->")


def test_a_limit_far_away_ends_the_writes_of_this_run(forge: SandboxForge, time: Time) -> None:
    scene = _on(forge, time)
    opened = scene.opened()
    forge.faults.secondary_rate_limit("issues/create-comment", 600)
    mark = forge.log.mark()

    for _ in range(2):
        with pytest.raises(ForgeError, match="asked for fewer writes until 13:56:40 UTC"):
            scene.bot.comment(opened, "text", marker="<!-- m -->")

    assert time.slept == []
    assert forge.log.counts(mark).writes == 1


def test_many_writes_are_paced_and_a_spent_hour_ends_them(forge: SandboxForge, time: Time) -> None:
    scene = _on(forge, time, Limits(burst=2, per_minute=3, per_hour=4))
    opened = scene.opened()
    for number in range(3):
        scene.bot.edit(opened.number, title=f"Title {number}")
    paced = list(time.slept)

    with pytest.raises(ForgeError, match="4 writes that the forge allows in an hour are spent"):
        scene.bot.edit(opened.number, title="One too many")

    assert paced == [pytest.approx(60.0), pytest.approx(60.0)]
    assert scene.read(opened.number).title == "Title 2"


def test_github_com_has_limits_and_an_enterprise_server_only_those_that_it_tells() -> None:
    name = "acme/catalog"
    known = GitHub("https://github.com", name, TOKEN)._writer._budget._limits
    resident = GitHub("https://acme.ghe.com", name, TOKEN, api_url="https://api.acme.ghe.com")
    own = GitHub("https://git.acme.example", name, TOKEN)._writer._budget._limits

    assert known == resident._writer._budget._limits
    assert known is not None
    assert own is None


def test_a_refusal_says_what_github_said_in_all_its_words(forge: SandboxForge, time: Time) -> None:
    scene = _on(forge, time)
    scene.opened()

    with pytest.raises(ForgeError, match="Validation Failed; A pull request already exists for acme"):
        scene.opened()


@contextmanager
def _server(answer: Response) -> Iterator[tuple[str, list[Request]]]:
    heard: list[Request] = []

    async def endpoint(request: Request) -> Response:
        heard.append(request)
        return answer

    methods = ["GET", "POST", "PATCH"]
    with serving(Starlette(routes=[Route("/{rest:path}", endpoint, methods=methods)])) as url:
        yield url, heard


@pytest.mark.parametrize("status", [301, 307, 308])
def test_a_redirect_to_another_server_takes_no_token_there(status: int) -> None:
    with (
        _server(JSONResponse({})) as (other, heard),
        _server(JSONResponse({"message": "Moved"}, status, {"location": f"{other}/api/v3/x"})) as (
            url,
            asked,
        ),
    ):
        bot = GitHub(url.replace("127.0.0.1", "localhost"), "acme/catalog", TOKEN)
        with pytest.raises(ForgeError) as refused:
            bot.edit(1, title="New")
        with pytest.raises(ForgeError):
            bot.members("acme/ml")

    assert heard == []
    assert len(asked) == 2
    assert TOKEN.reveal() not in str(refused.value)


def test_an_answer_that_is_no_graphql_is_an_error() -> None:
    with _server(JSONResponse(["?"])) as (url, _):
        bot = GitHub(url, "acme/catalog", TOKEN)
        with pytest.raises(ForgeError, match="not a GraphQL answer"):
            bot.identity()
        with pytest.raises(ForgeError, match="not a GraphQL answer"):
            bot._writer.mutate("do it", "mutation { x }", {})


def test_a_limit_that_graphql_tells_is_one() -> None:
    errors = {"data": None, "errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]}
    with (
        _server(JSONResponse(errors)) as (url, _),
        pytest.raises(ForgeError, match="rate limit exceeded") as refused,
    ):
        GitHub(url, "acme/catalog", TOKEN)._writer.mutate("do it", "mutation { x }", {})

    assert refused.value.status == 429


def test_a_server_that_hangs_up_leaves_the_outcome_open(tmp_path: Path) -> None:
    bot = GitHub("http://127.0.0.1:9", "acme/catalog", TOKEN)

    with pytest.raises(ForgeError, match=r"no clear answer.*the next run looks"):
        bot.close(1)


def test_what_a_token_may_not_see_is_not_there_and_the_rest_is_told() -> None:
    repository = {
        "id": "R_1",
        "nameWithOwner": "acme/catalog",
        "defaultBranchRef": {"name": "main"},
        "mergeQueue": None,
        "issues": None,
    }
    data = {"viewer": {"login": "callboard", "databaseId": 7}, "repository": repository}
    refused = {"message": "Resource not accessible by personal access token"}
    hidden = [refused | {"path": ["repository", "issues"]}]
    with _server(JSONResponse({"data": data, "errors": hidden})) as (url, _):
        about = GitHub(url, "acme/catalog", TOKEN).about("main")
    with (
        _server(JSONResponse({"data": data, "errors": [refused | {"path": ["repository"]}]})) as (url, _),
        pytest.raises(ForgeError, match="not accessible"),
    ):
        GitHub(url, "acme/catalog", TOKEN).about("main")

    assert about.dashboard is None
    assert about.repository == "acme/catalog"
