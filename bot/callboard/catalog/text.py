"""Text from outside made fit for one value of a catalog file: visible, bounded, one kind of white space."""

from __future__ import annotations

import re
import unicodedata

# Controls, formats that reorder or hide text (bidi overrides, zero width), lone surrogates, private use.
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn"}


def without_controls(text: str) -> str:
    """``text`` without characters that could move a terminal's cursor or reorder what it shows."""
    if text.isprintable():
        return text
    return "".join(char for char in text if char in "\n\t" or unicodedata.category(char) not in _INVISIBLE)


def visible(text: str) -> str:
    """``text`` without characters that cannot be seen; line ends and tabs become single spaces."""
    spaced = re.sub(r"\s+", " ", text)
    if not spaced.isprintable():
        spaced = "".join(char for char in spaced if unicodedata.category(char) not in _INVISIBLE)
    return re.sub(r" +", " ", spaced).strip()


def shortened(text: str, limit: int) -> str:
    """``text`` made visible and cut to ``limit`` characters, at a word where one is near, with ``…``."""
    clean = visible(text)
    if len(clean) <= limit:
        return clean
    cut = clean[: limit - 1]
    word = cut.rfind(" ")
    return (cut[:word] if word > limit * 3 // 4 else cut).rstrip() + "…"


def tag(text: str) -> str | None:
    """``text`` as a Backstage tag (``[a-z0-9:+#]`` runs joined by single ``-``, at most 63), or None."""
    flat = unicodedata.normalize("NFKD", text).lower()
    words = re.sub(r"[^a-z0-9:+#]+", "-", flat).strip("-")[:63].strip("-")
    return words or None
