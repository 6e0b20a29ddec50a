"""The service from start to end, in this process; and the command."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from callboard import deadline
from callboard.cli.serve import _Log
from callboard.redaction import Secret
from callboard.service import run as module
from callboard.service.run import serve
from callboard.service.settings import Service, load_service
from callboard.service.walks import Walks
from callboard.service.work import Outcome
from callboard.walk.workplace import NotConfigured
from tests.cli.running import process
from tests.service.running import SIGNING_TOKEN, WEBHOOK_SECRET, ServiceHouse

FILE = """\
listen: 127.0.0.1:0
state: state
repositories:
  - repository: https://gitlab.com/acme/models
    token: {env: BOT_TOKEN}
    signing-token: {env: SIGNING}
"""


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What the service changes in its process is changed back."""
    monkeypatch.setattr(deadline, "_guards", [])
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


class Told:
    """The log; stops the service when it listens and answers."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str, dict[str, object]]] = []
        self.ready: tuple[int, object] | None = None

    def __call__(self, level: str, message: str, /, **about: object) -> None:
        self.lines.append((level, message, about))
        if message == "listening":
            threading.Thread(target=self._stop, args=(about["address"],), daemon=True).start()

    def _stop(self, address: object) -> None:
        end = time.monotonic() + 30
        while time.monotonic() < end:
            try:
                answer = httpx2.get(f"http://{address}/readyz", trust_env=False)
                self.ready = (answer.status_code, answer.json())
                break
            except httpx2.HTTPError:
                time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGTERM)


def test_it_serves_until_it_is_told_to_stop(
    service_house: ServiceHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = WEBHOOK_SECRET if service_house.kind == "github" else SIGNING_TOKEN
    monkeypatch.setenv("BOT_TOKEN", service_house.bot)
    monkeypatch.setenv("HOOK_SECRET", secret)
    left = service_house.state / "checkout-of-a-dead-walk"
    left.mkdir(parents=True)
    told = Told()

    serve(load_service(service_house.service_text(), "service.yaml"), service_house.folder, told)

    assert told.ready == (200, {"status": "ready"})
    assert told.lines[-1][1] == "stopped"
    assert not left.exists()


def test_walks_that_do_not_end_in_time_are_left_to_the_next_start(
    service_house: ServiceHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOT_TOKEN", service_house.bot)
    monkeypatch.setenv("HOOK_SECRET", WEBHOOK_SECRET if service_house.kind == "github" else SIGNING_TOKEN)
    monkeypatch.setattr(module, "STOP_WITHIN", 0.01)
    held = threading.Event()

    def hold(*_: object) -> Outcome:
        held.wait(30)
        return Outcome("late")

    monkeypatch.setattr(Walks, "walk", hold)
    told = Told()

    serve(load_service(service_house.service_text(), "service.yaml"), service_house.folder, told)

    level, message, about = told.lines[-1]
    assert (level, about) == ("warning", {"walks": [service_house.key]})
    assert "the next start does again" in message
    held.set()


def service() -> Service:
    return load_service(FILE, "service.yaml")


@pytest.mark.parametrize(
    ("secrets", "said"),
    [
        ({"SIGNING": SIGNING_TOKEN}, "BOT_TOKEN is not set"),
        ({"BOT_TOKEN": "bot-0123456789", "SIGNING": "whsec_!"}, "copy it from GitLab again"),
    ],
)
def test_a_secret_that_cannot_be_used_is_told_at_the_start(
    secrets: dict[str, str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BOT_TOKEN", raising=False)
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(NotConfigured, match=said):
        serve(service(), tmp_path, Told())


def test_a_second_process_does_not_work_in_the_same_state(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    with (tmp_path / "state" / "lock").open("w") as first:
        fcntl.flock(first, fcntl.LOCK_EX)

        with pytest.raises(NotConfigured, match="another callboard serve works"):
            serve(service(), tmp_path, Told())


def test_a_database_that_is_none_may_be_deleted(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "callboard.db").write_bytes(b"no database" * 1000)

    with pytest.raises(NotConfigured, match="delete it: the first sweep makes it good"):
        serve(service(), tmp_path, Told())


def test_the_command_says_what_is_wrong_with_its_file(tmp_path: Path) -> None:
    missing = process("serve", cwd=tmp_path)
    (tmp_path / "callboard-service.yaml").write_text(FILE.replace("state:", "stat:"), encoding="utf-8")
    wrong = process("serve", cwd=tmp_path)

    assert (missing.code, wrong.code) == (2, 2)
    assert "Name the service's file with --service" in missing.err
    assert "callboard-service.yaml:2:1: stat is not a key that is known here" in wrong.err


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_the_log_is_one_line_each_without_secrets(
    log_format: str, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = Secret("a-secret-of-the-log-0123456789")

    _Log(log_format)("warning", f"met {secret.reveal()}\nand more", repository="a\nb", seconds=1.5)

    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert secret.reveal() not in said
    assert log_format == "text" or json.loads(said)["seconds"] == 1.5
