"""What a document is cut into, and why one cannot be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final


@final
class Kind:
    """What a token is: one of those below. No Enum, whose members Python 3.11 looks up slowly."""

    __slots__ = ("words",)

    def __init__(self, words: str) -> None:
        self.words = words
        """For people, as the subject of a sentence."""


SPACE = Kind("a space")
NEWLINE = Kind("a line end")
COMMENT = Kind("a comment")
DOCUMENT = Kind("'---'")
DASH = Kind("'-'")
QUESTION = Kind("'?'")
COLON = Kind("':'")
COMMA = Kind("','")
OPEN = Kind("an opening bracket")
CLOSE = Kind("a closing bracket")
ANCHOR = Kind("an anchor")
TAG = Kind("a tag")
ALIAS = Kind("an alias")
PLAIN = Kind("a plain value")
QUOTED = Kind("a quoted value")
HEADER = Kind("the beginning of a block of text")
BLOCK = Kind("a block of text")

LAYOUT = frozenset({SPACE, NEWLINE, COMMENT})
PROPERTIES = frozenset({ANCHOR, TAG})
INDICATORS = frozenset({DASH, QUESTION, COLON})
SCALARS = frozenset({ALIAS, PLAIN, QUOTED})


@dataclass(slots=True, eq=False)
class Token:
    """A piece of the text."""

    kind: Kind
    offset: int
    source: str
    indent: int = 0
    """Of its line, with the indicators of lists and keys before it; set by ``tree``."""

    @property
    def end(self) -> int:
        """Behind its last character."""
        return self.offset + len(self.source)


class Malformed(Exception):
    """What cannot be read: where, what is wrong, what would be right."""

    def __init__(self, offset: int, what: str, hint: str) -> None:
        super().__init__(what)
        self.offset, self.what, self.hint = offset, what, hint

    def moved(self, by: int) -> Malformed:
        """The same, with places counted from elsewhere."""
        return Malformed(self.offset + by, self.what, self.hint)


class TooDeep(Malformed):
    """Collections are nested deeper than allowed."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset, "values are nested too deep", "flatten the structure")

    def moved(self, by: int) -> TooDeep:
        return TooDeep(self.offset + by)


def unexpected(token: Token) -> Malformed:
    """What to say of a token where none of its kind may be."""
    what = f"not YAML: {token.kind.words} stands where it may not"
    return Malformed(token.offset, what, "check the indentation, or put the value in quotes")
