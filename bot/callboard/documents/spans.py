"""Where every value of a YAML text stands, to the character: what an edit cuts by."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import yaml

from callboard.documents import libyaml

Kind = Literal["scalar", "mapping", "sequence", "alias"]


@dataclass(slots=True)
class Node:
    """A value and the characters that say it."""

    kind: Kind
    start: int
    end: int
    """After the last character that belongs to the value: line ends, blanks and comments after it do not."""
    column: int
    flow: bool = False
    style: str = ""
    """Of a scalar: ``""`` for plain, else the character that begins it."""
    text: str = ""
    """Of a scalar: what it says, with quotes and escapes resolved."""
    anchored: bool = False
    """Has an anchor or is an alias: its text is the value of other places too."""
    children: list[Node] = field(default_factory=list)
    """The items of a sequence; the keys and values of a mapping in turn."""

    @property
    def entries(self) -> list[tuple[Node, Node]]:
        """The keys of a mapping with their values."""
        return list(zip(self.children[::2], self.children[1::2], strict=True))

    def within(self) -> Iterator[Node]:
        """The node and all below it."""
        nodes = [self]
        while nodes:
            node = nodes.pop()
            yield node
            nodes.extend(node.children)


@dataclass(slots=True)
class Part:
    """One document of the text."""

    start: int
    """Of its ``---``, or of its content where it has none."""
    explicit: bool
    """Begins with ``---``."""
    root: Node
    end: int = 0
    """After its content."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A text, its documents and its comments."""

    text: str
    parts: list[Part]
    comments: list[tuple[int, int]]
    """Start and end of each, from its ``#`` to the end of the line."""


_LINE_END = re.compile(r"[\r\n]")
_COMMENT = re.compile(r"(?<![^ \t\r\n])#[^\r\n]*")


def lay_out(text: str) -> Layout:
    """The places of everything in ``text``: no byte order mark, and known to be read without a fault."""
    parts: list[Part] = []
    opaque: list[tuple[int, int]] = []
    stack: list[Node] = []
    for event in libyaml.events(text):
        start, end = _extent(event)
        if isinstance(event, yaml.DocumentStartEvent):
            parts.append(Part(start, bool(event.explicit), Node("scalar", end, end, 0)))
        elif isinstance(event, yaml.DocumentEndEvent):
            parts[-1].end = max(parts[-1].root.end, end if event.explicit else 0)
        elif isinstance(event, yaml.CollectionEndEvent):
            node = stack.pop()
            node.end = end if node.flow else max(child.end for child in node.children)
        elif isinstance(event, yaml.NodeEvent):
            node = _node(event, text)
            if isinstance(event, yaml.ScalarEvent):
                opaque.append((line_end(text, start) if node.style in ("|", ">") else start, end))
            if stack:
                stack[-1].children.append(node)
            else:
                parts[-1].root = node
            if isinstance(event, yaml.CollectionStartEvent):
                stack.append(node)
    return Layout(text, parts, list(_comments(text, opaque)))


def _node(event: yaml.NodeEvent, text: str) -> Node:
    start, end = _extent(event)
    column = start - max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) - 1
    node = Node("alias", start, end, column, anchored=event.anchor is not None)
    if isinstance(event, yaml.CollectionStartEvent):
        node.kind = "mapping" if isinstance(event, yaml.MappingStartEvent) else "sequence"
        node.flow = bool(event.flow_style)
    elif isinstance(event, yaml.ScalarEvent):
        node.kind, node.style, node.text = "scalar", event.style or "", event.value
        if node.style in ("|", ">"):
            node.end = _end_of_block(text, start, end)
    return node


def _extent(event: yaml.Event) -> tuple[int, int]:
    assert event.start_mark is not None
    assert event.end_mark is not None
    return event.start_mark.index, event.end_mark.index


def _end_of_block(text: str, start: int, end: int) -> int:
    """Of a block scalar: blank lines after it are its own only where its header says ``+``."""
    header = line_end(text, start)
    if "+" in text[start:header].split("#")[0]:
        return end - len(text[header:end]) + len(re.sub(r"\r?\n\Z", "", text[header:end]))
    return max(header, start + len(text[start:end].rstrip()))


def line_end(text: str, position: int) -> int:
    """Before the line end that follows ``position``, or the end of the text."""
    found = _LINE_END.search(text, position)
    return found.start() if found else len(text)


def _comments(text: str, opaque: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    position = 0
    for start, end in [*opaque, (len(text), len(text))]:
        while (found := _COMMENT.search(text, position, start)) is not None:
            yield found.span()
            position = found.end()
        position = max(position, end)
