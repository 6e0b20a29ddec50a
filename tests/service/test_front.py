"""What comes in at the door: who is let in, what is kept before it is accepted, and what strangers learn."""

from __future__ import annotations

import base64
import gzip
import json
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from callboard.service.front import LARGEST_BODY, application
from callboard.service.settings import load_service
from callboard.service.signatures import WINDOW
from callboard.service.store import Store
from callboard.service.work import Outcome, Work
from tests.servers.threads import serving
from tests.service.running import CLIENT, SIGNING_TOKEN, WEBHOOK_SECRET, github_headers, gitlab_headers

FILE = """\
state: state
sweep-every: 10
repositories:
  - repository: https://github.com/Acme/Models
    token: {env: BOT_TOKEN}
    webhook-secret: {env: HOOK_SECRET}
  - repository: https://github.com/acme/other
    token: {env: BOT_TOKEN}
    webhook-secret: {env: OTHER_SECRET}
  - repository: https://gitlab.com/acme/ml/models
    token: {env: BOT_TOKEN}
    webhook-secret: {env: HOOK_SECRET}
    signing-token: {env: SIGNING_TOKEN}
  - repository: https://gitlab.com/acme/ml/plain
    token: {env: BOT_TOKEN}
    webhook-secret: {env: OTHER_SECRET}
"""
MODELS, OTHER, GITLAB = "github.com/acme/models", "github.com/acme/other", "gitlab.com/acme/ml/models"
PUSH = json.dumps({"ref": "refs/heads/main", "repository": {"full_name": "Acme/Models"}}).encode()
NOTE = json.dumps(
    {
        "object_kind": "note",
        "project": {"path_with_namespace": "acme/ml/models"},
        "object_attributes": {"noteable_type": "MergeRequest"},
    }
).encode()


