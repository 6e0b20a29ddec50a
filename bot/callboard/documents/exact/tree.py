"""The tokens of one document, nested by their indentation. ``nodes`` judges what stands where."""

from __future__ import annotations

from callboard.documents.exact.blocks import in_mapping, in_sequence
from callboard.documents.exact.branches import Flow, Item, Leaf, Mapping, Root, Sequence
from callboard.documents.exact.budget import Budget
from callboard.documents.exact.growing import Growing, values_of_list
from callboard.documents.exact.lexer import Lexer
from callboard.documents.exact.tokens import (
    BLOCK,
    CLOSE,
    COLON,
    COMMA,
    DOCUMENT,
    INDICATORS,
    LAYOUT,
    NEWLINE,
    OPEN,
    PLAIN,
    PROPERTIES,
    QUESTION,
    QUOTED,
    SCALARS,
    SPACE,
    Token,
    unexpected,
)

_OVER_LINES = frozenset({PLAIN, QUOTED, BLOCK})
_BEFORE_THE_ROOT = frozenset({DOCUMENT, *PROPERTIES, *LAYOUT})


def grow(text: str, depth: float, budget: Budget, *, marked: bool) -> Root:
    """The tree of a document. ``marked``: it begins with ``---``.

    Raises Malformed, TooDeep beyond ``depth`` collections in each other, TooMany beyond the ``budget``.
    """
    budget.begin_document()
    grower = _Grower(depth, budget)
    Lexer(text, grower.take).run(marked=marked)
    return grower.finished()


class _Grower(Growing):
    def __init__(self, depth: float, budget: Budget) -> None:
        super().__init__(depth)
        self.budget = budget
        self.at_line_start = True

    def take(self, token: Token) -> None:
        """Puts the next token where it belongs."""
        kind = token.kind
        self.budget.left -= 1 + token.source.count("\n") if kind in _OVER_LINES else 1
        if self.budget.left < 0:
            raise self.budget.spent(token.offset)
        token.indent = self.indent
        if kind in SCALARS:
            self.at_line_start = False
        self.deepest = None
        while not self._takes(token):
            self.pop()
        if kind is SPACE:
            if self.at_line_start and token.source[0] == " ":
                self.indent += len(token.source)
        elif kind is NEWLINE or kind is BLOCK:
            self.at_line_start, self.indent = True, 0
        elif kind in INDICATORS:
            if self.at_line_start:
                self.indent += 1
        else:
            self.at_line_start = False

    def finished(self) -> Root:
        """The tree, once there are no more tokens."""
        self.deepest = None
        while len(self.stack) > 1:
            self.pop()
        return self.root

    def _takes(self, token: Token) -> bool:
        """Whether the token belongs to what is on top of the stack, and is there now."""
        top = self.stack[-1]
        # For every token: exact types are told apart in half the time.
        if type(top) is Flow:
            return self._in_flow(top, token)
        if type(top) is Mapping:
            return in_mapping(self, top, token)
        if type(top) is Leaf:
            return self._in_leaf(top, token)
        if type(top) is Sequence:
            return in_sequence(self, top, token)
        assert type(top) is Root
        return self._in_root(top, token)

    def _in_root(self, root: Root, token: Token) -> bool:
        if root.value is not None:
            root.after.append(token)
            return True
        if token.kind in _BEFORE_THE_ROOT:
            root.before.append(token)
            return True
        begun = self.begun(token, root)
        if begun is None:
            raise unexpected(token)
        self.push(begun)
        return True

    def _in_leaf(self, leaf: Leaf, token: Token) -> bool:
        if leaf.header and leaf.token is leaf.header[0]:
            # Of a block of text, only the header is there yet.
            if token.kind is not BLOCK:
                leaf.header.append(token)
                return True
            leaf.token = token
            parent = self.stack[-2]
            leaf.indent = 0 if isinstance(parent, Root) else parent.indent
            self.pop()
            return True
        if token.kind is COLON:
            self.becomes_key(leaf, token)
            return True
        return self.ends_line(leaf, token)

    def _in_flow(self, flow: Flow, token: Token) -> bool:
        if flow.closing is not None:
            return self._behind_flow(flow, token)
        item = flow.items[-1] if flow.items else None
        kind = token.kind
        open_item = item if item is not None and item.value is None else None
        if kind is COMMA or kind is QUESTION:
            if item is None or item.between is not None:
                flow.items.append(Item([token]))
            else:
                item.before.append(token)
        elif kind is COLON:
            if open_item is None:
                flow.items.append(Item(between=[token]))
            elif open_item.between is not None:
                open_item.between.append(token)
            else:
                open_item.between = [token]
        elif kind in LAYOUT or kind in PROPERTIES:
            if open_item is None:
                flow.items.append(Item([token]))
            elif open_item.between is not None:
                open_item.between.append(token)
            else:
                open_item.before.append(token)
        elif kind in SCALARS:
            leaf = Leaf(token, self.indent)
            if open_item is None:
                flow.items.append(Item(key=leaf, between=[]))
            elif open_item.between is not None:
                self.push(leaf)
            else:
                open_item.key, open_item.between = leaf, []
        elif kind is CLOSE:
            flow.closing = token
        elif kind is OPEN:
            self.push(Flow(token, self.indent))
        else:
            raise unexpected(token)
        return True

    def _behind_flow(self, flow: Flow, token: Token) -> bool:
        parent = self.stack[-2]
        if isinstance(parent, Mapping) and (
            (token.kind is COLON and parent.indent == flow.indent)
            or (token.kind is NEWLINE and parent.items[-1].between is None)
        ):
            return False
        if token.kind is COLON and not isinstance(parent, Flow):
            values_of_list(flow)
            self.becomes_key(flow, token)
            return True
        return self.ends_line(flow, token)
