"""The rules of one entity that Backstage has in code, and those that it does not have but people need."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from callboard.documents.place import Path
from callboard.validation import formats
from callboard.validation.addresses import is_url, scheme_of
from callboard.validation.definitions import definition_findings
from callboard.validation.diagnostics import Finding, shown
from callboard.validation.locations import location_findings, targets
from callboard.validation.quick import is_surely_right, is_surely_valid
from callboard.validation.references import KINDS, NotAReference, parse_reference, references_of

Entity = Mapping[str, Any]


def schema(entity: Entity) -> Iterator[Finding]:
    """What the schema of the entity's kind does not allow."""
    if not is_surely_valid(entity):
        # It takes as long to load as hundreds of entities take to be checked.
        from callboard.validation.schemas import schema_findings

        yield from schema_findings(entity)


def known_kind(entity: Entity) -> Iterator[Finding]:
    """A kind that no Backstage knows by itself: an error only where the case alone is wrong."""
    kind = entity.get("kind")
    if not isinstance(kind, str) or kind in KINDS or not formats.is_kind(kind):
        return
    what = f"the kind {shown(kind)} is not one that Backstage knows by itself"
    same = [known for known in KINDS if known.lower() == kind.lower()]
    if same:
        yield Finding(("kind",), "unknown-kind", what, f"write {same[0]!r}")
        return
    near = difflib.get_close_matches(kind, sorted(KINDS), 1)
    hint = f"did you mean {near[0]!r}?" if near else "only what all kinds share is checked here"
    yield Finding(("kind",), "unknown-kind", what, hint, "warning")


def field_formats(entity: Entity) -> Iterator[Finding]:
    """Names, keys, tags and URLs."""
    kind = entity.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:  # of those, the schema says which versions they have
        yield from _format(("apiVersion",), entity.get("apiVersion"), formats.is_api_version, "api-version")
    yield from _format(("kind",), entity.get("kind"), formats.is_kind, "kind")
    metadata = entity.get("metadata")
    if not isinstance(metadata, dict):
        return
    yield from _format(("metadata", "name"), metadata.get("name"), formats.is_name, "name")
    namespace = metadata.get("namespace")
    yield from _format(("metadata", "namespace"), namespace, formats.is_namespace, "namespace")
    for field in ("labels", "annotations"):
        for key, value in _items(metadata.get(field), dict):
            path: Path = ("metadata", field, key)
            yield from _format(path, key, formats.is_key, f"{field[:-1]}-key", key=True)
            if field == "labels":
                yield from _format(path, value, formats.is_label_value, "label-value")
    for index, tag in _items(metadata.get("tags"), list):
        yield from _format(("metadata", "tags", index), tag, formats.is_tag, "tag")
    for path, url in _link_urls(metadata):
        yield from _format(path, url, is_url, "link-url")
    for index, link in _items(metadata.get("links"), list):
        for field in ("title", "icon"):
            text = link.get(field) if isinstance(link, dict) else None
            if isinstance(text, str) and text and formats.is_blank(text):
                hint = "write at least one character that can be seen, or leave the field out"
                yield Finding(("metadata", "links", index, field), "empty-value", f"{field} is blank", hint)


_WANTED = {
    "annotation-key": formats.KEY,
    "api-version": formats.API_VERSION,
    "kind": formats.KIND,
    "label-key": formats.KEY,
    "label-value": formats.LABEL_VALUE,
    "link-url": formats.URL,
    "name": formats.NAME,
    "namespace": formats.NAMESPACE,
    "tag": formats.TAG,
}


def _format(
    path: Path, value: object, right: Callable[[str], bool], name: str, *, key: bool = False
) -> Iterator[Finding]:
    # What is no string, or an empty one, is the schema's to say; keys are always strings.
    if isinstance(value, str) and (value or key) and not right(value):
        what = f"{shown(value)} cannot be the {name.replace('-', ' ')} of an entity"
        yield Finding(path, f"{name}-format", what, f"write {_WANTED[name]}", key=key)


def _items(value: object, kind: type) -> list[tuple[Any, Any]]:
    if isinstance(value, dict) and kind is dict:
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, list) and kind is list else []


def _link_urls(metadata: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    for index, link in _items(metadata.get("links"), list):
        if isinstance(link, dict):
            yield ("metadata", "links", index, "url"), link.get("url")


def reference_formats(entity: Entity) -> Iterator[Finding]:
    """References that Backstage could not read."""
    for path, text, kind in references_of(entity):
        try:
            parse_reference(text, kind=kind, namespace="default")
        except NotAReference as reason:
            hint = f"write for example {kind or 'component'}:default/name".lower()
            yield Finding(path, "reference-format", f"the reference {shown(text)} {reason}", hint)


def unsafe_links(entity: Entity) -> Iterator[Finding]:
    """Links that Backstage would show and that could run a script."""
    metadata = entity.get("metadata")
    if not isinstance(metadata, dict):
        return
    annotations = metadata.get("annotations")
    if not isinstance(annotations, dict):
        annotations = {}
    shown_urls = [
        (("metadata", "annotations", key), annotations.get(key))
        for key in ("backstage.io/view-url", "backstage.io/edit-url")
    ]
    for path, url in (*_link_urls(metadata), *shown_urls):
        if isinstance(url, str) and formats.is_unsafe_link(url):
            what = f"the link {shown(url)} has the scheme {scheme_of(url)}, which is not one of a page"
            yield Finding(path, "unsafe-link", what, "link to an https: address", "warning")


def location_types(entity: Entity) -> Iterator[Finding]:
    """Types of locations that no catalog reads unless it is told to."""
    spec = entity.get("spec")
    if entity.get("kind") != "Location" or not isinstance(spec, dict):
        return
    kind = spec.get("type", "url")
    if isinstance(kind, str) and kind and kind not in ("url", "file"):
        what = f"{shown(kind)} is no type of location that Backstage reads"
        yield Finding(("spec", "type"), "location-type", what, "leave the type out, or write url")
    if kind == "file":
        for path, target in targets(entity):
            if target.endswith("/"):
                what = f"{shown(target)} ends with a slash, as no file does"
                yield Finding(path, "location-type", what, "write the path of a file")


_Rules = tuple[Callable[[Entity], Iterator[Finding]], ...]

_OF_FORM: _Rules = (schema, known_kind, field_formats, reference_formats, unsafe_links)
"""Those that have nothing to say of what ``is_surely_right``."""
_OF_KINDS: Mapping[str, _Rules] = {
    "API": (definition_findings,),
    "Location": (location_types, location_findings),
}
"""Those that have nothing to say of other kinds."""
RULES = (*_OF_FORM, *(rule for rules in _OF_KINDS.values() for rule in rules))
"""Every rule that needs nothing but the entity."""


def rules_for(entity: Entity) -> _Rules:
    """Those that may have something to say of an entity: of most, none."""
    return _OF_KINDS.get(entity["kind"], ()) if is_surely_right(entity) else RULES
