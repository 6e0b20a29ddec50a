"""``callboard diff``: what a sync would change."""

from __future__ import annotations

import click

from callboard.cli.output import output_option, write
from callboard.cli.session import Session


@click.command(short_help="Show what a sync would change; write nothing.")
@click.option("--prune", is_flag=True, help="Also show the deletion of what is no longer selected.")
@output_option
@click.pass_obj
def diff(session: Session, prune: bool, output: str) -> None:
    """Show what a sync would change in the catalog; nothing is written.

    A change alone is no finding: it ends with 0. Ends with 1 if something could not be read or would not be
    valid, with 3 if no source, or not the forge, answered.
    """
    from callboard.cli.reporting import changes_record, changes_table
    from callboard.cli.sync import run_sync
    from callboard.validation.reports.words import counted

    _, result = run_sync(session, dry_run=True, prune=prune)
    write(output, changes_record(result), changes_table(result))
    if output == "table" and not result.desired.changes:
        click.echo(f"{counted(result.desired.models, 'model')}, nothing to change.")
    session.end(result)
