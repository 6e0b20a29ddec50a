"""The part of Backstage's catalog that Callboard uses, small enough to run offline in the demo.

It is held to the real thing: the same contract tests run against both (``tests/backstage/test_contract.py``).
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass

from callboard.redaction import Secret
from callboard.sandbox.catalog.app import application
from callboard.sandbox.catalog.engine import Engine
from callboard.sandbox.catalog.reader import Reader
from callboard.sandbox.loopback import serving


@dataclass(frozen=True)
class SandboxCatalog:
    """A running catalog."""

    url: str
    token: Secret
    reader_token: Secret
    """A token that may read entities and nothing else."""


@dataclass(frozen=True)
class Timing:
    """Seconds."""

    pause: float = 0.2
    """Between looks for something to process."""
    interval: float = 5.0
    """After which everything is processed again, as Backstage does."""


@contextlib.contextmanager
def running(
    *, forge_url: str, forge_api_url: str, forge_token: Secret, port: int = 0, timing: Timing = Timing()
) -> Iterator[SandboxCatalog]:
    """A catalog that reads from one forge, until the end of the ``with``.

    ``forge_url`` is what targets begin with; no other host is ever read.
    """
    token, reader_token = (Secret(f"sandbox-{secrets.token_hex(16)}") for _ in range(2))
    with Reader(forge_url, forge_api_url, forge_token) as reader:
        engine = Engine(reader.read)
        app = application(engine, token=token, reader_token=reader_token)
        with engine.processing(pause=timing.pause, interval=timing.interval), serving(app, port=port) as url:
            yield SandboxCatalog(url, token, reader_token)
