"""For code scanning: SARIF 2.1.0."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from callboard import __version__
from callboard.validation.diagnostics import Diagnostic, Report

_HELP = "https://github.com/callboard/callboard/blob/main/docs/diagnostics.md"


def render(report: Report, _files: Mapping[str, bytes]) -> str:
    """One run, with one rule for each code that was found."""
    codes = sorted({diagnostic.code for diagnostic in report.diagnostics})
    rules = [{"id": code, "helpUri": f"{_HELP}#{code}"} for code in codes]
    driver = {"name": "callboard", "version": __version__, "rules": rules}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(diagnostic, codes) for diagnostic in report.diagnostics],
    }
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2) + "\n"


def _result(one: Diagnostic, codes: list[str]) -> dict[str, Any]:
    about = f" ({one.entity})" if one.entity else ""
    region = {"startLine": one.line, "startColumn": one.column}
    location = {"artifactLocation": {"uri": quote(one.file, errors="surrogateescape")}, "region": region}
    return {
        "ruleId": one.code,
        "ruleIndex": codes.index(one.code),
        "level": one.severity,
        "message": {"text": one.message + about},
        "locations": [{"physicalLocation": location}],
    }
