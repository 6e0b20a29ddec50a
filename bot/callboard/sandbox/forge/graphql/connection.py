"""Pages of GraphQL lists, by GitHub's rules."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError

_MOST = 100


@dataclass(frozen=True)
class PageInfo:
    """pageInfo."""

    start_cursor: str | None
    end_cursor: str | None
    has_next_page: bool
    has_previous_page: bool


@dataclass(frozen=True)
class Connection:
    """One page. ``edges`` stays empty where a connection's edges say nothing that its nodes do not."""

    nodes: Sequence[Any]
    total_count: int
    page_info: PageInfo
    edges: Sequence[Any] = ()


def connect(
    items: Sequence[Any],
    *,
    first: int | None = None,
    last: int | None = None,
    after: str | None = None,
    before: str | None = None,
) -> Connection:
    """The page asked for. Raises GraphQLError, as GitHub does, when no size or too large a one is named."""
    if (first is None) == (last is None):
        raise GraphQLError("You must provide a `first` or `last` value to properly paginate the connection.")
    size = first if first is not None else last
    assert size is not None
    if not 0 <= size <= _MOST:
        raise GraphQLError(f"Requesting {size} records exceeds the `first` limit of {_MOST} records.")
    start = _index(after) + 1 if after else 0
    end = min(_index(before), len(items)) if before else len(items)
    if first is not None:
        end = min(end, start + size)
    else:
        start = max(start, end - size)
    shown = items[start:end]
    info = PageInfo(
        start_cursor=cursor(start) if shown else None,
        end_cursor=cursor(start + len(shown) - 1) if shown else None,
        has_next_page=start + len(shown) < len(items),
        has_previous_page=start > 0,
    )
    return Connection(shown, len(items), info)


def cursor(index: int) -> str:
    """An opaque place in a list."""
    return base64.b64encode(f"cursor:{index}".encode()).decode()


def _index(text: str) -> int:
    try:
        return int(base64.b64decode(text).decode().removeprefix("cursor:"))
    except (ValueError, binascii.Error):
        raise GraphQLError(f"`{text}` does not appear to be a valid cursor.") from None
