"""The nodes of one document, made of its tree; every place where something may not stand is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

import yaml

from callboard.documents import libyaml
from callboard.documents.exact.scalars import block_text, plain_text, quoted_text
from callboard.documents.exact.tokens import Kind, Malformed, Token
from callboard.documents.exact.tree import Branch, Flow, Item, Leaf, Mapping, Root, Sequence, unexpected

OLD = "YAML 1.1 "
"""Before a tag of a document that says it is YAML 1.1."""
_LONGEST_KEY = 1024
_HANDLE = re.compile(r"(.*!)([^!]*)", re.DOTALL)


class AliasNode(yaml.Node):
    """An alias. Its value is the node that it stands for, or None where there is none."""

    id = "alias"


@dataclass(frozen=True, slots=True)
class Directives:
    """What stood before a document: its version of YAML, and what its tags begin with."""

    old: bool
    """YAML 1.1."""
    handles: ReadOnly[str, str]


def root_node(root: Root, text: str, directives: Directives) -> tuple[yaml.Node, list[yaml.Node]]:
    """The node that a document consists of, and the nodes that aliases in it stand for. Raises Malformed."""
    composer = _Composer(text, directives)
    return composer.root(root), composer.aliased


@dataclass(slots=True)
class _Properties:
    """What stands before a value."""

    end: int
    start: int
    found: Token | None = None
    comma: Token | None = None
    anchor: Token | None = None
    tag: Token | None = None
    newline: bool = False
    newline_after: Token | None = None
    """The line end behind an anchor or a tag."""


class _Composer:
    def __init__(self, text: str, directives: Directives) -> None:
        self.text, self.directives = text, directives
        self.anchors: dict[str, yaml.Node] = {}
        self.aliased: list[yaml.Node] = []
        self.at_root = True

    def root(self, root: Root) -> yaml.Node:
        after = root.after
        properties = self._properties(
            root.before, Kind.DOCUMENT, root.value or (after[0] if after else None), 0, 0, fresh=True
        )
        if properties.found and isinstance(root.value, Mapping | Sequence) and not properties.newline:
            what = "not YAML: a mapping or list begins in the line of '---'"
            raise Malformed(root.value.offset, what, "begin it in a line of its own")
        node = self._node(root.value, properties)
        _check_end(root.after, spaced=False)
        return node

    # What stands before a value

    def _properties(
        self,
        tokens: list[Token],
        indicator: Kind,
        following: Branch | Token | None,
        offset: int,
        parent_indent: int,
        *,
        fresh: bool,
        flow: bool = False,
    ) -> _Properties:
        """Reads what stands before a value. ``fresh``: a line begins there."""
        end = tokens[-1].end if tokens else offset
        read = _Properties(end, end)
        at_newline = spaced = fresh
        glued = False
        start: int | None = None
        tab: Token | None = None
        tabs_count = not flow and not (indicator is Kind.DOCUMENT and isinstance(following, Flow))
        for token in tokens:
            kind = token.kind
            if glued and kind not in (Kind.SPACE, Kind.NEWLINE, Kind.COMMA):
                raise _glued(token.offset)
            glued = False
            if tab is not None:
                if at_newline and kind not in (Kind.COMMENT, Kind.NEWLINE):
                    raise _tab(tab)
                tab = None
            if kind is Kind.SPACE:
                if tabs_count and "\t" in token.source:
                    tab = token
                spaced = True
            elif kind is Kind.COMMENT:
                if not spaced:
                    raise _comment(token)
                at_newline = False
            elif kind is Kind.NEWLINE:
                at_newline = spaced = read.newline = True
                if read.anchor or read.tag:
                    read.newline_after = token
            elif kind is Kind.ANCHOR or kind is Kind.TAG:
                if (read.anchor if kind is Kind.ANCHOR else read.tag) is not None:
                    what = f"not YAML: {kind.value} stands twice before one value"
                    raise Malformed(token.offset, what, "keep one of the two")
                if kind is Kind.ANCHOR:
                    read.anchor = token
                else:
                    read.tag = token
                start = token.offset if start is None else start
                at_newline = spaced = False
                glued = True
            elif kind is indicator:
                if read.anchor or read.tag:
                    raise Malformed(token.offset, *_ORDER)
                if read.found:
                    raise unexpected(token)
                read.found = token
                at_newline = indicator in (Kind.DASH, Kind.QUESTION)
                spaced = False
            elif kind is Kind.COMMA and flow:
                if read.comma:
                    raise unexpected(token)
                read.comma = token
                at_newline = spaced = False
            else:
                raise unexpected(token)
        if glued and following is not None and not _is_gap(following):
            raise _glued(following.offset)
        if tab is not None and (
            (at_newline and tab.indent <= parent_indent) or isinstance(following, Mapping | Sequence)
        ):
            raise _tab(tab)
        read.start = end if start is None else start
        return read

    # Values

    def _node(self, branch: Branch | None, before: _Properties) -> yaml.Node:
        if isinstance(branch, Leaf) and branch.token.kind is Kind.ALIAS:
            return self._alias(branch, before)
        tag = self._tag(before.tag)
        offset = before.end if branch is None else branch.offset
        node: yaml.Node
        match branch:
            case None:
                node = _scalar("", tag or self._plain_tag(), offset)
            case Leaf():
                node = self._leaf(branch, tag)
            case _:
                node = self._collection(branch, before, tag)
        if before.anchor is not None:
            if len(before.anchor.source) == 1:
                raise Malformed(before.anchor.offset, "not YAML: an anchor has no name", _QUOTE)
            if isinstance(node, yaml.ScalarNode):
                self.anchors[before.anchor.source[1:]] = node
        return node

    def _alias(self, branch: Leaf, before: _Properties) -> AliasNode:
        name = branch.token.source[1:]
        if before.anchor or before.tag:
            what = "not YAML: an anchor or a tag stands before an alias"
            raise Malformed(branch.offset, what, "remove it")
        if not name:
            raise Malformed(branch.offset, "not YAML: an alias has no name", _QUOTE)
        _check_end(branch.after)
        mark = _mark(branch.offset)
        target = self.anchors.get(name)
        if target is not None:
            self.aliased.append(target)
        return AliasNode("alias", target, mark, mark)

    def _leaf(self, leaf: Leaf, tag: str | None) -> yaml.ScalarNode:
        if leaf.header:
            text = block_text(leaf.header, leaf.token, leaf.indent, at_root=self.at_root)
            return _scalar(text, tag or libyaml.STRING, leaf.offset)
        if leaf.token.kind is Kind.QUOTED:
            text, own = quoted_text(leaf.token), libyaml.STRING
        else:
            text, own = plain_text(leaf.token), self._plain_tag()
        _check_end(leaf.after)
        return _scalar(text, tag or own, leaf.offset)

    def _plain_tag(self) -> str:
        return libyaml.PLAIN_1_1 if self.directives.old else libyaml.PLAIN

    def _collection(
        self, branch: Mapping | Sequence | Flow, before: _Properties, tag: str | None
    ) -> yaml.CollectionNode:
        if isinstance(branch, Sequence):
            last = max((one.offset for one in (before.anchor, before.tag) if one), default=None)
            if last is not None and (before.newline_after is None or before.newline_after.offset < last):
                what = "not YAML: a list begins in the line of its anchor or tag"
                raise Malformed(branch.offset, what, "begin the list in a line of its own")
        mapping = isinstance(branch, Mapping) or (isinstance(branch, Flow) and branch.opening.source == "{")
        mark = _mark(branch.offset)
        kind = yaml.MappingNode if mapping else yaml.SequenceNode
        node = kind(tag or libyaml.COLLECTION, [], mark, mark)
        if before.anchor is not None:
            # It can stand inside of itself, so its name is known before its values are.
            self.anchors[before.anchor.source[1:]] = node
        self.at_root = False
        match branch:
            case Mapping():
                self._mapping(branch, node.value)
            case Sequence():
                self._sequence(branch, node.value)
            case Flow():
                self._flow(branch, node.value, mapping=mapping)
        return node

    def _mapping(self, mapping: Mapping, pairs: list[tuple[yaml.Node, yaml.Node]]) -> None:
        skipped = False
        for item in mapping.items:
            key, between, value = item.key, item.between, item.value
            following = key or (between[0] if between else None)
            offset = mapping.offset if following is None else following.offset
            before = self._properties(
                item.before, Kind.QUESTION, following, offset, mapping.indent, fresh=True
            )
            if before.found is None:
                if isinstance(key, Sequence):
                    raise Malformed(key.offset, "not YAML: a list stands as a key", _QUOTE)
                if key is not None and key.indent != mapping.indent:
                    raise _columns(key.offset)
                if between is None and before.anchor is None and before.tag is None:
                    skipped = True
                    continue
                if before.newline_after or (key is not None and _has_newline(key)):
                    what = "not YAML: a key goes on in the next line"
                    raise Malformed(before.start if key is None else key.offset, what, _KEY)
            elif before.found.indent != mapping.indent:
                raise _columns(before.found.offset)
            if skipped:
                what = "not YAML: what stands here as a key may not have a comment or a blank line before it"
                raise Malformed(before.start if key is None else key.offset, what, _QUOTE)
            key_node = self._node(key, before)
            fresh = key is None or (isinstance(key, Leaf) and bool(key.header))
            after = self._properties(
                between or [], Kind.COLON, value, before.end, mapping.indent, fresh=fresh
            )
            if after.found is None:
                if before.found is None:
                    raise _no_colon(before.start if key is None else key.offset)
                # A list may stand right below a key with '?', and is not read.
                pairs.append((key_node, self._nothing(before.end)))
                continue
            if before.found is None:
                if isinstance(value, Mapping) and not after.newline:
                    what = "not YAML: a mapping begins in the line of its key"
                    hint = "quote the value if it holds ': ', or begin the mapping in a line of its own"
                    raise Malformed(value.offset, what, hint)
                self._check_length(before, after.found)
            pairs.append((key_node, self._node(value, after)))

    def _nothing(self, offset: int) -> yaml.Node:
        return _scalar("", libyaml.PLAIN, offset)

    def _check_length(self, before: _Properties, colon: Token) -> None:
        """Of a key, in the units that JavaScript counts."""
        start = before.start
        if colon.offset - start > _LONGEST_KEY // 2:
            units = len(self.text[start : colon.offset].encode("utf-16-le", "surrogatepass")) // 2
            if units > _LONGEST_KEY:
                what = f"not YAML: a key is longer than {_LONGEST_KEY:,} characters"
                raise Malformed(start, what, "make it shorter, or quote a text that holds ': '")

    def _sequence(self, sequence: Sequence, nodes: list[yaml.Node]) -> None:
        for item in sequence.items:
            offset = item.value.offset if item.value else sequence.offset
            before = self._properties(item.before, Kind.DASH, item.value, offset, sequence.indent, fresh=True)
            if before.found is None:
                if before.anchor is None and before.tag is None and item.value is None:
                    continue
                raise Malformed(
                    item.value.offset if item.value else before.start,
                    "not YAML: an item of a list has no '-', or another column than the others",
                    "begin every item with '- ', all in the same column",
                )
            nodes.append(self._node(item.value, before))

    def _flow(self, flow: Flow, nodes: list[Any], *, mapping: bool) -> None:
        if flow.closing is None or flow.closing.source != ("}" if mapping else "]"):
            wanted = "}" if mapping else "]"
            at = flow.closing.offset if flow.closing else flow.offset
            what = f"not YAML: {flow.opening.source!r} is not closed by {wanted!r}"
            raise Malformed(at, what, "close the bracket that is still open")
        for index, item in enumerate(flow.items):
            last = index == len(flow.items) - 1
            self._flow_item(flow, item, nodes, mapping=mapping, first=not index, last=last)
        _check_end(flow.after)

    def _flow_item(
        self,
        flow: Flow,
        item: Item,
        nodes: list[Any],
        *,
        mapping: bool,
        first: bool,
        last: bool,
    ) -> None:
        key, between, value = item.key, item.between, item.value
        following = key or (between[0] if between else None)
        nearest = following or value
        offset = flow.opening.end if nearest is None else nearest.offset
        before = self._properties(
            item.before, Kind.QUESTION, following, offset, flow.indent, fresh=False, flow=True
        )
        if before.comma is not None and first:
            raise unexpected(before.comma)
        if before.found is None:
            empty = between is None and value is None
            if empty and before.anchor is None and before.tag is None:
                if not last:
                    raise Malformed(before.start, "not YAML: nothing stands between two commas", "remove one")
                return
            if not mapping and key is not None and _has_newline(key):
                raise Malformed(key.offset, "not YAML: a key goes on in the next line", _KEY)
        if before.comma is None and not first:
            raise Malformed(before.start, "not YAML: no comma stands between two values", _COMMA)
        for branch in (key, value):
            if isinstance(branch, Mapping | Sequence):
                what = "not YAML: a mapping or list without brackets stands in brackets"
                raise Malformed(branch.offset, what, "quote the value, or put it in brackets too")
        if not mapping and between is None and before.found is None:
            nodes.append(self._node(value, before))
            return
        key_node = self._node(key, before)
        after = self._properties(
            between or [], Kind.COLON, value, before.end, flow.indent, fresh=False, flow=True
        )
        if after.found is not None:
            if not mapping and before.found is None:
                assert between is not None
                for token in between[: between.index(after.found)]:
                    if token.kind is Kind.NEWLINE:
                        raise Malformed(before.start, "not YAML: a key goes on in the next line", _KEY)
                self._check_length(before, after.found)
        elif value is not None:
            raise Malformed(value.offset, "not YAML: no comma stands between two values", _COMMA)
        pair = key_node, self._nothing(after.end) if after.found is None else self._node(value, after)
        if mapping:
            nodes.append(pair)
        else:
            mark = key_node.start_mark
            nodes.append(yaml.MappingNode(libyaml.COLLECTION, [pair], mark, mark))

    # Tags

    def _tag(self, token: Token | None) -> str | None:
        """The whole name of a tag. ``!`` alone makes a string of what it can."""
        if token is None:
            return None
        source = token.source
        if source == "!":
            return libyaml.STRING
        if source.startswith("!<"):
            if source[-1] != ">" or source in ("!<!>", "!<!!>"):
                raise Malformed(token.offset, f"not YAML: {source!r} is no tag", _NO_TAG)
            return self._known(source[2:-1]) if source[2:-1] else None
        found = _HANDLE.fullmatch(source)
        assert found is not None
        if not found[2]:
            raise Malformed(token.offset, f"not YAML: the tag {source!r} has no name", _NO_TAG)
        if prefix := self.directives.handles.get(found[1]):
            try:
                return self._known(prefix + unquote_to_bytes(found[2]).decode("utf-8"))
            except UnicodeDecodeError:
                raise Malformed(token.offset, f"not YAML: {source!r} is no tag", _NO_TAG) from None
        if found[1] == "!":
            return source
        what = f"not YAML: undefined tag handle {found[1]!r}"
        raise Malformed(token.offset, what, "remove the tag, or quote a value that begins with '!'")

    def _known(self, tag: str) -> str:
        return OLD + tag if self.directives.old else tag


_QUOTE = "put the value in quotes"
_KEY = "put the key in one line, with ': ' behind it; or check the indentation"
_COMMA = "put a comma between the values, or quote a value that holds brackets"
_NO_TAG = "remove the tag, or quote a value that begins with '!'"
_ORDER = ("not YAML: an anchor or a tag stands before an indicator", "put it directly before the value")


def _is_gap(following: Branch | Token) -> bool:
    if isinstance(following, Token):
        return following.kind in (Kind.SPACE, Kind.NEWLINE, Kind.COMMA)
    return isinstance(following, Leaf) and following.token.kind is Kind.PLAIN and not following.token.source


def _check_end(after: list[Token], *, spaced: bool = True) -> None:
    """Refuses what may not stand behind a value. ``spaced``: a comment needs a blank before it."""
    blank = not spaced
    for token in after:
        if token.kind in (Kind.SPACE, Kind.NEWLINE):
            blank = True
        elif token.kind is not Kind.COMMENT:
            raise unexpected(token)
        elif not blank:
            raise _comment(token)


def _has_newline(branch: Branch) -> bool:
    match branch:
        case Leaf():
            if branch.header:
                return True
            after = any(token.kind is Kind.NEWLINE for token in branch.after)
            return after or "\n" in branch.token.source
        case Flow():
            return any(
                any(token.kind is Kind.NEWLINE for token in (*item.before, *(item.between or [])))
                or any(one is not None and _has_newline(one) for one in (item.key, item.value))
                for item in branch.items
            )
    return True


def _mark(offset: int) -> yaml.Mark:
    return yaml.Mark("", offset, 0, 0, None, 0)


def _scalar(text: str, tag: str, offset: int) -> yaml.ScalarNode:
    mark = _mark(offset)
    return yaml.ScalarNode(tag, text, mark, mark)


def _glued(offset: int) -> Malformed:
    return Malformed(offset, "not YAML: no blank stands behind an anchor or a tag", "put one there")


def _tab(token: Token) -> Malformed:
    offset = token.offset + token.source.index("\t")
    return Malformed(
        offset, "not YAML: a tab stands where only spaces may", "indent with spaces, not with tabs"
    )


def _comment(token: Token) -> Malformed:
    what = "not YAML: no blank stands before a comment"
    return Malformed(token.offset, what, "put one before '#', or put the value in quotes")


def _columns(offset: int) -> Malformed:
    what = "not YAML: a key does not stand in the column of the other keys of its mapping"
    return Malformed(offset, what, "check the indentation, or quote the value")


def _no_colon(offset: int) -> Malformed:
    return Malformed(offset, "not YAML: a key has no ':'", "put ': ' behind it, or check the indentation")
