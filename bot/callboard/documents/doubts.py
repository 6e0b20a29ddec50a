"""What there is to say of a document that had to be read with care."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from callboard.documents.pieces import Piece
from callboard.documents.place import Fault, Place

if TYPE_CHECKING:
    from callboard.documents.exact.tag_names import Directives

BAD_CHARACTER = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffc\U00010000-\U0010ffff]")
"""What YAML forbids, and what stands for bytes that were no text."""


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """A plain scalar that readers of YAML 1.1 and of YAML 1.2 take differently."""

    text: str
    place: Place


@dataclass(frozen=True, slots=True)
class Doubts:
    """Found while one document was read. The places count from the beginning of its piece."""

    directives: Directives | None
    """Where libyaml does not read it, or not as Backstage does: what stood before it."""
    ambiguous: tuple[tuple[str, int], ...]
    odd_keys: tuple[tuple[str, int], ...]
    clean: bool
    """Its file holds no character that YAML forbids."""

    def ambiguous_in(self, piece: Piece) -> tuple[Ambiguous, ...]:
        """The plain scalars, keys included, that readers of YAML 1.1 and 1.2 take differently."""
        return tuple(Ambiguous(text, piece.place(offset)) for text, offset in self.ambiguous)

    def oddities_in(self, piece: Piece) -> Iterator[Fault]:
        """What Backstage reads, but hardly as it was meant: bytes that are no text, lists that are keys."""
        for key, offset in self.odd_keys:
            what = f"a mapping or a list stands as a key, which is read as the text {key[:60]!r}"
            yield Fault(piece.place(offset), "yaml-key", what, "write a plain word or a quoted string")
        if not self.clean and (found := BAD_CHARACTER.search(piece.text)):
            place = piece.place(found.start())
            what = f"the character U+{ord(found[0]):04X} is not allowed in YAML"
            hint = "remove it, or write it as an escape in double quotes"
            if found[0] == "\ufffd":
                what, hint = "a byte here is not UTF-8, and is read as U+FFFD", "save the file as UTF-8"
            yield Fault(place, "yaml-encoding" if found[0] == "\ufffd" else "yaml-character", what, hint)
