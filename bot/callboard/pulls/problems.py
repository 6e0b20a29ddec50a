"""Problems in the files of a head, in the order and with the links that every text about them uses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from callboard.catalog import inert
from callboard.catalog.markdown import plain
from callboard.pulls.rendering import Markdown
from callboard.validation.diagnostics import Diagnostic

LineAddress = Callable[[str, int], str]
"""Where a file and a line of it can be seen on the forge."""


def errors_first(diagnostics: Sequence[Diagnostic]) -> list[Diagnostic]:
    """Errors before warnings, each by file, line and column."""
    return sorted(diagnostics, key=lambda one: (one.severity != "error", one.file, one.line, one.column))


def counted(diagnostics: Sequence[Diagnostic]) -> str:
    """``2 errors, 1 warning``."""
    errors = sum(one.severity == "error" for one in diagnostics)
    counts = ((errors, "error"), (len(diagnostics) - errors, "warning"))
    return ", ".join(f"{count:,} {word}{'' if count == 1 else 's'}" for count, word in counts if count)


def table(diagnostics: Sequence[Diagnostic], address: LineAddress | None) -> dict[str, Any]:
    """What the template ``_diagnostics.md`` needs: the problems, and their places, as links if possible."""

    def place(one: Diagnostic) -> Markdown:
        said = plain(f"{one.file}:{one.line}", 300)
        href = inert.link(address(one.file, one.line)) if address else None
        return Markdown(f"[{said}]({href})" if href else said)

    return {"diagnostics": errors_first(diagnostics), "place": place}