@dataclass
class Door:
    """A running front with its database; nobody walks."""

    store: Store
    work: Work
    url: str = ""
    told: list[tuple[str, str, dict[str, object]]] = field(default_factory=list)

    def tell(self, level: str, message: str, /, **about: object) -> None:
        self.told.append((level, message, about))

    def post(self, forge: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
        answer = CLIENT.post(f"{self.url}/webhooks/{forge}", content=body, headers=headers)
        return answer.status_code, answer.json()["status"]

    def get(self, path: str) -> tuple[int, Any]:
        answer = CLIENT.get(self.url + path)
        return answer.status_code, answer.json()

    @property
    def due(self) -> list[str]:
        return [one.repository for one in self.store.states() if one.due]


@pytest.fixture
def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    secrets = {"BOT_TOKEN": "bot-token-0123456789", "OTHER_SECRET": "the secret of the others"}
    secrets |= {"HOOK_SECRET": WEBHOOK_SECRET, "SIGNING_TOKEN": SIGNING_TOKEN}
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    service = load_service(FILE, "service.yaml")
    store = Store(tmp_path / "callboard.db")
    keys = [one.key for one in service.repositories]
    door = Door(store, None)  # type: ignore[arg-type]
    door.work = Work(
        store, keys, lambda _key, _need: Outcome("nothing"), door.tell, at_once=1, sweep_every=600
    )
    with serving(application(service, store, door.work, door.tell)) as door.url:
        yield door
    store.close()


def test_a_signed_delivery_is_kept_and_accepted_once(door: Door) -> None:
    headers = github_headers("push", PUSH, "delivery-1")

    assert door.post("github", PUSH, headers) == (202, "accepted")
    assert door.due == [MODELS]
    assert door.post("github", PUSH, headers) == (202, "known")

    (delivery,) = [about for _, message, about in door.told if message == "delivery accepted"]
    assert delivery["delivery"] == "delivery-1"
    assert (delivery["repository"], delivery["need"]) == (MODELS, "sync")


def test_the_same_id_with_another_body_is_another_delivery(door: Door) -> None:
    other = PUSH.replace(b"}}", b', "id": 2}}')

    assert door.post("github", PUSH, github_headers("push", PUSH, "one")) == (202, "accepted")
    assert door.post("github", other, github_headers("push", other, "one")) == (202, "accepted")


def test_deliveries_without_an_id_are_all_kept(door: Door) -> None:
    for _ in range(2):
        assert door.post("github", PUSH, github_headers("push", PUSH, "")) == (202, "accepted")


def test_github_is_let_in_by_its_signature_only(door: Door) -> None:
    good = github_headers("push", PUSH, "one")
    sha1 = {"x-hub-signature": "sha1=abc"}
    without = {name: value for name, value in good.items() if name != "x-hub-signature-256"}

    assert door.post("github", PUSH, without)[0] == 401
    assert door.post("github", PUSH, without | sha1)[0] == 401
    assert door.post("github", PUSH + b" ", good) == (401, "the signature is not right")
    assert door.post("github", gzip.compress(PUSH), good | {"content-encoding": "gzip"})[0] == 401
    assert door.post("gitlab", PUSH, good)[0] == 401
    assert door.due == []


def test_the_secret_of_one_repository_says_nothing_about_another(door: Door) -> None:
    # Signed with the secret of Acme/Models, about acme/other.
    body = PUSH.replace(b"Acme/Models", b"acme/other")

    assert door.post("github", body, github_headers("push", body, "one")) == (202, "ignored")
    assert door.due == []


@pytest.mark.parametrize(
    ("event", "body"),
    [
        ("ping", PUSH),
        ("push", PUSH.replace(b"main", b"callboard/x")),
        ("push", PUSH.replace(b"Models", b"Unknown")),
        ("unheard_of", PUSH),
        ("push", b"[]"),
        ("push", b"null"),
    ],
)
def test_what_nothing_follows_from_is_taken_and_forgotten(door: Door, event: str, body: bytes) -> None:
    assert door.post("github", body, github_headers(event, body, "one")) == (202, "ignored")
    assert door.due == []


def test_what_is_too_large_or_no_json_is_refused(door: Door) -> None:
    large = b'"' + b"x" * LARGEST_BODY + b'"'
    deep = b"[" * 200_000
    form = github_headers("push", PUSH, "1") | {"content-type": "application/x-www-form-urlencoded"}

    assert door.post("github", large, github_headers("push", large, "1"))[0] == 413
    assert door.post("github", PUSH, form)[0] == 415
    assert door.post("github", b"{", github_headers("push", b"{", "1"))[0] == 400
    assert door.post("github", deep, github_headers("push", deep, "1"))[0] == 400


def test_a_body_whose_length_is_not_told_is_refused_when_it_gets_too_large(door: Door) -> None:
    pieces = (b"x" * 65536 for _ in range(LARGEST_BODY // 65536 + 2))

    answer = CLIENT.post(
        f"{door.url}/webhooks/github",
        content=pieces,
        headers=github_headers("push", b"", "1"),
    )

    assert answer.status_code == 413


def test_gitlab_is_let_in_by_its_signature(door: Door) -> None:
    good = gitlab_headers("Note Hook", NOTE, "one")

    assert door.post("gitlab", NOTE, good) == (202, "accepted")
    assert door.post("gitlab", NOTE, good) == (202, "known")
    assert door.due == [GITLAB]


def test_gitlab_is_let_in_by_its_token_where_one_is_set(door: Door) -> None:
    json_type = {"content-type": "application/json", "x-gitlab-event-uuid": "one"}

    assert door.post("gitlab", NOTE, json_type | {"x-gitlab-token": WEBHOOK_SECRET}) == (202, "accepted")
    assert door.post("gitlab", NOTE, json_type | {"x-gitlab-token": WEBHOOK_SECRET}) == (202, "known")
    assert door.post("gitlab", NOTE, json_type | {"x-gitlab-token": "guess"})[0] == 401
    assert door.post("gitlab", NOTE, json_type)[0] == 401


def test_a_wrong_or_old_signature_is_not_made_good_by_a_token(door: Door) -> None:
    token = {"x-gitlab-token": WEBHOOK_SECRET}
    wrong = {"webhook-signature": "v1," + base64.b64encode(b"0" * 32).decode()}
    old = gitlab_headers("Note Hook", NOTE, "one", at=int(time.time()) - WINDOW - 5)

    assert door.post("gitlab", NOTE, gitlab_headers("Note Hook", NOTE, "one") | wrong | token)[0] == 401
    assert door.post("gitlab", NOTE, old | token)[0] == 401
    assert door.due == []


def test_what_could_not_be_kept_is_not_accepted(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> bool:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(door.store, "take_in", full)

    assert door.post("github", PUSH, github_headers("push", PUSH, "one"))[0] == 503
    assert any(level == "error" and "disk is full" in message for level, message, _ in door.told)


def test_a_stranger_learns_nothing_about_what_is_served(door: Door) -> None:
    known, unknown = (
        door.post("github", body, github_headers("push", body, "1") | {"x-hub-signature-256": "sha256=00"})
        for body in (PUSH, PUSH.replace(b"Models", b"Unknown"))
    )

    assert known == unknown


def test_it_tells_how_it_is(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    assert door.get("/healthz") == (200, {"status": "alive"})
    assert door.get("/readyz")[0] == 503  # no sweep yet
    door.work.sweep()
    assert door.get("/readyz") == (200, {"status": "ready"})
    door.work.swept -= 31 * 60
    assert door.get("/readyz")[0] == 503

    status, said = door.get("/status")

    assert status == 200
    assert [one["repository"] for one in said["repositories"]][:2] == [MODELS, OTHER]
    assert {one["state"] for one in said["repositories"]} == {"due"}


def test_a_database_that_cannot_be_written_is_not_ready(door: Door) -> None:
    door.work.sweep()
    door.store.close()

    assert door.get("/readyz") == (503, {"status": "the database cannot be written"})
    assert door.get("/healthz")[0] == 200
