"""``callboard sync``: one walk up to open pull requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from callboard.cli.session import Session, output_option, write

if TYPE_CHECKING:
    from callboard.walk.sync import SyncResult
    from callboard.walk.workplace import Workplace


@click.command()
@click.option("--dry-run", is_flag=True, help="Decide everything, write nothing.")
@click.option("--prune", is_flag=True, help="Also propose to delete what is no longer selected.")
@output_option
@click.pass_obj
def sync(session: Session, dry_run: bool, prune: bool, output: str) -> None:
    """Read the sources and propose what the catalog should hold, as pull requests.

    A second run with the same input writes nothing. Ends with 1 if there were findings, with 3 if no source
    or the forge did not answer.
    """
    from callboard.cli.reporting import sync_record, sync_table

    workplace, result = run_sync(session, dry_run=dry_run, prune=prune)
    counts = counted(workplace)
    write(output, sync_record(result, counts), sync_table(result))
    if output == "table":
        said = f"{len(result.desired.changes)} changes" if result.desired.changes else "nothing to change"
        click.echo(
            f"{result.desired.models} models, {said}; "
            f"{counts['reads']} reads, {counts['writes']} writes, {counts['pushes']} pushes"
        )
    session.end(result)


def run_sync(session: Session, *, dry_run: bool, prune: bool) -> tuple[Workplace, SyncResult]:
    """A sync as configured. Raises what the walk raises."""
    from callboard.walk.sync import sync as walk
    from callboard.walk.workplace import open_workplace

    config, folder = session.load()
    workplace = open_workplace(config, folder)
    return workplace, walk(workplace, dry_run=dry_run, prune=prune, progress=session.models_read)


def counted(workplace: Workplace) -> dict[str, int]:
    """How often the forge was asked."""
    return {
        "reads": workplace.forge.reads,
        "writes": workplace.forge.writes,
        "fetches": workplace.repository.fetches,
        "pushes": workplace.repository.pushes,
    }
