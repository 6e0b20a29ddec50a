"""What reading a text may cost; apart from the reader, which takes long to load."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What a text may cost. What goes beyond is a fault, not a wait."""

    bytes: int = 10 * 1024 * 1024
    depth: int = 100
    """Nested collections."""
    nodes: int = 1_000_000
    """Values in the whole text, with every alias counted as what it stands for."""
    documents: int = 50_000
    """One takes as long as dozens of values do. Large catalogs have 10,000 entities, mostly in many files."""
    tokens: int = 1_800_000
    """Values, marks, blanks and lines in all documents that only our own exact reader can read.

    Some six stand in a line of block style, two for an item in brackets: 10,000 entities of a kilobyte.
    """
    tokens_of_one: int = 400_000
    """The same of one such document."""
    aliases: int = 100
    """Of one anchor, each counted as often as what it stands for holds aliases itself."""
    faults: int = 100
    """Reading stops after so many documents that could not be read."""
