"""What a figure is, and how it is shown."""

from __future__ import annotations

import datetime
import os
import platform
import statistics
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Bound:
    """Something that must hold."""

    what: str
    met: bool
    is_count: bool = True
    """Counts are the same on every machine; times are not, so a missed one does not fail the run."""


@dataclass(frozen=True)
class Figure:
    """One measured figure, beside its reference."""

    title: str
    how: str
    """What exactly was done, on each side."""
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    bounds: tuple[Bound, ...]


def median(values: Iterable[float]) -> float:
    """The middle of some measurements."""
    return statistics.median(values)


def seconds(value: float) -> str:
    """A duration for people."""
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.0f} ms"


def ratio(reference: float, ours: float) -> str:
    """How many times as long as ours the reference took."""
    return f"{reference / ours:.1f} times"


def markdown(figure: Figure) -> str:
    """A figure as Markdown."""
    lines = [f"## {figure.title}", "", figure.how, ""]
    lines += [_line(figure.columns), _line(["---"] * len(figure.columns)), *map(_line, figure.rows), ""]
    lines += [f"- **{'met' if bound.met else 'NOT met'}**: {bound.what}" for bound in figure.bounds]
    return "\n".join(lines) + "\n"


def text(figure: Figure) -> str:
    """A figure for a terminal."""
    table = [figure.columns, *figure.rows]
    widths = [max(len(row[at]) for row in table) for at in range(len(figure.columns))]
    lines = [figure.title]
    lines += ["  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
              for row in table]  # fmt: skip
    lines += [f"  {'met    ' if bound.met else 'NOT met'}  {bound.what}" for bound in figure.bounds]
    return "\n".join(lines) + "\n"


def machine() -> str:
    """What this run ran on, and when."""
    git = subprocess.run(["git", "--version"], capture_output=True, text=True, check=True).stdout
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    return (
        f"{today}, {platform.system()} {platform.machine()}, {len(os.sched_getaffinity(0))} cores, "
        f"Python {platform.python_version()}, git {git.split()[2]}, "
        f"load {os.getloadavg()[0]:.1f} at the start"
    )


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
