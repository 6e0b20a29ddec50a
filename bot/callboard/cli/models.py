"""``callboard models``: the models as read, before anything is made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from callboard.cli.assigning import assigned, set_option
from callboard.cli.output import Table, output_option, write
from callboard.cli.session import FINDINGS, UNREACHABLE, Session, did_you_mean

if TYPE_CHECKING:
    from callboard.model import Model


@click.command(short_help="Show the models as their registries say them.")
@output_option
@click.option("--source", "only", metavar="NAME", help="Only this source.")
@click.option("--select", metavar="EXPR", help="Only some models: a glob of names, or see above.")
@click.option("--explain", is_flag=True, help="Say for each field who said it.")
@set_option
@click.pass_obj
def models(
    session: Session,
    output: str,
    only: str | None,
    select: str | None,
    explain: bool,
    assignments: tuple[str, ...],
) -> None:
    """Read the sources and show their models, as neutral records. Models of several sources that are one are
    shown as one, unless a single source is asked for.

    EXPR is a list of terms with commas between them: FIELD=GLOB for what is wanted, -FIELD=GLOB for what is
    not, in any case. FIELD is name, tag, stage, alias, task, category, owner or lifecycle; without one it is
    name. Of several terms for one field any may hold, of several fields all must:
    fraud-*,task=text-generation,-tag=old

    The JSON is a list that validates against schemas/model.schema.json. Ends with 1 if a model or a source
    could not be read, with 3 if no source answered.
    """
    from callboard.sources.selection import BadExpression, parse_selection, wanted
    from callboard.walk.linking import united_models
    from callboard.walk.listings import list_sources

    config, folder = session.load()
    try:
        chosen = parse_selection(select or "")
    except BadExpression as error:
        raise click.UsageError(f"--select: {error}") from None
    sources = [one for one in config.sources if only in (None, one.name)]
    if only and not sources:
        hint = did_you_mean(only, [one.name for one in config.sources])
        raise click.UsageError(f"There is no source {only!r} in {session.config_path}. {hint}")
    listings = list_sources(
        config,
        folder,
        lambda _settings: {},
        session.models_read,
        only=sources,
        assigned=assigned(config, assignments),
    )
    read, findings = united_models(config, listings) if only is None else (listings[0].models, ())
    found = [model for model in read if wanted(model, chosen)]
    records = [model.model_dump(mode="json", exclude_defaults=True) for model in found]
    for record in records:
        by, said = record.pop("provenance", {}), record.pop("said", None)
        if explain:
            record["provenance"] = {field: by[field] for field in record if field in by}
            record |= {"said": said} if said else {}
    table: Table = ["SOURCE", "NAME", "VERSION", "OWNER", "TASKS"], [_row(model) for model in found]
    if explain:
        table = ["MODEL", "FIELD", "SAID BY"], [row for record in records for row in _explained(record)]
    write(output, records, table)
    if output == "table" and not found:
        session.note("No models.")
    failed = session.problems([*(one for listing in listings for one in listing.problems), *findings])
    if listings and not any(listing.models or listing.complete for listing in listings):
        raise click.exceptions.Exit(UNREACHABLE)
    if failed:
        raise click.exceptions.Exit(FINDINGS)


def _row(model: Model) -> list[str]:
    version = model.latest.name if model.latest else ""
    return [model.source, model.name, version, model.owner or "", ", ".join(model.tasks)]


def _explained(record: dict[str, Any]) -> list[list[str]]:
    name = f"{record['source']}: {record['name']}"
    return [[name, field, source] for field, source in record["provenance"].items()]
