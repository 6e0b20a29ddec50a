"""What validation found in a head, as our own check with annotations."""

from __future__ import annotations

from collections.abc import Sequence

from callboard.catalog.text import shortened
from callboard.forges.protocol import Annotation, CheckReport
from callboard.pulls.limits import LONGEST_CHECK_TITLE, LONGEST_SUMMARY, utf8
from callboard.pulls.problems import LineAddress, counted, errors_first, table
from callboard.pulls.rendering import filled
from callboard.redaction import redact
from callboard.validation.diagnostics import Diagnostic

CHECK_NAME = "callboard/validate"


def check_report(diagnostics: Sequence[Diagnostic], address: LineAddress | None = None) -> CheckReport:
    """The check of a head. Every diagnostic is annotated, errors first: the forge takes what it can.

    ``address`` tells where a line of a file in this head can be seen.
    """
    found = errors_first(diagnostics)
    wrong = any(one.severity == "error" for one in found)
    title = f"Not valid for Backstage: {counted(found)}" if wrong else "Valid for Backstage"
    if found and not wrong:
        title += f", with {counted(found)}"
    summary = filled("check.md", limit=LONGEST_SUMMARY, size=utf8, wrong=wrong, **table(diagnostics, address))
    annotations = tuple(_annotation(one) for one in found)
    return CheckReport(
        CHECK_NAME, "failure" if wrong else "success", title[:LONGEST_CHECK_TITLE], summary, annotations
    )


def _annotation(one: Diagnostic) -> Annotation:
    about = f"{one.code} ({one.entity})" if one.entity else one.code
    return Annotation(
        path=one.file,
        line=max(1, one.line),
        column=max(1, one.column),
        severity="error" if one.severity == "error" else "warning",
        title=shortened(redact(about), 200),
        message=shortened(redact(one.message), 4000),
    )
