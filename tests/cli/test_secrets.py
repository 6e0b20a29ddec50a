"""No token in anything that a command writes, even when a server repeats what it was sent."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.cli.running import process
from tests.servers.threads import serving
from tests.walk.house import House, card

PASSWORD = 'canary "q4711q" \\ with: quotes'
TOKEN = "hf_canary0123456789"


async def _echo(request: Request) -> Response:
    """Answers a refusal that repeats the credentials, plain and decoded."""
    sent = request.headers.get("authorization", "")
    plain = base64.b64decode(sent.removeprefix("Basic ")).decode() if sent.startswith("Basic ") else sent
    return JSONResponse({"message": f"no entry with {sent} which is {plain}"}, 401, {"x-echo": "yes"})


@pytest.fixture
def echo() -> Iterator[str]:
    with serving(Starlette(routes=[Route("/{path:path}", _echo, methods=["GET", "POST"])])) as url:
        yield url


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("sources", "--check"), 1),
        (("models", "-o", "json"), 1),
        (("models", "-o", "yaml"), 1),
        (("models", "--explain"), 1),
        (("--log-format", "json", "models"), 1),
        (("generate", "--out", "out"), 1),
        (("diff", "-o", "json"), 1),
        (("sync", "-o", "json"), 1),
        (("reconcile", "-o", "yaml"), 0),
        (("get", "locations"), 0),
        (("get", "locations", "--backstage-url", "ECHO", "--backstage-token-env", "HF_TOKEN"), 3),
        (("doctor",), 1),
    ],
)
def test_no_secret_is_in_what_a_command_prints_or_leaves(
    at_registered_home: House, echo: str, arguments: tuple[str, ...], code: int
) -> None:
    house = at_registered_home
    assert house.catalog is not None
    secrets = [house.bot, house.catalog.token.reveal(), TOKEN, PASSWORD, "q4711q"]
    (house.folder / "cards").mkdir(exist_ok=True)
    house.card("one", card("one", body="\n".join(["# one", "", *secrets[:4]])))
    sources = (
        "sources:\n  - {name: cards, type: files, path: cards}\n"
        f"  - {{name: hub, type: huggingface, author: acme, url: '{echo}', token: {{env: HF_TOKEN}}}}\n"
        f"  - {{name: flow, type: mlflow, url: '{echo}', username: bot, password: {{env: ML_PASSWORD}}}}\n"
    )
    config = house.folder / "callboard.yaml"
    first, _, rest = config.read_text().partition("sources:")
    config.write_text(first + sources + rest.partition("\n")[2])
    home = house.folder / "home"
    home.mkdir()
    environ = house.environ | {
        "HF_TOKEN": TOKEN, "ML_PASSWORD": PASSWORD, "HOME": str(home), "TMPDIR": str(home),
        "CALLBOARD_CACHE": str(home / "cache"),
    }  # fmt: skip

    done = process(*(each.replace("ECHO", echo) for each in arguments), cwd=house.folder, environ=environ)

    assert done.code == code, done.err
    places = (home, house.folder / "out")
    written = [path for place in places for path in place.rglob("*") if path.is_file()]
    for secret in secrets:
        assert secret not in done.out + done.err
        assert not [path for path in written if secret.encode() in path.read_bytes()]
    assert base64.b64encode(f"bot:{PASSWORD}".encode()).decode() not in done.out + done.err
    assert "Traceback" not in done.err


def test_a_token_is_no_argument_of_any_process(
    at_home: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_home.card("one", card("one"))
    log = tmp_path / "git-arguments"
    wrapper = tmp_path / "bin" / "git"
    wrapper.parent.mkdir()
    wrapper.write_text(f'#!/bin/sh\necho "$@" >> {log}\nPATH=${{PATH#*:}} exec git "$@"\n')
    wrapper.chmod(0o755)
    path = f"{wrapper.parent}:{os.environ['PATH']}"

    done = process(
        "sync",
        cwd=at_home.folder,
        environ=at_home.environ | {"PATH": path, "CALLBOARD_CACHE": str(tmp_path / "c")},
    )

    assert done.code == 0, done.err
    assert "push" in log.read_text()
    assert at_home.bot not in log.read_text()
