"""What a catalog makes of a document: annotations, checks, relations, what it can be found by. All pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urljoin

from callboard.validation.references import parse_reference, references_of
from callboard.validation.rules import RULES

Document = Mapping[str, Any]

KINDS = ("Component", "API", "Resource", "System", "Domain", "Group", "User", "Location")
ORIGIN = "backstage.io/managed-by-origin-location"
# Field of spec: what it says of the entity, and what it says of the one that is referred to.
_RELATIONS = {
    "owner": ("ownedBy", "ownerOf"),
    "system": ("partOf", "hasPart"),
    "domain": ("partOf", "hasPart"),
    "subdomainOf": ("partOf", "hasPart"),
    "subcomponentOf": ("partOf", "hasPart"),
    "dependsOn": ("dependsOn", "dependencyOf"),
    "dependencyOf": ("dependencyOf", "dependsOn"),
    "providesApis": ("providesApi", "apiProvidedBy"),
    "consumesApis": ("consumesApi", "apiConsumedBy"),
    "parent": ("childOf", "parentOf"),
    "children": ("parentOf", "childOf"),
    "members": ("hasMember", "memberOf"),
    "memberOf": ("memberOf", "hasMember"),
}


class Problem(Exception):
    """Why something could not be processed, as Backstage's errors have it: a name and a message."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name, self.message = name, message


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
    """The rules for one entity. Raises Problem for the first that it breaks."""
    for rule in RULES:
        for finding in rule(entity):
            if finding.severity == "error":
                where = ".".join(map(str, finding.path))
                message = f"{ref_of(entity)} is not valid: {where}: {finding.what}; {finding.hint}"
                raise Problem("InputError", message)


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
    """What a valid entity says of itself and others: source, relation, target, in both directions."""
    source, namespace = ref_of(entity), entity["metadata"].get("namespace", "default")
    for path, text, kind in references_of(entity):
        target = str(parse_reference(text, kind=kind, namespace=namespace))
        forward, backward = _RELATIONS[str(path[1])]
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
