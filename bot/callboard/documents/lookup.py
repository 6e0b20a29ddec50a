"""Where in a text the values of a document stand, told by its nodes."""

from __future__ import annotations

import yaml

from callboard.documents import libyaml
from callboard.documents.building import key_of, offset_of
from callboard.documents.exact.nodes import AliasNode
from callboard.documents.exact.stream import documents
from callboard.documents.place import Path
from callboard.documents.scalars import read_plain


def root_of(text: str, *, exact: bool) -> yaml.Node:
    """The root of a text that was read before, as one document, by libyaml or by the ``exact`` reader."""
    if exact:
        found = [read.node for read in documents(text) if read.node is not None]
    else:
        found = [node for node in libyaml.compose(text) if node is not None]
    return found[-1]


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
    return key_of(read_plain(text)) if node.tag == libyaml.PLAIN else text
