"""Open WebUI: what a real one answered, a real one in the slow tier, and answers that are wrong."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from callboard.config import SecretReference, Select
from callboard.model import Listing, Model
from callboard.sources.context import Context
from callboard.sources.openwebui import Settings, list_models
from tests.servers.doubles import bomb
from tests.servers.openwebui import CASSETTES, MODELS, OpenWebUI
from tests.servers.threads import serving
from tests.sources.wrong_types import spoiled

CANARY = "canary-openwebui-key-4b1d9"
VARIABLE = "OPENWEBUI_TEST_TOKEN"
TOKEN = SecretReference(env=VARIABLE)
ALL, LIST = "/api/v1/models/all", "/api/v1/models/list"


def read(url: str, *, known: Listing | None = None, **settings: Any) -> Listing:
    models = {model.id: model for model in known.models} if known else {}
    return list_models(
        Settings(name="assistants", type="openwebui", url=url, **settings), Context(Path.cwd(), known=models)
    )


def by_name(listing: Listing) -> dict[str, Model]:
    return {model.name: model for model in listing.models}


class TestAsOpenWebUIAnswers:
    def test_an_administrators_key_lists_every_record(
        self, openwebui: OpenWebUI, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(VARIABLE, openwebui.administrator)
        with openwebui.answering("administrator"):
            listing = read(openwebui.url, token=TOKEN)
        assert listing.complete
        assert listing.problems == ()
        found = by_name(listing)
        assert set(found) == {said["id"] for said in MODELS}
        helper = found["fraud-helper"]
        assert (helper.id, helper.title) == ("fraud-helper", "Fraud Helper")
        assert helper.description == "Explains *why* a payment was stopped."
        assert helper.owner == "ada@acme.example"
        assert (helper.state, found["notes"].state) == ("active", "inactive")
        assert helper.capabilities == ("file_upload", "vision")
        assert helper.tags == ("fraud", "payments")
        assert helper.lineage.base_models == ("llama3.2:3b",)
        assert found["llama3.2:3b"].lineage.base_models == ()
        assert [found[name].properties["access"] for name in ("fraud-helper", "notes")] == [
            "public",
            "private",
        ]
        (version,) = helper.versions
        assert version.name == helper.revision
        assert version.tags == {
            "params.num_ctx": "8192",
            "params.stop": '["END"]',
            "params.temperature": "0.1",
        }
        assert helper.created_at
        assert helper.created_at.startswith("20")
        (endpoint,) = helper.endpoints
        assert (endpoint.url, endpoint.protocol, endpoint.needs_key) == (
            f"{openwebui.url}/api",
            "openai-v1",
            True,
        )
        assert found["notes"].endpoints == ()
        assert "threshold" not in listing.model_dump_json()

    def test_somebody_elses_token_lists_what_is_shared_and_is_never_complete(
        self, openwebui: OpenWebUI, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(VARIABLE, openwebui.member)
        with openwebui.answering("member"):
            listing = read(openwebui.url, token=TOKEN, select=Select(exclude=("helper-0*",)))
        assert not listing.complete
        assert {"fraud-helper", "helper-10", "helper-34"} <= set(by_name(listing))
        assert not {"notes", "llama3.2:3b", "helper-01"} & set(by_name(listing))
        (problem,) = listing.problems
        assert "not an administrator's" in problem.what
        assert problem.severity == "warning"

    def test_a_token_that_is_none_lists_nothing(
        self, openwebui: OpenWebUI, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(VARIABLE, CANARY)
        with openwebui.answering("nobody"):
            listing = read(openwebui.url, token=TOKEN)
        assert (listing.models, listing.complete) == ((), False)
        assert "401" in listing.problems[0].what


def test_recordings_hold_no_credentials() -> None:
    recordings = sorted(CASSETTES.glob("*.yaml"))
    assert len(recordings) == 3
    for path in recordings:
        text = path.read_text(encoding="utf-8")
        assert "authorization" not in text.lower()
        assert not any(begin in text for begin in ("eyJ", "sk-", "127.0.0.1"))
        for exchange in yaml.safe_load(text)["interactions"]:
            assert exchange["request"]["headers"] == {}


@dataclass
class Double:
    """A server that answers what a test says: never as the real one, whose answers are recorded."""

    url: str = ""
    answers: dict[str, Response] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    hangs: bool = False

    async def answer(self, request: Request) -> Response:
        self.requests.append(request.url.path)
        if self.hangs:
            await asyncio.sleep(60)
        path = str(request.url).removeprefix(self.url)
        return (
            self.answers.get(path) or self.answers.get(request.url.path) or PlainTextResponse("<html>", 200)
        )


@pytest.fixture
def double() -> Iterator[Double]:
    double = Double()
    with serving(Starlette(routes=[Route("/{path:path}", double.answer)])) as double.url:
        yield double


def record(name: str = "a", **changes: Any) -> dict[str, Any]:
    said = {
        "version_id": "v1", "id": name, "user_id": "u-1", "base_model_id": "base", "name": "A",
        "params": {"n": 1},
        "meta": {"description": "x", "capabilities": {"vision": True}, "tags": [{"name": "t"}]},
        "access_grants": [], "is_active": True, "updated_at": 1_795_223_172, "created_at": 1_795_223_172,
    }  # fmt: skip
    return said | changes


def test_who_may_use_a_model_is_told_in_the_old_form_too(double: Double) -> None:
    old = record("old", access_control=None, created_at=1_795_223_172_000_000_000, version_id=None)
    del old["access_grants"]
    grants = [{"principal_type": "group", "principal_id": "g", "permission": "read"}]
    said = [old, old | {"id": "closed", "access_control": {}}, record("some", access_grants=grants)]
    double.answers[ALL] = JSONResponse(said)
    listing = read(double.url)
    found = by_name(listing)
    access = {name: model.properties["access"] for name, model in found.items()}
    assert access == {"closed": "private", "old": "public", "some": "shared"}
    assert found["old"].created_at == "2026-11-21T01:06:12Z"
    assert found["old"].versions == ()


def test_who_made_a_model_is_asked_once_and_known_when_it_cannot_be_asked(double: Double) -> None:
    double.answers[ALL] = JSONResponse([record("a"), record("b"), record("c", user_id="../x")])
    double.answers["/api/v1/users/u-1/info"] = JSONResponse({"name": "Ada", "email": ""})
    first = read(double.url)
    assert {model.name: model.owner for model in first.models} == {"a": "Ada", "b": "Ada"}
    assert first.unread == ("c",)
    assert double.requests.count("/api/v1/users/u-1/info") == 1
    double.answers["/api/v1/users/u-1/info"] = JSONResponse({}, 500, {"retry-after": "0"})
    again = read(double.url, known=first)
    assert again.models == first.models
    assert [problem.severity for problem in again.problems] == ["error", "warning", "warning"]
    double.answers["/api/v1/users/u-1/info"] = JSONResponse({"detail": "gone"}, 404)
    assert {model.owner for model in read(double.url).models} == {None}


@pytest.mark.parametrize(
    ("body", "said"),
    [("<html>", "not JSON"), ("{}", "not a list"), ("[]", "no records"), ("[" * 100_000, "too deeply")],
)
def test_garbage_and_emptiness_delete_nothing(double: Double, body: str, said: str) -> None:
    double.answers[ALL] = PlainTextResponse(body)
    listing = read(double.url)
    assert (listing.models, listing.complete) == ((), False)
    assert said in listing.problems[0].what


def test_pages_that_move_repeat_or_break_keep_what_was_read(double: Double) -> None:
    double.answers[ALL] = JSONResponse({"detail": "no"}, 401)
    double.answers[f"{LIST}?page=1"] = JSONResponse({"items": [record("a"), record("b")], "total": 9})
    double.answers[f"{LIST}?page=2"] = JSONResponse({"items": [record("b"), record("c")], "total": 9})
    double.answers[f"{LIST}?page=3"] = JSONResponse({"items": [record("c")], "total": 9})
    listing = read(double.url)
    assert set(by_name(listing)) == {"a", "b", "c"}
    assert not listing.complete
    double.answers[f"{LIST}?page=2"] = JSONResponse({"items": {}})
    listing = read(double.url)
    assert set(by_name(listing)) == {"a", "b"}
    assert "no list of models" in listing.problems[0].what


def test_pages_that_do_not_end_are_left(double: Double, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callboard.sources.openwebui._MOST_PAGES", 3)
    double.answers[ALL] = JSONResponse({"detail": "no"}, 403)
    for page in range(1, 9):
        double.answers[f"{LIST}?page={page}"] = JSONResponse({"items": [record(f"m{page}")], "total": 10**6})
    listing = read(double.url)
    assert set(by_name(listing)) == {"m1", "m2", "m3"}
    assert not listing.complete
    assert "does not end" in listing.problems[0].what


def test_credentials_do_not_follow_a_redirect_to_another_host(
    double: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, CANARY)
    other = Double()
    with serving(Starlette(routes=[Route("/{path:path}", other.answer)])) as other.url:
        double.answers[ALL] = RedirectResponse(f"{other.url}{ALL}")
        listing = read(double.url, token=TOKEN)
    assert other.requests == []
    assert not listing.complete
    assert "not followed" in listing.problems[0].what


def test_a_bomb_is_not_unpacked_and_a_server_that_hangs_ends_by_its_own_timeout(double: Double) -> None:
    double.answers[ALL] = bomb(33 * 1024 * 1024)
    assert "more than" in read(double.url).problems[0].what
    double.hangs = True
    assert "no complete answer" in read(double.url, timeout=0.2).problems[0].what


def test_a_token_that_is_not_there_is_a_problem(double: Double) -> None:
    listing = read(double.url, token=SecretReference(env="NO_SUCH_VARIABLE_HERE"))
    assert "NO_SUCH_VARIABLE_HERE" in listing.problems[0].what
    assert double.requests == []


@pytest.fixture(scope="module")
def odd() -> Iterator[Double]:
    double = Double()
    with serving(Starlette(routes=[Route("/{path:path}", double.answer)])) as double.url:
        double.answers["/api/v1/users/u-1/info"] = JSONResponse({"email": "ada@acme.example"})
        yield double


@settings(max_examples=25)
@given(said=spoiled([record("odd", access_control={})]), person=st.sampled_from([None, [], {"email": {}}]))
def test_wrong_types_in_any_field_cost_no_other_model(odd: Double, said: list[Any], person: Any) -> None:
    odd.answers[ALL] = Response(json.dumps([record("good"), *said]))
    odd.answers["/api/v1/users/u-1/info"] = JSONResponse(person)
    listing = read(odd.url)
    names = set(by_name(listing))
    assert "good" in names
    assert "odd" in names | set(listing.unread) or not listing.complete or '"odd"' not in json.dumps(said)
    listing.model_dump_json()
