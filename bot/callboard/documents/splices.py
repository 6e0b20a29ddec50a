"""One edit of a YAML text as cuts and insertions at known places: every other character stays.

A comment is a person's: no splice deletes one. Those inside of what is removed stay as lines of their own.
What comes out is not trusted: ``editor`` reads it again and compares.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from callboard.documents.cuts import (
    Cuts,
    Unsupported,
    eol_of,
    line_start,
    next_line,
    refuse_shared,
)
from callboard.documents.flow_splices import insert_in_flow, remove_from_flow
from callboard.documents.place import Path
from callboard.documents.spans import Layout, Node, Part, line_end
from callboard.documents.writer import Quote, block_lines, dump, flow_text


@dataclass(frozen=True)
class Splicer:
    """The edits of one document of a text. Each method answers the new text of the whole file."""

    layout: Layout
    part: Part

    @cached_property
    def _cuts(self) -> Cuts:
        return Cuts(self.layout)

    def set_value(self, path: Path, value: Any) -> str:
        """Put ``value`` where another value stands, in the same kind of quotes where it had some."""
        parent, index, node = self._find(path)
        for shared in node.within():
            refuse_shared(shared)
        quote = cast(Quote, node.style) if node.style in ("'", '"') else None
        if parent is None:
            return self._set_root(node, value)
        if parent.flow:
            return self._set_in_flow(node, value, quote)
        return self._set_in_block(parent, index, node, value, quote)

    def insert_key(self, path: Path, key: str, value: Any, after: str | None) -> str:
        """Write a new key into the mapping at ``path``, behind the key ``after``, or as the first."""
        node = self._collection(path, "mapping")
        if not node.children:
            return self.set_value(path, {key: value})
        position = 0 if after is None else 1 + self._index_of(node, after)
        if node.flow:
            return insert_in_flow(self._cuts, node, position, flow_text({key: value})[1:-1])
        return self._insert_in_block(path, node, position, self._block({key: value}))

    def remove_key(self, path: Path) -> str:
        """Remove a key with its value."""
        node = self._collection(path[:-1], "mapping")
        index = self._index_of(node, path[-1])
        if len(node.children) == 2:
            return self.set_value(path[:-1], {})
        return self._remove(node, index, node.entries[index])

    def insert_item(self, path: Path, index: int, value: Any) -> str:
        """Write a new item into the list at ``path``, so that it stands at ``index``."""
        node = self._collection(path, "sequence")
        if not node.children:
            return self.set_value(path, [value])
        if node.flow:
            return insert_in_flow(self._cuts, node, index, flow_text(value))
        return self._insert_in_block(path, node, index, self._block([value]))

    def remove_item(self, path: Path, index: int) -> str:
        """Remove an item of the list at ``path``."""
        node = self._collection(path, "sequence")
        if len(node.children) == 1:
            return self.set_value(path, [])
        return self._remove(node, index, (node.children[index],))

    def _find(self, path: Path) -> tuple[Node | None, int, Node]:
        """The collection that a value stands in, the value's position there, and the value itself."""
        parent, index, node = None, 0, self.part.root
        for step in path:
            refuse_shared(node)
            parent, index = node, self._index_of(node, step)
            node = node.entries[index][1] if node.kind == "mapping" else node.children[index]
        return parent, index, node

    def _index_of(self, node: Node, step: str | int) -> int:
        if node.kind == "mapping":
            for index, (key, _) in enumerate(node.entries):
                if key.text == step:
                    return index
        elif node.kind == "sequence" and isinstance(step, int) and step < len(node.children):
            return step
        raise Unsupported

    def _collection(self, path: Path, kind: str) -> Node:
        node = self._find(path)[2]
        refuse_shared(node)
        if node.kind != kind:
            raise Unsupported
        return node

    # Values

    def _set_root(self, node: Node, value: Any) -> str:
        line = line_start(self._cuts.text, node.start)
        stop = self._cuts.end_of_line(node.end)
        if not isinstance(value, Mapping) or self._cuts.text[line : node.start].strip():
            raise Unsupported
        lines = [*self._block(value).removesuffix("\n").split("\n"), *self._cuts.comments_in(line, stop)]
        return self._cuts.replaced(line, stop, self._cuts.eol.join(lines))

    def _set_in_flow(self, node: Node, value: Any, quote: Quote | None) -> str:
        if self._cuts.comments_in(node.start, node.end):
            raise Unsupported
        blank = " " if node.start == node.end and self._cuts.text[node.start - 1] == ":" else ""
        return self._cuts.replaced(node.start, node.end, blank + flow_text(value, quote))

    def _set_in_block(self, parent: Node, index: int, node: Node, value: Any, quote: Quote | None) -> str:
        after = self._cuts.indicator(parent, index) + 1
        head, body = self._beside(parent, node, value, quote)
        on_one_line = node.flow or (node.kind == "scalar" and node.style not in ("|", ">"))
        if on_one_line and not body and not self._cuts.comments_in(after, node.end):
            blank = " " if node.start == node.end else ""
            return self._cuts.replaced(node.start, node.end, blank + head)
        stop = self._cuts.end_of_deeper_comments(self._cuts.end_of_line(node.end), node_column(parent))
        beside_key = self._cuts.comments_in(after, min(stop, line_end(self._cuts.text, after)))
        below = self._cuts.comments_in(after, stop)[len(beside_key) :]
        first = " ".join(["", *([head] if head else []), *beside_key])
        lines = [first, *body, *(" " * node_column(parent) + comment for comment in below)]
        return self._cuts.replaced(after, stop, self._cuts.eol.join(lines))

    def _beside(self, parent: Node, node: Node, value: Any, quote: Quote | None) -> tuple[str, list[str]]:
        """What stands behind the colon or the dash, and the lines below it."""
        if parent.kind == "mapping":
            text = self._block({"k": value}, quote, self._depth_of_block(node, parent)).removeprefix("k:")
        else:
            text = self._block([value], quote).removeprefix("-")
        head, *body = text.removesuffix("\n").split("\n")
        return head.strip(), _indented(body, node_column(parent))

    def _depth_of_block(self, node: Node, parent: Node) -> int | None:
        """How much deeper than its key the lines of a block scalar stand."""
        lines = re.compile(r"[^\r\n]*\r?\n\s*^( +)", re.MULTILINE).match(
            self._cuts.text, node.start, node.end
        )
        return len(lines[1]) - node_column(parent) if node.style in ("|", ">") and lines else None

    def _block(self, value: Any, quote: Quote | None = None, step: int | None = None) -> str:
        usual, indent_lists = self._style
        step = step if step and 2 <= step <= 8 else usual
        if not isinstance(value, Mapping):
            # Behind a dash, the keys of a mapping stand two columns deeper whatever the step is.
            step = 2
        return block_lines(value, step=step, indent_lists=indent_lists, quote=quote)

    @cached_property
    def _style(self) -> tuple[int, bool]:
        """How this document is indented: the columns of a level, and whether dashes stand deeper."""
        step, indent_lists = 0, None
        for node in self.part.root.within():
            if node.kind != "mapping" or node.flow:
                continue
            for _, value in node.entries:
                if value.kind == "mapping" and not value.flow and value.children:
                    step = step or value.children[0].column - node.column
                elif value.kind == "sequence" and not value.flow and indent_lists is None:
                    indent_lists = value.column > node.column
        return step if 2 <= step <= 8 else 2, indent_lists is not False

    # Block collections

    def _insert_in_block(self, path: Path, node: Node, position: int, block: str) -> str:
        first, *more = block.removesuffix("\n").split("\n")
        pad = " " * node_column(node)
        lines = [first, *_indented(more, len(pad))]
        if position > 0:
            stop = self._cuts.end_of_line(self._cuts.span(node, position - 1)[1])
            stop = self._cuts.end_of_deeper_comments(stop, len(pad))
            return self._cuts.replaced(stop, stop, self._cuts.eol + pad + self._cuts.eol.join(lines))
        start = self._cuts.span(node, 0)[0]
        line = line_start(self._cuts.text, start)
        if self._cuts.text[line:start].strip(" "):
            return self._cuts.replaced(start, start, self._cuts.eol.join(lines) + self._cuts.eol + pad)
        parent, index, _ = self._find(path)
        if parent is not None:
            # Above the comments of what was first until now.
            line = min(line, next_line(self._cuts.text, self._cuts.indicator(parent, index)))
        return self._cuts.replaced(line, line, pad + self._cuts.eol.join(lines) + self._cuts.eol)

    def _remove(self, node: Node, position: int, removed: Sequence[Node]) -> str:
        for value in removed:
            for shared in value.within():
                refuse_shared(shared)
        if node.flow:
            return remove_from_flow(self._cuts, node, position)
        start, end = self._cuts.span(node, position)
        line = line_start(self._cuts.text, start)
        pad = self._cuts.text[line:start]
        if not pad.strip(" "):
            stop = self._cuts.end_of_line(end)
            kept = "".join(pad + comment + self._cuts.eol for comment in self._cuts.comments_in(start, stop))
            return self._cuts.replaced(line, next_line(self._cuts.text, stop), kept)
        if position > 0:
            raise Unsupported
        follower = self._cuts.span(node, 1)[0]
        pad = " " * node_column(node)
        kept = "".join(comment + self._cuts.eol + pad for comment in self._cuts.comments_in(start, follower))
        return self._cuts.replaced(start, follower, kept)


def append_document(layout: Layout, value: Mapping[str, Any]) -> str:
    """The text with one more document at its end."""
    text = layout.text
    eol = eol_of(text)
    new = dump([value]).replace("\n", eol)
    if not text.strip():
        return new
    return text + ("" if text.endswith(("\n", "\r")) else eol) + "---" + eol + new


def remove_document(layout: Layout, index: int) -> str:
    """The text without one of its documents; comments in it stay."""
    text, parts = layout.text, layout.parts
    for node in parts[index].root.within():
        refuse_shared(node)
    start = parts[index].start
    stop = parts[index + 1].start if index + 1 < len(parts) else len(text)
    eol = eol_of(text)
    kept = "".join(text[a:b] + eol for a, b in layout.comments if start <= a < stop)
    return text[:start] + kept + text[stop:]


def node_column(node: Node) -> int:
    """The column that the entries of a block collection stand in."""
    return node.children[0].column if node.kind == "mapping" else node.column


def _indented(lines: Sequence[str], column: int) -> list[str]:
    return [" " * column + line if line else line for line in lines]
