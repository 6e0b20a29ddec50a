"""The check of a set of files: reads them, applies every rule, and says where each finding stands."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from callboard.documents.place import Place
from callboard.documents.reader import Document, read_documents
from callboard.model import Severity
from callboard.validation.diagnostics import Diagnostic, Finding, Report, shown
from callboard.validation.references import (
    NotAReference,
    Reference,
    parse_reference,
    reference_to,
    references_of,
)
from callboard.validation.rules import RULES

OWN_OUTPUT = frozenset({"ambiguous-scalar", "duplicate-entity", "techdocs-missing", "unsafe-link"})
"""The warnings that are errors in files that Callboard itself wrote."""


@dataclass(frozen=True)
class _Entity:
    """One document that is a mapping."""

    document: Document
    value: Mapping[str, Any]
    file: str
    reference: Reference | None


def validate_files(
    files: Mapping[str, bytes],
    *,
    known_references: frozenset[str] = frozenset(),
    as_errors: Collection[str] = (),
    exists: Callable[[str], bool] | None = None,
) -> Report:
    """Every problem of every catalog file among ``files``, whose keys are paths with ``/``.

    ``known_references`` are entities outside the files that may be referred to (``kind:namespace/name``, in
    lower case). Warnings with a code in ``as_errors`` are errors. ``exists`` tells whether a path beside the
    catalog files is there, such as ``docs/mkdocs.yml``; by default only ``files`` are.
    """
    catalog = sorted(path for path in files if _can_hold_entities(path))
    check = _Check(as_errors)
    entities = [entity for path in catalog for entity in check.read(path, files[path])]
    for entity in entities:
        for rule in RULES:
            check.add(entity, rule(entity.value))
        check.add(entity, _techdocs(entity, exists or files.__contains__))
    check.duplicates(entities)
    known = known_references | {str(entity.reference) for entity in entities if entity.reference}
    for entity in entities:
        check.add(entity, _unresolved(entity, known))
    found = sorted(set(check.diagnostics), key=_position)
    return Report(len(catalog), len(entities), tuple(found))


def _position(one: Diagnostic) -> tuple[str, int, int, str, str]:
    return one.file, one.line, one.column, one.code, one.message


def _can_hold_entities(path: str) -> bool:
    name = posixpath.basename(path)
    stem, extension = posixpath.splitext(name)
    return stem != "mkdocs" and extension in (".yaml", ".yml", ".json", "")


class _Check:
    """Collects diagnostics."""

    def __init__(self, as_errors: Collection[str]) -> None:
        self.as_errors = as_errors
        self.diagnostics: list[Diagnostic] = []

    def read(self, path: str, content: bytes) -> Iterator[_Entity]:
        reading = read_documents(content, path)
        for fault in reading.faults:
            self._say(fault.place, "error", fault.code, f"{fault.what}; {fault.hint}", None)
        for document in reading.documents:
            if isinstance(document.value, dict):
                entity = _Entity(document, document.value, path, reference_to(document.value))
                self._ambiguous(entity)
                yield entity
            elif document.value is not None:
                message = f"{shown(document.value)} is no entity; write a mapping with kind and metadata"
                self._say(document.place(), "error", "not-an-entity", message, None)

    def add(self, entity: _Entity, findings: Iterator[Finding]) -> None:
        about = entity.reference
        for finding in findings:
            place = entity.document.place(finding.path, key=finding.key)
            self._say(place, finding.severity, finding.code, f"{finding.what}; {finding.hint}", about)

    def duplicates(self, entities: list[_Entity]) -> None:
        first: dict[str, _Entity] = {}
        for entity in entities:
            if entity.reference is None:
                continue
            earlier = first.setdefault(str(entity.reference), entity)
            if earlier is not entity:
                place = entity.document.place(("metadata", "name"))
                taken = earlier.document.place(("metadata", "name"))
                message = (
                    f"{entity.reference} is already in {taken}, and case makes no difference; "
                    "Backstage keeps one of the two: rename or remove the other"
                )
                self._say(place, "warning", "duplicate-entity", message, entity.reference)

    def _ambiguous(self, entity: _Entity) -> None:
        for one in entity.document.ambiguous:
            message = (
                f"{shown(one.text)} without quotes is one thing in YAML 1.2, which Backstage reads, and "
                "another in YAML 1.1, which many tools read; put it in quotes if it is text"
            )
            self._say(one.place, "warning", "ambiguous-scalar", message, entity.reference)

    def _say(
        self, place: Place, severity: Severity, code: str, message: str, entity: Reference | None
    ) -> None:
        severity = "error" if code in self.as_errors else severity
        about = str(entity) if entity else None
        self.diagnostics.append(
            Diagnostic(place.file, place.line, place.column, severity, code, message, about)
        )


def _unresolved(entity: _Entity, known: Collection[str]) -> Iterator[Finding]:
    """References to entities that are nowhere."""
    namespace = entity.reference.namespace if entity.reference else "default"
    for path, text, kind in references_of(entity.value):
        try:
            reference = parse_reference(text, kind=kind, namespace=namespace)
        except NotAReference:
            continue
        if str(reference) not in known:
            what = f"{shown(text)} leads to {shown(str(reference))}, which is not among the checked entities"
            hint = "correct the reference, or check the file that has the entity too"
            yield Finding(path, "unresolved-reference", what, hint, "warning")


def _techdocs(entity: _Entity, exists: Callable[[str], bool]) -> Iterator[Finding]:
    """A reference to a TechDocs folder that has no site."""
    metadata = entity.value.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    target = annotations.get("backstage.io/techdocs-ref") if isinstance(annotations, dict) else None
    if not isinstance(target, str) or not target.startswith("dir:") or entity.file == "-":
        return
    folder = posixpath.normpath(posixpath.join(posixpath.dirname(entity.file), target.removeprefix("dir:")))
    sites = [posixpath.normpath(posixpath.join(folder, name)) for name in ("mkdocs.yml", "mkdocs.yaml")]
    if not any(map(exists, sites)):
        what = f"{shown(target)} leads to a folder without mkdocs.yml"
        path = ("metadata", "annotations", "backstage.io/techdocs-ref")
        yield Finding(path, "techdocs-missing", what, f"add {sites[0]}, or correct the path", "warning")
