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
    aliases: int = 100
    """Of one anchor, each counted as often as what it stands for holds aliases itself."""
    faults: int = 100
    """Reading stops after so many documents that could not be read."""
