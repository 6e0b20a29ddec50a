"""The check of one file: what can be said of it alone, and what it needs to know of its surroundings.

All of it depends on nothing but the content, so that it can be done in another process, or remembered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from callboard.documents.reader import Document, Reading, read_documents
from callboard.validation.diagnostics import Finding, shortened, shown
from callboard.validation.formats import is_name, is_namespace
from callboard.validation.locations import files_of, led_to, lost_targets
from callboard.validation.placeholders import (
    Placeholder,
    missing_placeholders,
    placeholder_findings,
    replaceable,
    without_placeholders,
)
from callboard.validation.processed import processed, stored
from callboard.validation.references import (
    NotAReference,
    Reference,
    reference_to,
    references_of,
    whole_reference,
)
from callboard.validation.rules import rules_for
from callboard.validation.together import Facts, Remark, Surroundings

if TYPE_CHECKING:
    from callboard.documents.place import Place
    from callboard.model import Severity
    from callboard.validation.policy import Policy


class Entity(NamedTuple):
    """One document that is a mapping."""

    document: Document
    value: Mapping[str, Any]
    reference: Reference | None

    def remarks(self, findings: Iterator[Finding]) -> Iterator[Remark]:
        """The findings, with their places."""
        for one in findings:
            place = self.document.place(one.path, key=one.key)
            written = self.document.written(one.path) if one.quotes else None
            hint = one.hint if written is None else f"{one.hint}, as in {shown(written)}"
            yield _remark(place, one.severity, one.code, f"{one.what}; {hint}", self.reference)


_LONGEST_MESSAGE = 1000
_LONGEST_ENTITY = 200
"""Characters. Kind, namespace and name have 63 each at most."""
MOST_OF_ONE_LOOK = 1000
"""Remarks on one file. Nobody reads more, and a hostile file could have a million."""


def _most(remarks: Iterator[Remark]) -> tuple[Remark, ...]:
    first = tuple(islice(remarks, MOST_OF_ONE_LOOK))
    if next(remarks, None) is None:
        return first
    message = f"it has more than {MOST_OF_ONE_LOOK:,} problems; correct those that are told, and check again"
    return (*first, Remark(1, 1, "error", "too-many-problems", message, None))


class OneFile:
    """A file that was read."""

    def __init__(self, content: bytes, policy: Policy | None = None) -> None:
        self._policy = policy
        ai_model = policy is None or policy.settings.ai_model
        # Looking for them costs more than most rules do, and few files have any.
        self._may_hold_placeholders = _PLACEHOLDER.search(content) is not None
        self._looks_beside = self._may_hold_placeholders or policy is not None
        self._looks_like_utf_16 = content.startswith(_MARKS_OF_UTF_16) or b"\0" in content[:4]
        self._reading = Reading((), ())
        self._entities: list[Entity] = []
        self._unread: Remark | None = None
        try:
            self._reading = read_documents(content, "", forgiving=True)
            self._entities = [
                Entity(document, processed(document.value, ai_model=ai_model), reference_to(document.value))
                for document in self._reading.documents
                if isinstance(document.value, dict)
            ]
        except Exception as error:  # one file's fault must not stop the others
            self._unread = defect(error)

    def facts(self) -> Facts:
        """What can be said of the file alone."""
        try:
            return self._facts()
        except Exception as error:  # one file's fault must not stop the others
            return replace(self.presence(), remarks=(defect(error),))

    def _facts(self) -> Facts:
        refers_to: set[str] = set()
        beside: set[str] = set()
        leads_to: set[str] = set()
        locations: set[str] = set()
        for entity in self._entities:
            refers_to.update(_refers_to(entity))
            beside.update(_site(entity))
            if self._looks_beside or entity.value.get("kind") == "Location":
                leads_to.update(self._leads_to(entity))
                locations.update(led_to(entity.value))
        return Facts(
            remarks=_most(self._alone()),
            entities=self.presence().entities,
            refers_to=tuple(sorted(refers_to)),
            beside=tuple(sorted(beside)),
            leads_to=tuple(sorted(leads_to)),
            locations=tuple(sorted(locations)),
            is_yaml=not self._reading.faults,
        )

    def presence(self) -> Facts:
        """Which entities it holds, if it is YAML: what others need to know of a file that is not checked."""
        entities = tuple(str(one.reference) if one.reference else None for one in self._entities)
        return Facts(entities=entities, is_yaml=not self._reading.faults)

    def _alone(self) -> Iterator[Remark]:
        if self._unread is not None:
            yield self._unread
        if self._looks_like_utf_16 and not self._entities and not self._holds_nothing():
            message = "it looks like UTF-16, and Backstage reads nothing but UTF-8; save the file as UTF-8"
            yield Remark(1, 1, "error", "yaml-encoding", message, None)
            return
        for fault in self._reading.faults:
            yield _remark(fault.place, "error", fault.code, f"{fault.what}; {fault.hint}", None)
        for document in self._reading.documents:
            if not isinstance(document.value, dict) and document.value is not None:
                message = f"{shown(document.value)} is no entity; write a mapping with kind and metadata"
                yield _remark(document.place(), "error", "not-an-entity", message, None)
        looked_at = [entity for entity in self._entities if not self._is_right_at_a_glance(entity)]
        for entity in looked_at:
            yield from _unless_defect(self._of(entity))
        # Last, so that no number of them keeps an error from being told.
        for entity in looked_at:
            yield from _ambiguous(entity)

    def _is_right_at_a_glance(self, entity: Entity) -> bool:
        """Whether there is surely nothing to say of it alone: the answer for most, and cheap to have."""
        return not (self._looks_beside or entity.document.is_doubted or rules_for(entity.value))

    def _holds_nothing(self) -> bool:
        return not self._reading.faults and all(one.value is None for one in self._reading.documents)

    def _of(self, entity: Entity) -> Iterator[Remark]:
        for odd in entity.document.oddities:
            yield _remark(odd.place, "warning", odd.code, f"{odd.what}; {odd.hint}", entity.reference)
        yield from entity.remarks(self._findings(entity.value))
        if self._may_hold_placeholders and replaceable(before := stored(entity.document.value)):
            yield from entity.remarks(placeholder_findings(before))

    def _findings(self, entity: Mapping[str, Any]) -> Iterator[Finding]:
        replaced = replaceable(entity) if self._may_hold_placeholders else ()
        seen = without_placeholders(entity, replaced) if replaced else entity
        for rule in rules_for(seen):
            for finding in rule(seen):
                if not any(_may_be_right(finding, one) for one in replaced):
                    yield finding
        if self._policy is not None:
            yield from self._policy.findings(entity)

    def _leads_to(self, entity: Entity) -> Iterator[str]:
        """Files and patterns, relative to this one, that have to lead to something."""
        yield from (target for _, target in files_of(entity.value))
        if self._may_hold_placeholders:
            yield from (one.beside for one in replaceable(entity.value) if one.beside is not None)
        if self._policy is not None:
            yield from self._policy.files(entity.value)

    def among(self, others: Surroundings) -> Iterable[Remark]:
        """What can be said of the file once the others are known."""
        return _most(self._among(others))

    def _among(self, others: Surroundings) -> Iterator[Remark]:
        for position, entity in enumerate(self._entities):
            if position in others.taken:
                yield from _unless_defect(entity.remarks(_duplicate(entity, others.taken[position])))
            yield from _unless_defect(entity.remarks(_unresolved(entity, others)))
            yield from _unless_defect(entity.remarks(_without_site(entity, others.without_site)))
            yield from _unless_defect(entity.remarks(self._lost(entity.value, others)))

    def _lost(self, entity: Mapping[str, Any], others: Surroundings) -> Iterator[Finding]:
        yield from lost_targets(entity, others)
        if others.missing and self._may_hold_placeholders:
            yield from missing_placeholders(entity, others.missing)
        if others.missing and self._policy is not None:
            yield from self._policy.missing_files(entity, others.missing)

    def place_of_name(self, position: int) -> tuple[int, int]:
        """Line and column of the name of the entity at this position."""
        document = self._entities[position].document
        try:
            place = document.place(_NAME)
        except Exception as error:  # one file's fault must not stop the others
            one = defect(error)
            return one.line, one.column
        return place.line, place.column


def _unless_defect(remarks: Iterator[Remark]) -> Iterator[Remark]:
    """The remarks; where a rule fails, those before it, and that it failed."""
    try:
        yield from remarks
    except Exception as error:  # one entity's fault must not stop the others
        yield defect(error)


def defect(error: Exception) -> Remark:
    """What to say of an error that nobody expected. Raises it where it is the machine's, and not ours."""
    if isinstance(error, MemoryError):
        raise error
    from traceback import extract_tb

    *_, last = extract_tb(error.__traceback__)
    where = f"{type(error).__name__} in {last.filename.rpartition('/')[2]}:{last.lineno}"
    message = (
        f"Callboard itself failed on this file ({where}), so not all of it was judged; "
        "this is a defect of Callboard: please report it, with the file if you may"
    )
    return Remark(1, 1, "error", "internal-error", message, None)


