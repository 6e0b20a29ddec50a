"""For GitHub Actions: workflow commands that become annotations.

GitHub keeps ten errors and ten warnings of a step and drops the others without a word, so those are counted.
"""

from __future__ import annotations

from collections.abc import Mapping

from callboard.validation.diagnostics import Diagnostic, Report
from callboard.validation.reports.words import counted, of_severity, one_line, summary

MOST = 10


def render(report: Report, _files: Mapping[str, bytes]) -> str:
    """At most ten errors and ten warnings, what was left out, and one sentence that counts."""
    lines: list[str] = []
    for severity in ("error", "warning"):
        found = of_severity(report, severity)
        lines += map(_annotation, found[:MOST])
        if len(found) > MOST:
            lines.append(f"{counted(len(found) - MOST, severity)} more, which GitHub would not show here")
    return "\n".join([*lines, summary(report)]) + "\n"


def command(name: str, message: str, **properties: str | int) -> str:
    """A workflow command of one line; neither its message nor its properties can begin another."""
    said = ",".join(f"{key}={_property(one_line(str(value)))}" for key, value in properties.items())
    return f"::{name}{f' {said}' if said else ''}::{_data(one_line(message))}"


def _annotation(one: Diagnostic) -> str:
    about = f" ({one.entity})" if one.entity else ""
    return command(
        one.severity, one.message + about, file=one.file, line=one.line, col=one.column, title=one.code
    )


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
