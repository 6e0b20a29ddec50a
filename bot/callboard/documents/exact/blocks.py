"""Where a token belongs in a mapping or a list without brackets."""

from __future__ import annotations

from callboard.documents.exact.branches import Item, Leaf, Mapping, Sequence, is_flow
from callboard.documents.exact.growing import Growing, has
from callboard.documents.exact.layout import lay_out, properties_of_key, split_empty_value
from callboard.documents.exact.tokens import (
    COLON,
    DASH,
    LAYOUT,
    NEWLINE,
    PROPERTIES,
    QUESTION,
    SCALARS,
    Malformed,
    Token,
)


def in_sequence(growing: Growing, sequence: Sequence, token: Token) -> bool:
    """Puts a token into a list. False where the list ends before it."""
    item = sequence.items[-1]
    kind = token.kind
    if kind in LAYOUT:
        lay_out(sequence, token)
        return True
    if kind in PROPERTIES and item.value is None and growing.indent > sequence.indent:
        item.before.append(token)
        return True
    if kind is DASH and growing.indent == sequence.indent:
        if item.value is not None or has(item.before, DASH):
            sequence.items.append(Item([token]))
        else:
            item.before.append(token)
        return True
    begun = growing.begun(token, sequence) if growing.indent > sequence.indent else None
    if begun is not None:
        growing.push(begun)
    return begun is not None


def in_mapping(growing: Growing, mapping: Mapping, token: Token) -> bool:
    """Puts a token into a mapping. False where the mapping ends before it. Raises Malformed."""
    item = mapping.items[-1]
    kind = token.kind
    if kind is NEWLINE:
        growing.on_key_line = False
    if kind in LAYOUT:
        lay_out(mapping, token)
        return True
    if growing.indent < mapping.indent:
        return False
    at_column = not growing.on_key_line and growing.indent == mapping.indent
    next_item = at_column and (item.between is not None or item.asked) and kind is not DASH
    start: list[Token] = []
    if next_item and item.between is not None and item.value is None:
        start = split_empty_value(item.between, mapping.indent)
    fresh = next_item or item.value is not None
    if kind in PROPERTIES:
        _property(growing, mapping, item, token, start, fresh=fresh)
        return True
    if kind is QUESTION:
        _question(growing, mapping, item, token, start, fresh=fresh)
        growing.on_key_line = True
        return True
    if kind is COLON:
        _colon(growing, mapping, item, token, start, next_item=next_item)
        growing.on_key_line = True
        return True
    if kind in SCALARS:
        leaf = Leaf(token, growing.indent)
        if fresh:
            mapping.items.append(Item(start, leaf, []))
            growing.on_key_line = True
        elif item.between is not None:
            growing.push(leaf)
        else:
            item.key, item.between = leaf, []
            growing.on_key_line = True
        return True
    begun = growing.begun(token, mapping)
    if begun is None:
        return False
    if isinstance(begun, Sequence):
        if not item.asked and item.between is not None and not has(item.between, NEWLINE):
            what = "not YAML: a list begins in the line of its key"
            raise Malformed(token.offset, what, "begin the list in a line of its own, or quote the value")
    elif at_column:
        mapping.items.append(Item(start))
    growing.push(begun)
    return True


def _property(
    growing: Growing, mapping: Mapping, item: Item, token: Token, start: list[Token], *, fresh: bool
) -> None:
    if fresh:
        mapping.items.append(Item([*start, token]))
        growing.on_key_line = True
    elif item.between is not None:
        item.between.append(token)
    else:
        item.before.append(token)


def _question(
    growing: Growing, mapping: Mapping, item: Item, token: Token, start: list[Token], *, fresh: bool
) -> None:
    if item.between is None and not item.asked:
        item.before.append(token)
        item.asked = True
    elif fresh:
        mapping.items.append(Item([*start, token], asked=True))
    else:
        growing.push(Mapping(token.offset, growing.indent, [Item([token], asked=True)]))


def _colon(
    growing: Growing, mapping: Mapping, item: Item, token: Token, start: list[Token], *, next_item: bool
) -> None:
    between = item.between
    if item.asked and between is None and not has(item.before, NEWLINE):
        _push_colon(growing, token, properties_of_key(item.before))
    elif between is None:
        item.key, item.between = None, [token]
    elif item.value is not None or (next_item and not item.asked):
        mapping.items.append(Item([] if item.asked else start, between=[token]))
    elif has(between, COLON):
        _push_colon(growing, token, start if item.asked else [])
    elif not item.asked:
        between.append(token)
    elif is_flow(item.key) and not has(between, NEWLINE):
        key, before = item.key, properties_of_key(item.before)
        item.key = item.between = None
        growing.push(Mapping(token.offset, growing.indent, [Item(before, key, [*between, token])]))
    else:
        between += [*start, token]


def _push_colon(growing: Growing, token: Token, before: list[Token]) -> None:
    growing.push(Mapping(token.offset, growing.indent, [Item(before, between=[token])]))
