"""The nodes of one document, made of its tree; every place where something may not stand is refused."""

from __future__ import annotations

from typing import Any

import yaml

from callboard.documents import libyaml
from callboard.documents.exact.branches import Branch, Flow, Item, Leaf, Mapping, Root, Sequence
from callboard.documents.exact.properties import Properties, check_end, properties_in
from callboard.documents.exact.scalars import block_text, plain_text, quoted_text
from callboard.documents.exact.tag_names import Directives
from callboard.documents.exact.tokens import (
    ALIAS,
    COLON,
    DASH,
    DOCUMENT,
    NEWLINE,
    QUESTION,
    QUOTED,
    Malformed,
    Token,
    unexpected,
)

_LONGEST_KEY = 1024
_QUOTE = "put the value in quotes"
_KEY = "put the key in one line, with ': ' behind it; or check the indentation"
_COMMA = "put a comma between the values, or quote a value that holds brackets"


class AliasNode(yaml.Node):
    """An alias. Its value is the node that it stands for, or None where there is none."""

    id = "alias"


def root_node(root: Root, text: str, directives: Directives) -> tuple[yaml.Node, list[yaml.Node]]:
    """The node that a document consists of, and the nodes that aliases in it stand for. Raises Malformed."""
    composer = _Composer(text, directives)
    return composer.root(root), list(composer.aliased.values())


