"""The check of one file: what can be said of it alone, and what it needs to know of its surroundings.

All of it depends on nothing but the content, so that it can be done in another process, or remembered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from callboard.documents.reader import Reading, read_documents
from callboard.validation.among_others import (
    NAME,
    duplicate_findings,
    referred_to,
    site_findings,
    site_of,
    unresolved_findings,
)
from callboard.validation.defects import defect, unless_defect
from callboard.validation.diagnostics import Finding, shown
from callboard.validation.locations import files_of, led_to, lost_targets
from callboard.validation.placeholders import (
    KEYS,
    Placeholder,
    missing_placeholders,
    placeholder_findings,
    replaceable,
    without_placeholders,
)
from callboard.validation.processed import processed, stored
from callboard.validation.references import reference_to
from callboard.validation.remarks import Entity, most, remark
from callboard.validation.rules import rules_for
from callboard.validation.together import Facts, Remark, Surroundings

if TYPE_CHECKING:
    from callboard.validation.policy import Policy


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
            refers_to.update(referred_to(entity))
            beside.update(site_of(entity))
            if self._looks_beside or entity.value.get("kind") == "Location":
                leads_to.update(self._leads_to(entity))
                locations.update(led_to(entity.value))
        return Facts(
            remarks=most(self._alone()),
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
            yield remark(fault.place, "error", fault.code, f"{fault.what}; {fault.hint}", None)
        for document in self._reading.documents:
            if not isinstance(document.value, dict) and document.value is not None:
                message = f"{shown(document.value)} is no entity; write a mapping with kind and metadata"
                yield remark(document.place(), "error", "not-an-entity", message, None)
        looked_at = [entity for entity in self._entities if not self._is_right_at_a_glance(entity)]
        for entity in looked_at:
            yield from unless_defect(self._of(entity))
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
            yield remark(odd.place, "warning", odd.code, f"{odd.what}; {odd.hint}", entity.reference)
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
        return most(self._among(others))

    def _among(self, others: Surroundings) -> Iterator[Remark]:
        for position, entity in enumerate(self._entities):
            if position in others.taken:
                yield from unless_defect(entity.remarks(duplicate_findings(entity, others.taken[position])))
            yield from unless_defect(entity.remarks(unresolved_findings(entity, others)))
            yield from unless_defect(entity.remarks(site_findings(entity, others.without_site)))
            yield from unless_defect(entity.remarks(self._lost(entity.value, others)))

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
            place = document.place(NAME)
        except Exception as error:  # one file's fault must not stop the others
            one = defect(error)
            return one.line, one.column
        return place.line, place.column


_MARKS_OF_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_PLACEHOLDER = re.compile("|".join(map(re.escape, sorted(KEYS))).encode())


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
        yield remark(one.place, "warning", "ambiguous-scalar", message, entity.reference)
