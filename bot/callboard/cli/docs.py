"""``callboard docs``: the TechDocs sites."""

from __future__ import annotations

import click

from callboard.cli.session import FINDINGS, Session


@click.group()
def docs() -> None:
    """Build the TechDocs sites of a catalog tree."""


@docs.command(short_help="Build the sites of a catalog tree, for TechDocs to serve.")
@click.argument("tree", type=click.Path(exists=True, file_okay=False), default=".")
@click.option("--out", required=True, type=click.Path(file_okay=False), help="The folder to write to.")
@click.pass_obj
def build(session: Session, tree: str, out: str) -> None:
    """Build the site of every entity under TREE that keeps its docs beside it (techdocs-ref: dir:.).

    Each goes to OUT/NAMESPACE/KIND/NAME, where Backstage's TechDocs backend looks for it. A site whose pages
    did not change is left alone. Needs the extra docs: pip install '.[docs]' in a checkout of Callboard.
    """
    from pathlib import Path

    from callboard.catalog.docs.build import EngineMissing, build_sites
    from callboard.validation.reports.words import counted

    try:
        report = build_sites(Path(tree), Path(out))
    except EngineMissing as missing:
        raise click.ClickException(str(missing)) from None
    click.echo(f"{counted(len(report.built), 'site')} built, {len(report.unchanged):,} unchanged in {out}")
    if session.problems(report.problems):
        raise click.exceptions.Exit(FINDINGS)
