"""Entity references: how Backstage reads them, and which fields of which kind hold them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from callboard.documents.place import Path


class NotAReference(ValueError):
    """What Backstage would not take for an entity reference, and why."""


class Reference(NamedTuple):
    """A full reference, compared as Backstage compares them: without regard to case."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.namespace}/{self.name}".lower()


def parse_reference(text: str, *, kind: str | None, namespace: str) -> Reference:
    """``[kind:][namespace/]name``, with the defaults of the field that it stands in.

    Raises NotAReference. The rule is that of ``parseEntityRef`` in @backstage/catalog-model, which looks at
    the first colon and the first slash only.
    """
    colon, slash = text.find(":"), text.find("/")
    if -1 < slash < colon:
        colon = -1
    own_kind = text[:colon] if colon >= 0 else kind
    own_namespace = text[colon + 1 : slash] if slash >= 0 else namespace
    name = text[max(colon + 1, slash + 1) :]
    if own_kind == "" or not own_namespace or not name:
        raise NotAReference("is not of the form [kind:][namespace/]name")
    if own_kind is None:
        raise NotAReference("has no kind, and this field has no default for it")
    return Reference(own_kind, own_namespace, name)


@lru_cache(maxsize=8192)
def whole_reference(text: str, kind: str | None, namespace: str) -> str:
    """The whole that a reference stands for, in lower case. Raises NotAReference."""
    return str(parse_reference(text, kind=kind, namespace=namespace))


# Which relations a kind has is code in Backstage (BuiltinKindsEntityProcessor), as is that of dependencyOf.
_OWNED: Mapping[str, str | None] = {"owner": "Group", "system": "System"}
_DEPENDENT: Mapping[str, str | None] = {"dependsOn": None, "dependencyOf": None}
FIELDS: Mapping[str, Mapping[str, str | None]] = {
    "Component": {
        **_OWNED,
        **_DEPENDENT,
        "subcomponentOf": "Component",
        "providesApis": "API",
        "consumesApis": "API",
    },
    "Resource": {**_OWNED, **_DEPENDENT},
    "API": _OWNED,
    "AiResource": {**_OWNED, "dependsOn": "AiResource", "skills": "AiResource", "plugins": "AiResource"},
    "System": {"owner": "Group", "domain": "Domain"},
    "Domain": {"owner": "Group", "subdomainOf": "Domain"},
    "Group": {"parent": "Group", "children": "Group", "members": "User"},
    "User": {"memberOf": "Group"},
    "Location": {},
}
"""By kind, the fields of ``spec`` that hold references, with the kind of those that say none; None where they
have to."""
_AI_FIELDS: Mapping[str, str] = {"skill": "dependsOn", "plugin": "skills", "marketplace": "plugins"}
KINDS = frozenset(FIELDS)
"""The kinds that a Backstage catalog knows by itself, or with its AI module."""


def references_of(entity: Mapping[str, Any]) -> Iterator[tuple[Path, str, str | None]]:
    """Every reference that an entity holds, with its path and the kind that it has by default."""
    spec, own_kind = entity.get("spec"), str(entity.get("kind"))
    if not isinstance(spec, dict):
        return
    only = _AI_FIELDS.get(str(spec.get("type"))) if own_kind == "AiResource" else None
    for field, kind in FIELDS.get(own_kind, {}).items():
        if field not in spec or (kind == "AiResource" and field != only):
            continue
        value = spec.get(field)
        if isinstance(value, str) and value:
            yield ("spec", field), value, kind
        elif isinstance(value, list):
            for index, item in enumerate(value):
                if isinstance(item, str) and item:
                    yield ("spec", field, index), item, kind


def reference_to(entity: Mapping[str, Any]) -> Reference | None:
    """The reference that others would use for this entity; None where kind or name is not even a string."""
    metadata = entity.get("metadata")
    kind = entity.get("kind")
    if not isinstance(metadata, dict) or not isinstance(kind, str) or not kind:
        return None
    name, namespace = metadata.get("name"), metadata.get("namespace", "default")
    if not isinstance(name, str) or not name or not isinstance(namespace, str) or not namespace:
        return None
    return Reference(kind, namespace, name)
