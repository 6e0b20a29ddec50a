"""What a scalar of several lines, in quotes or in a block says."""

from __future__ import annotations

import re

from callboard.documents.exact.tokens import COMMENT, SPACE, Malformed, Token
from callboard.documents.place import shown

_NOT_FIRST = {
    "\t": "a tab",
    ",": "a comma",
    "%": "'%'",
    "|": "'|'",
    ">": "'>'",
    "@": "'@', which YAML reserves",
    "`": "'`', which YAML reserves",
}
_ESCAPES = {
    "0": "\0",
    "a": "\a",
    "b": "\b",
    "e": "\x1b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "N": "\x85",
    "_": "\xa0",
    "L": "\u2028",
    "P": "\u2029",
    " ": " ",
    '"': '"',
    "/": "/",
    "\\": "\\",
    "\t": "\t",
}
_DIGITS = {"x": 2, "u": 4, "U": 8}
_HEX = re.compile(r"[0-9a-fA-F]+")
_SIMPLE = {f"\\{letter}": meaning for letter, meaning in _ESCAPES.items()}
_ESCAPE = re.compile(r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|\r?\n[ \t]*+|.)", re.DOTALL)
_ESCAPE_OR_BREAK = re.compile(
    rf"{_ESCAPE.pattern}|[ \t]++(?:\r?\n(?:[ \t\n]|\r\n)*+)?|\r?\n(?:[ \t\n]|\r\n)*+", re.DOTALL
)
_LINE_END = re.compile(r"\r?\n")
_LINES = re.compile(r"\n( *)")
_SURROGATES = re.compile("[\ud800-\udfff]")
_QUOTE_HINT = "close the quote, and indent its lines deeper than its key"


def plain_text(token: Token) -> str:
    """What a scalar without quotes says. Raises Malformed."""
    first = token.source[:1]
    if first in _NOT_FIRST:
        what = f"not YAML: a value without quotes begins with {_NOT_FIRST[first]}"
        raise Malformed(token.offset, what, "put the value in quotes")
    return _unfolded(token.source)


def quoted_text(token: Token) -> str:
    """What a scalar in quotes says. Raises Malformed."""
    source = token.source
    if len(source) == 1 or source[-1] != source[0]:
        what = f"not YAML: the quote {source[0]} is not closed, or a line in it is not indented deep enough"
        raise Malformed(token.offset, what, _QUOTE_HINT)
    return _unfolded(source[1:-1]).replace("''", "'") if source[0] == "'" else _unescaped(token)


def _unfolded(source: str) -> str:
    """Lines joined by blanks; blank lines are line ends."""
    if "\n" not in source:
        return source
    first, *lines = (line.removesuffix("\r") for line in source.split("\n"))
    # Only a line end can have a carriage return before it; behind the last line there is none.
    lines[-1] += "\r" if source.endswith("\r") else ""
    text, separator = [first.rstrip(" \t")], " "
    for line in lines[:-1]:
        if words := line.strip(" \t"):
            text += [separator, words]
            separator = " "
        elif separator == "\n":
            text.append("\n")
        else:
            separator = "\n"
    return "".join([*text, separator, lines[-1].lstrip(" \t")])


def _unescaped(token: Token) -> str:
    source = token.source
    slashes = len(source) - 1 - len(source[:-1].rstrip("\\"))
    # What ends where a line is not indented deep enough may end in a quote that is an escape.
    body = source[1:] if slashes % 2 else source[1:-1]
    pattern = _ESCAPE_OR_BREAK if "\n" in body else _ESCAPE

    def meaning(found: re.Match[str]) -> str:
        said = found[0]
        simple = _SIMPLE.get(said)
        if simple is not None:
            return simple
        if said[0] == "\\":
            return _escape(token, found.start() + 2)
        lines = said.count("\n")
        return ("\n" * (lines - 1) or " ") if lines else said

    text = pattern.sub(meaning, body)
    if _SURROGATES.search(text):
        # Two halves are one character. A half alone, which no file could hold, is none.
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _escape(token: Token, at: int) -> str:
    """What the escape says whose letter stands at ``at``."""
    source = token.source
    letter = source[at]
    if letter in "\r\n" and _LINE_END.match(source, at):
        return ""
    digits = source[at + 1 : at + 1 + _DIGITS.get(letter, 0)]
    if len(digits) == _DIGITS.get(letter) and _HEX.fullmatch(digits):
        code = int(digits, 16)
        if code <= 0x10FFFF:
            return chr(code)
    what = f"not YAML: {source[at - 1 : at + 1 + len(digits)]!r} is no escape"
    raise Malformed(token.offset + at - 1, what, "write a backslash in double quotes as two")


