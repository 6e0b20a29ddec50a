"""The service as a real process, the people around it, and their webhooks, signed as the forges sign them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2

from callboard.config import ForgeKind
from callboard.sandbox.forge import SandboxForge
from tests.cli.running import COMMAND, clean_environ
from tests.walk.hands import REPOSITORY, Hands, OnGitHub, OnGitLab
from tests.walk.house import card

WEBHOOK_SECRET = "it's a secret to everybody"
SIGNING_TOKEN = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
WITHIN = 60.0
CLIENT = httpx2.Client(trust_env=False, verify=False, timeout=20)
"""One for all, as each would read the certificate authorities again."""
CONFIG = """\
catalog: {{scope: test, forge: {forge}}}
defaults: {{owner: group:default/ml-platform, system: ai}}
sources: [{{name: cards, type: files, path: cards}}]
"""


@dataclass
class ServiceHouse:
    """A forge with one repository, which holds a callboard.yaml and model cards, and who serves it."""

    forge: SandboxForge
    folder: Path
    bot: str
    robin: str
    kind: ForgeKind = "github"
    more: str = ""
    """More YAML of the repository in the service's file."""
    process: subprocess.Popen[bytes] | None = None
    url: str = ""

    @property
    def key(self) -> str:
        return f"{self.forge.url.removeprefix('http://')}/{REPOSITORY}"

    @property
    def log(self) -> Path:
        return self.folder / "service.log"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    def service_text(self, port: int = 0) -> str:
        secret = "webhook-secret" if self.kind == "github" else "signing-token"
        return (
            f"listen: 127.0.0.1:{port}\nstate: state\n"
            "repositories:\n"
            f"  - repository: {self.forge.url}/{REPOSITORY}\n"
            f"    forge: {self.kind}\n"
            "    token: {env: BOT_TOKEN}\n"
            f"    {secret}: {{env: HOOK_SECRET}}\n{self.more}"
        )

    def start(self, *, ready: bool = True) -> None:
        """Start the process; with ``ready``, wait until it answers."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        path = self.folder / "callboard-service.yaml"
        path.write_text(self.service_text(port), encoding="utf-8")
        secret = WEBHOOK_SECRET if self.kind == "github" else SIGNING_TOKEN
        environ = clean_environ() | {"BOT_TOKEN": self.bot, "HOOK_SECRET": secret}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*COMMAND, "--log-format", "json", "serve", "--service", str(path)],
                cwd=self.folder, env=environ, stdout=log, stderr=log, process_group=0,
            )  # fmt: skip
        if ready:
            self.until(self._answers, "the service does not answer")

    def _answers(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise AssertionError(f"the service ended:\n{self.said()}")
        try:
            return self.get("/healthz").status_code == 200
        except httpx2.HTTPError:
            return False

    def kill(self) -> None:
        """The process and all that it started die at once, as by a power cut."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None

    def stop(self) -> int:
        """Tell it to stop; its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=WITHIN)
        self.process = None
        return code

    def get(self, path: str) -> httpx2.Response:
        return CLIENT.get(self.url + path)

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def status(self) -> dict[str, Any]:
        (one,) = self.get("/status").json()["repositories"]
        return dict(one)

    def until(self, true: Callable[[], bool], otherwise: str) -> None:
        """Wait until something has come true, however long it takes."""
        end = time.monotonic() + WITHIN
        while not true():
            if time.monotonic() > end:
                raise AssertionError(f"{otherwise}:\n{self.said()[-5000:]}")
            time.sleep(0.05)

    def until_idle(self) -> None:
        self.until(lambda: self.status()["state"] == "idle", "the service does not come to rest")

    def subscribe(self) -> None:
        """Have the forge post its own webhooks to the service from now on."""
        url = f"{self.url}/webhooks/{self.kind}"
        if self.kind == "github":
            self.forge.add_webhook(REPOSITORY, url, WEBHOOK_SECRET)
        else:
            self.forge.add_project_webhook(REPOSITORY, url, signing_token=SIGNING_TOKEN)

    def hands(self) -> Hands:
        return (OnGitLab if self.kind == "gitlab" else OnGitHub)(self.forge, self.robin)

    def commit(self, files: Mapping[str, bytes | None], branch: str = "main") -> str:
        return self.forge.commit(REPOSITORY, branch, dict(files), "Change by hand", author="robin")

    def card(self, name: str, version: str = "1") -> None:
        """A person commits a model card to the base branch."""
        self.commit({f"cards/{name}.md": card(name, version=version).encode()})

    def pulls(self) -> dict[int, bool]:
        """Number to whether it is merged, of all there ever were."""
        return {number: pull.merged_at is not None for number, pull in self._pulls().items()}

    def _pulls(self) -> dict[int, Any]:
        with self.forge.world.lock:
            return dict(self.forge.repository(REPOSITORY).pulls)

    def push_payload(self, branch: str = "main") -> tuple[str, dict[str, Any]]:
        if self.kind == "github":
            return "push", {"ref": f"refs/heads/{branch}", "repository": {"full_name": REPOSITORY}}
        return "Push Hook", {
            "object_kind": "push",
            "ref": f"refs/heads/{branch}",
            "project": {"path_with_namespace": REPOSITORY},
        }

    def post(self, told: tuple[str, dict[str, Any]], delivery: str | None = None) -> httpx2.Response:
        """What the forge sends."""
        event, payload = told
        body = json.dumps(payload).encode()
        delivery = delivery or str(uuid4())
        headers = (github_headers if self.kind == "github" else gitlab_headers)(event, body, delivery)
        path = f"/webhooks/{self.kind}"
        return CLIENT.post(self.url + path, content=body, headers=headers)


def github_headers(event: str, body: bytes, delivery: str) -> dict[str, str]:
    digest = hmac.new(WEBHOOK_SECRET.encode(), body, hashlib.sha256).hexdigest()
    return {
        "content-type": "application/json",
        "x-github-event": event,
        "x-github-delivery": delivery,
        "x-hub-signature-256": f"sha256={digest}",
    }


def gitlab_headers(event: str, body: bytes, delivery: str, *, at: int | None = None) -> dict[str, str]:
    timestamp = str(at if at is not None else int(time.time()))
    key = base64.b64decode(SIGNING_TOKEN.removeprefix("whsec_"))
    digest = hmac.new(key, f"{delivery}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "content-type": "application/json",
        "x-gitlab-event": event,
        "webhook-id": delivery,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
