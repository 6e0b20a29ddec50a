"""An app signs in as itself, and its installation's tokens do only what they were given for."""

from __future__ import annotations

import time
from typing import Any

import jwt
import pytest

from callboard.sandbox.forge.installations import App
from tests.sandbox.forge.conftest import REPOSITORY, Stage
from tests.sandbox.forge.signing import keys, new_keys


@pytest.fixture
def app(stage: Stage) -> App:
    stage.forge.set_role(REPOSITORY, "ci", "write")
    made = stage.forge.add_app("callboard-app", keys()[1], {"contents": "write", "metadata": "read"})
    stage.forge.set_role(REPOSITORY, "callboard-app", "write")
    return made


def signed(app: App, private: str = "", **claims: Any) -> str:
    now = int(time.time())
    body = {"iss": str(app.id), "iat": now - 30, "exp": now + 300} | claims
    return jwt.encode(body, private or keys()[0], algorithm="RS256")


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"exp": 3600}, "too far in the future"),
        ({"exp": -5}, "could not be decoded"),
        ({"iat": 500}, "iat"),
        ({"iss": "7"}, "could not be decoded"),
    ],
)
def test_what_an_app_says_of_itself_must_be_right(
    stage: Stage, app: App, claims: dict[str, Any], said: str
) -> None:
    # In seconds from now: a suite can run for longer than these are apart.
    now = int(time.time())
    moved: dict[str, Any] = {
        name: now + value if isinstance(value, int) else value for name, value in claims.items()
    }
    stage.tokens["app"] = signed(app, **moved)

    refused = stage.api("app", "GET", "installation")

    assert refused.status_code == 401
    assert said in refused.json()["message"]


def test_another_key_is_not_the_app_and_a_token_of_a_person_neither(stage: Stage, app: App) -> None:
    stage.tokens["app"] = signed(app, new_keys()[0])

    assert stage.api("app", "GET", "installation").status_code == 401
    assert stage.api("robin", "GET", "installation").status_code == 401


def test_a_token_is_refused_what_it_was_not_asked_for(stage: Stage, app: App) -> None:
    stage.tokens["app"] = signed(app)
    place = f"/app/installations/{app.installation}/access_tokens"
    too_much = stage.api("app", "POST", place, {"permissions": {"issues": "write"}})
    elsewhere = stage.api("app", "POST", place, {"repositories": ["none"]})
    other = stage.api("app", "POST", "/app/installations/1/access_tokens", {})
    given = stage.api("app", "POST", place, {"permissions": {"contents": "read", "metadata": "read"}})
    stage.tokens["bot"] = given.json()["token"]

    blob = {"content": "text", "encoding": "utf-8"}
    answers = {
        "read": stage.api("bot", "GET", "contents/README.md").status_code,
        "write": stage.api("bot", "POST", "git/blobs", blob).status_code,
        "merge": stage.api("bot", "PUT", "pulls/1/merge", {}).status_code,
        "pulls": stage.api("bot", "GET", "pulls").status_code,
        "about": stage.api("bot", "GET", "").status_code,
    }

    assert [too_much.status_code, elsewhere.status_code, other.status_code] == [422, 422, 404]
    assert answers == {"read": 200, "write": 403, "merge": 403, "pulls": 403, "about": 200}