def block_text(header: list[Token], token: Token, indent: int, *, at_root: bool) -> str:
    """What a block of text says that stands in something indented so deep. Raises Malformed."""
    folded, explicit, chomp = _read_header(header)
    first, *rest = _LINES.split(token.source) if token.source else [""]
    own = len(first) - len(first.lstrip(" "))
    lines = [(first[:own], first[own:]), *zip(rest[::2], rest[1::2], strict=True)] if token.source else []
    stop = len(lines)
    while stop and lines[stop - 1][1] in ("", "\r"):
        stop -= 1
    if stop == 0:
        return "\n" * max(1, len(lines) - 1) if chomp == "+" and lines else ""
    column, start = _column_of(header, token, lines[:stop], indent + explicit, at_root, explicit=explicit)
    for index in range(len(lines) - 1, stop - 1, -1):
        if len(lines[index][0]) > column:
            stop = index + 1
            break
    text = [blanks[column:] + "\n" for blanks, _ in lines[:start]]
    content: list[tuple[str, str]] = []
    for blanks, words in lines[start:stop]:
        words = words.removesuffix("\r")
        if words and len(blanks) < column:
            raise _shallow(token.offset)
        content.append((blanks[column:], words))
    text.append(_folded(content) if folded else "\n".join(map("".join, content)))
    if chomp == "+":
        text += ["\n" + blanks[column:] for blanks, _ in lines[stop:]]
        if not text[-1].endswith("\n"):
            text.append("\n")
    elif chomp == "":
        text.append("\n")
    return "".join(text)


def _read_header(header: list[Token]) -> tuple[bool, int, str]:
    """Whether lines are folded, the explicit indentation, and what happens to line ends at the end."""
    first, *others = header
    explicit, chomp = 0, ""
    for char in first.source[1:]:
        if not chomp and char in "-+":
            chomp = char
        elif not explicit and char in "123456789":
            explicit = int(char)
        else:
            what = f"not YAML: {shown(first.source)} begins no block of text"
            raise Malformed(first.offset, what, "write | or >, or put the value in quotes")
    spaced = False
    for token in others:
        spaced = spaced or token.kind is SPACE
        if token.kind is COMMENT and not spaced:
            raise Malformed(token.offset, "not YAML: no blank stands before a comment", "put one before '#'")
    return first.source[0] == ">", explicit, chomp


def _column_of(
    header: list[Token],
    token: Token,
    lines: list[tuple[str, str]],
    column: int,
    at_root: bool,
    *,
    explicit: int,
) -> tuple[int, int]:
    """The indentation of the text, and the index of its first line that is not blank."""
    offset = token.offset
    for index, (blanks, words) in enumerate(lines):
        if words in ("", "\r"):
            if not explicit and len(blanks) > column:
                column = len(blanks)
        else:
            if len(blanks) < column:
                raise _shallow(offset)
            if not explicit:
                column = len(blanks)
            if column == 0 and not at_root:
                raise _shallow(offset)
            return column, index
        offset += len(blanks) + len(words) + 1
    raise AssertionError(f"a block without words at {header[0].offset}")


def _shallow(offset: int) -> Malformed:
    what = "not YAML: a line in a block of text is not indented as deep as it must be"
    return Malformed(offset, what, "indent all lines of the text alike, deeper than its key, with spaces")


def _folded(lines: list[tuple[str, str]]) -> str:
    text: list[str] = []
    separator, was_deeper = "", False
    for blanks, words in lines:
        if blanks or words[:1] == "\t":
            if separator == " ":
                separator = "\n"
            elif not was_deeper and separator == "\n":
                separator = "\n\n"
            text += [separator, blanks, words]
            separator, was_deeper = "\n", True
        elif not words:
            if separator == "\n":
                text.append("\n")
            else:
                separator = "\n"
        else:
            text += [separator, words]
            separator, was_deeper = " ", False
    return "".join(text)
