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

from callboard.documents.place import Path
from callboard.documents.spans import Layout, Node, Part, line_end
from callboard.documents.writer import Quote, block_lines, dump, flow_text


class Unsupported(Exception):
    """The text is laid out in a way that cannot be cut character by character."""


class Shared(Exception):
    """The value has an anchor or is an alias: changing it here would change it elsewhere too."""


@dataclass(frozen=True)
class Splicer:
    """The edits of one document of a text. Each method answers the new text of the whole file."""

    layout: Layout
    part: Part

    @property
    def _text(self) -> str:
        return self.layout.text

    @cached_property
    def _eol(self) -> str:
        return eol_of(self._text)

    def set_value(self, path: Path, value: Any) -> str:
        """Put ``value`` where another value stands, in the same kind of quotes where it had some."""
        parent, index, node = self._find(path)
        for shared in node.within():
            _refuse_shared(shared)
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
            return self._insert_in_flow(node, position, flow_text({key: value})[1:-1])
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
            return self._insert_in_flow(node, index, flow_text(value))
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
            _refuse_shared(node)
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
        _refuse_shared(node)
        if node.kind != kind:
            raise Unsupported
        return node

    # Values

    def _set_root(self, node: Node, value: Any) -> str:
        line = _line_start(self._text, node.start)
        stop = self._end_of_line(node.end)
        if not isinstance(value, Mapping) or self._text[line : node.start].strip():
            raise Unsupported
        lines = [*self._block(value).removesuffix("\n").split("\n"), *self._comments_in(line, stop)]
        return self._replaced(line, stop, self._eol.join(lines))

    def _set_in_flow(self, node: Node, value: Any, quote: Quote | None) -> str:
        if self._comments_in(node.start, node.end):
            raise Unsupported
        blank = " " if node.start == node.end and self._text[node.start - 1] == ":" else ""
        return self._replaced(node.start, node.end, blank + flow_text(value, quote))

    def _set_in_block(self, parent: Node, index: int, node: Node, value: Any, quote: Quote | None) -> str:
        after = self._indicator(parent, index) + 1
        head, body = self._beside(parent, node, value, quote)
        on_one_line = node.flow or (node.kind == "scalar" and node.style not in ("|", ">"))
        if on_one_line and not body and not self._comments_in(after, node.end):
            blank = " " if node.start == node.end else ""
            return self._replaced(node.start, node.end, blank + head)
        stop = self._end_of_deeper_comments(self._end_of_line(node.end), node_column(parent))
        beside_key = self._comments_in(after, min(stop, line_end(self._text, after)))
        below = self._comments_in(after, stop)[len(beside_key) :]
        first = " ".join(["", *([head] if head else []), *beside_key])
        lines = [first, *body, *(" " * node_column(parent) + comment for comment in below)]
        return self._replaced(after, stop, self._eol.join(lines))

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
        lines = re.compile(r"[^\r\n]*\r?\n\s*^( +)", re.MULTILINE).match(self._text, node.start, node.end)
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
            stop = self._end_of_line(self._span(node, position - 1)[1])
            stop = self._end_of_deeper_comments(stop, len(pad))
            return self._replaced(stop, stop, self._eol + pad + self._eol.join(lines))
        start = self._span(node, 0)[0]
        line = _line_start(self._text, start)
        if self._text[line:start].strip(" "):
            return self._replaced(start, start, self._eol.join(lines) + self._eol + pad)
        parent, index, _ = self._find(path)
        if parent is not None:
            # Above the comments of what was first until now.
            line = min(line, _next_line(self._text, self._indicator(parent, index)))
        return self._replaced(line, line, pad + self._eol.join(lines) + self._eol)

    def _remove(self, node: Node, position: int, removed: Sequence[Node]) -> str:
        for value in removed:
            for shared in value.within():
                _refuse_shared(shared)
        if node.flow:
            return self._remove_from_flow(node, position)
        start, end = self._span(node, position)
        line = _line_start(self._text, start)
        pad = self._text[line:start]
        if not pad.strip(" "):
            stop = self._end_of_line(end)
            kept = "".join(pad + comment + self._eol for comment in self._comments_in(start, stop))
            return self._replaced(line, _next_line(self._text, stop), kept)
        if position > 0:
            raise Unsupported
        follower = self._span(node, 1)[0]
        pad = " " * node_column(node)
        kept = "".join(comment + self._eol + pad for comment in self._comments_in(start, follower))
        return self._replaced(start, follower, kept)

    def _span(self, node: Node, position: int) -> tuple[int, int]:
        """From the key, dash or value of an entry to the end of its value."""
        if node.kind == "mapping":
            key, value = node.entries[position]
            if not node.flow and re.search(
                r"[^ -]", self._text[_line_start(self._text, key.start) : key.start]
            ):
                raise Unsupported
            return key.start, max(key.end, value.end)
        item = node.children[position]
        return (item.start if node.flow else self._indicator(node, position)), item.end

    def _indicator(self, node: Node, position: int) -> int:
        """Where the colon or the dash of an entry of a block collection stands."""
        if node.kind == "mapping":
            found = re.compile(r"[ \t]*:").match(self._text, node.entries[position][0].end)
            if found is None:
                raise Unsupported
            return found.end() - 1
        if position == 0:
            found = re.compile("-").match(self._text, node.start)
        else:
            previous, item = node.children[position - 1 : position + 1]
            dash = re.compile(rf"^ {{{node.column}}}-(?=\s|\Z)", re.MULTILINE)
            found = dash.search(self._text, previous.end, item.start + 1)
        if found is None:
            raise Unsupported
        return found.end() - 1

    # Flow collections

    def _insert_in_flow(self, node: Node, position: int, new: str) -> str:
        count = len(node.children) // (2 if node.kind == "mapping" else 1)
        start, end = self._span(node, min(position, count - 1))
        pad = self._text[_line_start(self._text, start) : start]
        line_break = "" if pad.strip(" ") else self._eol + pad
        if position < count:
            return self._replaced(start, start, new + "," + (line_break or " "))
        closing = node.end - 1
        comma = self._comma(end, closing)
        last = end if comma is None else comma + 1
        stop = line_end(self._text, last)
        behind = self._text[last:stop]
        if not line_break or stop >= closing:
            stop, behind = last, ""
        lead, trail = ("," + behind, "") if comma is None else (behind, ",")
        return self._replaced(last, stop, lead + (line_break or " ") + new + trail)

    def _remove_from_flow(self, node: Node, position: int) -> str:
        count = len(node.children) // (2 if node.kind == "mapping" else 1)
        start, end = self._span(node, position)
        comma = self._comma(end, node.end - 1)
        previous = self._span(node, position - 1)[1] if position else node.start + 1
        follower = self._span(node, position + 1)[0] if position + 1 < count else None
        if comma is None:
            comma = self._comma(previous, start)
            if comma is None:
                raise Unsupported
            if not re.search(r"[\r\n]", self._text[previous:start]):
                return self._replaced(previous, end, "")
        elif follower is not None and not re.search(r"[\r\n]", self._text[end:follower]):
            return self._replaced(start, follower, "")
        return self._without_item(start, end, comma)

    def _without_item(self, start: int, end: int, comma: int) -> str:
        """The text without an item and its comma, and without its line if nothing else stands there."""
        text = self._text
        lines = _line_start(text, start), line_end(text, max(end, comma))
        if comma > start:
            cut = text[lines[0] : start] + text[end:comma] + text[comma + 1 : lines[1]]
        else:
            lines = lines[0], line_end(text, end)
            cut = text[lines[0] : start] + text[end : lines[1]]
        stop = lines[1] if cut.strip() else _next_line(text, lines[1])
        rest = (cut if cut.strip() else "") + text[stop:]
        if comma > start:
            return text[: lines[0]] + rest
        return text[:comma] + text[comma + 1 : lines[0]] + rest

    def _comma(self, start: int, stop: int) -> int | None:
        position = start
        for comment_start, comment_end in [*self._comment_spans(start, stop), (stop, stop)]:
            found = self._text.find(",", position, comment_start)
            if found >= 0:
                return found
            position = comment_end
        return None

    # Text

    def _comment_spans(self, start: int, stop: int) -> list[tuple[int, int]]:
        return [span for span in self.layout.comments if start <= span[0] < stop]

    def _comments_in(self, start: int, stop: int) -> list[str]:
        return [self._text[a:b] for a, b in self._comment_spans(start, stop)]

    def _end_of_line(self, end: int) -> int:
        """The end of the line on which a block value ends: only a comment may follow it there."""
        stop = line_end(self._text, end)
        if re.fullmatch(r"[ \t]*(?:[ \t]#.*)?", self._text[end:stop]) is None:
            raise Unsupported
        return stop

    def _end_of_deeper_comments(self, stop: int, column: int) -> int:
        """The end of the lines of comments below that belong to a value because they stand deeper than it."""
        deeper = re.compile(rf"(?:\r?\n[ \t]*)*\r?\n {{{column + 1}}} *#[^\r\n]*")
        while (found := deeper.match(self._text, stop)) is not None:
            stop = found.end()
        return stop

    def _replaced(self, start: int, stop: int, new: str) -> str:
        return self._text[:start] + new + self._text[stop:]


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
        _refuse_shared(node)
    start = parts[index].start
    stop = parts[index + 1].start if index + 1 < len(parts) else len(text)
    eol = eol_of(text)
    kept = "".join(text[a:b] + eol for a, b in layout.comments if start <= a < stop)
    return text[:start] + kept + text[stop:]


def eol_of(text: str) -> str:
    """The line end of a text: that of its first line."""
    end = line_end(text, 0)
    return "\r\n" if text.startswith("\r\n", end) else "\n"


def node_column(node: Node) -> int:
    """The column that the entries of a block collection stand in."""
    return node.children[0].column if node.kind == "mapping" else node.column


def _refuse_shared(node: Node) -> None:
    if node.anchored:
        raise Shared


def _indented(lines: Sequence[str], column: int) -> list[str]:
    return [" " * column + line if line else line for line in lines]


def _line_start(text: str, position: int) -> int:
    return max(text.rfind("\n", 0, position), text.rfind("\r", 0, position)) + 1


def _next_line(text: str, position: int) -> int:
    end = line_end(text, position)
    return end + 2 if text.startswith("\r\n", end) else min(end + 1, len(text))
