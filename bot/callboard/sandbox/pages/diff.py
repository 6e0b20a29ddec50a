"""The lines of a patch, each with what it is."""

from __future__ import annotations

from dataclasses import dataclass

_MOST_LINES = 500
_KINDS = {"+": "added", "-": "removed", "@": "place", "\\": "place"}


@dataclass(frozen=True)
class Patch:
    """The first lines of a patch with their kind (added, removed, place, same), and how many are left out."""

    lines: tuple[tuple[str, str], ...]
    left_out: int


def patch(text: str) -> Patch:
    """``text`` taken apart."""
    lines = text.split("\n") if text else []
    shown = tuple((_KINDS.get(line[:1], "same"), line) for line in lines[:_MOST_LINES])
    return Patch(shown, max(len(lines) - _MOST_LINES, 0))
