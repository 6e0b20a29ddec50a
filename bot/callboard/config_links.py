"""Which models of several sources are one, as callboard.yaml says it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from callboard.config_base import Settings

_ModelOfSource = Annotated[
    str,
    Field(
        pattern=r"^[a-z0-9]+(-[a-z0-9]+)*:[^\n]*\S",
        max_length=1000,
        description="SOURCE:ID or SOURCE:NAME, by a source's name here and the model's id or name there",
    ),
]
_SeveralModels = Annotated[tuple[_ModelOfSource, ...], Field(min_length=2)]


class Links(Settings):
    """Which models of several sources are one, beyond what the registries themselves say."""

    same: tuple[_SeveralModels, ...] = ()
    """Lists of models that are one. Of those that the catalog has already, the first named keeps its name."""
    apart: tuple[_SeveralModels, ...] = ()
    """Lists of models of which no two are one, whatever their registries say."""
    means: dict[str, tuple[str, ...]] = Field(default={})
    """By a source: the sources that its statements about other registries mean."""
    order: tuple[str, ...] = ()
    """Sources, the one first whose word counts most. Default: registries, then others, then platforms that
    serve models; among these the order of the sources."""
