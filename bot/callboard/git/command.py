"""Running git: no user configuration, no hooks, no prompts, credentials in the environment only.

Not GitPython: it hands the caller's own GIT_* variables on to git (wrong inside a hook), wraps what git says
in text that has to be unwrapped again, and the rest of what it offers is for work trees, which we never make.
"""

from __future__ import annotations

import base64
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from callboard.redaction import Secret, redact

_KEPT = ("GIT_SSL_CAINFO", "GIT_SSL_CAPATH")
_SETTINGS = {
    "core.hooksPath": os.devnull,
    "core.quotePath": "false",
    "credential.helper": "",
    "protocol.allow": "never",
    "protocol.https.allow": "always",
    "protocol.http.allow": "always",
    # A redirect would take the credential to another host.
    "http.followRedirects": "false",
    # A forge that falls silent must not hold a walk for ever; a busy one sends signs of life.
    "http.lowSpeedLimit": "1",
    "http.lowSpeedTime": "120",
    "gc.auto": "0",
    "maintenance.auto": "false",
}


class GitError(Exception):
    """git could not do it: what, where, what it said. Redacted."""

    def __init__(self, what: str, where: str, said: str, output: str = "") -> None:
        self.what, self.where, self.said, self.output = what, redact(where), redact(said), output
        super().__init__(f"{what} ({self.where}): {self.said.strip() or 'git said nothing'}")


def run(
    folder: Path, arguments: Sequence[str], *, settings: Mapping[str, str] | None = None, stdin: bytes = b""
) -> bytes:
    """Run ``git ARGUMENTS`` in a bare repository; answer what it printed. Raises GitError.

    ``settings`` are git's own (``remote.origin.url`` …). They reach git through its environment, so that a
    credential among them stands in no process list.
    """
    outside = {
        name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name in _KEPT
    }
    configured = list({**_SETTINGS, **(settings or {})}.items())
    environment = outside | {
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_DIR": str(folder),
        "LC_ALL": "C",
        "GIT_CONFIG_COUNT": str(len(configured)),
        **{f"GIT_CONFIG_KEY_{at}": name for at, (name, _) in enumerate(configured)},
        **{f"GIT_CONFIG_VALUE_{at}": value for at, (_, value) in enumerate(configured)},
    }
    environment.pop("SSH_ASKPASS", None)
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=folder, env=environment, input=stdin, capture_output=True
        )
    except FileNotFoundError:
        raise GitError("git is not installed", str(folder), "install git 2.34 or newer") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace")
        if "terminal prompts disabled" in said:
            said = f"{said.strip()}\nThe forge refused the token: check that it is complete and not expired."
        name = next(word for word in arguments if not word.startswith("-") and "=" not in word)
        raise GitError(f"git {name} failed", str(folder), said, done.stdout.decode("utf-8", "replace"))
    return done.stdout


def credential(url: str, token: Secret) -> dict[str, str]:
    """The setting that sends a token with every request to ``url``, and to nowhere else.

    Sent at once rather than after a refusal, which saves a request and a process each time. Forges take any
    user name beside a token.
    """
    basic = base64.b64encode(f"x-access-token:{token.reveal()}".encode()).decode()
    return {f"http.{url}.extraHeader": f"Authorization: Basic {basic}"}
