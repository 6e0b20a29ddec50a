"""What an entity has to do with others and with sites beside it: what it names, and what of that is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from callboard.validation.diagnostics import Finding, shown
from callboard.validation.formats import is_name, is_namespace
from callboard.validation.references import NotAReference, references_of, whole_reference
from callboard.validation.remarks import Entity
from callboard.validation.together import Surroundings

NAME = ("metadata", "name")
_SITE = ("metadata", "annotations", "backstage.io/techdocs-ref")


def duplicate_findings(entity: Entity, earlier: str) -> Iterator[Finding]:
    """That its reference stands ``earlier`` already."""
    reference = entity.reference
    if reference is None or not (is_name(reference.name) and is_namespace(reference.namespace)):
        return  # Backstage takes neither
    what = f"{entity.reference} is already in {earlier}, and case makes no difference"
    hint = "Backstage keeps one of the two: rename or remove the other"
    yield Finding(NAME, "duplicate-entity", what, hint, "warning")


def _references(entity: Entity) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """Each reference: its path, its text, and the whole that it stands for."""
    namespace = entity.reference.namespace if entity.reference else "default"
    for path, text, kind in references_of(entity.value):
        try:
            yield path, text, whole_reference(text, kind, namespace)
        except NotAReference:
            continue


def referred_to(entity: Entity) -> Iterable[str]:
    """The whole of each reference. Nearly always, all of them are."""
    namespace = entity.reference.namespace if entity.reference else "default"
    try:
        return [whole_reference(text, kind, namespace) for _, text, kind in references_of(entity.value)]
    except NotAReference:
        return [reference for _, _, reference in _references(entity)]


def unresolved_findings(entity: Entity, others: Surroundings) -> Iterator[Finding]:
    """References that lead to no entity."""
    for path, text, reference in _references(entity) if others.unresolved else ():
        if reference in others.unresolved:
            nor = ", nor in Backstage" if reference in others.nowhere else ""
            what = f"{shown(text)} leads to {shown(reference)}, which is not among the checked entities{nor}"
            hint = "correct the reference, or check the file that has the entity too"
            yield Finding(path, "unresolved-reference", what, hint, "warning")


def site_of(entity: Entity) -> tuple[str, ...]:
    """The folder with a TechDocs site that the entity names, if any."""
    metadata = entity.value.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    target = annotations.get(_SITE[-1]) if isinstance(annotations, dict) else None
    if not isinstance(target, str) or not target.startswith("dir:"):
        return ()
    return (target.removeprefix("dir:"),)


def site_findings(entity: Entity, without_site: Mapping[str, str]) -> Iterator[Finding]:
    """That a folder holds no TechDocs site. ``without_site`` has each, and the file that would make one."""
    for folder in site_of(entity):
        if folder in without_site:
            what = f"{shown('dir:' + folder)} leads to a folder without mkdocs.yml"
            hint = f"add {without_site[folder]}, or correct the path"
            yield Finding(_SITE, "techdocs-missing", what, hint, "warning")
