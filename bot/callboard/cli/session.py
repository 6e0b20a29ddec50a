"""What the commands share: the configuration, progress and problems on standard error, exit codes."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from callboard.cli.output import json_text, line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from callboard.config import Config
    from callboard.model import Problem
    from callboard.walk.sync import SyncResult

FINDINGS, USAGE, UNREACHABLE, INTERRUPTED = 1, 2, 3, 130

_SOME = 100
"""After so many models a source is spoken of again."""


@dataclass
class Session:
    """The common options of one run, and how it speaks to people."""

    config_path: str = "callboard.yaml"
    log_format: str = "text"

    def load(self) -> tuple[Config, Path]:
        """The configuration and the folder that its relative paths start from.

        Raises click.UsageError when there is no such file, ConfigError when it is wrong.
        """
        from pathlib import Path

        from callboard.config_file import load_config
        from callboard.sources.registry import SOURCE_TYPES, source_type
        from callboard.walk.workplace import know_secrets

        path = Path(self.config_path)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise click.UsageError(
                f"{path} cannot be read: {error.strerror}. Write one with 'callboard init', "
                "or name another with --config."
            ) from None
        config = load_config(content, str(path), lambda name: source_type(name).settings, SOURCE_TYPES)
        know_secrets(config)
        return config, path.resolve().parent

    def progress(self, text: str) -> None:
        """A line about how far long work has come; silent when nobody watches."""
        if self.log_format == "json":
            self._event("info", text)
        elif sys.stderr.isatty():
            click.echo(click.style(line(text), dim=True), err=True)

    def models_read(self, source: str, count: int) -> None:
        """Progress of reading a source: that it begins (0 models), and then now and then."""
        if count == 0:
            self.progress(f"{source}: reading")
        elif count % _SOME == 0:
            self.progress(f"{source}: {count:,} models so far")

    def note(self, text: str) -> None:
        """A line on standard error that is no problem."""
        if self.log_format == "json":
            self._event("info", text)
        else:
            click.echo(line(text), err=True)

    def problems(self, problems: Iterable[Problem]) -> bool:
        """Write problems to standard error; answer whether any is an error."""
        errors = False
        for problem in problems:
            errors |= problem.severity == "error"
            if self.log_format == "json":
                self._event(problem.severity, problem.what, **problem.model_dump(exclude_none=True))
                continue
            colour = "red" if problem.severity == "error" else "yellow"
            who = f" ({line(problem.model)})" if problem.model else ""
            where = click.style(line(problem.where), bold=True)
            severity = click.style(problem.severity, fg=colour)
            click.echo(f"{where}: {severity}: {line(problem.what)}{who}", err=True)
            click.echo(f"  → {line(problem.hint)}", err=True)
        return errors

    def error(self, text: str, *, prefix: str = "Error: ") -> None:
        """Say on standard error what failed; it may take several lines."""
        if self.log_format == "json":
            self._event("error", text)
        else:
            for each in (prefix + text).splitlines():
                click.echo(line(each), err=True)

    def end(self, result: SyncResult) -> None:
        """Say the findings of a walk over the sources, and end with the exit code that they ask for."""
        failed = self.problems((*result.desired.findings, *result.problems))
        if result.sources and len(result.silent_sources) == result.sources:
            raise click.exceptions.Exit(UNREACHABLE)
        if failed:
            raise click.exceptions.Exit(FINDINGS)

    def failed(self, problem: BaseException) -> int:
        """Say on standard error why a command could not go on; answer the exit code."""
        if isinstance(problem, click.Abort):
            self.error("Aborted.")
            return INTERRUPTED if isinstance(problem.__cause__, KeyboardInterrupt) else USAGE
        if isinstance(problem, click.ClickException):
            self._wrong_usage(problem)
            return USAGE
        return self._outside(problem)

    def _wrong_usage(self, problem: click.ClickException) -> None:
        if self.log_format == "text" and isinstance(problem, click.UsageError) and problem.ctx:
            click.echo(problem.ctx.get_usage(), err=True)
            click.echo(f"Try '{problem.ctx.command_path} --help' for help.\n", err=True)
        self.error(problem.format_message())

    def _outside(self, problem: BaseException) -> int:
        from callboard.config_file import ConfigError
        from callboard.forges.protocol import ForgeError
        from callboard.git.command import GitError
        from callboard.http import HttpProblem
        from callboard.walk.workplace import NotConfigured

        if isinstance(problem, ConfigError):
            for fault in problem.faults:
                self.error(f"{fault.place}: {fault.what}; {fault.hint}", prefix="")
            return USAGE
        if isinstance(problem, NotConfigured):
            self.error(str(problem))
            return USAGE
        if isinstance(problem, ForgeError | GitError | HttpProblem | OSError):
            self.error(str(problem))
            if isinstance(problem, GitError):  # git says what it met, not what to do about it
                self.error("Run 'callboard doctor' to see what is wrong and how to mend it.", prefix="")
            return UNREACHABLE
        import traceback

        text = "".join(traceback.format_exception(problem))
        self.error(text, prefix="")
        self.error("This is a defect in Callboard; please report it with the lines above.", prefix="")
        return FINDINGS

    def _event(self, level: str, message: str, **more: Any) -> None:
        click.echo(json_text({"level": level, "message": message, **more}), err=True)


def address_given(option: str, url: str) -> str:
    """The address of a server that was given by ``option``.

    Raises click.UsageError, which never repeats it: what is wrong with it may be that it holds a secret.
    """
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        is_right = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_right = False
    if not is_right:
        raise click.UsageError(f"{option}: that is not an http or https URL.")
    if parts.username is not None or parts.password is not None:
        hint = (
            f"take them out, and name the variable with the token by {option.removesuffix('-url')}-token-env"
        )
        raise click.UsageError(f"{option}: that URL holds credentials; {hint}.")
    if parts.query or parts.fragment:
        raise click.UsageError(
            f"{option}: that URL has something after ? or #, which is not sent; take it out."
        )
    return url


def did_you_mean(wrong: str, known: Sequence[str]) -> str:
    """A sentence with the nearest of what is known, or with all of it when nothing is near."""
    import difflib

    near = difflib.get_close_matches(wrong, known, n=1)
    if near:
        return f"Did you mean {near[0]!r}?"
    return f"There is: {', '.join(known)}." if known else "There is none."
