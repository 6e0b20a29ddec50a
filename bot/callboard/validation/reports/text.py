"""For people at a terminal: by file, each diagnostic with its source line and a caret."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby

from callboard.validation.diagnostics import Report
from callboard.validation.reports.words import one_line, summary

_WIDTH = 160


def render(report: Report, files: Mapping[str, bytes]) -> str:
    """Groups by file, then one sentence that counts."""
    lines: list[str] = []
    for file, diagnostics in groupby(report.diagnostics, key=lambda diagnostic: diagnostic.file):
        lines += [one_line(file)]
        source = files.get(file, b"").decode("utf-8", "replace").removeprefix("\ufeff").split("\n")
        for one in diagnostics:
            about = f"  [{one_line(one.entity)}]" if one.entity else ""
            lines.append(f"  {one.line}:{one.column}  {one.severity}  {one.code}{about}")
            lines.append(f"    {one_line(one.message)}")
            if one.line <= len(source) and source[one.line - 1].strip():
                lines += _excerpt(source[one.line - 1], one.line, one.column)
        lines.append("")
    return "\n".join([*lines, summary(report)]) + "\n"


def _excerpt(line: str, number: int, column: int) -> list[str]:
    """The part of the line around the column, and a caret below it."""
    start = max(0, column - 1 - _WIDTH // 2) if len(line) > _WIDTH else 0
    before, after = line[start : column - 1], line[column - 1 : start + _WIDTH]
    margin = f"    {number} | "
    before, after = one_line(before.replace("\t", " ")), one_line(after.rstrip().replace("\t", " "))
    return [margin + before + after, " " * (len(margin) - 2) + "| " + " " * len(before) + "^"]
