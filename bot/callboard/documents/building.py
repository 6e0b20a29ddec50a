"""Values made of libyaml's nodes, within limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import yaml

from callboard.documents import libyaml
from callboard.documents.scalars import Scalar, is_surely_text, read_plain, reads_differently

Value = dict[str, Any] | list[Any] | Scalar
"""What a document can hold: mappings with string keys, lists, strings, numbers, booleans, null."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a text may cost. What goes beyond is a fault, not a wait."""

    bytes: int = 10 * 1024 * 1024
    depth: int = 100
    """Nested collections."""
    nodes: int = 1_000_000
    """Values in the whole text, with every alias counted as what it stands for."""
    aliases: int = 100
    """In one document."""
    faults: int = 100
    """Reading stops after so many documents that could not be read."""


class Refused(Exception):
    """A document goes beyond a limit, or says what YAML does not allow."""

    def __init__(self, offset: int, code: str, what: str, hint: str) -> None:
        super().__init__(what)
        self.offset, self.code, self.what, self.hint = offset, code, what, hint


class Builder:
    """Makes values of one document's nodes."""

    def __init__(self, limits: Limits, hidden: dict[int, str], *, aliased: bool) -> None:
        self.limits, self.hidden = limits, hidden
        self.ambiguous: list[tuple[str, int]] = []
        self._seen: dict[int, tuple[Any, int]] | None = {} if aliased else None
        self._aliases = 0
        self._weight = 0

    def build(self, node: yaml.Node, depth: int) -> Any:
        """The value of a node that is nested so deep. Raises Refused."""
        if self._seen is not None:
            return self._remember(node, depth, self._seen)
        return self._make(node, depth)

    def _remember(self, node: yaml.Node, depth: int, seen: dict[int, tuple[Any, int]]) -> Any:
        """An alias is the node of its anchor once more: its value is shared, its weight counts again."""
        if id(node) not in seen:
            seen[id(node)] = (_UNFINISHED, 0)
            before = self._weight
            self._weight += 1 + (len(node.value) // 100 if type(node) is yaml.ScalarNode else 0)
            value = self._make(node, depth)
            seen[id(node)] = (value, self._weight - before)
            return value
        value, weight = seen[id(node)]
        self._aliases += 1
        self._weight += weight
        if value is _UNFINISHED:
            what = "an alias stands inside the value of its own anchor"
            raise Refused(offset_of(node), "yaml-alias-cycle", what, "write the value out")
        if self._aliases > self.limits.aliases or self._weight > self.limits.nodes:
            what = (
                f"aliases: more than {self.limits.aliases}, or more than {self.limits.nodes:,} values by them"
            )
            raise Refused(offset_of(node), "yaml-alias-bomb", what, "write the values out")
        return value

    def _make(self, node: yaml.Node, depth: int) -> Any:
        # This is where reading spends its time: half a million times for ten thousand entities. So scalars
        # that cannot be aliases are not asked whether they are, and exact types are compared.
        if type(node) is yaml.ScalarNode:
            return self._scalar(node)
        if depth > self.limits.depth:
            raise too_deep(offset_of(node), self.limits)
        make = self._scalar if self._seen is None else self._make_scalar
        deeper = depth + 1
        if type(node) is yaml.SequenceNode:
            return [
                make(item) if type(item) is yaml.ScalarNode else self.build(item, deeper)
                for item in node.value
            ]
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = make(key_node) if type(key_node) is yaml.ScalarNode else self.build(key_node, deeper)
            if type(key) is not str:
                key = key_of(key, key_node)
            if key in mapping:
                what = f"the key {_shown(key)} stands twice in one mapping"
                raise Refused(offset_of(key_node), "yaml-duplicate-key", what, "keep one of the two")
            mapping[key] = (
                make(value_node) if type(value_node) is yaml.ScalarNode else self.build(value_node, deeper)
            )
        return mapping

    def _make_scalar(self, node: yaml.ScalarNode) -> Scalar:
        return cast(Scalar, self.build(node, 1))

    def _scalar(self, node: yaml.ScalarNode) -> Scalar:
        text: str = node.value.translate(self.hidden) if self.hidden else node.value
        tag = node.tag
        if tag == libyaml.STRING:
            return text
        if tag != libyaml.PLAIN:
            return _tagged(node, text)
        if is_surely_text(text):
            return text
        if len(text) < 80 and reads_differently(text):
            self.ambiguous.append((text, offset_of(node)))
        return read_plain(text)


_UNFINISHED = object()
_CORE_TAGS: dict[str, tuple[type, ...]] = {
    "tag:yaml.org,2002:bool": (bool,),
    "tag:yaml.org,2002:float": (float, int),
    "tag:yaml.org,2002:int": (int,),
    "tag:yaml.org,2002:null": (type(None),),
}


def _tagged(node: yaml.ScalarNode, text: str) -> Scalar:
    """A scalar with a tag of its own. A tag that YAML 1.2 does not know leaves a string, as in Backstage."""
    wanted = _CORE_TAGS.get(node.tag)
    if wanted is None:
        return text
    value = read_plain(text)
    if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
        what = f"{_shown(text)} is not what its tag {node.tag.rpartition(':')[2]!r} says"
        raise Refused(offset_of(node), "yaml-tag", what, "remove the tag, or write a value that fits it")
    return float(value) if wanted[0] is float and isinstance(value, int) else value


def key_of(value: Value, node: yaml.Node) -> str:
    """A key as JavaScript has it: a string."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict | list):
        what = "a mapping or a list stands as a key"
        raise Refused(offset_of(node), "yaml-key", what, "write a plain word or a quoted string as key")
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    return str(value)


def too_deep(offset: int, limits: Limits) -> Refused:
    """Why nesting deeper than the limit is refused."""
    what = f"values are nested more than {limits.depth} levels deep"
    return Refused(offset, "yaml-too-deep", what, "flatten the structure")


def offset_of(node: yaml.Node | yaml.Event) -> int:
    """Where a node or event begins in its text."""
    assert node.start_mark is not None
    return node.start_mark.index


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "…")