_MARKS_OF_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_PLACEHOLDER = re.compile(rb"\$(?:text|json|yaml)")
_NAME = ("metadata", "name")
_SITE = ("metadata", "annotations", "backstage.io/techdocs-ref")


def _remark(place: Place, severity: Severity, code: str, message: str, about: Reference | None) -> Remark:
    entity = shortened(str(about), _LONGEST_ENTITY) if about else None
    return Remark(place.line, place.column, severity, code, shortened(message, _LONGEST_MESSAGE), entity)


def _may_be_right(finding: Finding, placeholder: Placeholder) -> bool:
    """Whether there is nothing wrong if Backstage reads the right thing in the place of a placeholder."""
    if finding.path[: len(placeholder.path)] != placeholder.path or finding.code == "unknown-field":
        return False
    if finding.key and finding.path == placeholder.path:
        return False
    return placeholder.key != "$text" or finding.code != "wrong-type"


def _ambiguous(entity: Entity) -> Iterator[Remark]:
    for one in entity.document.ambiguous:
        message = (
            f"{shown(one.text)} without quotes is one thing in YAML 1.2, which Backstage reads, and "
            "another in YAML 1.1, which many tools read; put it in quotes if it is text"
        )
        yield _remark(one.place, "warning", "ambiguous-scalar", message, entity.reference)


