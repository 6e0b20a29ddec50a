"""``callboard generate``: the catalog tree, written to a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from callboard.cli.assigning import assigned, set_option
from callboard.cli.session import FINDINGS, UNREACHABLE, Session

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


@click.command(short_help="Write the catalog tree to a folder.")
@click.option(
    "--out", required=True, type=click.Path(file_okay=False), metavar="DIR", help="The folder to write to."
)
@click.option("--prune", is_flag=True, help="Also take out what is no longer selected.")
@set_option
@click.pass_obj
def generate(session: Session, out: str, prune: bool, assignments: tuple[str, ...]) -> None:
    """Write the catalog tree to a folder; no forge is touched.

    What is in the folder already counts as the base: people's edits there are kept, and a second run
    writes nothing. Promotions are left out: they need a pull request. Ends with 1 if something could not be
    read or would not be valid, with 3 if no source answered.
    """
    from pathlib import Path

    from callboard.validation.reports.words import counted
    from callboard.walk.base import base_of_folder
    from callboard.walk.desired import desire
    from callboard.walk.listings import list_sources
    from callboard.walk.workplace import scope_of

    config, folder = session.load()
    target = Path(out)
    base = base_of_folder(target, config.catalog.path)
    scope = scope_of(config)
    listings = list_sources(
        config,
        folder,
        lambda settings: base.shelf.known(scope, (settings.name, *settings.formerly)),
        session.models_read,
        assigned=assigned(config, assignments),
    )
    desired = desire(config, scope, base, listings, {}, prune=prune, refresh=True)
    changes = [one for one in desired.changes if not one.change.promotes]
    files = {path: content for change in changes for path, content in change.files.items()}
    _refuse_links(target, files)
    try:
        _write(target, files)
    except OSError as error:
        raise click.UsageError(f"{error.filename} cannot be written: {error.strerror}") from None
    removed = sum(content is None for content in files.values())
    click.echo(
        f"{counted(desired.models, 'model')}, {len(changes):,} changed: "
        f"{counted(len(files) - removed, 'file')} written, {removed:,} removed in {target}"
    )
    if waiting := len(desired.changes) - len(changes):
        click.echo(f"{counted(waiting, 'promotion')} left to callboard sync, for people to approve")
    failed = session.problems(desired.findings)
    if listings and not any(listing.models or listing.complete for listing in listings):
        raise click.exceptions.Exit(UNREACHABLE)
    if failed:
        raise click.exceptions.Exit(FINDINGS)


def _refuse_links(target: Path, paths: Iterable[str]) -> None:
    """Nothing is written through a symbolic link: it may lead anywhere. Raises click.UsageError."""
    for path in paths:
        at = target
        for part in path.split("/"):
            at /= part
            if at.is_symlink():
                raise click.UsageError(f"{at} is a symbolic link; nothing was written. Remove the link.")


def _write(target: Path, files: Mapping[str, bytes | None]) -> None:
    for path, content in files.items():
        place = target / path
        if content is None:
            place.unlink(missing_ok=True)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
