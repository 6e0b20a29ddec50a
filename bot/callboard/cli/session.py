"""What the commands share: the configuration, progress and problems on standard error, exit codes."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pathlib import Path

    from callboard.config import Config
    from callboard.model import Problem
    from callboard.walk.sync import SyncResult

FINDINGS, USAGE, UNREACHABLE = 1, 2, 3

output_option = click.option(
    "-o",
    "--output",
    type=click.Choice(("table", "json", "yaml")),
    default="table",
    show_default=True,
    help="A table for people, JSON or YAML for programs.",
)


@dataclass(frozen=True)
class Session:
    """The common options of one run."""

    config_path: str
    log_format: str

    def load(self) -> tuple[Config, Path]:
        """The configuration and the folder that its relative paths start from.

        Raises click.UsageError when there is no such file, ConfigError when it is wrong.
        """
        from pathlib import Path

        from callboard.config_file import load_config
        from callboard.sources.registry import SOURCE_TYPES, source_type

        path = Path(self.config_path)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise click.UsageError(
                f"{path} cannot be read: {error.strerror}. Write one with 'callboard init', "
                "or name another with --config."
            ) from None
        config = load_config(content, str(path), lambda name: source_type(name).settings, SOURCE_TYPES)
        return config, path.resolve().parent

    def progress(self, text: str) -> None:
        """A line about how far long work has come; silent when nobody watches."""
        if self.log_format == "json":
            self._event("info", text)
        elif sys.stderr.isatty():
            click.echo(click.style(_redacted(text), dim=True), err=True)

    def models_read(self, source: str, count: int) -> None:
        """Progress of reading a source."""
        self.progress(f"{source}: {count} models")

    def problems(self, problems: Iterable[Problem]) -> bool:
        """Write problems to standard error; answer whether any is an error."""
        errors = False
        for problem in problems:
            errors |= problem.severity == "error"
            if self.log_format == "json":
                self._event(problem.severity, problem.what, **problem.model_dump(exclude_none=True))
                continue
            colour = "red" if problem.severity == "error" else "yellow"
            who = f" ({_redacted(problem.model)})" if problem.model else ""
            where = click.style(_redacted(problem.where), bold=True)
            severity = click.style(problem.severity, fg=colour)
            click.echo(f"{where}: {severity}: {_redacted(problem.what)}{who}", err=True)
            click.echo(f"  → {_redacted(problem.hint)}", err=True)
        return errors

    def end(self, result: SyncResult) -> None:
        """Say the findings of a walk over the sources, and end with the exit code that they ask for."""
        failed = self.problems((*result.desired.findings, *result.problems))
        if result.sources and len(result.silent_sources) == result.sources:
            raise click.exceptions.Exit(UNREACHABLE)
        if failed:
            raise click.exceptions.Exit(FINDINGS)

    def _event(self, level: str, message: str, **more: Any) -> None:
        click.echo(
            _redacted(json.dumps({"level": level, "message": message, **more}, ensure_ascii=False)), err=True
        )


def write(output: str, value: Any, table: tuple[list[str], list[list[str]]]) -> None:
    """Write a result to standard output: as a table for people, or as JSON or YAML for programs."""
    if output == "json":
        click.echo(_redacted(json.dumps(value, ensure_ascii=False, indent=2)))
    elif output == "yaml":
        from callboard.documents.writer import dump

        click.echo(_redacted(dump([value])), nl=False)
    else:
        write_table(*table)


def write_table(columns: list[str], rows: list[list[str]]) -> None:
    """A table for people; as wide as it needs to be when it is piped."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if not rows:
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(_redacted(cell)) for cell in row))
    width = None if sys.stdout.isatty() else 10_000
    Console(width=width, highlight=False, soft_wrap=False).print(table)


def report_failure(problem: Exception) -> int:
    """Say on standard error why a command could not go on; answer the exit code."""
    from callboard.config_file import ConfigError
    from callboard.forges.protocol import ForgeError
    from callboard.git.command import GitError
    from callboard.http import HttpProblem
    from callboard.walk.workplace import NotConfigured

    if isinstance(problem, ConfigError | NotConfigured):
        click.echo(_redacted(str(problem)), err=True)
        return USAGE
    if isinstance(problem, ForgeError | GitError | HttpProblem):
        click.echo(_redacted(f"Error: {problem}"), err=True)
        return UNREACHABLE
    import traceback

    text = "".join(traceback.format_exception(problem))
    click.echo(_redacted(text), err=True)
    click.echo("This is a defect in Callboard; please report it with the lines above.", err=True)
    return FINDINGS


def _redacted(text: str) -> str:
    from callboard.catalog.text import without_controls
    from callboard.redaction import redact

    return without_controls(redact(text))
