"""For job summaries and comments: a table that renders, whatever the values are."""

from __future__ import annotations

import html
from collections.abc import Mapping

from callboard.validation.diagnostics import Diagnostic, Report
from callboard.validation.reports.words import counted, one_line, summary

MOST = 100


def render(report: Report, _files: Mapping[str, bytes]) -> str:
    """A heading, a table of at most a hundred rows, errors first, and how many were left out."""
    lines = ["## Catalog validation", "", f"{summary(report)}.", ""]
    found = sorted(report.diagnostics, key=lambda one: one.severity != "error")
    if found:
        lines += ["| Where | Severity | Code | Entity | Message |", "| --- | --- | --- | --- | --- |"]
        lines += map(_row, found[:MOST])
    if len(found) > MOST:
        lines += ["", f"{counted(len(found) - MOST, 'diagnostic')} more."]
    return "\n".join(lines).rstrip() + "\n"


def _row(one: Diagnostic) -> str:
    cells = (
        code(f"{one.file}:{one.line}:{one.column}"),
        one.severity,
        code(one.code),
        code(one.entity) if one.entity else "",
        code(one.message),
    )
    return f"| {' | '.join(cells)} |"


def code(text: str) -> str:
    """Text that stays text: no Markdown, no HTML, no mention, no reference to an issue."""
    escaped = html.escape(one_line(text))
    return f"<code>{''.join(_ENTITIES.get(character, character) for character in escaped)}</code>"


_ENTITIES = {character: f"&#{ord(character)};" for character in "|@`*_[]\\~$:"}
