"""``--set``: an override for one run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from callboard.config import Config
    from callboard.sources.overrides import Override

set_option = click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="SOURCE/NAME.FIELD=VALUE",
    help="Say a field of a model instead of its registry, in this run only. May be repeated.",
)


def assigned(config: Config, assignments: Sequence[str]) -> tuple[Override, ...]:
    """The overrides of the command line. Raises click.UsageError."""
    from callboard.sources.overrides import BadOverride, parse_assignment

    sources = [one.name for one in config.sources]
    try:
        return tuple(parse_assignment(one, sources) for one in assignments)
    except BadOverride as error:
        raise click.UsageError(f"--set: {error}") from None
