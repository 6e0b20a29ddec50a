"""What reading a text exactly may cost, told by counting tokens, and the lines of those that have several."""

from __future__ import annotations

import sys

_OF_A_DOCUMENT = 8
"""Tokens that take as long as a document does besides its own."""


class TooMany(Exception):
    """There are more tokens than allowed, and reading ends here: what has too many."""

    def __init__(self, offset: int, what: str) -> None:
        super().__init__(what)
        self.offset, self.what = offset, what


class Budget:
    """Tokens that may still be taken in: of the whole text, and of one document, which is held as a whole."""

    def __init__(self, tokens: int = sys.maxsize, tokens_of_one: int = sys.maxsize) -> None:
        self._tokens, self._tokens_of_one = tokens, tokens_of_one
        self._others = tokens
        self.left = 0
        """Of the document that is being read. Whoever takes one in counts it down."""

    def begin_document(self) -> None:
        """What the last document left is for the others."""
        self._others += self.left - _OF_A_DOCUMENT
        self.left = min(self._others, self._tokens_of_one)
        self._others -= self.left

    def spent(self, offset: int) -> TooMany:
        """What to raise when nothing is left."""
        of_all = self._others <= 0
        which, most = ("file", self._tokens) if of_all else ("document", self._tokens_of_one)
        return TooMany(offset, f"the {which} has more than {most:,} values, marks, blanks and lines")
