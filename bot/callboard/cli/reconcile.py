"""``callboard reconcile``: one pass over our open pull requests."""

from __future__ import annotations

import click

from callboard.cli.output import output_option, write
from callboard.cli.session import FINDINGS, Session


@click.command(short_help="Obey comments; merge and register what people approved.")
@output_option
@click.pass_obj
def reconcile(session: Session, output: str) -> None:
    """Merge what is approved and checked, write anew what conflicts, register and confirm what was merged.

    First it does what people ask for in comments and on the dashboard. Only pull requests that this bot
    opened are ever merged or written anew; others that change the catalog are validated, and told so. With
    CALLBOARD_PAUSED set to anything but 0, nothing is written.

    Ends with 1 if a pull request cannot proceed or Backstage does not have what was merged, with 3 if the
    forge did not answer.
    """
    from callboard.cli.reporting import reconcile_record, reconcile_table
    from callboard.cli.sync import counted
    from callboard.walk.reconcile import reconcile as walk
    from callboard.walk.workplace import open_backstage, open_workplace

    config, folder = session.load()
    workplace = open_workplace(config, folder)
    catalog = open_backstage(config.backstage) if config.backstage else None
    result = walk(workplace, catalog, progress=session.progress)
    write(output, reconcile_record(result, counted(workplace)), reconcile_table(result))
    if output == "table" and not result.handled:
        click.echo("No open pull requests.")
    failed = session.problems(result.problems)
    stuck = any(one.verdict.kind in ("blocked", "step-back") for one in result.handled)
    if failed or stuck:
        raise click.exceptions.Exit(FINDINGS)
