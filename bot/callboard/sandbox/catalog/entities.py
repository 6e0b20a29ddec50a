"""What a catalog makes of a document: annotations, checks, relations, what it can be found by. All pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urljoin

Document = Mapping[str, Any]

KINDS = ("Component", "API", "Resource", "System", "Domain", "Group", "User", "Location")
ORIGIN = "backstage.io/managed-by-origin-location"
_NAME = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]")
_NAMESPACE = re.compile(r"[a-z0-9]+(-+[a-z0-9]+)*")
_REQUIRED = {
    "Component": ("type", "lifecycle", "owner"),
    "API": ("type", "lifecycle", "owner", "definition"),
    "Resource": ("type", "owner"),
    "System": ("owner",),
    "Domain": ("owner",),
    "Group": ("type",),
}
# Field of spec: the relation, its inverse, and the kind that a reference without one has.
_RELATIONS: dict[str, tuple[str, str, str | None]] = {
    "owner": ("ownedBy", "ownerOf", "group"),
    "system": ("partOf", "hasPart", "system"),
    "domain": ("partOf", "hasPart", "domain"),
    "subcomponentOf": ("partOf", "hasPart", "component"),
    "dependsOn": ("dependsOn", "dependencyOf", None),
    "dependencyOf": ("dependencyOf", "dependsOn", None),
    "providesApis": ("providesApi", "apiProvidedBy", "api"),
    "consumesApis": ("consumesApi", "apiConsumedBy", "api"),
}
_RELATED_BY_KIND = {
    "component": set(_RELATIONS) - {"domain"},
    "api": {"owner", "system"},
    "resource": {"owner", "system", "dependsOn", "dependencyOf"},
    "system": {"owner", "domain"},
    "domain": {"owner"},
}


class Problem(Exception):
    """Why something could not be processed, as Backstage's errors have it: a name and a message."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name, self.message = name, message


def reference(text: str, *, kind: str | None = None, namespace: str = "default") -> str:
    """An entity reference in full, in lower case. Raises Problem when it has no kind and none is assumed."""
    head, colon, rest = text.rpartition(":")
    before, slash, name = rest.rpartition("/")
    kind = head if colon else kind
    if not kind or not name:
        raise Problem("TypeError", f'Entity reference "{text}" had missing or empty kind')
    return f"{kind}:{before if slash else namespace}/{name}".lower()


def ref_of(entity: Document) -> str:
    """The reference of an entity that passed ``check_envelope``."""
    metadata = entity["metadata"]
    return f"{entity['kind']}:{metadata.get('namespace', 'default')}/{metadata['name']}".lower()


def check_envelope(document: object) -> None:
    """Whether it is an entity at all. Raises Problem."""
    if isinstance(document, Mapping):
        metadata = document.get("metadata")
        named = isinstance(metadata, Mapping) and isinstance(metadata.get("name"), str) and metadata["name"]
        if named and all(isinstance(document.get(key), str) for key in ("apiVersion", "kind")):
            return
    raise Problem("TypeError", "/ must have required property 'apiVersion', 'kind' and 'metadata.name'")


def check(entity: Document) -> None:
    """The rules for one entity, without what a schema says further. Raises Problem."""
    kind, metadata, spec = entity["kind"], entity["metadata"], entity.get("spec")
    ref = ref_of(entity)
    if not _NAME.fullmatch(metadata["name"]):
        raise Problem("InputError", f'Policy check failed for {ref}; "metadata.name" is not valid')
    namespace = metadata.get("namespace", "default")
    if not isinstance(namespace, str) or len(namespace) > 63 or not _NAMESPACE.fullmatch(namespace):
        raise Problem("InputError", f'Policy check failed for {ref}; "metadata.namespace" is not valid')
    for field in _REQUIRED.get(kind, ()):
        value = spec.get(field) if isinstance(spec, Mapping) else None
        if not isinstance(value, str) or not value:
            raise Problem("InputError", f"{ref}: /spec must have required property '{field}'")
    for field in _RELATED_BY_KIND.get(kind.lower(), ()):
        named = spec.get(field, []) if isinstance(spec, Mapping) else []
        if not isinstance(named, str | list) or not all(isinstance(each, str) for each in named):
            raise Problem("InputError", f"{ref}: /spec/{field} must be a reference or a list of them")
    list(relations(entity))  # a reference without a kind where none is assumed


