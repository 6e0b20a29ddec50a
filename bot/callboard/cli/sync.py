"""``callboard sync``: one walk up to open pull requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from callboard.cli.assigning import assigned, set_option
from callboard.cli.output import output_option, write
from callboard.cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from callboard.walk.sync import SyncResult
    from callboard.walk.workplace import Workplace


@click.command(short_help="Propose what the sources say, as pull requests.")
@click.option("--dry-run", is_flag=True, help="Decide everything, write nothing.")
@click.option("--prune", is_flag=True, help="Also propose to delete what is no longer selected.")
@click.option("--refresh", is_flag=True, help="Also propose what only this version would write otherwise.")
@set_option
@output_option
@click.pass_obj
def sync(
    session: Session, dry_run: bool, prune: bool, refresh: bool, assignments: tuple[str, ...], output: str
) -> None:
    """Read the sources and propose what the catalog should hold, as pull requests.

    A second run with the same input writes nothing. What people changed in the catalog is kept. Models that
    their registry no longer has are proposed for deletion, apart from all other changes. A new version of
    Callboard that writes some models in other words proposes nothing by itself; --refresh proposes them all
    in one pull request.

    Ends with 1 if something could not be read, proposed or would not be valid, with 3 if no source, or not
    the forge, answered.
    """
    from callboard.cli.reporting import sync_record, sync_table
    from callboard.validation.reports.words import counted as said

    workplace, result = run_sync(
        session, dry_run=dry_run, prune=prune, refresh=refresh, assignments=assignments
    )
    counts = counted(workplace)
    write(output, sync_record(result, counts), sync_table(result))
    if output == "table":
        models, changed = said(result.desired.models, "model"), len(result.desired.changes)
        changes = said(changed, "change") if changed else "nothing to change"
        pushes = "1 push" if counts["pushes"] == 1 else f"{counts['pushes']} pushes"
        asked = f"{said(counts['reads'], 'read')}, {said(counts['writes'], 'write')}, {pushes}"
        click.echo(f"{models}, {changes}; {asked}")
        told_of_rewording(result)
    if result.paused:
        session.note(f"Callboard is paused by {result.paused}; nothing was written.")
    session.end(result)


def run_sync(
    session: Session, *, dry_run: bool, prune: bool, refresh: bool, assignments: Sequence[str]
) -> tuple[Workplace, SyncResult]:
    """A sync as configured. Raises what the walk raises."""
    from callboard.walk.sync import sync as walk
    from callboard.walk.workplace import open_workplace

    config, folder = session.load()
    workplace = open_workplace(config, folder)
    result = walk(
        workplace,
        dry_run=dry_run,
        prune=prune,
        refresh=refresh,
        assigned=assigned(config, assignments),
        progress=session.models_read,
    )
    return workplace, result


def told_of_rewording(result: SyncResult) -> None:
    """Say how many models are left as they are although this version would write them otherwise."""
    from callboard.validation.reports.words import counted as said

    if result.desired.reworded:
        would = f"{said(result.desired.reworded, 'model')} would be written otherwise by this version"
        click.echo(f"{would} of Callboard: run sync --refresh to propose it")


def counted(workplace: Workplace) -> dict[str, int]:
    """How often the forge was asked."""
    return {
        "reads": workplace.forge.reads,
        "writes": workplace.forge.writes,
        "fetches": workplace.repository.fetches,
        "pushes": workplace.repository.pushes,
    }
