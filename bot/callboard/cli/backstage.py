"""``callboard register``, ``unregister`` and ``get``: Backstage by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from callboard.cli.output import line, output_option, write, write_table
from callboard.cli.session import FINDINGS, Session, address_given

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from callboard.backstage.client import Catalog
    from callboard.config import Backstage

_KINDS = {
    "locations": None,
    "components": "component",
    "resources": "resource",
    "apis": "api",
    "systems": "system",
    "groups": "group",
    "entities": None,
}


def _backstage_options(command: Callable[..., None]) -> Callable[..., None]:
    command = click.option(
        "--backstage-token-env",
        metavar="NAME",
        help="The environment variable that holds its token.  [default: as configured]",
    )(command)
    return click.option(
        "--backstage-url",
        metavar="URL",
        help="Backstage's backend; the configured token is not sent to it.  [default: as configured]",
    )(command)


@click.command(short_help="Register a catalog file with Backstage, and wait for it.")
@click.argument("target")
@_backstage_options
@click.pass_obj
def register(
    session: Session, target: str, backstage_url: str | None, backstage_token_env: str | None
) -> None:
    """Register the catalog file at the URL TARGET, and wait until Backstage has taken its entities.

    Backstage reads the file first; one that it cannot take is not registered. Ends with 1 if an entity is not
    taken without errors in time, with 3 if Backstage did not answer.
    """
    from callboard.backstage.registration import register_and_confirm

    settings = _settings(session, backstage_url, backstage_token_env)
    catalog = _open(settings)
    tried = catalog.dry_run(target)
    if tried.problem is not None:
        click.echo(
            line(f"{target} was not registered, because Backstage cannot take it: {tried.problem}"), err=True
        )
        raise click.exceptions.Exit(FINDINGS)
    # The first entity is the location's own. The others are as they will be when they have been taken.
    documents = tried.entities[1:]
    (outcome,) = register_and_confirm(catalog, {target: documents}, within=settings.confirm_within)
    rows = [[each.entity_ref, each.state, each.why] for each in outcome.confirmations]
    write_table(["ENTITY", "STATE", "WHY"], rows)
    if not rows:
        click.echo("Registered; the file holds no entity.")
    if outcome.state != "confirmed":
        raise click.exceptions.Exit(FINDINGS)


@click.command(short_help="Remove a location and its entities from Backstage.")
@click.argument("target")
@_backstage_options
@click.pass_obj
def unregister(
    session: Session, target: str, backstage_url: str | None, backstage_token_env: str | None
) -> None:
    """Remove a location from Backstage, with the entities that come from it.

    TARGET is the URL that was registered, or the location's id as 'callboard get locations' shows it. Ends
    with 1 if there is no such location.
    """
    catalog = _open(_settings(session, backstage_url, backstage_token_env))
    found = catalog.location(target) if "://" in target else None
    location_id = found.id if found else target
    if ("://" in target and found is None) or not catalog.unregister(location_id):
        click.echo(
            f"{target} is not registered, or the token may not see it. "
            "'callboard get locations' shows what is registered.",
            err=True,
        )
        raise click.exceptions.Exit(FINDINGS)
    click.echo(f"Unregistered {target}.")


@click.command(short_help="Show what Backstage has.")
@click.argument("kind", type=click.Choice(tuple(_KINDS)), metavar="KIND")
@output_option
@_backstage_options
@click.pass_obj
def get(
    session: Session, kind: str, output: str, backstage_url: str | None, backstage_token_env: str | None
) -> None:
    """Show what Backstage has: its locations, or its entities.

    KIND is locations, components, resources, apis, systems, groups, or entities for all kinds together.
    """
    catalog = _open(_settings(session, backstage_url, backstage_token_env))
    if kind == "locations":
        locations = [
            {"id": each.id, "type": each.type, "target": each.target} for each in catalog.locations()
        ]
        rows = [[each["id"], each["target"]] for each in locations]
        write(output, locations, (["ID", "TARGET"], rows))
        if not rows:
            click.echo("No locations; a token without the permission to read them is shown none.", err=True)
        return
    wanted = _KINDS[kind]
    filters = [{"kind": wanted}] if wanted else []
    # Definitions of APIs can be large, and a table does not show them.
    fields = ("kind", "metadata", "spec.type", "spec.owner", "spec.lifecycle") if output == "table" else ()
    found = [dict(entity) for entity in catalog.entities(*filters, fields=fields)]
    write(output, found, (["ENTITY", "TYPE", "LIFECYCLE", "OWNER", "FROM"], [_row(each) for each in found]))
    if output == "table" and not found:
        click.echo(f"No {kind}.", err=True)


def _row(entity: Mapping[str, Any]) -> list[str]:
    from callboard.backstage.confirmation import entity_ref, origin

    spec = entity.get("spec") or {}
    said = [str(spec.get(key, "")) for key in ("type", "lifecycle", "owner")]
    return [entity_ref(entity), *said, origin(entity) or ""]


def _settings(session: Session, url: str | None, token_variable: str | None) -> Backstage:
    """The Backstage that is meant. Raises click.UsageError when none is."""
    from callboard.config import Backstage, SecretReference

    token = SecretReference(env=token_variable) if token_variable else None
    if url is not None:
        return Backstage(url=address_given("--backstage-url", url), token=token)
    configured = session.load()[0].backstage
    if configured is None:
        raise click.UsageError(
            f"{session.config_path} says nothing about Backstage. Add 'backstage: {{url: …}}' to it, "
            "or give --backstage-url."
        )
    return configured.model_copy(update={"token": token}) if token else configured


def _open(settings: Backstage) -> Catalog:
    from callboard.walk.workplace import open_backstage

    return open_backstage(settings)
