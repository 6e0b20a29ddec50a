"""``callboard serve``: the bot."""

from __future__ import annotations

import datetime
import threading
from pathlib import Path
from typing import Literal

import click

from callboard.cli.output import json_text, line
from callboard.cli.session import Session


@click.command(short_help="Run the bot, which acts upon webhooks.")
@click.option(
    "--service",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    default="callboard-service.yaml",
    show_default=True,
    help="The service's own file: what it serves, and with which secrets.",
)
@click.pass_obj
def serve(session: Session, path: Path) -> None:
    """Serve repositories of GitHub and GitLab until SIGTERM.

    Each is synced and reconciled when a webhook hints at it, and all of them on a schedule.

    Each repository's own callboard.yaml is read from its base branch; what it may reach and which secrets it
    may name, the service's file tells. With CALLBOARD_PAUSED set to anything but 0, nothing is written.

    The log goes to standard error. Ends with 0 when it was told to stop, with 2 if the file is wrong or a
    secret is missing.
    """
    from callboard.service.run import serve as run
    from callboard.service.settings import load_service

    try:
        content = path.read_bytes()
    except OSError as error:
        raise click.UsageError(
            f"{path} cannot be read: {error.strerror}. Name the service's file with --service."
        ) from None
    run(load_service(content, str(path)), path.resolve().parent, _Log(session.log_format))


class _Log:
    """One line for each thing that happened, on standard error, from any thread."""

    def __init__(self, log_format: str) -> None:
        self._format, self._lock = log_format, threading.Lock()

    def __call__(self, level: Literal["info", "warning", "error"], message: str, /, **about: object) -> None:
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
        if self._format == "json":
            text = json_text({"time": now, "level": level, "message": message, **about})
        else:
            more = "".join(f" {name}={line(str(value))}" for name, value in about.items())
            text = f"{now} {level:<7} {line(message)}{more}"
        with self._lock:
            click.echo(text, err=True)
