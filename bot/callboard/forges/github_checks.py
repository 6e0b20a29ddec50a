"""Our own check on a head, in GitHub's words: a check run with annotations, or a commit status."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from callboard.forges.protocol import Annotation, Check, CheckReport

_MOST_ANNOTATIONS = 50
_LONGEST_SUMMARY = 65_535
_LONGEST_TITLE = 255
_LONGEST_MESSAGE = 64 * 1024  # bytes
_LEVELS = {"error": "failure", "warning": "warning"}


def already_says(checks: Iterable[Check], report: CheckReport, source: str) -> bool:
    """Whether a head already has this check, reported by ``source`` (an app's slug, or a login)."""
    # A commit status has no neutral state, so it comes back as a success.
    return any(
        (one.name, one.title, one.source) == (report.name, report.title, source)
        and one.state != "pending"
        and (one.state == "failure") == (report.state == "failure")
        for one in checks
    )


def check_run(report: CheckReport, head: str) -> dict[str, Any]:
    """The body that creates a check run. Errors come first among the annotations that there is room for."""
    ordered = sorted(report.annotations, key=lambda one: one.severity != "error")
    left_out = len(ordered) - _MOST_ANNOTATIONS
    note = f"\n\n{left_out} more could not be shown beside the lines.\n" if left_out > 0 else ""
    return {
        "name": report.name,
        "head_sha": head,
        "status": "completed",
        "conclusion": report.state,
        "output": {
            "title": report.title,
            "summary": _cut(report.summary, _LONGEST_SUMMARY - len(note)) + note,
            "annotations": [_annotation(one) for one in ordered[:_MOST_ANNOTATIONS]],
        },
    }


def status(report: CheckReport) -> dict[str, Any]:
    """The body that creates a commit status."""
    state = "failure" if report.state == "failure" else "success"
    return {"state": state, "context": report.name, "description": report.title}


def _annotation(one: Annotation) -> dict[str, Any]:
    message = one.message.encode()[:_LONGEST_MESSAGE].decode(errors="ignore")
    return {
        "path": one.path,
        "start_line": one.line,
        "end_line": one.line,
        "start_column": one.column,
        "end_column": one.column,
        "annotation_level": _LEVELS[one.severity],
        "title": one.title[:_LONGEST_TITLE],
        "message": message or one.title,
    }


def _cut(text: str, longest: int) -> str:
    ending = "\n\n(cut: the whole is too long for GitHub)"
    return text if len(text) <= longest else text[: longest - len(ending)] + ending
