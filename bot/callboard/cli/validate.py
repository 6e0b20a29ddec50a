"""``callboard validate``: diagnostics for catalog files."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pathlib import Path

    from callboard.validate import Checked


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]…")
@click.option(
    "-o",
    "--output",
    type=click.Choice(("text", "json", "sarif", "github", "codequality", "markdown")),
    default="text",
    show_default=True,
    help="How to say what was found.",
)
@click.option(
    "--known",
    multiple=True,
    metavar="PATH",
    help="Entities there may be referred to; nothing is said of those files. May be given more than once.",
)
@click.option(
    "--changed-since",
    metavar="REF",
    help="Check only what differs from the merge base with this branch or commit, against all the rest.",
)
@click.option("--fix", is_flag=True, help="First repair what is safe to repair: see docs/validate.md.")
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(1, 256),
    metavar="N",
    help="Processes for many files; by default, one for each core.",
)
@click.option(
    "--cache",
    type=click.Path(file_okay=False),
    metavar="DIR",
    help="Where it is remembered what unchanged files hold; by default, in the folder of this user's caches.",
)
@click.option("--no-cache", is_flag=True, help="Remember nothing, and believe nothing that was remembered.")
def validate(
    paths: tuple[str, ...],
    output: str,
    known: tuple[str, ...],
    changed_since: str | None,
    fix: bool,
    jobs: int | None,
    cache: str | None,
    no_cache: bool,
) -> None:
    """Check catalog files as Backstage would, and more.

    PATH is a file, a folder, a pattern such as '**/catalog-info.yaml', or - for standard input; without one,
    the folder that you are in. Of a folder, files called catalog-info.yaml are checked, and other YAML files
    that say an apiVersion of backstage.io, but not what git ignores or .callboardignore names. Ends with 1 if
    there is any error, and with 2 if a PATH holds no catalog file.
    """
    from pathlib import Path

    from callboard.checking.cache import default_folder
    from callboard.cli.output import line
    from callboard.validation.reports import render
    from callboard.validation.reports.words import counted

    folder = None if no_cache else Path(cache) if cache else default_folder()
    checked = check(paths, known=known, changed_since=changed_since, fix=fix, jobs=jobs, cache=folder)
    for path in checked.passed_over:
        click.echo(line(f"{path}: passed over, as .callboardignore says"), err=True)
    for one in checked.fixes:
        click.echo(line(f"{one.file}:{one.line}:{one.column}: {one.code}: {one.what}"), err=True)
    if fix:
        files = len({one.file for one in checked.fixes})
        click.echo(f"repaired {counted(len(checked.fixes), 'place')} in {counted(files, 'file')}", err=True)
    click.echo(render(output, checked.report, checked.files, color=_may_color()), nl=False, color=True)
    if checked.report.errors:
        raise SystemExit(1)


def check(
    paths: Sequence[str],
    *,
    known: Sequence[str] = (),
    changed_since: str | None = None,
    fix: bool = False,
    jobs: int | None = None,
    cache: Path | None = None,
) -> Checked:
    """``validate_paths`` with the errors of a command: raises click.UsageError."""
    from callboard.validate import CannotCheck, validate_paths

    try:
        return validate_paths(
            paths,
            known=known,
            changed_since=changed_since,
            fix=fix,
            stdin=sys.stdin.buffer,
            jobs=jobs,
            cache=cache,
        )
    except CannotCheck as error:
        raise click.UsageError(str(error)) from None


def _may_color() -> bool:
    """Only where a person looks at it: a terminal, and none that was told otherwise (no-color.org)."""
    import os

    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
