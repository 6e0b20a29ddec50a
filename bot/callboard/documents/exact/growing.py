"""The tree of a document while it grows: what is still open, and how what is complete joins it."""

from __future__ import annotations

from callboard.documents.exact.branches import Branch, Flow, Item, Leaf, Mapping, Root, Sequence, is_flow
from callboard.documents.exact.layout import before_next, hand_over_layout, properties_of_key
from callboard.documents.exact.tokens import (
    CLOSE,
    COLON,
    COMMA,
    DASH,
    HEADER,
    NEWLINE,
    OPEN,
    QUESTION,
    SCALARS,
    Kind,
    Token,
    TooDeep,
)

_NOT_IN_LINE = frozenset({COMMA, CLOSE, COLON})


class Growing:
    """What is open, from the document itself to what the next token may belong to."""

    def __init__(self, depth: float) -> None:
        self.depth = depth
        self.root = Root()
        self.stack: list[Root | Branch] = [self.root]
        self.indent = 0
        self.on_key_line = False
        """In the line of a key, so that what follows belongs to that key."""
        self.deepest: int | None = None
        """What ``hand_over_layout`` said of the last that was complete, if no token came since."""

    def push(self, branch: Branch) -> None:
        """Something begins. Raises TooDeep."""
        if not isinstance(branch, Leaf) and len(self.stack) > self.depth:
            raise TooDeep(branch.offset)
        self.stack.append(branch)

    def pop(self) -> None:
        """What is on top of the stack is complete: it becomes a part of what is below it."""
        done = self.stack.pop()
        assert not isinstance(done, Root)
        top = self.stack[-1]
        if isinstance(done, Flow):
            values_of_list(done)
        deepest, self.deepest = self.deepest, None
        if isinstance(top, Mapping):
            item = top.items[-1]
            if item.value is not None:
                top.items.append(Item(key=done, between=[]))
                self.on_key_line = True
                return
            if item.between is None:
                item.key, item.between = done, []
                self.on_key_line = not item.asked
                return
            item.value = done
        elif isinstance(top, Sequence):
            if top.items[-1].value is not None:
                top.items.append(Item(value=done))
            else:
                top.items[-1].value = done
        elif isinstance(top, Flow):
            _add_to_flow(top, done)
            return
        else:
            assert isinstance(top, Root)
            if isinstance(done, Flow):
                done.indent = 0
            top.value = done
        if isinstance(done, Mapping | Sequence):
            self.deepest = hand_over_layout(top, done, deepest)

    def begun(self, token: Token, holder: Root | Mapping | Sequence) -> Branch | None:
        """What begins with a token in a block; None where nothing does."""
        kind = token.kind
        if kind in SCALARS:
            return Leaf(token, self.indent)
        if kind is HEADER:
            return Leaf(token, self.indent, header=[token])
        if kind is OPEN:
            return Flow(token, self.indent)
        if kind is DASH:
            return Sequence(token.offset, self.indent, [Item([token])])
        if kind is QUESTION:
            self.on_key_line = True
            before = [*properties_of_key(before_next(holder)), token]
            return Mapping(token.offset, self.indent, [Item(before, asked=True)])
        if kind is COLON:
            self.on_key_line = True
            item = Item(properties_of_key(before_next(holder)), between=[token])
            return Mapping(token.offset, self.indent, [item])
        return None

    def becomes_key(self, done: Leaf | Flow, colon: Token) -> None:
        """What stood there is the first key of a mapping."""
        before = properties_of_key(before_next(self.stack[-2]))
        between = [*done.after, colon]
        done.after = []
        self.stack.pop()
        self.push(Mapping(done.offset, done.indent, [Item(before, done, between)]))
        self.on_key_line = True

    def ends_line(self, done: Leaf | Flow, token: Token) -> bool:
        """Keeps with a value what stands behind it in its line. False where it is of something else."""
        if token.kind in _NOT_IN_LINE:
            return False
        done.after.append(token)
        if token.kind is NEWLINE:
            self.on_key_line = False
            self.pop()
        return True


def has(tokens: list[Token], kind: Kind) -> bool:
    """Whether one of the tokens is of a kind."""
    return any(token.kind is kind for token in tokens)


def _add_to_flow(flow: Flow, done: Branch) -> None:
    item = flow.items[-1] if flow.items else None
    if item is None or item.value is not None:
        flow.items.append(Item(key=done, between=[]))
    elif item.between is not None:
        item.value = done
    else:
        item.key, item.between = done, []


def values_of_list(flow: Flow) -> None:
    """What is in square brackets is taken for keys while it is read; without a colon it is a value."""
    if flow.opening.source != "[":
        return
    for item in flow.items:
        if item.between is None or item.value is not None:
            continue
        if has(item.before, QUESTION) or has(item.between, COLON):
            continue
        if item.key is not None:
            item.value, item.key = item.key, None
        if item.value is not None and is_flow(item.value):
            item.value.after += item.between
        else:
            item.before += item.between
        item.between = None
