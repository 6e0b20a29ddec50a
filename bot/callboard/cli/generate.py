"""``callboard generate``: the catalog tree, written to a folder."""

from __future__ import annotations

import click

from callboard.cli.session import FINDINGS, UNREACHABLE, Session


@click.command()
@click.option("--out", required=True, type=click.Path(file_okay=False), help="The folder to write to.")
@click.option("--prune", is_flag=True, help="Also take out what is no longer selected.")
@click.pass_obj
def generate(session: Session, out: str, prune: bool) -> None:
    """Write the catalog tree to a folder; no forge is touched.

    What is in the folder already counts as the base: people's edits there are kept, and a second run
    writes nothing.
    """
    from pathlib import Path

    from callboard.walk.base import base_of_folder
    from callboard.walk.desired import desire
    from callboard.walk.listings import list_sources
    from callboard.walk.workplace import scope_of

    config, folder = session.load()
    target = Path(out)
    base = base_of_folder(target, config.catalog.path)
    scope = scope_of(config)
    listings = list_sources(
        config.sources,
        folder,
        lambda settings: base.shelf.known(scope, (settings.name, *settings.formerly)),
        session.models_read,
    )
    desired = desire(config, scope, base, listings, {}, prune=prune)
    written = removed = 0
    for change in desired.changes:
        for path, content in change.files.items():
            place = target / path
            if not place.resolve().is_relative_to(target.resolve()):
                raise click.UsageError(
                    f"{place} leads out of {target} through a symbolic link; remove the link"
                )
            if content is None:
                place.unlink(missing_ok=True)
                removed += 1
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
            written += 1
    click.echo(
        f"{desired.models} models, {len(desired.changes)} changed: "
        f"{written} files written, {removed} removed in {target}"
    )
    failed = session.problems(desired.findings)
    if listings and not any(listing.models or listing.complete for listing in listings):
        raise click.exceptions.Exit(UNREACHABLE)
    if failed:
        raise click.exceptions.Exit(FINDINGS)
