"""The tokens of one document.

What ends where depends on the indentation of the line and on how deep in brackets it stands, as the npm
package has it: a scalar that goes on for several lines ends where a line is indented less than it must be.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What a token is."""

    SPACE = "a space"
    NEWLINE = "a line end"
    COMMENT = "a comment"
    DOCUMENT = "'---'"
    DASH = "'-'"
    QUESTION = "'?'"
    COLON = "':'"
    COMMA = "','"
    OPEN = "an opening bracket"
    CLOSE = "a closing bracket"
    ANCHOR = "an anchor"
    TAG = "a tag"
    ALIAS = "an alias"
    PLAIN = "a plain value"
    QUOTED = "a quoted value"
    HEADER = "the beginning of a block of text"
    BLOCK = "a block of text"


@dataclass(slots=True)
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


_EMPTY = " \t\r\n"
_IN_FLOW = ",[]{}"
_SPACES = re.compile(r" *")
_BLANKS = re.compile(r"[ \t]*")
_NAME = re.compile(r"[^ ,\[\]{}\n\r\t]+")
_TAG = re.compile(r"!<[^ \t\r\n>]*>?|!(?:[-\w#;/?:@&=+$.!~*'()]|%[0-9A-Fa-f]{2})*", re.ASCII)
_HEADER = re.compile(r"[|>][^ \t\r\n#]*")
_HEADER_WORDS = re.compile(r"[|>][-+1-9]*")
_WHITE = re.compile(r"[ \t\r\n]*")
_LINE = re.compile(r"[^\n]*")
_BLANK_LINES = re.compile(r"(?: |\n|\r\n)*")
_RUN = re.compile(r"[^: \t\n\r]+")
_RUN_IN_FLOW = re.compile(r"[^: \t\n\r,\[\]{}]+")
_NO_COLUMN = -1


def tokens(text: str, start: int, *, marked: bool) -> Iterator[Token]:
    """The tokens of a document that begins at ``start``: behind its ``---`` if it is ``marked``."""
    return _Lexer(text, start).run(marked)


