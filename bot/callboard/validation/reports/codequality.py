"""For GitLab: a code quality report, as merge requests show it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from callboard.validation.diagnostics import Report
from callboard.validation.reports.words import fingerprints, one_line, relative

_SEVERITIES = {"error": "major", "warning": "minor"}


def render(report: Report, files: Mapping[str, bytes], *, top: Path) -> str:
    """One issue for each diagnostic, with a fingerprint that stays while lines move."""
    issues = [
        {
            "description": one_line(one.message + (f" ({one.entity})" if one.entity else "")),
            "check_name": one.code,
            "fingerprint": fingerprint,
            "severity": _SEVERITIES[one.severity],
            "location": {"path": one_line(relative(one.file, top)), "lines": {"begin": one.line}},
        }
        for one, fingerprint in zip(report.diagnostics, fingerprints(report, files, top), strict=True)
    ]
    return json.dumps(issues, indent=2) + "\n"
