"""Values put between brackets and taken out of them, with the commas and lines around them."""

from __future__ import annotations

import re

from callboard.documents.cuts import Cuts, Unsupported, line_start, next_line
from callboard.documents.spans import Node, line_end


def insert_in_flow(cuts: Cuts, node: Node, position: int, new: str) -> str:
    """The text with something new in brackets, so that it stands at ``position``."""
    count = len(node.children) // (2 if node.kind == "mapping" else 1)
    start, end = cuts.span(node, min(position, count - 1))
    pad = cuts.text[line_start(cuts.text, start) : start]
    line_break = "" if pad.strip(" ") else cuts.eol + pad
    if position < count:
        return cuts.replaced(start, start, new + "," + (line_break or " "))
    closing = node.end - 1
    comma = _comma(cuts, end, closing)
    last = end if comma is None else comma + 1
    stop = line_end(cuts.text, last)
    behind = cuts.text[last:stop]
    if not line_break or stop >= closing:
        stop, behind = last, ""
    lead, trail = ("," + behind, "") if comma is None else (behind, ",")
    return cuts.replaced(last, stop, lead + (line_break or " ") + new + trail)


def remove_from_flow(cuts: Cuts, node: Node, position: int) -> str:
    """The text without the value or entry in brackets that stands at ``position``."""
    count = len(node.children) // (2 if node.kind == "mapping" else 1)
    start, end = cuts.span(node, position)
    comma = _comma(cuts, end, node.end - 1)
    previous = cuts.span(node, position - 1)[1] if position else node.start + 1
    follower = cuts.span(node, position + 1)[0] if position + 1 < count else None
    if comma is None:
        comma = _comma(cuts, previous, start)
        if comma is None:
            raise Unsupported
        if not re.search(r"[\r\n]", cuts.text[previous:start]):
            return cuts.replaced(previous, end, "")
    elif follower is not None and not re.search(r"[\r\n]", cuts.text[end:follower]):
        return cuts.replaced(start, follower, "")
    return _without_item(cuts, start, end, comma)


def _without_item(cuts: Cuts, start: int, end: int, comma: int) -> str:
    """The text without an item and its comma, and without its line if nothing else stands there."""
    text = cuts.text
    lines = line_start(text, start), line_end(text, max(end, comma))
    if comma > start:
        cut = text[lines[0] : start] + text[end:comma] + text[comma + 1 : lines[1]]
    else:
        lines = lines[0], line_end(text, end)
        cut = text[lines[0] : start] + text[end : lines[1]]
    stop = lines[1] if cut.strip() else next_line(text, lines[1])
    rest = (cut if cut.strip() else "") + text[stop:]
    if comma > start:
        return text[: lines[0]] + rest
    return text[:comma] + text[comma + 1 : lines[0]] + rest


def _comma(cuts: Cuts, start: int, stop: int) -> int | None:
    position = start
    for comment_start, comment_end in [*cuts.comment_spans(start, stop), (stop, stop)]:
        found = cuts.text.find(",", position, comment_start)
        if found >= 0:
            return found
        position = comment_end
    return None
