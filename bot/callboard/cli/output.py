"""What commands write: nothing in it moves a terminal's cursor, speaks to a runner, or tells a secret."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

Table = tuple[list[str], list[list[str]]]
"""The columns and the rows."""

_WIDEST = 1_000_000
"""Columns of a piped table: programs that read lines want one line a row."""

output_option = click.option(
    "-o",
    "--output",
    type=click.Choice(("table", "json", "yaml")),
    default="table",
    show_default=True,
    help="A table for people, JSON or YAML for programs.",
)


def write(output: str, value: Any, table: Table) -> None:
    """Write a result to standard output: as a table for people, or as JSON or YAML for programs."""
    if output == "json":
        click.echo(json_text(value, indent=2))
    elif output == "yaml":
        from callboard.catalog.text import without_controls
        from callboard.documents.writer import block_lines

        click.echo(without_controls(block_lines(_redacted(value))), nl=False)
    else:
        write_table(*table)


def write_table(columns: list[str], rows: Sequence[Sequence[str]]) -> None:
    """A table for people, nothing without rows; as wide as it needs to be when it is piped."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if not rows:
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(line(cell)) for cell in row))
    width = None if sys.stdout.isatty() else _WIDEST
    Console(width=width, highlight=False, soft_wrap=False).print(table)


def line(text: str) -> str:
    """Text from outside as one line, without secrets; what cannot be seen is escaped."""
    from callboard.redaction import redact
    from callboard.validation.reports.words import one_line

    return one_line(redact(text))


def json_text(value: Any, *, indent: int | None = None) -> str:
    """JSON without secrets. What cannot be seen is escaped, so that programs still read what was said."""
    from callboard.catalog.text import without_controls

    text = json.dumps(_redacted(value), ensure_ascii=False, indent=indent)
    visible = without_controls(text)
    if visible == text:
        return text
    kept = frozenset(visible)
    return re.sub(r"[^\x20-\x7e\n]", lambda found: found[0] if found[0] in kept else _escaped(found[0]), text)


def _escaped(char: str) -> str:
    return json.dumps(char)[1:-1]


def _redacted(value: Any) -> Any:
    """The value with every secret taken out of its texts, before quoting could hide one."""
    from callboard.redaction import redact

    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {_redacted(key): _redacted(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted(inner) for inner in value]
    return value
