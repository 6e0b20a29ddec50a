"""Answers of a registry with something in them that is not what it should be."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

_ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 10**400, 1.5, "", "\x00", "\u202e../\x1b[31m", "x" * 10_000, "{{ 7*7 }}",
    "0001-01-01T00:00:00+23:59", [], [None], [[]], {}, {"a": None}, [{"name": {}}],
)  # fmt: skip


@st.composite
def spoiled(draw: st.DrawFn, document: Any) -> Any:
    """``document`` with one or a few of its values replaced by something odd, or gone."""
    document = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(document))
        if not places:
            break
        holder, key = draw(st.sampled_from(places))
        if draw(st.booleans()) and isinstance(holder, dict):
            del holder[key]
        else:
            holder[key] = copy.deepcopy(draw(st.sampled_from(_ODD)))
    return document


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(items):
        yield value, key
        yield from _places(inner)
