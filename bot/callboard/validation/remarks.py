"""What is said of a file and its entities: a finding with its place, and no more than people read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from callboard.documents.reader import Document
from callboard.validation.diagnostics import Finding, shortened, shown
from callboard.validation.references import Reference
from callboard.validation.together import Remark

if TYPE_CHECKING:
    from callboard.documents.place import Place
    from callboard.model import Severity

_LONGEST_MESSAGE = 1000
_LONGEST_ENTITY = 200
"""Characters. Kind, namespace and name have 63 each at most."""
_MOST_OF_ONE_LOOK = 1000
"""Remarks on one file. Nobody reads more, and a hostile file could have a million."""


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
            yield remark(place, one.severity, one.code, f"{one.what}; {hint}", self.reference)


def remark(place: Place, severity: Severity, code: str, message: str, about: Reference | None) -> Remark:
    """What is said at a place. A message and an entity that are too long are cut."""
    entity = shortened(str(about), _LONGEST_ENTITY) if about else None
    return Remark(place.line, place.column, severity, code, shortened(message, _LONGEST_MESSAGE), entity)


def most(remarks: Iterator[Remark]) -> tuple[Remark, ...]:
    """The first of them; where there are more, that there are."""
    first = tuple(islice(remarks, _MOST_OF_ONE_LOOK))
    if next(remarks, None) is None:
        return first
    message = f"it has more than {_MOST_OF_ONE_LOOK:,} problems; correct those that are told, and check again"
    return (*first, Remark(1, 1, "error", "too-many-problems", message, None))