class _Composer:
    def __init__(self, text: str, directives: Directives) -> None:
        self.text, self.directives = text, directives
        self.anchors: dict[str, yaml.Node] = {}
        self.aliased: dict[int, yaml.Node] = {}
        """By identity."""
        self.at_root = True
        self.plain_tag = libyaml.PLAIN_1_1 if directives.old else libyaml.PLAIN
        self.with_newline: dict[int, bool] = {}
        """What is in brackets, by identity: whether it goes on in the next line."""

    def root(self, root: Root) -> yaml.Node:
        after = root.after
        properties = properties_in(
            root.before, DOCUMENT, root.value or (after[0] if after else None), 0, 0, fresh=True
        )
        if properties.found and isinstance(root.value, Mapping | Sequence) and not properties.newline:
            what = "not YAML: a mapping or list begins in the line of '---'"
            raise Malformed(root.value.offset, what, "begin it in a line of its own")
        node = self._node(root.value, properties)
        check_end(root.after, spaced=False)
        return node

    # Values

    def _node(self, branch: Branch | None, before: Properties) -> yaml.Node:
        if isinstance(branch, Leaf) and branch.token.kind is ALIAS:
            return self._alias(branch, before)
        tag = self.directives.name_of(before.tag) if before.tag else None
        node: yaml.Node
        if branch is None:
            node = _scalar("", tag or self.plain_tag, before.end)
        elif isinstance(branch, Leaf):
            node = self._leaf(branch, tag)
        else:
            node = self._collection(branch, before, tag)
        if before.anchor is not None:
            if len(before.anchor.source) == 1:
                raise Malformed(before.anchor.offset, "not YAML: an anchor has no name", _QUOTE)
            if isinstance(node, yaml.ScalarNode):
                self.anchors[before.anchor.source[1:]] = node
        return node

    def _alias(self, branch: Leaf, before: Properties) -> AliasNode:
        name = branch.token.source[1:]
        if before.anchor or before.tag:
            what = "not YAML: an anchor or a tag stands before an alias"
            raise Malformed(branch.offset, what, "remove it")
        if not name:
            raise Malformed(branch.offset, "not YAML: an alias has no name", _QUOTE)
        check_end(branch.after)
        mark = _Mark(branch.offset)
        target = self.anchors.get(name)
        if target is not None:
            self.aliased[id(target)] = target
        return AliasNode("alias", target, mark, mark)

    def _leaf(self, leaf: Leaf, tag: str | None) -> yaml.ScalarNode:
        if leaf.header:
            text = block_text(leaf.header, leaf.token, leaf.indent, at_root=self.at_root)
            return _scalar(text, tag or libyaml.STRING, leaf.offset)
        if leaf.token.kind is QUOTED:
            text, own = quoted_text(leaf.token), libyaml.STRING
        else:
            text, own = plain_text(leaf.token), self.plain_tag
        if leaf.after:
            check_end(leaf.after)
        return _scalar(text, tag or own, leaf.offset)

    def _collection(
        self, branch: Mapping | Sequence | Flow, before: Properties, tag: str | None
    ) -> yaml.CollectionNode:
        if isinstance(branch, Sequence):
            last = max((one.offset for one in (before.anchor, before.tag) if one), default=None)
            if last is not None and (before.newline_after is None or before.newline_after.offset < last):
                what = "not YAML: a list begins in the line of its anchor or tag"
                raise Malformed(branch.offset, what, "begin the list in a line of its own")
        mapping = isinstance(branch, Mapping) or (isinstance(branch, Flow) and branch.opening.source == "{")
        mark = _Mark(branch.offset)
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
            before = properties_in(item.before, QUESTION, following, offset, mapping.indent, fresh=True)
            if before.found is None:
                if isinstance(key, Sequence):
                    raise Malformed(key.offset, "not YAML: a list stands as a key", _QUOTE)
                if key is not None and key.indent != mapping.indent:
                    raise _columns(key.offset)
                if between is None and before.anchor is None and before.tag is None:
                    skipped = True
                    continue
                if before.newline_after or (key is not None and self._has_newline(key)):
                    what = "not YAML: a key goes on in the next line"
                    raise Malformed(before.start if key is None else key.offset, what, _KEY)
            elif before.found.indent != mapping.indent:
                raise _columns(before.found.offset)
            if skipped:
                what = "not YAML: what stands here as a key may not have a comment or a blank line before it"
                raise Malformed(before.start if key is None else key.offset, what, _QUOTE)
            key_node = self._node(key, before)
            fresh = key is None or (isinstance(key, Leaf) and bool(key.header))
            after = properties_in(between or [], COLON, value, before.end, mapping.indent, fresh=fresh)
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

    def _check_length(self, before: Properties, colon: Token) -> None:
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
            before = properties_in(item.before, DASH, item.value, offset, sequence.indent, fresh=True)
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
        check_end(flow.after)

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
        before = properties_in(item.before, QUESTION, following, offset, flow.indent, fresh=False, flow=True)
        if before.comma is not None and first:
            raise unexpected(before.comma)
        if before.found is None:
            empty = between is None and value is None
            if empty and before.anchor is None and before.tag is None:
                if not last:
                    raise Malformed(before.start, "not YAML: nothing stands between two commas", "remove one")
                return
            if not mapping and key is not None and self._has_newline(key):
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
        after = properties_in(between or [], COLON, value, before.end, flow.indent, fresh=False, flow=True)
        if after.found is not None:
            if not mapping and before.found is None:
                assert between is not None
                for token in between[: between.index(after.found)]:
                    if token.kind is NEWLINE:
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

    def _has_newline(self, branch: Branch) -> bool:
        """Whether what stands as a key goes on in the next line."""
        if isinstance(branch, Leaf):
            if branch.header or "\n" in branch.token.source:
                return True
            return any(token.kind is NEWLINE for token in branch.after)
        if not isinstance(branch, Flow):
            return True
        if id(branch) not in self.with_newline:
            # Once for all, since a key can stand in a key a hundred times.
            self.with_newline[id(branch)] = any(
                any(token.kind is NEWLINE for token in (*item.before, *(item.between or [])))
                or any(one is not None and self._has_newline(one) for one in (item.key, item.value))
                for item in branch.items
            )
        return self.with_newline[id(branch)]


class _Mark(yaml.Mark):
    """Only the offset: places are counted when somebody asks."""

    def __init__(self, index: int) -> None:
        self.index = index


def _scalar(text: str, tag: str, offset: int) -> yaml.ScalarNode:
    mark = _Mark(offset)
    return yaml.ScalarNode(tag, text, mark, mark)


def _columns(offset: int) -> Malformed:
    what = "not YAML: a key does not stand in the column of the other keys of its mapping"
    return Malformed(offset, what, "check the indentation, or quote the value")


def _no_colon(offset: int) -> Malformed:
    return Malformed(offset, "not YAML: a key has no ':'", "put ': ' behind it, or check the indentation")
