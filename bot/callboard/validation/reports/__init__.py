"""How a report is said: one module each, with one function ``render(report, files)``.

``files`` are the checked files by path, for those outputs that show lines of them. All that comes from
outside is hostile: names of files, values in messages and source lines are made harmless here.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping

from callboard.validation.diagnostics import Report

OUTPUTS = ("text", "json", "sarif", "github", "codequality", "markdown")


def render(output: str, report: Report, files: Mapping[str, bytes], *, color: bool = False) -> str:
    """The report as ``output`` wants it, with a line end; ``color`` is for text on a terminal.

    Raises ImportError for no such output.
    """
    module = importlib.import_module(f"{__name__}.{output}")
    more = {"color": True} if color and output == "text" else {}
    rendered: str = module.render(report, files, **more)
    return rendered
