"""``callboard diff``: what a sync would change."""

from __future__ import annotations

import click

from callboard.cli.assigning import set_option
from callboard.cli.output import output_option, write
from callboard.cli.session import Session


@click.command(short_help="Show what a sync would change; write nothing.")
@click.option("--prune", is_flag=True, help="Also show the deletion of what is no longer selected.")
@click.option("--refresh", is_flag=True, help="Also show what only this version would write otherwise.")
@set_option
@output_option
@click.pass_obj
def diff(session: Session, prune: bool, refresh: bool, assignments: tuple[str, ...], output: str) -> None:
    """Show what a sync would change in the catalog; nothing is written.

    A change alone is no finding: it ends with 0. Ends with 1 if something could not be read or would not be
    valid, with 3 if no source, or not the forge, answered.
    """
    from callboard.cli.reporting import changes_record, changes_table
    from callboard.cli.sync import run_sync, told_of_rewording
    from callboard.validation.reports.words import counted

    _, result = run_sync(session, dry_run=True, prune=prune, refresh=refresh, assignments=assignments)
    write(output, changes_record(result), changes_table(result))
    if output == "table":
        if not result.desired.changes:
            click.echo(f"{counted(result.desired.models, 'model')}, nothing to change.")
        told_of_rewording(result)
    session.end(result)
