"""``callboard``: the commands, the common options, and what an exit code means."""

from __future__ import annotations

import atexit
import gc
import importlib
import io
import os
import sys
from collections.abc import Sequence

import click

from callboard import __version__
from callboard.cli.session import FINDINGS, Session, did_you_mean

_COMMANDS = {
    "init": "init",
    "sources": "sources",
    "models": "models",
    "generate": "generate",
    "validate": "validate",
    "diff": "diff",
    "docs": "docs",
    "sync": "sync",
    "reconcile": "reconcile",
    "register": "backstage",
    "unregister": "backstage",
    "get": "backstage",
    "serve": "serve",
    "demo": "demo",
    "doctor": "doctor",
}


class _Commands(click.Group):
    """Loads a command's module when it is named."""

    def list_commands(self, _context: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(f"callboard.cli.{_COMMANDS[name]}"), name)
        return command

    def resolve_command(
        self, context: click.Context, arguments: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if arguments and arguments[0] not in _COMMANDS and not arguments[0].startswith("-"):
            hint = did_you_mean(arguments[0], tuple(_COMMANDS))
            raise click.UsageError(f"There is no command {arguments[0]!r}. {hint}", context)
        return super().resolve_command(context, arguments)


def _set_log_format(context: click.Context, _option: click.Parameter, value: str) -> None:
    # Early, because what is wrong with the other arguments is already written in this format.
    context.ensure_object(Session).log_format = value


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, without an error; 1 done, and at least one finding is an error; "
    "2 wrong usage or configuration; 3 nothing could be done, because something outside did not answer.",
)
@click.option(
    "--config",
    type=click.Path(dir_okay=False),
    default="callboard.yaml",
    show_default=True,
    help="The configuration file.",
)
@click.option(
    "--log-format",
    type=click.Choice(("text", "json")),
    default="text",
    show_default=True,
    is_eager=True,
    expose_value=False,
    callback=_set_log_format,
    help="How progress and problems are written to standard error; json is one object a line.",
)
@click.version_option(__version__, message="callboard %(version)s")
@click.pass_obj
def callboard(session: Session, config: str) -> None:
    """Keep AI models from any registry in a Backstage catalog, through pull requests that people approve."""
    session.config_path = config


def main(arguments: Sequence[str] | None = None) -> None:
    """The entry point: runs a command and ends the process with its exit code."""
    _open_closed_streams()
    # Else the interpreter would look for garbage once more at its end, among everything that was ever loaded.
    atexit.register(gc.freeze)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that lacks a character gets its number, not an error.
            stream.reconfigure(errors="backslashreplace")
    session = Session()
    try:
        # Out of standalone mode, click answers an Exit's code instead of raising it.
        code = callboard.main(
            args=list(arguments) if arguments is not None else None,
            prog_name="callboard",
            standalone_mode=False,
            obj=session,
        )
    except BrokenPipeError:
        # Whoever read our output has gone; the interpreter must not complain about it again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = FINDINGS
    except (Exception, KeyboardInterrupt) as problem:
        code = session.failed(problem)
    if code:
        sys.exit(code)


def _open_closed_streams() -> None:
    """Let a stream that whoever started us had closed be empty, and what is written to it be lost."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            # The lowest descriptor is free, and would else be that of the next file.
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123


if __name__ == "__main__":
    main()
