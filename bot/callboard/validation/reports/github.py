"""For GitHub Actions: workflow commands that become annotations.

GitHub keeps ten errors and ten warnings of a step, and fifty of a job, and drops the others without a word.
So the others are counted, and told as plain lines of the log.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from callboard.validation.diagnostics import Diagnostic, Report
from callboard.validation.reports.words import counted, of_severity, one_line, relative, summary

MOST = 10
_MOST_LINES = 1000


def render(report: Report, _files: Mapping[str, bytes], *, top: Path) -> str:
    """At most ten errors and ten warnings; what was left out, a line each; and one sentence that counts."""
    lines: list[str] = []
    for severity in ("error", "warning"):
        found = of_severity(report, severity)
        lines += (_annotation(one, top) for one in found[:MOST])
        if len(found) > MOST:
            lines.append(f"{counted(len(found) - MOST, severity)} more, which GitHub would not show here:")
            lines += (_line(one, top) for one in found[MOST:_MOST_LINES])
        if len(found) > _MOST_LINES:
            lines.append(f"- and {counted(len(found) - _MOST_LINES, severity)} more")
    return "\n".join([*lines, summary(report)]) + "\n"


def command(name: str, message: str, **properties: str | int) -> str:
    """A workflow command of one line; neither its message nor its properties can begin another."""
    said = ",".join(f"{key}={_property(one_line(str(value)))}" for key, value in properties.items())
    return f"::{name}{f' {said}' if said else ''}::{_data(one_line(message))}"


def _annotation(one: Diagnostic, top: Path) -> str:
    file = relative(one.file, top)
    return command(one.severity, _said(one), file=file, line=one.line, col=one.column, title=one.code)


def _line(one: Diagnostic, top: Path) -> str:
    # The dash keeps a file with a strange name from beginning a command.
    return one_line(f"- {relative(one.file, top)}:{one.line}:{one.column} {one.code}: {_said(one)}")


def _said(one: Diagnostic) -> str:
    return one.message + (f" ({one.entity})" if one.entity else "")


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
