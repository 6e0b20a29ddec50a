"""``callboard validate``: diagnostics for catalog files."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from callboard.validation.diagnostics import Report


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, allow_dash=True), metavar="[PATH]…")
@click.option(
    "-o",
    "--output",
    type=click.Choice(("text", "json", "sarif", "github", "markdown")),
    default="text",
    show_default=True,
    help="How to say what was found.",
)
def validate(paths: tuple[str, ...], output: str) -> None:
    """Check catalog files as Backstage would, and more.

    PATH is a file, a folder, or - for standard input; without one, the folder that you are in. Of a folder,
    files called catalog-info.yaml are checked, and other YAML files that say an apiVersion of backstage.io.
    Ends with 1 if there is any error, and with 2 if a PATH holds no catalog file.
    """
    from callboard.validation.reports import render

    report, files = checked(paths)
    click.echo(render(output, report, files), nl=False)
    if report.errors:
        raise SystemExit(1)


def checked(paths: Sequence[str]) -> tuple[Report, dict[str, bytes]]:
    """The report on what ``paths`` name, and the files.

    Raises click.UsageError for a path that cannot be read or holds no catalog file: a check that looks at
    nothing must not pass.
    """
    from pathlib import Path

    from callboard.validation.check import validate_files
    from callboard.validation.find import find_catalog_files

    try:
        found = {path: dict(find_catalog_files((path,), sys.stdin.buffer)) for path in paths or (".",)}
    except OSError as error:
        raise click.UsageError(f"{error.filename} cannot be read: {error.strerror}") from None
    empty = [path for path in paths if not found[path]]
    if empty:
        raise click.UsageError(
            f"{', '.join(empty)}: no catalog file is there. Name a file, or a folder with catalog-info.yaml "
            "or other YAML that says an apiVersion of backstage.io."
        )
    files = {name: content for one in found.values() for name, content in one.items()}
    return validate_files(files, exists=lambda path: Path(path).is_file()), files
