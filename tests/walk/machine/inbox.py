"""The service in this process: walks are started by nothing but webhooks, which get lost, and by sweeps."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from unittest import mock

from callboard.sandbox.forge.deliveries import Delivery
from callboard.service.events import Need
from callboard.service.front import application
from callboard.service.settings import load_service
from callboard.service.store import Store
from callboard.service.work import Outcome, Work
from tests.walk.house import REPOSITORY
from tests.walk.machine.boundary import Boundary, Killed
from tests.walk.machine.town import Town

_SECRETS = {
    "github": ("webhook-secret", "it's a secret to everybody"),
    "gitlab": ("signing-token", "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="),
}
"""What the service calls it, and what it is."""
_FILE = """\
state: state
repositories:
  - repository: {forge}/{repository}
    forge: {kind}
    token: {{env: BOT_TOKEN}}
    {secret}: {{env: HOOK}}
"""
_LATER = 1e12
"""A time at which nothing waits any more."""


class Inbox:
    """A town's door for webhooks, its database, and the work behind it, one step at a time."""

    def __init__(self, town: Town, folder: Path) -> None:
        self._town, self._path = town, folder / "callboard.db"
        self._door = f"/webhooks/{town.kind}"
        called, self._secret = _SECRETS[town.kind]
        town.forge.deliveries.hold()
        self._began = len(town.forge.deliveries.log)
        nowhere = f"http://127.0.0.1:9{self._door}"
        if town.kind == "gitlab":
            town.forge.add_project_webhook(REPOSITORY, nowhere, signing_token=self._secret)
        else:
            town.forge.add_webhook(REPOSITORY, nowhere, self._secret)
        text = _FILE.format(forge=town.forge.url, repository=REPOSITORY, kind=town.kind, secret=called)
        self._service = load_service(text, "callboard-service.yaml")
        self._boundary: Boundary | None = None
        self._defect: Exception | None = None
        self._open()

    def _open(self) -> None:
        keys = [one.key for one in self._service.repositories]
        self._store = Store(self._path)
        self._store.begin(keys)
        self._work = Work(self._store, keys, self._walk, self._tell, at_once=1, sweep_every=900)
        with mock.patch.dict(os.environ, {"BOT_TOKEN": self._town.house.bot, "HOOK": self._secret}):
            self._front = application(self._service, self._store, self._work, self._tell)

    def _tell(self, _level: str, message: str, /, **about: object) -> None:
        self._town.scene.said.append(f"{message} {about}")

    def close(self) -> None:
        self._store.close()

    def die(self) -> None:
        """The process is killed, and started again: all that is left is on the disk."""
        self._store.close()
        self._open()

    @property
    def log(self) -> tuple[Delivery, ...]:
        """What the forge told of this town, whether it came or not."""
        return self._town.forge.deliveries.log[self._began :]

    @property
    def is_due(self) -> bool:
        return any(one.due for one in self._store.states())

    def sweep(self) -> None:
        self._work.sweep()

    def deliver(self, deliveries: Iterable[Delivery]) -> None:
        for one in deliveries:
            assert _post(self._front, self._door, one) == 202

    def walk(self, boundary: Boundary | None = None) -> None:
        """Do what is due, if anything is. A death is followed by another life."""
        self._boundary = boundary
        task = self._store.next(_LATER, ())
        if task is None:
            return
        try:
            self._work._do(task)
        except Killed:
            self.die()
        if self._defect is not None:
            raise self._defect

    def _walk(self, key: str, need: Need) -> Outcome:
        try:
            return self._walked(key, need)
        except Exception as defect:
            self._defect = defect  # the service would go on with the next repository, and try again
            raise

    def _walked(self, _key: str, need: Need) -> Outcome:
        town, synced, again = self._town, False, False
        if need == "sync":
            proposed = town.sync(self._boundary)
            synced = proposed is not None and not proposed.problems
        if not town.died or need != "sync":
            passed = town.reconcile(self._boundary if need != "sync" else None)
            again = passed is None or bool(passed.problems) or _is_undecided(passed)
        if town.died:
            raise Killed
        return Outcome("walked", done=not again and (synced or need != "sync"), synced=synced)


def _is_undecided(passed: Any) -> bool:
    return any(reason.code == "mergeable-unknown" for one in passed.handled for reason in one.verdict.reasons)


def _post(app: Callable[..., Any], path: str, delivery: Delivery) -> int:
    """The status that an application answers to a delivery."""
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": delivery.body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    headers = [(name.lower().encode(), value.encode()) for name, value in delivery.headers.items()]
    scope = {
        "type": "http", "method": "POST", "path": path, "raw_path": path.encode(),
        "query_string": b"", "root_path": "", "headers": headers, "http_version": "1.1", "scheme": "http",
        "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 1), "asgi": {"version": "3.0"},
    }  # fmt: skip
    asyncio.run(app(scope, receive, send))
    return statuses[0]
