"""To which branch of the tree the blanks, line ends and comments between two values belong."""

from __future__ import annotations

from itertools import takewhile

from callboard.documents.exact.branches import Branch, Flow, Item, Leaf, Mapping, Root, Sequence
from callboard.documents.exact.tokens import (
    COLON,
    COMMENT,
    DASH,
    DOCUMENT,
    LAYOUT,
    NEWLINE,
    QUESTION,
    SPACE,
    Token,
)

_BEFORE_A_KEY = frozenset({DOCUMENT, QUESTION, COLON, DASH, NEWLINE})


def before_next(holder: Root | Branch) -> list[Token]:
    """What stands before the next value in ``holder``."""
    if isinstance(holder, Root):
        return holder.before
    if isinstance(holder, Mapping):
        last = holder.items[-1]
        return last.before if last.between is None else last.between
    if isinstance(holder, Sequence):
        return holder.items[-1].before
    return []


def properties_of_key(before: list[Token]) -> list[Token]:
    """Takes from ``before`` what stands in the line of the key: its anchor, its tag."""
    at = len(before)
    while at and before[at - 1].kind not in _BEFORE_A_KEY:
        at -= 1
    if at == len(before):
        return []
    at += sum(1 for _ in takewhile(lambda token: token.kind is SPACE, before[at:]))
    taken = before[at:]
    del before[at:]
    return taken


def split_empty_value(between: list[Token], indent: int) -> list[Token]:
    """Takes what belongs to the next item, where a key has no value: from the second line end on."""
    ends: list[int] = []
    for index, token in enumerate(between):
        if token.kind is NEWLINE:
            ends.append(index)
        elif token.kind is COMMENT:
            if token.indent > indent:
                ends = []
        elif token.kind is not SPACE:
            ends = []
    if len(ends) < 2:
        return []
    taken = between[ends[1] :]
    del between[ends[1] :]
    return taken


def lay_out(block: Mapping | Sequence, token: Token) -> None:
    """Keeps a blank, a line end or a comment."""
    item = block.items[-1]
    if item.value is not None:
        after = item.value.after
        if token.kind is NEWLINE and after and after[-1].kind is COMMENT:
            after.append(token)
        else:
            block.items.append(Item([token]))
    elif item.between is not None:
        item.between.append(token)
    else:
        indented = token.kind is COMMENT and token.indent > block.indent
        if indented and all(one.kind is NEWLINE or one.kind is SPACE for one in reversed(item.before)):
            previous = block.items[-2] if len(block.items) > 1 else None
            if previous is not None and previous.value is not None and _keeps_end(previous.value):
                previous.value.after += [*item.before, token]
                block.items.pop()
                return
        item.before.append(token)


def _keeps_end(branch: Branch) -> bool:
    """Whether the npm package keeps with such a value what stands behind it."""
    return isinstance(branch, Flow) or (isinstance(branch, Leaf) and bool(branch.after))


def hand_over_layout(top: Root | Branch, done: Mapping | Sequence, deepest: int | None) -> int | None:
    """What stands behind the last item belongs to what is around it.

    Returns the indentation of the deepest comment in it (-1 where there is none), or None where nothing was
    handed over. ``deepest`` is that of what was just handed over to ``done``: a hundred collections that end
    in one place look at it once.
    """
    last = done.items[-1]
    if last.between is not None or last.value is not None or not last.before:
        return None
    if deepest is None:
        if any(token.kind not in LAYOUT for token in last.before):
            return None
        deepest = max((token.indent for token in last.before if token.kind is COMMENT), default=-1)
    if done.indent and deepest >= done.indent:
        return None
    if isinstance(top, Root):
        top.after = last.before
    elif isinstance(top, Mapping | Sequence):
        top.items.append(Item(last.before))
    done.items.pop()
    return deepest
