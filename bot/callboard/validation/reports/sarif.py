"""For code scanning: SARIF 2.1.0."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

from callboard import __version__
from callboard.validation.diagnostics import Diagnostic, Report
from callboard.validation.reports.words import counted, fingerprints, of_severity, one_line, relative

_HELP = "https://github.com/callboard/callboard/blob/main/docs/diagnostics.md"
MOST = 25_000
"""Results of one run: GitHub refuses a file with more."""


def render(report: Report, files: Mapping[str, bytes], *, top: Path) -> str:
    """One run, with one rule for each code that was found. What is left out, warnings first, is counted."""
    codes = sorted({diagnostic.code for diagnostic in report.diagnostics})
    known_by = dict(zip(report.diagnostics, fingerprints(report, files, top), strict=True))
    found = [one for severity in ("error", "warning") for one in of_severity(report, severity)]
    invocation: dict[str, Any] = {"executionSuccessful": True}
    if len(found) > MOST:
        left_out = f"{counted(len(found) - MOST, 'diagnostic')} more: a forge would refuse so many"
        invocation["toolExecutionNotifications"] = [{"level": "warning", "message": {"text": left_out}}]
    run = {
        "tool": {"driver": {"name": "callboard", "version": __version__, "rules": list(map(_rule, codes))}},
        "columnKind": "unicodeCodePoints",
        "invocations": [invocation],
        "results": [_result(one, codes, known_by[one], top) for one in islice(found, MOST)],
    }
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2) + "\n"


def _rule(code: str) -> dict[str, Any]:
    address = f"{_HELP}#{code}"
    return {
        "id": code,
        "shortDescription": {"text": code.replace("-", " ").capitalize()},
        "help": {"text": f"See {address}", "markdown": f"[What it means, and what to do]({address})"},
        "helpUri": address,
    }


def _result(one: Diagnostic, codes: list[str], fingerprint: str, top: Path) -> dict[str, Any]:
    about = f" ({one.entity})" if one.entity else ""
    region = {"startLine": one.line, "startColumn": one.column}
    uri = quote(relative(one.file, top), errors="surrogateescape")
    return {
        "ruleId": one.code,
        "ruleIndex": codes.index(one.code),
        "level": one.severity,
        "message": {"text": one_line(one.message + about)},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}],
        "partialFingerprints": {"callboardLine/v1": fingerprint},
    }
