"""Where a scalar ends: in quotes, without, or in a block.

One that goes on for several lines ends where a line is indented less than it must be; how deep that is, the
lexer ``wants``.
"""

from __future__ import annotations

import re

EMPTY = " \t\r\n"
"""Blanks and line ends; the end of the text, an empty string, is in it too."""
IN_FLOW = ",[]{}"
SPACES = re.compile(r" *")
_LINE_ENDS = re.compile(r"\n+")
_WHITE = re.compile(r"[ \t\r\n]*")
_BLANK_LINES = re.compile(r"(?: |\n|\r\n)*+")
_RUN = re.compile(r"(?:[^: \t\n\r]++|\ (?=[^: \t\n\r\#]))++")
_RUN_IN_FLOW = re.compile(r"(?:[^: \t\n\r,\[\]{}]++|\ (?=[^: \t\n\r\#,\[\]{}]))++")
_TO_CLOSING_QUOTE = {
    "'": re.compile(r"'[^']*+(?:''[^']*+)*+'"),
    '"': re.compile(r"\"[^\"\\]*+(?:\\.[^\"\\]*+)*+\"", re.DOTALL),
}


def end_of_quoted(text: str, at: int, wanted: int) -> int:
    """Behind the closing quote of what begins at ``at``, or where it ends without one."""
    found = _TO_CLOSING_QUOTE[text[at]].match(text, at)
    if found is None:
        return len(text)
    end = found.end() - 1
    line = text.find("\n", at, end)
    while line >= 0:
        goes_on = _goes_on(text, line + 1, wanted)
        if goes_on < 0:
            # Not indented far enough. What was read so far may end in a quote of its own.
            end = line - (2 if text[line - 1] == "\r" else 1)
            break
        line = text.find("\n", goes_on, end)
    return end + 1


def end_of_plain(text: str, at: int, wanted: int, *, flow: bool) -> int:
    """Behind the last character of what begins at ``at``, in brackets or not."""
    run = _RUN_IN_FLOW if flow else _RUN
    size = len(text)
    end = at
    while at < size:
        if found := run.match(text, at):
            end = at = found.end()
            continue
        char, following = text[at], text[at + 1 : at + 2]
        if char == ":":
            if following in EMPTY or (flow and following in IN_FLOW):
                break
            end = at + 1
        elif char in EMPTY:
            if char == "\r":
                if following == "\n":
                    at += 1
                    char, following = "\n", text[at + 1 : at + 2]
                else:
                    end = at + 1
            if following == "#" or (flow and following and following in IN_FLOW):
                break
            if char == "\n" and following == "\n":
                at = _last_line_end(text, at) - 1
            elif char == "\n":
                goes_on = _goes_on(text, at + 1, wanted)
                if goes_on < 0:
                    break
                at = max(at, goes_on - 2)
        else:
            break
        at += 1
    return end


def end_of_block(text: str, at: int, wanted: int, explicit: int | None, *, keep: bool) -> tuple[int, int]:
    """The line end behind the block that begins at ``at``, and what its indentation makes of ``wanted``."""
    size = len(text)
    found = _BLANK_LINES.match(text, at)
    assert found is not None
    blank = found.end()
    end = max(text.rfind("\n", at, blank), at - 1)
    column = blank - end - 1
    if column >= wanted:
        wanted = column if explicit is None else explicit + max(wanted, 1)
        while (goes_on := _goes_on(text, end + 1, wanted)) >= 0:
            end = text.find("\n", goes_on)
            if end < 0:
                end = size
                break
            end = _last_line_end(text, end)
    behind = SPACES.match(text, min(end + 1, size))
    assert behind is not None
    if text.startswith("\t", behind.end()):
        # Tabs that are not indented far enough are an error, which ``nodes`` finds in the text.
        blank_lines = _WHITE.match(text, behind.end())
        assert blank_lines is not None
        return blank_lines.end() - 1, wanted
    return (end if keep else _without_blank_lines(text, at, end, column)), wanted


def _without_blank_lines(text: str, start: int, end: int, column: int) -> int:
    """The end of a block without the lines behind it that hold only spaces, and not too many."""
    while True:
        at = end - 1
        if at >= 0 and text[at : at + 1] == "\r":
            at -= 1
        last = at
        while at >= 0 and text[at] == " ":
            at -= 1
        if at < start or text[at] != "\n" or at + 1 + column <= last:
            return end
        end = at


def _last_line_end(text: str, at: int) -> int:
    """Of the line ends from ``at`` on: a scalar goes on over lines without anything in them, however many."""
    found = _LINE_ENDS.match(text, at)
    assert found is not None
    return found.end() - 1


def _goes_on(text: str, start: int, wanted: int) -> int:
    """Where a scalar goes on in the line that begins at ``start``; -1 where it ends before that line."""
    if wanted == 0:
        return start
    found = SPACES.match(text, start)
    assert found is not None
    end = found.end()
    if text.startswith("\r\n", end):
        return end + 1
    return end if end - start >= wanted or text.startswith("\n", end) else -1
