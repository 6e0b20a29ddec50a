"""A text as splices look at it: its lines and comments, the ends of its values, what stands between them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from callboard.documents.spans import Layout, Node, line_end


class Unsupported(Exception):
    """The text is laid out in a way that cannot be cut character by character."""


class Shared(Exception):
    """The value has an anchor or is an alias: changing it here would change it elsewhere too."""


@dataclass(frozen=True)
class Cuts:
    """Where a laid out text can be cut."""

    layout: Layout

    @property
    def text(self) -> str:
        """The whole text."""
        return self.layout.text

    @cached_property
    def eol(self) -> str:
        """Its line end."""
        return eol_of(self.text)

    def span(self, node: Node, position: int) -> tuple[int, int]:
        """From the key, dash or value of an entry to the end of its value."""
        if node.kind == "mapping":
            key, value = node.entries[position]
            if not node.flow and re.search(r"[^ -]", self.text[line_start(self.text, key.start) : key.start]):
                raise Unsupported
            return key.start, max(key.end, value.end)
        item = node.children[position]
        return (item.start if node.flow else self.indicator(node, position)), item.end

    def indicator(self, node: Node, position: int) -> int:
        """Where the colon or the dash of an entry of a block collection stands."""
        if node.kind == "mapping":
            found = re.compile(r"[ \t]*:").match(self.text, node.entries[position][0].end)
            if found is None:
                raise Unsupported
            return found.end() - 1
        if position == 0:
            found = re.compile("-").match(self.text, node.start)
        else:
            previous, item = node.children[position - 1 : position + 1]
            dash = re.compile(rf"^ {{{node.column}}}-(?=\s|\Z)", re.MULTILINE)
            found = dash.search(self.text, previous.end, item.start + 1)
        if found is None:
            raise Unsupported
        return found.end() - 1

    def comment_spans(self, start: int, stop: int) -> list[tuple[int, int]]:
        """Start and end of each comment that begins there."""
        return [span for span in self.layout.comments if start <= span[0] < stop]

    def comments_in(self, start: int, stop: int) -> list[str]:
        """The comments that begin there."""
        return [self.text[a:b] for a, b in self.comment_spans(start, stop)]

    def end_of_line(self, end: int) -> int:
        """The end of the line on which a block value ends: only a comment may follow it there."""
        stop = line_end(self.text, end)
        if re.fullmatch(r"[ \t]*(?:[ \t]#.*)?", self.text[end:stop]) is None:
            raise Unsupported
        return stop

    def end_of_deeper_comments(self, stop: int, column: int) -> int:
        """The end of the lines of comments below that belong to a value because they stand deeper than it."""
        deeper = re.compile(rf"(?:\r?\n[ \t]*)*\r?\n {{{column + 1}}} *#[^\r\n]*")
        while (found := deeper.match(self.text, stop)) is not None:
            stop = found.end()
        return stop

    def replaced(self, start: int, stop: int, new: str) -> str:
        """The whole text with other words there."""
        return self.text[:start] + new + self.text[stop:]


def eol_of(text: str) -> str:
    """The line end of a text: that of its first line."""
    end = line_end(text, 0)
    return "\r\n" if text.startswith("\r\n", end) else "\n"


def refuse_shared(node: Node) -> None:
    """Raises Shared."""
    if node.anchored:
        raise Shared


def line_start(text: str, position: int) -> int:
    """Where the line begins that ``position`` stands in."""
    return max(text.rfind("\n", 0, position), text.rfind("\r", 0, position)) + 1


def next_line(text: str, position: int) -> int:
    """Where the line begins that follows it, or the end of the text."""
    end = line_end(text, position)
    return end + 2 if text.startswith("\r\n", end) else min(end + 1, len(text))
