"""How a report is said: one module each, with one function ``render(report, files)``.

``files`` are the checked files by path, for those outputs that show lines of them. All that comes from
outside is hostile: names of files, values in messages and source lines are made harmless here.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping

from callboard.validation.diagnostics import Report

OUTPUTS = ("text", "json", "sarif", "github", "markdown")


def render(output: str, report: Report, files: Mapping[str, bytes]) -> str:
    """The report as ``output`` wants it, with a line end. Raises ImportError for no such output."""
    module = importlib.import_module(f"{__name__}.{output}")
    rendered: str = module.render(report, files)
    return rendered
