"""Running git: no user configuration, no hooks, no prompts, credentials through askpass only.

Not GitPython: it hands the caller's own GIT_* variables on to git (wrong inside a hook), wraps what git says
in text that has to be unwrapped again, and the rest of what it offers is for work trees, which we never make.
"""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from callboard.redaction import Secret, redact

_TOKEN = "CALLBOARD_GIT_TOKEN"  # noqa: S105 - the name of a variable, not a secret
_KEPT = ("GIT_SSL_CAINFO", "GIT_SSL_CAPATH")
_SETTINGS = (
    "-c", "core.hooksPath=/dev/null",
    "-c", "credential.helper=",
    "-c", "protocol.allow=never",
    "-c", "protocol.https.allow=always",
    "-c", "protocol.http.allow=always",
    # A redirect would take the credential to another host.
    "-c", "http.followRedirects=false",
    "-c", "gc.auto=0",
    "-c", "maintenance.auto=false",
    "-c", "core.quotePath=false",
)  # fmt: skip


class GitError(Exception):
    """git could not do it: what, where, what it said. Redacted."""

    def __init__(self, what: str, where: str, said: str, output: str = "") -> None:
        self.what, self.where, self.said, self.output = what, redact(where), redact(said), output
        super().__init__(f"{what} ({self.where}): {self.said.strip() or 'git said nothing'}")


def run(folder: Path, arguments: Sequence[str], *, stdin: bytes = b"", token: Secret | None = None) -> bytes:
    """Run ``git ARGUMENTS`` in a bare repository; answer what it printed. Raises GitError."""
    outside = {
        name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name in _KEPT
    }
    environment = outside | {
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": str(_askpass()),
        "GIT_DIR": str(folder),
        "LC_ALL": "C",
        _TOKEN: token.reveal() if token else "",
    }
    try:
        done = subprocess.run(
            ["git", *_SETTINGS, *arguments], cwd=folder, env=environment, input=stdin, capture_output=True
        )
    except FileNotFoundError:
        raise GitError("git is not installed", str(folder), "install git 2.34 or newer") from None
    if done.returncode:
        name = next(word for word in arguments if not word.startswith("-") and "=" not in word)
        raise GitError(
            f"git {name} failed",
            str(folder),
            done.stderr.decode("utf-8", "replace"),
            done.stdout.decode("utf-8", "replace"),
        )
    return done.stdout


@cache
def _askpass() -> Path:
    """A program that answers git's question for a password from the environment of that one process."""
    folder = Path(tempfile.mkdtemp(prefix="callboard-askpass-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    program = folder / "askpass"
    program.write_text(
        '#!/bin/sh\ncase "$1" in\n'
        "Username*) echo x-access-token ;;\n"
        f'*) printf "%s\\n" "${_TOKEN}" ;;\nesac\n'
    )
    program.chmod(0o700)
    return program
