"""A text cut into the pieces that are parsed on their own, which know where in the file they stand."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from callboard.documents.place import Place

_BOUNDARY = re.compile(r"^(?:---(?=[ \t\r\n]|\Z)|\.\.\.(?=[ \t\r\n]|\Z)[^\n]*\n?)", re.MULTILINE)
# A line that is neither blank nor a comment nor a directive.
_CONTENT = re.compile(r"^(?:[ \t\r]*+[^ \t\r\n#%]|[ \t\r]++%)", re.MULTILINE)

_ONLY_1_1_BREAKS = "\x85\u2028\u2029"
_PRIVATE = range(0xE000, 0xF900)


def hide_breaks(text: str) -> tuple[str, dict[int, str]]:
    """The text with ordinary characters for those that end a line in YAML 1.1 only, and which is which."""
    if not any(character in text for character in _ONLY_1_1_BREAKS):
        return text, {}
    free = (code for code in _PRIVATE if chr(code) not in text)
    hidden = dict(zip(free, _ONLY_1_1_BREAKS, strict=False))
    return text.translate({ord(character): code for code, character in hidden.items()}), hidden


@dataclass(frozen=True)
class Source:
    """A whole file."""

    file: str
    text: str
    hidden: dict[int, str] | None = None

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in re.finditer("\n", self.text))]

    def place(self, offset: int) -> Place:
        """The line and column of a character."""
        line = bisect_right(self._starts, offset)
        return Place(self.file, line, offset - self._starts[line - 1] + 1)


@dataclass(frozen=True)
class Piece:
    """A part of a file that is parsed on its own: as a rule, one document."""

    source: Source
    start: int
    text: str

    def place(self, offset: int) -> Place:
        """Where in the file a character of this text stands."""
        return self.source.place(self.start + offset)


def pieces(source: Source) -> Iterator[Piece]:
    """The text, cut where a document surely begins, so that what is wrong in one leaves the others alone.

    Three dashes or dots at the start of a line end everything, block scalars included.
    """
    text, start = source.text, 0
    for boundary in _BOUNDARY.finditer(text):
        empty = _CONTENT.search(text, start, boundary.start()) is None
        end = boundary.start() if boundary[0] == "---" else boundary.end()
        if not empty:
            yield Piece(source, start, text[start:end])
        if not empty or boundary[0] != "---":
            start = end
    if start < len(text):
        yield Piece(source, start, text[start:])
