"""``callboard sources``: what is configured, and whether it answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from callboard.cli.output import output_option, write
from callboard.cli.session import FINDINGS, UNREACHABLE, Session

if TYPE_CHECKING:
    from callboard.config import SourceSettings


@click.command(short_help="Show the configured sources, and whether they answer.")
@click.option("--check", is_flag=True, help="Ask each source, and say how many models it has.")
@output_option
@click.pass_obj
def sources(session: Session, check: bool, output: str) -> None:
    """Show the configured sources.

    With --check each is read; ends with 1 if one had problems, with 3 if none answered.
    """
    from callboard.walk.listings import list_sources

    config, folder = session.load()
    rows = [{"name": one.name, "type": one.type, "where": _where(one)} for one in config.sources]
    if not rows:
        session.note(f"{session.config_path} names no source; add one under 'sources:'.")
    if not check:
        write(output, rows, (["NAME", "TYPE", "WHERE"], [list(row.values()) for row in rows]))
        return
    listings = list_sources(config, folder, lambda _settings: {}, session.models_read)
    answers = [
        row | {"answers": listing.complete or bool(listing.models), "complete": listing.complete,
               "models": len(listing.models), "problems": len(listing.problems)}
        for row, listing in zip(rows, listings, strict=True)
    ]  # fmt: skip
    table = [
        [row["name"], row["type"], row["where"], _answer(listing.complete, bool(listing.models)),
         str(len(listing.models)), str(len(listing.problems))]
        for row, listing in zip(rows, listings, strict=True)
    ]  # fmt: skip
    write(output, answers, (["NAME", "TYPE", "WHERE", "ANSWERS", "MODELS", "PROBLEMS"], table))
    failed = session.problems(problem for listing in listings for problem in listing.problems)
    if answers and not any(one["answers"] for one in answers):
        raise click.exceptions.Exit(UNREACHABLE)
    if failed:
        raise click.exceptions.Exit(FINDINGS)


def _answer(complete: bool, some: bool) -> str:
    return "yes" if complete else "in part" if some else "no"


def _where(settings: SourceSettings) -> str:
    said = (getattr(settings, name, None) for name in ("url", "path", "kubeconfig"))
    return next((str(one) for one in said if one), "in-cluster" if hasattr(settings, "in_cluster") else "")
