"""Running commands: in this process for speed, or as people and scripts do."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]
"""Runs ``callboard`` with these arguments."""

COMMAND = (sys.executable, "-m", "callboard.cli.main")


def process(
    *arguments: str, cwd: Path, environ: Mapping[str, str] | None = None, text: str | None = None
) -> Ran:
    """A real process with pipes for its output; ``text`` is its standard input, which is no terminal."""
    done = subprocess.run(
        [*COMMAND, *arguments],
        cwd=cwd,
        env=clean_environ() | dict(environ or {}),
        input=text or "",
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def clean_environ() -> dict[str, str]:
    """This process's environment without what changes what a command does."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith(("CALLBOARD_", "GITHUB_"))
    }
