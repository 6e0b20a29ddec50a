"""The tokens of one document, nested by their indentation.

Blanks, line ends and comments are kept beside what they stand before, because where they stand decides what
an anchor belongs to and whether a key may be there. ``nodes`` judges them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import takewhile

from callboard.documents.exact.tokens import Kind, Malformed, Token

_LAYOUT = (Kind.SPACE, Kind.NEWLINE, Kind.COMMENT)
_PROPERTIES = (Kind.ANCHOR, Kind.TAG)
_SCALARS = (Kind.ALIAS, Kind.PLAIN, Kind.QUOTED)


@dataclass(slots=True)
class Leaf:
    """A scalar or an alias."""

    token: Token
    indent: int
    after: list[Token] = field(default_factory=list)
    header: list[Token] = field(default_factory=list)
    """What stands before a block of text: ``|`` and what is in its line."""

    @property
    def offset(self) -> int:
        """Where it begins."""
        return self.header[0].offset if self.header else self.token.offset


@dataclass(slots=True)
class Item:
    """An entry of a collection. A list has only values."""

    before: list[Token] = field(default_factory=list)
    key: Branch | None = None
    between: list[Token] | None = None
    """From the key to its value; None where there is no key yet."""
    value: Branch | None = None
    asked: bool = False
    """The key begins with ``?``."""


@dataclass(slots=True)
class Mapping:
    """A mapping without brackets."""

    offset: int
    indent: int
    items: list[Item]
    after: list[Token] = field(default_factory=list)


@dataclass(slots=True)
class Sequence:
    """A list without brackets."""

    offset: int
    indent: int
    items: list[Item]
    after: list[Token] = field(default_factory=list)


@dataclass(slots=True)
class Flow:
    """A mapping or list in brackets."""

    opening: Token
    indent: int
    items: list[Item] = field(default_factory=list)
    closing: Token | None = None
    after: list[Token] = field(default_factory=list)

    @property
    def offset(self) -> int:
        """Where it begins."""
        return self.opening.offset


Branch = Leaf | Mapping | Sequence | Flow


@dataclass(slots=True)
class Root:
    """A document."""

    before: list[Token] = field(default_factory=list)
    value: Branch | None = None
    after: list[Token] = field(default_factory=list)


def grow(tokens: Iterable[Token], depth: float, most: float) -> Root:
    """The tree of a document.

    Raises Malformed, TooDeep beyond ``depth`` collections in each other, TooMany beyond ``most`` tokens.
    """
    grower = _Grower(depth)
    for number, token in enumerate(tokens):
        if number >= most:
            raise TooMany(token.offset)
        grower.take(token)
    while len(grower.stack) > 1:
        grower.pop()
    return grower.root


class TooDeep(Exception):
    """Collections are nested deeper than allowed."""

    def __init__(self, offset: int) -> None:
        super().__init__("nested too deep")
        self.offset = offset


class TooMany(Exception):
    """A document has more tokens than allowed."""

    def __init__(self, offset: int) -> None:
        super().__init__("too many values")
        self.offset = offset


class _Grower:
    def __init__(self, depth: float) -> None:
        self.depth = depth
        self.root = Root()
        self.stack: list[Root | Branch] = [self.root]
        self.indent = 0
        self.at_line_start = True
        self.on_key_line = False
        """In the line of a key, so that what follows belongs to that key."""

    def take(self, token: Token) -> None:
        """Puts the next token where it belongs."""
        token.indent = self.indent
        if token.kind in (Kind.PLAIN, Kind.QUOTED, Kind.ALIAS):
            self.at_line_start = False
        self._step(token)
        if token.kind is Kind.NEWLINE or token.kind is Kind.BLOCK:
            self.at_line_start, self.indent = True, 0
        elif token.kind is Kind.SPACE:
            if self.at_line_start and token.source[0] == " ":
                self.indent += len(token.source)
        elif token.kind in (Kind.DASH, Kind.QUESTION, Kind.COLON):
            if self.at_line_start:
                self.indent += 1
        else:
            self.at_line_start = False

    def _step(self, token: Token) -> None:
        while True:
            top = self.stack[-1]
            match top:
                case Root():
                    done = self._in_root(top, token)
                case Leaf():
                    done = self._in_leaf(top, token)
                case Mapping():
                    done = self._in_mapping(top, token)
                case Sequence():
                    done = self._in_sequence(top, token)
                case Flow():
                    done = self._in_flow(top, token)
            if done:
                return
            self.pop()

    def pop(self) -> None:
        """What is on top of the stack is complete: it becomes a part of what is below it."""
        done = self.stack.pop()
        assert not isinstance(done, Root)
        top = self.stack[-1]
        if isinstance(done, Flow):
            _values_of_list(done)
        match top:
            case Root():
                if isinstance(done, Flow):
                    done.indent = 0
                top.value = done
            case Mapping():
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
            case Sequence():
                if top.items[-1].value is not None:
                    top.items.append(Item(value=done))
                else:
                    top.items[-1].value = done
            case Flow():
                _add_to_flow(top, done)
                return
            case Leaf():
                raise AssertionError("a scalar holds nothing")
        if isinstance(done, Mapping | Sequence):
            _hand_over_layout(top, done)

    def _push(self, branch: Branch) -> None:
        if not isinstance(branch, Leaf) and len(self.stack) > self.depth:
            raise TooDeep(branch.offset)
        self.stack.append(branch)

    def _begun(self, token: Token, holder: Root | Mapping | Sequence) -> Branch | None:
        """What begins with a token in a block; None where nothing does."""
        match token.kind:
            case Kind.ALIAS | Kind.PLAIN | Kind.QUOTED:
                return Leaf(token, self.indent)
            case Kind.HEADER:
                return Leaf(token, self.indent, header=[token])
            case Kind.OPEN:
                return Flow(token, self.indent)
            case Kind.DASH:
                return Sequence(token.offset, self.indent, [Item([token])])
            case Kind.QUESTION:
                self.on_key_line = True
                before = [*_properties_of_key(_before(holder)), token]
                return Mapping(token.offset, self.indent, [Item(before, asked=True)])
            case Kind.COLON:
                self.on_key_line = True
                item = Item(_properties_of_key(_before(holder)), between=[token])
                return Mapping(token.offset, self.indent, [item])
        return None

    def _in_root(self, root: Root, token: Token) -> bool:
        if root.value is not None:
            root.after.append(token)
            return True
        if token.kind in (Kind.DOCUMENT, *_PROPERTIES, *_LAYOUT):
            root.before.append(token)
            return True
        begun = self._begun(token, root)
        if begun is None:
            raise unexpected(token)
        self._push(begun)
        return True

    def _in_leaf(self, leaf: Leaf, token: Token) -> bool:
        if leaf.header and leaf.token is leaf.header[0]:
            # Of a block of text, only the header is there yet.
            if token.kind is not Kind.BLOCK:
                leaf.header.append(token)
                return True
            leaf.token = token
            parent = self.stack[-2]
            leaf.indent = 0 if isinstance(parent, Root) else parent.indent
            self.pop()
            return True
        if token.kind is Kind.COLON:
            self._becomes_key(leaf, token)
            return True
        return self._ends_line(leaf, token)

    def _becomes_key(self, done: Leaf | Flow, colon: Token) -> None:
        """What stood there is the first key of a mapping."""
        before = _properties_of_key(_before(self.stack[-2]))
        between = [*done.after, colon]
        done.after = []
        self.stack.pop()
        self._push(Mapping(done.offset, done.indent, [Item(before, done, between)]))
        self.on_key_line = True

    def _ends_line(self, done: Leaf | Flow, token: Token) -> bool:
        if token.kind in (Kind.COMMA, Kind.CLOSE, Kind.COLON):
            return False
        done.after.append(token)
        if token.kind is Kind.NEWLINE:
            self.on_key_line = False
            self.pop()
        return True

    def _in_sequence(self, sequence: Sequence, token: Token) -> bool:
        item = sequence.items[-1]
        kind = token.kind
        if kind in _LAYOUT:
            _lay_out(sequence, token)
            return True
        if kind in _PROPERTIES and item.value is None and self.indent > sequence.indent:
            item.before.append(token)
            return True
        if kind is Kind.DASH and self.indent == sequence.indent:
            if item.value is not None or _has(item.before, Kind.DASH):
                sequence.items.append(Item([token]))
            else:
                item.before.append(token)
            return True
        begun = self._begun(token, sequence) if self.indent > sequence.indent else None
        if begun is not None:
            self._push(begun)
        return begun is not None

    def _in_mapping(self, mapping: Mapping, token: Token) -> bool:
        item = mapping.items[-1]
        kind = token.kind
        if kind is Kind.NEWLINE:
            self.on_key_line = False
        if kind in _LAYOUT:
            _lay_out(mapping, token)
            return True
        if self.indent < mapping.indent:
            return False
        at_column = not self.on_key_line and self.indent == mapping.indent
        next_item = at_column and (item.between is not None or item.asked) and kind is not Kind.DASH
        start: list[Token] = []
        if next_item and item.between is not None and item.value is None:
            start = _split_empty_value(item.between, mapping.indent)
        fresh = next_item or item.value is not None
        if kind in _PROPERTIES:
            if fresh:
                mapping.items.append(Item([*start, token]))
                self.on_key_line = True
            elif item.between is not None:
                item.between.append(token)
            else:
                item.before.append(token)
            return True
        if kind is Kind.QUESTION:
            if item.between is None and not item.asked:
                item.before.append(token)
                item.asked = True
            elif fresh:
                mapping.items.append(Item([*start, token], asked=True))
            else:
                self._push(Mapping(token.offset, self.indent, [Item([token], asked=True)]))
            self.on_key_line = True
            return True
        if kind is Kind.COLON:
            self._colon_in_mapping(mapping, item, token, start, next_item=next_item)
            self.on_key_line = True
            return True
        if kind in _SCALARS:
            leaf = Leaf(token, self.indent)
            if fresh:
                mapping.items.append(Item(start, leaf, []))
                self.on_key_line = True
            elif item.between is not None:
                self._push(leaf)
            else:
                item.key, item.between = leaf, []
                self.on_key_line = True
            return True
        begun = self._begun(token, mapping)
        if begun is None:
            return False
        if isinstance(begun, Sequence):
            if not item.asked and item.between is not None and not _has(item.between, Kind.NEWLINE):
                what = "not YAML: a list begins in the line of its key"
                raise Malformed(token.offset, what, "begin the list in a line of its own, or quote the value")
        elif at_column:
            mapping.items.append(Item(start))
        self._push(begun)
        return True

    def _colon_in_mapping(
        self, mapping: Mapping, item: Item, token: Token, start: list[Token], *, next_item: bool
    ) -> None:
        between = item.between
        if item.asked and between is None and not _has(item.before, Kind.NEWLINE):
            self._push_colon(token, _properties_of_key(item.before))
        elif between is None:
            item.key, item.between = None, [token]
        elif item.value is not None or (next_item and not item.asked):
            mapping.items.append(Item([] if item.asked else start, between=[token]))
        elif _has(between, Kind.COLON):
            self._push_colon(token, start if item.asked else [])
        elif not item.asked:
            between.append(token)
        elif _is_flow(item.key) and not _has(between, Kind.NEWLINE):
            key, before = item.key, _properties_of_key(item.before)
            item.key = item.between = None
            self._push(Mapping(token.offset, self.indent, [Item(before, key, [*between, token])]))
        else:
            between += [*start, token]

    def _push_colon(self, token: Token, before: list[Token]) -> None:
        self._push(Mapping(token.offset, self.indent, [Item(before, between=[token])]))

    def _in_flow(self, flow: Flow, token: Token) -> bool:
        if flow.closing is not None:
            return self._behind_flow(flow, token)
        item = flow.items[-1] if flow.items else None
        kind = token.kind
        open_item = item if item is not None and item.value is None else None
        if kind in (Kind.COMMA, Kind.QUESTION):
            if item is None or item.between is not None:
                flow.items.append(Item([token]))
            else:
                item.before.append(token)
        elif kind is Kind.COLON:
            if open_item is None:
                flow.items.append(Item(between=[token]))
            elif open_item.between is not None:
                open_item.between.append(token)
            else:
                open_item.between = [token]
        elif kind in _LAYOUT or kind in _PROPERTIES:
            if open_item is None:
                flow.items.append(Item([token]))
            elif open_item.between is not None:
                open_item.between.append(token)
            else:
                open_item.before.append(token)
        elif kind in _SCALARS:
            leaf = Leaf(token, self.indent)
            if open_item is None:
                flow.items.append(Item(key=leaf, between=[]))
            elif open_item.between is not None:
                self._push(leaf)
            else:
                open_item.key, open_item.between = leaf, []
        elif kind is Kind.CLOSE:
            flow.closing = token
        elif kind is Kind.OPEN:
            self._push(Flow(token, self.indent))
        else:
            raise unexpected(token)
        return True

    def _behind_flow(self, flow: Flow, token: Token) -> bool:
        parent = self.stack[-2]
        if isinstance(parent, Mapping) and (
            (token.kind is Kind.COLON and parent.indent == flow.indent)
            or (token.kind is Kind.NEWLINE and parent.items[-1].between is None)
        ):
            return False
        if token.kind is Kind.COLON and not isinstance(parent, Flow):
            _values_of_list(flow)
            self._becomes_key(flow, token)
            return True
        return self._ends_line(flow, token)


def unexpected(token: Token) -> Malformed:
    """What to say of a token where none of its kind may be."""
    what = f"not YAML: {token.kind.value} stands where it may not"
    return Malformed(token.offset, what, "check the indentation, or put the value in quotes")


def _has(tokens: list[Token], kind: Kind) -> bool:
    return any(token.kind is kind for token in tokens)


def _is_flow(branch: Branch | None) -> bool:
    return isinstance(branch, Flow) or (isinstance(branch, Leaf) and not branch.header)


def _before(holder: Root | Branch) -> list[Token]:
    """What stands before the next value in ``holder``."""
    match holder:
        case Root():
            return holder.before
        case Mapping():
            last = holder.items[-1]
            return last.before if last.between is None else last.between
        case Sequence():
            return holder.items[-1].before
    return []


def _properties_of_key(before: list[Token]) -> list[Token]:
    """Takes from ``before`` what stands in the line of the key: its anchor, its tag."""
    ends = (Kind.DOCUMENT, Kind.QUESTION, Kind.COLON, Kind.DASH, Kind.NEWLINE)
    at = len(before)
    while at and before[at - 1].kind not in ends:
        at -= 1
    at += sum(1 for _ in takewhile(lambda token: token.kind is Kind.SPACE, before[at:]))
    taken = before[at:]
    del before[at:]
    return taken


def _split_empty_value(between: list[Token], indent: int) -> list[Token]:
    """Takes what belongs to the next item, where a key has no value: from the second line end on."""
    ends: list[int] = []
    for index, token in enumerate(between):
        if token.kind is Kind.NEWLINE:
            ends.append(index)
        elif token.kind is Kind.COMMENT:
            if token.indent > indent:
                ends = []
        elif token.kind is not Kind.SPACE:
            ends = []
    if len(ends) < 2:
        return []
    taken = between[ends[1] :]
    del between[ends[1] :]
    return taken


def _lay_out(block: Mapping | Sequence, token: Token) -> None:
    """Keeps a blank, a line end or a comment."""
    item = block.items[-1]
    if item.value is not None:
        after = item.value.after
        if token.kind is Kind.NEWLINE and after and after[-1].kind is Kind.COMMENT:
            after.append(token)
        else:
            block.items.append(Item([token]))
    elif item.between is not None:
        item.between.append(token)
    else:
        indented = token.kind is Kind.COMMENT and token.indent > block.indent
        if indented and all(one.kind in (Kind.NEWLINE, Kind.SPACE) for one in reversed(item.before)):
            previous = block.items[-2] if len(block.items) > 1 else None
            if previous is not None and previous.value is not None and _keeps_end(previous.value):
                previous.value.after += [*item.before, token]
                block.items.pop()
                return
        item.before.append(token)


def _keeps_end(branch: Branch) -> bool:
    """Whether the npm package keeps with such a value what stands behind it."""
    return isinstance(branch, Flow) or (isinstance(branch, Leaf) and bool(branch.after))


def _hand_over_layout(top: Root | Mapping | Sequence | Leaf | Flow, done: Mapping | Sequence) -> None:
    """What stands behind the last item belongs to what is around it."""
    last = done.items[-1]
    if last.between is not None or last.value is not None or not last.before:
        return
    if any(token.kind not in _LAYOUT for token in last.before):
        return
    if done.indent and any(
        token.kind is Kind.COMMENT and token.indent >= done.indent for token in last.before
    ):
        return
    if isinstance(top, Root):
        top.after = last.before
    elif isinstance(top, Mapping | Sequence):
        top.items.append(Item(last.before))
    done.items.pop()


def _add_to_flow(flow: Flow, done: Branch) -> None:
    item = flow.items[-1] if flow.items else None
    if item is None or item.value is not None:
        flow.items.append(Item(key=done, between=[]))
    elif item.between is not None:
        item.value = done
    else:
        item.key, item.between = done, []


def _values_of_list(flow: Flow) -> None:
    """What is in square brackets is taken for keys while it is read; without a colon it is a value."""
    if flow.opening.source != "[":
        return
    for item in flow.items:
        if item.between is None or item.value is not None:
            continue
        if _has(item.before, Kind.QUESTION) or _has(item.between, Kind.COLON):
            continue
        if item.key is not None:
            item.value, item.key = item.key, None
        if item.value is not None and _is_flow(item.value):
            item.value.after += item.between
        else:
            item.before += item.between
        item.between = None
