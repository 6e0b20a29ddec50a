"""For scripts: a contract, so nothing may be renamed or left out."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping

from callboard.validation.diagnostics import Report


def render(report: Report, _files: Mapping[str, bytes]) -> str:
    """``{"files": n, "entities": n, "diagnostics": [{"file", "line", "column", "severity", …}]}``."""
    diagnostics = [dataclasses.asdict(diagnostic) for diagnostic in report.diagnostics]
    answer = {"files": report.files, "entities": report.entities, "diagnostics": diagnostics}
    return json.dumps(answer, indent=2) + "\n"
