"""Apollo Federation: what a subgraph may use although nothing in it defines it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from graphql import GraphQLError
from graphql.language import (
    DirectiveDefinitionNode,
    DirectiveNode,
    DocumentNode,
    ListValueNode,
    ObjectValueNode,
    SchemaDefinitionNode,
    SchemaExtensionNode,
    StringValueNode,
    ValueNode,
)

_FEDERATION_1 = frozenset({"@key", "@requires", "@provides", "@external", "@extends"})
"""Directives of the first version, which links to nothing."""
_TYPES = frozenset({"_Any", "_Entity", "_Service", "_FieldSet"})
_LINKS = frozenset({"link", "core"})


@dataclass(frozen=True, slots=True)
class Linked:
    """What a schema has from elsewhere."""

    names: frozenset[str]
    """Types, and directives with their ``@``."""
    prefixes: tuple[str, ...]
    """Of the names of types and directives."""

    def explains(self, error: GraphQLError) -> bool:
        """Whether what is wrong by the schema alone is right in the graph that it is a part of."""
        node = error.nodes[0] if error.nodes else None
        if error.message.startswith("Cannot extend type"):
            return True
        if not error.message.startswith("Unknown ") or node is None:
            return False
        name: str = getattr(getattr(node, "name", None), "value", "")
        at = "@" if isinstance(node, DirectiveNode) else ""
        return f"{at}{name}" in self.names or name.startswith(self.prefixes)


def linked_by(document: DocumentNode) -> Linked | None:
    """What the document may use besides its own; None where it is no subgraph."""
    defined = {
        f"@{one.name.value}" for one in document.definitions if isinstance(one, DirectiveDefinitionNode)
    }
    names, prefixes = set(_FEDERATION_1 | _TYPES), []
    links = list(_links(document))
    for link in links:
        names.add(f"@{link.name.value}")
        given = {one.name.value: one.value for one in link.arguments or ()}
        address = _text(given.get("url") or given.get("feature"))
        own = _text(given.get("as")) or _name_in(address)
        names.add(f"@{own}")
        prefixes.append(f"{own}__")
        imported = given.get("import")
        for one in imported.values if isinstance(imported, ListValueNode) else ():
            fields = {field.name.value: field.value for field in getattr(one, "fields", ())}
            names.add(
                _text(fields.get("as") or fields.get("name"))
                if isinstance(one, ObjectValueNode)
                else _text(one)
            )
    if links or _uses(document, _FEDERATION_1 - defined):
        return Linked(frozenset(names), tuple(prefixes))
    return None


def _links(document: DocumentNode) -> Iterator[DirectiveNode]:
    for one in document.definitions:
        if isinstance(one, SchemaDefinitionNode | SchemaExtensionNode):
            yield from (link for link in one.directives or () if link.name.value in _LINKS)


def _uses(document: DocumentNode, directives: frozenset[str]) -> bool:
    used = (
        directive
        for one in document.definitions
        for node in (one, *(getattr(one, "fields", None) or ()))
        for directive in getattr(node, "directives", None) or ()
    )
    return any(f"@{one.name.value}" in directives for one in used)


def _text(value: ValueNode | None) -> str:
    return value.value if isinstance(value, StringValueNode) else ""


def _name_in(address: str) -> str:
    """The name of a specification: the last part of its address but for the version."""
    parts = [part for part in address.split("/") if part]
    version = parts and parts[-1][:1] == "v" and parts[-1][1:2].isdigit()
    return "".join(parts[-2:-1] if version else parts[-1:])
