"""That the benchmarks run and their counts hold, at a small size. Times are not asserted."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bench import calls, git_writes, linking, merging, onnx, pull_request, startup, sync, validation
from bench.__main__ import FIGURES, main
from bench.report import Bound, Figure, machine, markdown, text

SMALL: dict[str, Callable[[], Figure]] = {
    "sync": lambda: sync.measure(few=5, many=20),
    "pull_request": lambda: pull_request.measure(sizes=(1, 4)),
    "calls": lambda: calls.measure(pulls=3),
    "merging": lambda: merging.measure(pulls=3, conflicting=1),
    "git_writes": lambda: git_writes.measure(files=200, histories=(20,), rounds=1),
    "onnx": lambda: onnx.measure(size=64 * 1024, rounds=1),
    "linking": lambda: linking.measure(few=5, many=10, rounds=1),
    "startup": lambda: startup.measure(rounds=1),
    "validation": lambda: validation.measure(services=200, rounds=1, roadie=False),
}
"""Not MLflow's: starting its server takes longer than all of these, and tests/sources counts its requests."""


@pytest.mark.parametrize("name", SMALL)
def test_a_figure_is_measured_and_its_counts_hold(name: str) -> None:
    figure = SMALL[name]()

    assert figure.bounds
    assert [bound.what for bound in figure.bounds if bound.is_count and not bound.met] == []
    assert {len(row) for row in figure.rows} == {len(figure.columns)}


def test_a_figure_is_shown_with_its_bounds() -> None:
    bounds = (Bound("no writes", True), Bound("no reads", False))
    figure = Figure("A sync", "Twice.", ("run", "writes"), (("first", "12"), ("second", "0")), bounds)

    assert text(figure).splitlines() == [
        "A sync",
        "  run     writes",
        "  first   12",
        "  second  0",
        "  met      no writes",
        "  NOT met  no reads",
    ]
    assert "| second | 0 |\n\n- **met**: no writes\n- **NOT met**: no reads\n" in markdown(figure)


@pytest.mark.parametrize(("bound", "code"), [(Bound("a", True), 0), (Bound("a", False), 1)])
def test_a_count_that_is_missed_fails_the_run(
    bound: Bound, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(FIGURES, "sync", lambda: Figure("S", "", ("a",), (), (bound,)))

    assert main(["sync"]) == code
    assert machine().partition(", load")[0] in capsys.readouterr().out


def test_a_missed_time_is_told_and_fails_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    late = Bound("fast", False, is_count=False)
    monkeypatch.setitem(FIGURES, "sync", lambda: Figure("S", "", ("a",), (), (late,)))

    assert main(["sync"]) == 0
    assert "NOT met  fast" in capsys.readouterr().out


def test_an_unknown_figure_ends_with_2_and_the_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["snyc"]) == 2
    assert "startup" in capsys.readouterr().err