class _Lexer:
    def __init__(self, text: str, start: int) -> None:
        self.text, self.at = text, start
        self.wanted = 0
        """The least indentation of the next lines of a scalar."""
        self.indent = 0
        self.level = 0
        """Brackets that are open."""
        self.after_key = False
        """In brackets: a colon right here ends a key."""

    def run(self, marked: bool) -> Iterator[Token]:
        if not marked:
            yield from self._line_start()
        while self.at < len(self.text):
            yield from self._flow() if self.level else self._block()

    # What every state does

    def _char(self, ahead: int = 0) -> str:
        return self.text[self.at + ahead : self.at + ahead + 1]

    def _is_empty(self, ahead: int) -> bool:
        """Whether nothing, a blank or a line end stands there."""
        return self._char(ahead) in _EMPTY

    def _take(self, kind: Kind, end: int) -> Token:
        token = Token(kind, self.at, self.text[self.at : end])
        self.at = end
        return token

    def _blanks(self, pattern: re.Pattern[str] = _BLANKS) -> Iterator[Token]:
        found = pattern.match(self.text, self.at)
        if found is not None and found.end() > self.at:
            yield self._take(Kind.SPACE, found.end())

    def _newline(self) -> Iterator[Token]:
        if self._char() == "\n":
            yield self._take(Kind.NEWLINE, self.at + 1)
        elif self.text.startswith("\r\n", self.at):
            yield self._take(Kind.NEWLINE, self.at + 2)

    def _line_end(self) -> int:
        """Where the line ends, before its line end."""
        found = _LINE.match(self.text, self.at)
        assert found is not None
        end = found.end()
        return end - 1 if end > self.at and end < len(self.text) and self.text[end - 1] == "\r" else end

    def _goes_on(self, start: int) -> int:
        """Where a scalar goes on in the line that begins at ``start``; -1 where it ends before that line."""
        if self.wanted == 0:
            return start
        found = _SPACES.match(self.text, start)
        assert found is not None
        end = found.end()
        if self.text.startswith("\r\n", end):
            return end + 1
        return end if end - start >= self.wanted or self.text.startswith("\n", end) else -1

    def _at_line_end(self) -> bool:
        return self._char() in ("", "\n") or self.text.startswith("\r\n", self.at)

    # Outside of brackets

    def _line_start(self) -> Iterator[Token]:
        before = self.at
        yield from self._blanks(_SPACES)
        self.indent = self.at - before
        if self.wanted > self.indent and not self._is_empty(1):
            self.wanted = self.indent
        while (first := self._char()) and first in "-?:" and self._is_empty(1):
            before = self.at
            yield self._take(_INDICATORS[first], self.at + 1)
            yield from self._blanks()
            self.wanted = self.indent + 1
            self.indent += self.at - before

    def _block(self) -> Iterator[Token]:
        yield from self._blanks()
        yield from self._properties()
        first = self._char()
        if self._at_line_end() or first == "#":
            if first == "#":
                yield self._take(Kind.COMMENT, self._line_end())
            yield from self._newline()
            yield from self._line_start()
        elif first in "{[":
            yield self._take(Kind.OPEN, self.at + 1)
            self.after_key, self.level = False, 1
        elif first in "}]":
            what = f"not YAML: {first!r} closes no bracket"
            raise Malformed(self.at, what, "remove it, or put the value in quotes")
        elif first == "*":
            yield self._alias()
        elif first in "\"'":
            yield self._quoted()
        elif first in "|>":
            yield from self._text_block()
        else:
            yield self._plain()

    def _properties(self) -> Iterator[Token]:
        """Anchors and tags, and indicators that do not stand first in their line."""
        while first := self._char():
            if first == "!":
                found = _TAG.match(self.text, self.at)
                assert found is not None
                yield self._take(Kind.TAG, found.end())
            elif first == "&":
                found = _NAME.match(self.text, self.at)
                assert found is not None
                yield self._take(Kind.ANCHOR, found.end())
            elif first in "-?:" and (self._is_empty(1) or (self.level and self._char(1) in _IN_FLOW)):
                if not self.level:
                    self.wanted = self.indent + 1
                else:
                    self.after_key = False
                yield self._take(_INDICATORS[first], self.at + 1)
            else:
                return
            yield from self._blanks()

    def _alias(self) -> Token:
        found = _NAME.match(self.text, self.at)
        assert found is not None
        return self._take(Kind.ALIAS, found.end())

    # In brackets

    def _flow(self) -> Iterator[Token]:
        column = yield from self._to_content()
        if column != _NO_COLUMN and column < self.wanted and self._char() != "#":
            closes = column == self.wanted - 1 and self.level == 1 and self._char() in ("]", "}")
            if not closes:
                what = "not YAML: a line in brackets is not indented deeper than what the brackets belong to"
                raise Malformed(self.at, what, "indent the line, or close the bracket before it")
        while self._char() == ",":
            yield self._take(Kind.COMMA, self.at + 1)
            yield from self._blanks()
            self.after_key = False
        yield from self._properties()
        first = self._char()
        if self._at_line_end():
            return
        if first == "#":
            yield self._take(Kind.COMMENT, self._line_end())
        elif first in "{[":
            yield self._take(Kind.OPEN, self.at + 1)
            self.after_key = False
            self.level += 1
        elif first in "}]":
            yield self._take(Kind.CLOSE, self.at + 1)
            self.after_key = True
            self.level -= 1
        elif first == "*":
            yield self._alias()
        elif first in "\"'":
            self.after_key = True
            yield self._quoted()
        elif first == ":" and (self.after_key or self._is_empty(1) or self._char(1) == ","):
            self.after_key = False
            yield self._take(Kind.COLON, self.at + 1)
            yield from self._blanks()
        else:
            self.after_key = False
            yield self._plain()

    def _to_content(self) -> Generator[Token, None, int]:
        """Goes to what is no blank; returns the column of the line that it stands in, if it is another."""
        column = _NO_COLUMN
        while True:
            before = self.at
            yield from self._newline()
            if self.at > before:
                start = self.at
                yield from self._blanks(_SPACES)
                self.indent = column = self.at - start
            yield from self._blanks()
            if self.at == before:
                return column

    # Scalars

    def _quoted(self) -> Token:
        end = self._closing_quote()
        line = self.text.find("\n", self.at, end) if end >= 0 else -1
        while line >= 0:
            goes_on = self._goes_on(line + 1)
            if goes_on < 0:
                # Not indented far enough. What was read so far may end in a quote of its own.
                end = line - (2 if self.text[line - 1] == "\r" else 1)
                break
            line = self.text.find("\n", goes_on, end)
        if end < 0:
            end = len(self.text)
        return self._take(Kind.QUOTED, min(end + 1, len(self.text)))

    def _closing_quote(self) -> int:
        text, quote = self.text, self._char()
        end = text.find(quote, self.at + 1)
        while end >= 0:
            if quote == "'":
                if not text.startswith("'", end + 1):
                    return end
                end = text.find("'", end + 2)
            else:
                slashes = end
                while text[slashes - 1] == "\\":
                    slashes -= 1
                if (end - slashes) % 2 == 0:
                    return end
                end = text.find('"', end + 1)
        return -1

    def _plain(self) -> Token:
        text, flow = self.text, self.level > 0
        run = _RUN_IN_FLOW if flow else _RUN
        end = at = self.at
        while at < len(text):
            if found := run.match(text, at):
                end = at = found.end()
                continue
            char, following = text[at], text[at + 1 : at + 2]
            if char == ":":
                if following in _EMPTY or (flow and following in _IN_FLOW):
                    break
                end = at + 1
            elif char in _EMPTY:
                if char == "\r":
                    if following == "\n":
                        at += 1
                        char, following = "\n", text[at + 1 : at + 2]
                    else:
                        end = at + 1
                if following == "#" or (flow and following and following in _IN_FLOW):
                    break
                if char == "\n":
                    goes_on = self._goes_on(at + 1)
                    if goes_on < 0:
                        break
                    at = max(at, goes_on - 2)
            else:
                break
            at += 1
        return self._take(Kind.PLAIN, end)

    def _text_block(self) -> Iterator[Token]:
        words = _HEADER_WORDS.match(self.text, self.at)
        header = _HEADER.match(self.text, self.at)
        assert words is not None
        assert header is not None
        numbers = [int(char) for char in words[0] if char.isdigit()]
        yield self._take(Kind.HEADER, header.end())
        yield from self._blanks()
        if self._char() == "#":
            yield self._take(Kind.COMMENT, self._line_end())
        if not self._at_line_end():
            raise Malformed(self.at, "something stands behind the beginning of a block of text", _OWN_LINE)
        yield from self._newline()
        end = self._end_of_block(numbers[-1] - 1 if numbers else None, keep="+" in words[0])
        yield self._take(Kind.BLOCK, min(end + 1, len(self.text)))
        yield from self._line_start()

    def _end_of_block(self, explicit: int | None, *, keep: bool) -> int:
        """The line end behind the block that begins here."""
        text, size = self.text, len(self.text)
        found = _BLANK_LINES.match(text, self.at)
        assert found is not None
        blank = found.end()
        end = max(text.rfind("\n", self.at, blank), self.at - 1)
        column = blank - end - 1
        if column >= self.wanted:
            self.wanted = column if explicit is None else explicit + max(self.wanted, 1)
            while (goes_on := self._goes_on(end + 1)) >= 0:
                end = text.find("\n", goes_on)
                if end < 0:
                    end = size
                    break
        behind = _SPACES.match(text, min(end + 1, size))
        assert behind is not None
        if text.startswith("\t", behind.end()):
            # Tabs that are not indented far enough are an error, which ``nodes`` finds in the text.
            blank_lines = _WHITE.match(text, behind.end())
            assert blank_lines is not None
            return blank_lines.end() - 1
        return end if keep else self._without_blank_lines(end, column)

    def _without_blank_lines(self, end: int, column: int) -> int:
        """The end of a block without the lines behind it that hold only spaces, and not too many."""
        text = self.text
        while True:
            at = end - 1
            if at >= 0 and text[at : at + 1] == "\r":
                at -= 1
            last = at
            while at >= 0 and text[at] == " ":
                at -= 1
            if at < self.at or text[at] != "\n" or at + 1 + column <= last:
                return end
            end = at


_INDICATORS = {"-": Kind.DASH, "?": Kind.QUESTION, ":": Kind.COLON}
_OWN_LINE = "begin the text in a line of its own, indented deeper than its key"
