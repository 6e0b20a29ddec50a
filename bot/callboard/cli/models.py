"""``callboard models``: the models as read, before anything is made of them."""

from __future__ import annotations

from typing import Any

import click

from callboard.cli.session import FINDINGS, UNREACHABLE, Session, output_option, write


@click.command()
@output_option
@click.option("--source", "only", metavar="NAME", help="Only this source.")
@click.option("--select", metavar="GLOB", help="Only models whose names match, in any case.")
@click.option("--explain", is_flag=True, help="Say for each field which source said it.")
@click.pass_obj
def models(session: Session, output: str, only: str | None, select: str | None, explain: bool) -> None:
    """Read all sources and show their models, as neutral records.

    The JSON is a list that validates against schemas/model.schema.json. Ends with 1 if a model or a source
    could not be read, with 3 if no source answered.
    """
    from callboard.config import Select
    from callboard.sources.selection import selected
    from callboard.walk.listings import list_sources

    config, folder = session.load()
    wanted = [one for one in config.sources if only in (None, one.name)]
    if only and not wanted:
        names = ", ".join(one.name for one in config.sources) or "none"
        raise click.UsageError(f"there is no source {only!r}; configured: {names}")
    listings = list_sources(wanted, folder, lambda _settings: {}, session.models_read)
    chosen = Select(include=(select,)) if select else Select()
    found = [model for listing in listings for model in listing.models if selected(model.name, chosen)]
    records: list[dict[str, Any]] = [model.model_dump(mode="json", exclude_defaults=True) for model in found]
    for record in records:
        said = record.pop("provenance", {})
        if explain:
            fields = [name for name in record if name not in ("source", "id")]
            record["provenance"] = {name: said.get(name, record["source"]) for name in fields}
    rows = [
        [
            model.name,
            model.source,
            model.latest.name if model.latest else "",
            model.owner or "",
            ", ".join(model.tasks),
        ]
        for model in found
    ]
    write(output, records, (["NAME", "SOURCE", "VERSION", "OWNER", "TASKS"], rows))
    failed = session.problems(problem for listing in listings for problem in listing.problems)
    if listings and not any(listing.models or listing.complete for listing in listings):
        raise click.exceptions.Exit(UNREACHABLE)
    if failed:
        raise click.exceptions.Exit(FINDINGS)
