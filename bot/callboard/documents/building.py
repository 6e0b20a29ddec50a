"""Values made of libyaml's nodes, within limits."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import yaml

from callboard.documents import libyaml
from callboard.documents.exact.nodes import AliasNode
from callboard.documents.limits import Limits as Limits
from callboard.documents.place import shown
from callboard.documents.scalars import (
    Scalar,
    as_double,
    is_surely_text,
    number_text,
    read_plain,
    reads_differently,
)
from callboard.documents.tags import Unfit, special_list, special_mapping, tagged

Value = dict[str, Any] | list[Any] | Scalar
"""What a document can hold: mappings with string keys, lists, strings, numbers, booleans, null."""


class Refused(Exception):
    """A document goes beyond a limit, or says what YAML does not allow."""

    def __init__(self, offset: int, code: str, what: str, hint: str) -> None:
        super().__init__(what)
        self.offset, self.code, self.what, self.hint = offset, code, what, hint


class Builder:
    """Makes values of one document's nodes."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.ambiguous: list[tuple[str, int]] = []
        self.odd_keys: list[tuple[str, int]] = []
        """Mappings and lists that stand as keys, as JavaScript writes them."""
        self._weight = 0
        self._anchors: dict[int, _Anchor] = {}

    def root(self, node: yaml.Node, anchored: Collection[yaml.Node] = ()) -> Any:
        """The value of a document. Raises Refused.

        ``anchored`` are the nodes in it that aliases stand for.
        """
        self._anchors = {id(one): _Anchor() for one in anchored}
        return self._build(node, 1)

    def _build(self, node: yaml.Node, depth: int) -> Any:
        if type(node) is yaml.ScalarNode:
            return self._scalar(node)
        if type(node) is AliasNode:
            return self._alias(node)
        anchor = self._anchors.get(id(node)) if self._anchors else None
        if anchor is None:
            return self._collection(node, depth)
        before = self._weight
        anchor.value = self._collection(node, depth)
        anchor.done, anchor.weight = True, self._weight - before
        return anchor.value

    def _collection(self, node: yaml.Node, depth: int) -> Any:
        # This is where reading spends its time: half a million times for ten thousand entities. So scalars
        # cost no further call, and exact types are compared.
        if depth > self.limits.depth:
            raise too_deep(offset_of(node), self.limits)
        make, build, deeper = self._scalar, self._build, depth + 1
        if type(node) is yaml.SequenceNode:
            self._weight += len(node.value)
            items = [
                make(item) if type(item) is yaml.ScalarNode else build(item, deeper) for item in node.value
            ]
            return items if node.tag == libyaml.COLLECTION else _fitting(node, special_list, items)
        self._weight += 2 * len(node.value)
        mapping: dict[str, Any] = {}
        unique = False
        for key_node, value_node in node.value:
            key = make(key_node) if type(key_node) is yaml.ScalarNode else build(key_node, deeper)
            if type(key) is not str:
                key = self._key(key, key_node)
            elif key == "<<" and key_node.tag == libyaml.PLAIN_1_1:
                self._merge(mapping, value_node, deeper)
                continue
            if key in mapping and not unique:
                # 1 and "1" are two keys, of which the later one counts.
                _refuse_duplicates(node)
                unique = True
            mapping[key] = (
                make(value_node) if type(value_node) is yaml.ScalarNode else build(value_node, deeper)
            )
        return mapping if node.tag == libyaml.COLLECTION else _fitting(node, special_mapping, mapping)

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        text: str = node.value
        tag = node.tag
        if tag == libyaml.STRING:
            return text
        if tag != libyaml.PLAIN:
            return _fitting(node, tagged)
        if is_surely_text(text):
            return text
        if len(text) < 80 and reads_differently(text):
            self.ambiguous.append((text, offset_of(node)))
        return read_plain(text)

    def _key(self, value: Any, node: yaml.Node) -> str:
        key = key_of(value)
        if isinstance(value, dict | list):
            self.odd_keys.append((key, offset_of(node)))
        return key

    def _merge(self, mapping: dict[str, Any], node: yaml.Node, depth: int) -> None:
        """What YAML 1.1 makes of ``<<``."""
        value = self._build(node, depth)
        for source in value if isinstance(value, list) else [value]:
            if not isinstance(source, dict):
                what = "'<<' holds what is no mapping"
                raise Refused(offset_of(node), "yaml-tag", what, "remove '%YAML 1.1', or merge mappings")
            mapping.update({key: one for key, one in source.items() if key not in mapping})

    def _alias(self, node: AliasNode) -> Any:
        """An alias is the value of its anchor once more: it is shared, but its weight counts again."""
        target = node.value
        if target is None:
            what = "no anchor of that name stands before this alias"
            hint = "define the anchor before its alias, or quote a value that begins with '*'"
            raise Refused(offset_of(node), "yaml-syntax", what, hint)
        anchor = self._anchors[id(target)]
        anchor.count += 1
        anchor.inner = anchor.inner or self._count(target)
        self._weight += anchor.weight
        if anchor.count * anchor.inner > self.limits.aliases or self._weight > self.limits.nodes:
            what = f"aliases: one stands for more than {self.limits.aliases} values, or all for too many"
            raise Refused(offset_of(node), "yaml-alias-bomb", what, "write the values out")
        if type(target) is yaml.ScalarNode:
            self._weight += len(target.value) // 100
            return self._scalar(target)
        if not anchor.done:
            what = "an alias stands inside the value of its own anchor"
            raise Refused(offset_of(node), "yaml-alias-cycle", what, "write the value out")
        return anchor.value

    def _count(self, node: yaml.Node) -> int:
        """How often the npm package says that a value holds what aliases stand for; 1 for a scalar."""
        if type(node) is AliasNode:
            anchor = self._anchors.get(id(node.value))
            return anchor.count * anchor.inner if anchor else 0
        if type(node) is yaml.SequenceNode:
            return max(map(self._count, node.value), default=0)
        if type(node) is yaml.MappingNode:
            return max((self._count(one) for pair in node.value for one in pair), default=0)
        return 1