def check_allowed(entity: Document, target: str) -> None:
    """Whether a catalog takes this kind from locations. Raises Problem."""
    if entity["kind"].lower() not in {kind.lower() for kind in KINDS}:
        what = f"Entity {ref_of(entity)} at url:{target} is not of an allowed kind for that location"
        raise Problem("NotAllowedError", what)


def annotated(document: Document, *, target: str, origin: str) -> dict[str, Any]:
    """The document as the catalog keeps it: where it comes from said, what the document says itself kept."""
    said = {
        "backstage.io/managed-by-location": f"url:{target}",
        ORIGIN: f"url:{origin}",
        "backstage.io/view-url": target,
        "backstage.io/edit-url": re.sub("/(blob|tree)/", "/edit/", target, count=1),
        "backstage.io/source-location": f"url:{urljoin(re.sub('/blob/', '/tree/', target, count=1), '.')}",
    }
    metadata = document["metadata"]
    own = metadata.get("annotations")
    annotations = {**said, **own} if isinstance(own, Mapping) else said
    return {
        **document,
        "metadata": {"namespace": "default", **metadata, "annotations": annotations},
    }


def children(location: Document, target: str) -> list[str]:
    """The targets that a Location entity names, resolved against where it stands itself."""
    spec = location.get("spec")
    spec = spec if isinstance(spec, Mapping) else {}
    named = spec.get("targets", [])
    targets = [spec.get("target"), *(named if isinstance(named, list) else ())]
    return [
        re.sub("/blob/", "/tree/", urljoin(target, each), count=1)
        for each in targets
        if isinstance(each, str)
    ]


def relations(entity: Document) -> Iterator[tuple[str, str, str]]:
    """What an entity says of itself and others: source, relation, target, in both directions."""
    source, spec = ref_of(entity), entity.get("spec")
    if not isinstance(spec, Mapping):
        return
    namespace = entity["metadata"].get("namespace", "default")
    for field in sorted(_RELATED_BY_KIND.get(entity["kind"].lower(), ())):
        named = spec.get(field, ())
        forward, backward, kind = _RELATIONS[field]
        for each in [named] if isinstance(named, str) else named:
            target = reference(each, kind=kind, namespace=namespace)
            yield source, forward, target
            yield target, backward, source


def search_terms(entity: Document) -> set[tuple[str, str | None]]:
    """The paths and values that a filter can ask for, both in lower case."""
    terms: set[tuple[str, str | None]] = set()

    def visit(path: str, value: object) -> None:
        terms.add((path.lower(), None))
        if isinstance(value, Mapping):
            for key, inner in value.items():
                visit(f"{path}.{key}" if path else str(key), inner)
        elif isinstance(value, list | tuple):
            for inner in value:
                visit(path, inner)
                if isinstance(inner, str):
                    terms.add((f"{path}.{inner}".lower(), "true"))
        elif value is not None:
            terms.add((path.lower(), str(value).lower()))

    visit("", {key: value for key, value in entity.items() if key not in ("relations", "status")})
    for each in entity.get("relations", ()):
        terms.add((f"relations.{each['type']}".lower(), each["targetRef"].lower()))
    return terms


def project(entity: Document, fields: Sequence[str]) -> dict[str, Any]:
    """The entity cut down to some of its paths."""
    result: dict[str, Any] = {}
    for path in fields:
        value: Any = entity
        *outer, last = path.split(".")
        for key in (*outer, last):
            value = value.get(key) if isinstance(value, Mapping) else None
        if value is None:
            continue
        inner = result
        for key in outer:
            inner = inner.setdefault(key, {})
        inner[last] = value
    return result
