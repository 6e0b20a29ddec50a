"""What the outputs share."""

from __future__ import annotations

import re

from callboard.validation.diagnostics import Diagnostic, Report

# Control characters, line separators, and the marks that turn the direction of text around.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


def one_line(text: str) -> str:
    """Text from outside with everything escaped that a terminal or the log of a runner would act upon."""
    visible = _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    # GitHub's runner takes this for a command wherever in a line it stands.
    return visible.replace("##[", "##\\[")


def counted(number: int, one: str) -> str:
    """``1 file``, ``2 files``; ``one`` takes a plural with s, or with ies for y."""
    if number == 1:
        return f"1 {one}"
    return f"{number:,} {one[:-1]}ies" if one.endswith("y") else f"{number:,} {one}s"


def summary(report: Report) -> str:
    """One sentence: how much was checked, and what was found."""
    errors = len(of_severity(report, "error"))
    warnings = len(report.diagnostics) - errors
    checked = f"{counted(report.entities, 'entity')} in {counted(report.files, 'file')}"
    return f"{checked}: {counted(errors, 'error')}, {counted(warnings, 'warning')}"


def of_severity(report: Report, severity: str) -> list[Diagnostic]:
    """The diagnostics of one severity."""
    return [diagnostic for diagnostic in report.diagnostics if diagnostic.severity == severity]
