"""A document cut into tokens.

What ends where depends on the indentation of the line and on how deep in brackets it stands, as the npm
package has it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from callboard.documents.exact.extents import (
    EMPTY,
    IN_FLOW,
    SPACES,
    end_of_block,
    end_of_plain,
    end_of_quoted,
)
from callboard.documents.exact.tokens import (
    ALIAS,
    ANCHOR,
    BLOCK,
    CLOSE,
    COLON,
    COMMA,
    COMMENT,
    DASH,
    DOCUMENT,
    HEADER,
    NEWLINE,
    OPEN,
    PLAIN,
    QUESTION,
    QUOTED,
    SPACE,
    TAG,
    Kind,
    Malformed,
    Token,
)

_BLANKS = re.compile(r"[ \t]*")
_NAME = re.compile(r"[^ ,\[\]{}\n\r\t]+")
_TAG = re.compile(r"!<[^ \t\r\n>]*>?|!(?:[-\w#;/?:@&=+$.!~*'()]++|%[0-9A-Fa-f]{2})*+", re.ASCII)
_HEADER = re.compile(r"[|>][^ \t\r\n#]*")
_HEADER_WORDS = re.compile(r"[|>][-+1-9]*")
_LINE = re.compile(r"[^\n]*")
_NO_COLUMN = -1
_INDICATOR = {"-": DASH, "?": QUESTION, ":": COLON}
_OWN_LINE = "begin the text in a line of its own, indented deeper than its key"


class Lexer:
    """Cuts a document, and hands every token on before it looks for the next."""

    def __init__(self, text: str, take: Callable[[Token], None]) -> None:
        self.text, self.take = text, take
        self.at = 0
        self.wanted = 0
        """The least indentation of the next lines of a scalar."""
        self.indent = 0
        self.level = 0
        """Brackets that are open."""
        self.after_key = False
        """In brackets: a colon right here ends a key."""

    def run(self, *, marked: bool) -> None:
        """Cuts it. ``marked``: it begins with ``---``. Raises Malformed, and what ``take`` raises."""
        if marked:
            self._hand_on(DOCUMENT, 3)
        else:
            self._line_start()
        size = len(self.text)
        while self.at < size:
            if self.level:
                self._flow()
            else:
                self._block()

    # What every state does

    def _char(self, ahead: int = 0) -> str:
        return self.text[self.at + ahead : self.at + ahead + 1]

    def _is_empty(self, ahead: int) -> bool:
        """Whether nothing, a blank or a line end stands there."""
        return self._char(ahead) in EMPTY

    def _hand_on(self, kind: Kind, end: int) -> None:
        at = self.at
        self.at = end
        self.take(Token(kind, at, self.text[at:end]))

    def _hand_on_found(self, kind: Kind, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self.text, self.at)
        assert found is not None
        self._hand_on(kind, found.end())

    def _blanks(self, pattern: re.Pattern[str] = _BLANKS) -> None:
        found = pattern.match(self.text, self.at)
        if found is not None and found.end() > self.at:
            self._hand_on(SPACE, found.end())

    def _newline(self) -> None:
        char = self.text[self.at : self.at + 1]
        if char == "\n":
            self._hand_on(NEWLINE, self.at + 1)
        elif char == "\r" and self.text.startswith("\r\n", self.at):
            self._hand_on(NEWLINE, self.at + 2)

    def _at_line_end(self) -> bool:
        char = self.text[self.at : self.at + 1]
        return char in ("", "\n") or (char == "\r" and self.text.startswith("\r\n", self.at))

    def _comment(self) -> None:
        found = _LINE.match(self.text, self.at)
        assert found is not None
        end = found.end()
        before_break = end > self.at and end < len(self.text) and self.text[end - 1] == "\r"
        self._hand_on(COMMENT, end - before_break)

    # Outside of brackets

    def _line_start(self) -> None:
        before = self.at
        self._blanks(SPACES)
        self.indent = self.at - before
        if self.wanted > self.indent and not self._is_empty(1):
            self.wanted = self.indent
        while (first := self._char()) and first in "-?:" and self._is_empty(1):
            before = self.at
            self._hand_on(_INDICATOR[first], self.at + 1)
            self._blanks()
            self.wanted = self.indent + 1
            self.indent += self.at - before

    def _block(self) -> None:
        self._blanks()
        self._properties()
        first = self._char()
        if first == "#" or self._at_line_end():
            if first == "#":
                self._comment()
            self._newline()
            self._line_start()
        elif first in "{[":
            self.after_key, self.level = False, 1
            self._hand_on(OPEN, self.at + 1)
        elif first in "}]":
            what = f"not YAML: {first!r} closes no bracket"
            raise Malformed(self.at, what, "remove it, or put the value in quotes")
        elif first == "*":
            self._hand_on_found(ALIAS, _NAME)
        elif first in "\"'":
            self._hand_on(QUOTED, end_of_quoted(self.text, self.at, self.wanted))
        elif first in "|>":
            self._text_block()
        else:
            self._hand_on(PLAIN, end_of_plain(self.text, self.at, self.wanted, flow=False))

    def _properties(self) -> None:
        """Anchors and tags, and indicators that do not stand first in their line."""
        while (first := self._char()) and first in "!&-?:":
            if first == "!":
                self._hand_on_found(TAG, _TAG)
            elif first == "&":
                self._hand_on_found(ANCHOR, _NAME)
            elif self._is_empty(1) or (self.level and self._char(1) in IN_FLOW):
                if not self.level:
                    self.wanted = self.indent + 1
                else:
                    self.after_key = False
                self._hand_on(_INDICATOR[first], self.at + 1)
            else:
                return
            self._blanks()

    def _text_block(self) -> None:
        words = _HEADER_WORDS.match(self.text, self.at)
        assert words is not None
        numbers = [int(char) for char in words[0] if char.isdigit()]
        self._hand_on_found(HEADER, _HEADER)
        self._blanks()
        if self._char() == "#":
            self._comment()
        if not self._at_line_end():
            raise Malformed(self.at, "something stands behind the beginning of a block of text", _OWN_LINE)
        self._newline()
        explicit = numbers[-1] - 1 if numbers else None
        end, self.wanted = end_of_block(self.text, self.at, self.wanted, explicit, keep="+" in words[0])
        self._hand_on(BLOCK, min(end + 1, len(self.text)))
        self._line_start()

    # In brackets

    def _flow(self) -> None:
        column = self._to_content()
        if column != _NO_COLUMN and column < self.wanted and self._char() != "#":
            closes = column == self.wanted - 1 and self.level == 1 and self._char() in ("]", "}")
            if not closes:
                what = "not YAML: a line in brackets is not indented deeper than what the brackets belong to"
                raise Malformed(self.at, what, "indent the line, or close the bracket before it")
        while self._char() == ",":
            self._hand_on(COMMA, self.at + 1)
            self._blanks()
            self.after_key = False
        self._properties()
        first = self._char()
        if self._at_line_end():
            return
        if first == "#":
            self._comment()
        elif first in "{[":
            self.after_key = False
            self.level += 1
            self._hand_on(OPEN, self.at + 1)
        elif first in "}]":
            self.after_key = True
            self.level -= 1
            self._hand_on(CLOSE, self.at + 1)
        elif first == "*":
            self._hand_on_found(ALIAS, _NAME)
        elif first in "\"'":
            self.after_key = True
            self._hand_on(QUOTED, end_of_quoted(self.text, self.at, self.wanted))
        elif first == ":" and (self.after_key or self._is_empty(1) or self._char(1) == ","):
            self.after_key = False
            self._hand_on(COLON, self.at + 1)
            self._blanks()
        else:
            self.after_key = False
            self._hand_on(PLAIN, end_of_plain(self.text, self.at, self.wanted, flow=True))

    def _to_content(self) -> int:
        """Goes to what is no blank; returns the column of the line that it stands in, if it is another."""
        column = _NO_COLUMN
        while True:
            before = self.at
            self._newline()
            if self.at > before:
                start = self.at
                self._blanks(SPACES)
                self.indent = column = self.at - start
            self._blanks()
            if self.at == before:
                return column