def _duplicate(entity: Entity, earlier: str) -> Iterator[Finding]:
    reference = entity.reference
    if reference is None or not (is_name(reference.name) and is_namespace(reference.namespace)):
        return  # Backstage takes neither
    what = f"{entity.reference} is already in {earlier}, and case makes no difference"
    hint = "Backstage keeps one of the two: rename or remove the other"
    yield Finding(_NAME, "duplicate-entity", what, hint, "warning")


def _references(entity: Entity) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """Each reference: its path, its text, and the whole that it stands for."""
    namespace = entity.reference.namespace if entity.reference else "default"
    for path, text, kind in references_of(entity.value):
        try:
            yield path, text, whole_reference(text, kind, namespace)
        except NotAReference:
            continue


def _refers_to(entity: Entity) -> Iterable[str]:
    """The whole of each reference. Nearly always, all of them are."""
    namespace = entity.reference.namespace if entity.reference else "default"
    try:
        return [whole_reference(text, kind, namespace) for _, text, kind in references_of(entity.value)]
    except NotAReference:
        return [reference for _, _, reference in _references(entity)]


def _unresolved(entity: Entity, others: Surroundings) -> Iterator[Finding]:
    for path, text, reference in _references(entity) if others.unresolved else ():
        if reference in others.unresolved:
            nor = ", nor in Backstage" if reference in others.nowhere else ""
            what = f"{shown(text)} leads to {shown(reference)}, which is not among the checked entities{nor}"
            hint = "correct the reference, or check the file that has the entity too"
            yield Finding(path, "unresolved-reference", what, hint, "warning")


def _site(entity: Entity) -> tuple[str, ...]:
    """The folder with a TechDocs site that the entity names, if any."""
    metadata = entity.value.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    target = annotations.get(_SITE[-1]) if isinstance(annotations, dict) else None
    if not isinstance(target, str) or not target.startswith("dir:"):
        return ()
    return (target.removeprefix("dir:"),)


def _without_site(entity: Entity, without_site: Mapping[str, str]) -> Iterator[Finding]:
    for folder in _site(entity):
        if folder in without_site:
            what = f"{shown('dir:' + folder)} leads to a folder without mkdocs.yml"
            hint = f"add {without_site[folder]}, or correct the path"
            yield Finding(_SITE, "techdocs-missing", what, hint, "warning")
