"""Splitting what is too much for one pull request, so that a model's part does not depend on the others.

Each model has a place, the bits of a digest of its key. A part is named by the bits that its models have in
common; one that holds too much falls into two by the next bit, and no other part is touched by that. What
counts as held is what the catalog has and will have, so that merging one part changes no other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

DEPTH = 24
"""Bits at most: sixteen million parts."""


@dataclass(frozen=True)
class Room:
    """What one pull request can hold."""

    models: int
    files: int
    """The forge tells no more paths, and what is not told cannot be merged."""

    def has(self, sizes: Iterable[int]) -> bool:
        """Whether models with so many files each find place."""
        held = list(sizes)
        return len(held) <= self.models and sum(held) <= self.files


def place_of(key: str) -> str:
    """The bits of a model, by its key."""
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
    return f"{int.from_bytes(digest[:4], 'big'):032b}"[:DEPTH]


def parts(sizes: Mapping[str, int], room: Room, at: str = "") -> dict[str, str]:
    """The part of each model (key to number of files) below the part ``at``: key to bits.

    A single model is never split, however many files it has.
    """
    if len(at) == DEPTH or len(sizes) <= 1 or room.has(sizes.values()):
        return dict.fromkeys(sizes, at)
    found: dict[str, str] = {}
    for bit in "01":
        below = {key: files for key, files in sizes.items() if place_of(key).startswith(at + bit)}
        found |= parts(below, room, at + bit)
    return found
