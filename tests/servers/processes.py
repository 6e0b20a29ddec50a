"""Real servers, each a process of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen


def free_port() -> int:
    """A port of the loopback that nothing listens to."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def answers(url: str) -> bool:
    """Whether a GET of ``url`` succeeds."""
    with contextlib.suppress(URLError, OSError), urlopen(url, timeout=5):
        return True
    return False


@contextlib.contextmanager
def started(
    name: str,
    command: Sequence[str | Path],
    folder: Path,
    *,
    environment: Mapping[str, str],
    ready: Callable[[], bool],
    within: float,
) -> Iterator[None]:
    """The command runs in ``folder`` and is ready, until the end of the ``with``.

    Raises RuntimeError, with the end of its log, when it is not within so many seconds.
    """
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=output, stderr=output, process_group=0
        )
    try:
        end = time.monotonic() + within
        while not ready():
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"{name} did not start:\n{log.read_text(errors='replace')[-3000:]}")
            time.sleep(0.02)
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=60)
