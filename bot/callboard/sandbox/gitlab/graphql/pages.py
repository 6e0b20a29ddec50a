"""Pages of lists, by GitLab's rules: a hundred rows when no number, or a larger one, is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphql import GraphQLError

from callboard.sandbox.forge.graphql.connection import Connection, connect

_MOST = 100


def page(
    items: Sequence[Any],
    *,
    first: int | None = None,
    last: int | None = None,
    after: str | None = None,
    before: str | None = None,
) -> Connection:
    """The page asked for. Raises GraphQLError."""
    if first is not None and last is not None:
        raise GraphQLError("Can only provide either `first` or `last`, not both")
    if last is not None:
        return connect(items, last=min(last, _MOST), after=after, before=before)
    return connect(items, first=_MOST if first is None else min(first, _MOST), after=after, before=before)
