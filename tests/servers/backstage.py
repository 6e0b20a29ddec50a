"""A real Backstage backend (catalog and TechDocs) on a loopback port, for the tests that end in Backstage."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from tests.servers.processes import free_port
from tools import environments

HARNESS = Path(__file__).with_name("backstage-backend")
_START_WITHIN = 90.0


@dataclass(frozen=True)
class Backstage:
    """A running backend."""

    url: str
    token: str
    reader_token: str
    """A token that may read entities and nothing else."""
    log: Path
    techdocs: Path
    """Where TechDocs sites are served from: ``<namespace>/<kind>/<name>/``, in lower case."""


@dataclass(frozen=True)
class GitHub:
    """A GitHub that Backstage reads through its own integration."""

    url: str
    token: str
    api_path: str = "/api/v3"


@dataclass(frozen=True)
class GitLab:
    """A GitLab that Backstage reads through its own integration."""

    url: str
    token: str


StartBackstage = Callable[..., Backstage]


@contextlib.contextmanager
def running(
    folder: Path, *, forge: GitHub | GitLab | None = None, readable: Sequence[str] = ()
) -> Iterator[Backstage]:
    """A backend that keeps its files in ``folder``, until the end of the ``with``.

    ``readable`` are ``host:port`` that it may read plain files from. Raises RuntimeError, with the end of the
    log, when it does not become ready.
    """
    modules, node = environments.backstage(), environments.node()
    port = free_port()
    served = Backstage(
        url=f"http://127.0.0.1:{port}",
        token=f"backstage-{secrets.token_hex(16)}",
        reader_token=f"reader-{secrets.token_hex(16)}",
        log=folder / "backstage.log",
        techdocs=folder / "techdocs",
    )
    served.techdocs.mkdir(parents=True, exist_ok=True)
    integrations = folder / "integrations.json"
    integrations.write_text(json.dumps(_integrations(forge, readable)))
    variables = {
        **os.environ,
        **node.variables,
        "NODE_PATH": str(modules / "node_modules"),
        "CALLBOARD_TEST_PORT": str(port),
        "CALLBOARD_TEST_TOKEN": served.token,
        "CALLBOARD_TEST_READER_TOKEN": served.reader_token,
        "CALLBOARD_TEST_TECHDOCS": str(served.techdocs),
    }
    command: list[str | Path] = [node.executable, HARNESS / "index.cjs"]
    command += ["--config", HARNESS / "app-config.yaml", "--config", integrations]
    with (
        served.log.open("wb") as log,
        subprocess.Popen(command, cwd=modules, env=variables, stdout=log, stderr=log) as process,
    ):
        try:
            _wait_until_ready(served, process)
            yield served
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


@pytest.fixture(scope="session")
def start_backstage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartBackstage]:
    """Starts backends, each stopped at the end of the session; takes what ``running`` takes."""
    with contextlib.ExitStack() as stack:

        def start(*, forge: GitHub | GitLab | None = None, readable: Sequence[str] = ()) -> Backstage:
            folder = tmp_path_factory.mktemp("backstage")
            return stack.enter_context(running(folder, forge=forge, readable=readable))

        yield start


def _integrations(forge: GitHub | GitLab | None, readable: Sequence[str]) -> dict[str, object]:
    config: dict[str, object] = {"backend": {"reading": {"allow": [{"host": host} for host in readable]}}}
    if forge is None:
        return config
    entry = {"host": urlsplit(forge.url).netloc, "token": forge.token}
    if isinstance(forge, GitHub):
        config["integrations"] = {"github": [entry | {"apiBaseUrl": f"{forge.url}{forge.api_path}"}]}
    else:
        addresses = {"baseUrl": forge.url, "apiBaseUrl": f"{forge.url}/api/v4"}
        config["integrations"] = {"gitlab": [entry | addresses]}
    return config


def _wait_until_ready(served: Backstage, process: subprocess.Popen[bytes]) -> None:
    ready = f"{served.url}/.backstage/health/v1/readiness"
    give_up = time.monotonic() + _START_WITHIN
    while time.monotonic() < give_up:
        # Refused at first, then 503 while plugins start: urllib makes an OSError of either.
        with contextlib.suppress(OSError), urlopen(ready, timeout=5):
            return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    tail = served.log.read_text(errors="replace")[-4000:]
    raise RuntimeError(f"Backstage did not become ready within {_START_WITHIN:.0f} s; its log ends:\n{tail}")