@dataclass(slots=True)
class _Anchor:
    """What is known of a node that aliases stand for."""

    count: int = 1
    inner: int = 0
    weight: int = 1
    value: Any = None
    done: bool = False


def _fitting(node: yaml.Node, read: Callable[..., Any], *values: Any) -> Any:
    try:
        return read(node, *values)
    except Unfit as unfit:
        hint = "remove the tag, or write a value that fits it"
        raise Refused(offset_of(node), "yaml-tag", str(unfit), hint) from None


def _refuse_duplicates(node: yaml.Node) -> None:
    """Keys are compared as JavaScript does it: with their types."""
    seen = set()
    for key_node, _ in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            continue
        value = read_plain(key_node.value) if key_node.tag == libyaml.PLAIN else key_node.value
        if key_node.tag not in (libyaml.PLAIN, libyaml.STRING):
            value = _fitting(key_node, tagged)
        if value != value or isinstance(value, dict):
            continue
        if isinstance(value, int) and not isinstance(value, bool):
            value = as_double(value)
        typed = type(value), value
        if typed in seen:
            what = f"the key {shown(key_of(value))} stands twice in one mapping"
            raise Refused(offset_of(key_node), "yaml-duplicate-key", what, "keep one of the two")
        seen.add(typed)


def key_of(value: Value) -> str:
    """A key as JavaScript has it: a string."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number_text(value)
    if isinstance(value, list):
        return f"[ {', '.join(map(_within, value))} ]" if value else "[]"
    inner = ", ".join(f"{key}: {_within(one)}" for key, one in value.items())
    return f"{{ {inner} }}" if value else "{}"


def _within(value: Value) -> str:
    return "null" if value is None else key_of(value)


def too_deep(offset: int, limits: Limits) -> Refused:
    """Why nesting deeper than the limit is refused."""
    what = f"values are nested more than {limits.depth} levels deep"
    return Refused(offset, "yaml-too-deep", what, "flatten the structure")


def offset_of(node: yaml.Node | yaml.Event) -> int:
    """Where a node or event begins in its text."""
    assert node.start_mark is not None
    return node.start_mark.index
