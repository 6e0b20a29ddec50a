"""Whether a key is needed is found by asking without one, whatever the source signs in with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from callboard.config import RemoteSettings, SecretReference
from callboard.sources.remote import open_client
from callboard.sources.without_credentials import ask_without_credentials
from tests.servers.threads import serving

SECRET = SecretReference(env="STRANGER_TEST_SECRET")
SIGNED_IN: tuple[dict[str, Any], ...] = ({}, {"token": SECRET}, {"username": "ada", "password": SECRET})
seen: list[str] = []


async def _answer(request: Request) -> Response:
    seen.append(request.headers.get("authorization", ""))
    return Response("{}", int(request.path_params["status"]), {"retry-after": "0"})


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving(Starlette(routes=[Route("/{status}", _answer)])) as url:
        yield url


@pytest.mark.parametrize("signs_in", SIGNED_IN)
@pytest.mark.parametrize(
    ("status", "reply"),
    [
        (200, "open"),
        (401, "needs key"),
        (403, "needs key"),
        (404, "missing"),
        (405, "missing"),
        (400, "missing"),
        (429, "unknown"),
        (500, "unknown"),
    ],
)
def test_the_answer_to_a_stranger_decides(
    url: str, status: int, reply: str, signs_in: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRANGER_TEST_SECRET", "canary-stranger-1c77")
    settings = RemoteSettings(name="x", type="x", url=url, **signs_in)
    seen.clear()
    with open_client(settings, Path()) as client:
        assert ask_without_credentials(settings, Path(), client, f"/{status}") == reply
    assert set(seen) == {""}


def test_a_server_that_does_not_answer_says_nothing() -> None:
    settings = RemoteSettings(name="x", type="x", url="http://127.0.0.1:1", timeout=0.2)
    with open_client(settings, Path()) as client:
        client._attempts = 1
        assert ask_without_credentials(settings, Path(), client, "/200") == "unknown"
