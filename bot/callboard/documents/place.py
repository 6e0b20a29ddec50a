"""Where something stands in a text file."""

from __future__ import annotations

from dataclasses import dataclass

Path = tuple[str | int, ...]
"""The way to a value in a document: mapping keys and list indexes, from the root."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place that editors and forges understand: file as given, line and column counted from 1."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a text could not be read as YAML, and what would be right."""

    place: Place
    code: str
    """Stable: ``yaml-syntax``, ``yaml-duplicate-key``, ``yaml-too-deep``, ``yaml-alias-bomb`` …"""
    what: str
    hint: str


def shown(text: str) -> str:
    """A text from outside as it can stand in a message: in quotes, on one line, and not too long."""
    return repr(text if len(text) <= 60 else text[:57] + "…")
