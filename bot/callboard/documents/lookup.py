"""Where in a text the values of a document stand, told by its nodes."""

from __future__ import annotations

import yaml

from callboard.documents import libyaml
from callboard.documents.building import key_of, offset_of
from callboard.documents.exact.nodes import AliasNode
from callboard.documents.exact.stream import read_again
from callboard.documents.exact.tag_names import Directives
from callboard.documents.place import Path
from callboard.documents.scalars import read_plain
from callboard.documents.tags import tagged


def root_of(text: str, directives: Directives | None) -> yaml.Node:
    """The root of a text that was read before, as one document: exactly, by ``directives``, or by libyaml."""
    if directives is not None:
        return read_again(text, directives)
    return [node for node in libyaml.compose(text) if node is not None][-1]


class Lookup:
    """Finds values below a node."""

    def __init__(self, root: yaml.Node) -> None:
        self._root = root
        # By mapping, what was looked up in it; the nodes live as long as the root does.
        self._entries: dict[int, dict[str, tuple[yaml.Node, yaml.Node]]] = {}

    def offset(self, path: Path, *, key: bool) -> int:
        """Where the value at ``path`` begins, or with ``key`` its key; else what should hold it."""
        node = self._root
        at_key = offset_of(node)
        for step in path:
            found = self._child(node, step)
            if found is None:
                return at_key
            name, node = found
            at_key = offset_of(name)
        return at_key if key else offset_of(node)

    def scalar(self, path: Path) -> str | None:
        """The text of the scalar at ``path``, as it is written but for quotes; None where there is none."""
        node = self._root
        for step in path:
            found = self._child(node, step)
            if found is None:
                return None
            _, node = found
        if isinstance(node, AliasNode) and node.value is not None:
            node = node.value
        return str(node.value) if isinstance(node, yaml.ScalarNode) else None

    def _child(self, node: yaml.Node, step: str | int) -> tuple[yaml.Node, yaml.Node] | None:
        if isinstance(node, AliasNode) and node.value is not None:
            node = node.value
        if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and 0 <= step < len(node.value):
            return node.value[step], node.value[step]
        if isinstance(node, yaml.MappingNode) and isinstance(step, str):
            if id(node) not in self._entries:
                # Once for all, since a hostile mapping has a thousand wrong keys among a million.
                self._entries[id(node)] = {
                    _key(key_node): (key_node, value_node)
                    for key_node, value_node in node.value
                    if isinstance(key_node, yaml.ScalarNode)
                }
            return self._entries[id(node)].get(step)
        return None


def _key(node: yaml.ScalarNode) -> str:
    text: str = node.value
    if node.tag == libyaml.STRING:
        return text
    return key_of(read_plain(text) if node.tag == libyaml.PLAIN else tagged(node))
