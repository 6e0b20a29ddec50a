"""``callboard diff``: what a sync would change."""

from __future__ import annotations

import click

from callboard.cli.session import Session, output_option


@click.command()
@click.option("--prune", is_flag=True, help="Also show the deletion of what is no longer selected.")
@output_option
@click.pass_obj
def diff(session: Session, prune: bool, output: str) -> None:
    """Show what a sync would change in the catalog; nothing is written.

    Ends with 1 if there were findings (a change alone is none), with 3 if no source or no forge answered.
    """
    from callboard.cli.reporting import changes_record, changes_table
    from callboard.cli.session import write
    from callboard.cli.sync import run_sync

    _, result = run_sync(session, dry_run=True, prune=prune)
    write(output, changes_record(result), changes_table(result))
    if output == "table" and not result.desired.changes:
        click.echo(f"{result.desired.models} models, nothing to change.")
    session.end(result)
