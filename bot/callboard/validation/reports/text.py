"""For people at a terminal: by file, each diagnostic with its source line and a caret."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from itertools import groupby

from callboard.validation.diagnostics import Report
from callboard.validation.reports.words import line_of, one_line, summary

_WIDTH = 160
_BOLD, _DIM, _RED, _YELLOW, _PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[33m", "\x1b[0m"
_COLORS = {"error": _RED, "warning": _YELLOW}


def render(report: Report, files: Mapping[str, bytes], *, color: bool = False) -> str:
    """Groups by file, then one sentence that counts."""

    def styled(text: str, style: str) -> str:
        return f"{style}{text}{_PLAIN}" if color else text

    lines: list[str] = []
    sources: dict[str, list[str]] = {}
    for file, diagnostics in groupby(report.diagnostics, key=lambda diagnostic: diagnostic.file):
        lines += [styled(one_line(file), _BOLD)]
        for one in diagnostics:
            about = f"  [{one_line(one.entity)}]" if one.entity else ""
            severity = styled(one.severity, _BOLD + _COLORS[one.severity])
            lines.append(f"  {one.line}:{one.column}  {severity}  {one.code}{about}")
            lines.append(f"    {one_line(one.message)}")
            source = line_of(files, one, sources)
            if source.strip():
                shown, caret = _excerpt(source, one.line, one.column)
                lines += [styled(shown, _DIM), styled(caret, _COLORS[one.severity])]
        lines.append("")
    return "\n".join([*lines, summary(report)]) + "\n"


def _excerpt(line: str, number: int, column: int) -> tuple[str, str]:
    """The part of the line around the column, and a caret below it."""
    start = max(0, column - 1 - _WIDTH // 2) if len(line) > _WIDTH else 0
    before, after = line[start : column - 1], line[column - 1 : start + _WIDTH]
    margin = f"    {number} | "
    before, after = one_line(before.replace("\t", " ")), one_line(after.rstrip().replace("\t", " "))
    return margin + before + after, " " * (len(margin) - 2) + "| " + " " * _columns(before) + "^"


def _columns(text: str) -> int:
    """How wide a terminal shows it: characters of East Asia take two columns, marks on letters none."""
    return sum(
        0 if unicodedata.combining(one) else 2 if unicodedata.east_asian_width(one) in "WF" else 1
        for one in text
    )
