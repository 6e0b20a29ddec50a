"""How a report is said: one module each, with one function ``render(report, files)``.

``files`` are the checked files by path, for those outputs that show lines of them. All that comes from
outside is hostile: names of files, values in messages and source lines are made harmless here.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path

from callboard.validation.diagnostics import Report

OUTPUTS = ("text", "json", "sarif", "github", "codequality", "markdown")
_OF_FORGES = ("sarif", "github", "codequality")


def render(
    output: str, report: Report, files: Mapping[str, bytes], *, color: bool = False, top: Path | None = None
) -> str:
    """The report as ``output`` wants it, with a line end.

    ``color`` is for text on a terminal. ``top`` is where the paths of forges begin, without symbolic links;
    by default, the folder that we are in. Raises ImportError for no such output.
    """
    module = importlib.import_module(f"{__name__}.{output}")
    more: dict[str, object] = {"color": color} if output == "text" else {}
    if output in _OF_FORGES:
        more = {"top": top or Path.cwd()}
    rendered: str = module.render(report, files, **more)
    return rendered
