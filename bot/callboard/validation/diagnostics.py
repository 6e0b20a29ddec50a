"""What validation answers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from callboard.documents.place import Path

if TYPE_CHECKING:
    from callboard.model import Severity

WARNINGS = frozenset(
    {
        "ambiguous-scalar",
        "definition-invalid",
        "definition-syntax",
        "definition-unchecked",
        "duplicate-entity",
        "location-target-missing",
        "location-target-unchecked",
        "location-target-unreadable",
        "placeholder-fetched",
        "placeholder-missing",
        "techdocs-missing",
        "unknown-kind",
        "unresolved-reference",
        "unsafe-link",
        "yaml-character",
        "yaml-encoding",
        "yaml-key",
    }
)
"""The codes of what Backstage takes and people stumble over: a policy may make errors of them, or nothing."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a rule has to say about one place of one entity."""

    path: Path
    code: str
    """Stable, and described in docs/diagnostics.md."""
    what: str
    """What is wrong."""
    hint: str
    """What would be right."""
    severity: Severity = "error"
    key: bool = False
    """Whether it is the key at ``path`` that is wrong, rather than its value."""
    quotes: bool = False
    """Whether the value would be right in quotes, as it is written: the hint is to show it so."""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """A finding with its place in a file. Lines and columns are counted from 1."""

    file: str
    line: int
    column: int
    severity: Severity
    code: str
    message: str
    """What is wrong; what would be right. One line."""
    entity: str | None
    """``kind:namespace/name`` in lower case, or None where the document is no entity."""


@dataclass(frozen=True)
class Report:
    """The answer of one run."""

    files: int
    entities: int
    diagnostics: tuple[Diagnostic, ...]
    """By file, line and column."""

    @property
    def errors(self) -> bool:
        """Whether anything is wrong that is more than a warning."""
        return any(diagnostic.severity == "error" for diagnostic in self.diagnostics)

    def with_more(self, diagnostics: Iterable[Diagnostic]) -> Report:
        """The same with other diagnostics put in where they belong."""
        every = sorted({*self.diagnostics, *diagnostics}, key=by_place)
        return Report(self.files, self.entities, tuple(every))


def by_place(one: Diagnostic) -> tuple[str, int, int, str, str]:
    """What diagnostics are sorted by."""
    return one.file, one.line, one.column, one.code, one.message


def shortened(text: str, limit: int) -> str:
    """A text of at most so many characters; where it is longer, its middle is left out."""
    return text if len(text) <= limit else f"{text[: limit - limit // 4 - 1]}…{text[-(limit // 4) :]}"


def shown(value: object, limit: int = 80) -> str:
    """A value from outside as it can stand in a message: on one line, texts in quotes, and not too long."""
    text = ""
    for word in _words(value):
        text += word
        if len(text) > limit:
            return f"{text[: limit - 1]}…"
    return text


def _words(value: object) -> Iterator[str]:
    """A value as YAML writes it, bit by bit: there may be a million values in it."""
    if isinstance(value, dict):
        for number, (key, one) in enumerate(value.items()):
            yield from (", " if number else "{", *_words(key), ": ")
            yield from _words(one)
        yield "}" if value else "{}"
    elif isinstance(value, list | tuple):
        for number, one in enumerate(value):
            yield ", " if number else "["
            yield from _words(one)
        yield "]" if value else "[]"
    elif isinstance(value, bool):
        yield str(value).lower()
    elif isinstance(value, float) and not math.isfinite(value):
        yield ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    else:
        yield "null" if value is None else repr(value)
