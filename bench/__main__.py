"""``python -m bench [NAME …]``: measure, show, and write ``bench/RESULTS.md`` when everything was measured.

Ends with 1 when a count is not what it must be; a missed time is only shown, since machines differ.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from bench import calls, git_writes, linking, merging, mlflow, onnx, pull_request, startup, sync, validation
from bench.report import Figure, machine, markdown, text

FIGURES: dict[str, Callable[[], Figure]] = {
    "sync": sync.measure,
    "pull_request": pull_request.measure,
    "calls": calls.measure,
    "merging": merging.measure,
    "git_writes": git_writes.measure,
    "linking": linking.measure,
    "mlflow": mlflow.measure,
    "onnx": onnx.measure,
    "startup": startup.measure,
    "validation": validation.measure,
}
_RESULTS = Path(__file__).with_name("RESULTS.md")


def main(names: Sequence[str]) -> int:
    """Measures the named figures, or all; answers the exit code."""
    unknown = [name for name in names if name not in FIGURES]
    if unknown:
        print(f"no figure is called {', '.join(unknown)}; there are: {', '.join(FIGURES)}", file=sys.stderr)
        return 2
    figures, here = [], machine()
    print(here)
    for name in names or FIGURES:
        print(f"\n{name} …", flush=True)
        figures.append(FIGURES[name]())
        print(text(figures[-1]), end="", flush=True)
    if not names:
        _RESULTS.write_text(
            f"# Figures\n\nWritten by `python -m bench` ({here}); run it to have yours.\n\n"
            + "\n".join(map(markdown, figures)),
            encoding="utf-8",
        )
    return int(any(bound.is_count and not bound.met for figure in figures for bound in figure.bounds))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
