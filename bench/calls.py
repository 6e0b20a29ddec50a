"""What the life of a pull request costs a forge in calls, and what it costs to look at many that rest."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from bench.forge import add_models, house
from bench.report import Bound, Figure, seconds
from callboard.config import ForgeKind
from callboard.sandbox.forge import Counts
from tests.walk.house import House, card

_FORGES: tuple[ForgeKind, ...] = ("github", "gitlab")


@dataclass(frozen=True)
class _Step:
    forge: ForgeKind
    name: str
    counts: Counts
    took: float

    def row(self) -> tuple[str, ...]:
        found = self.counts
        numbers = (found.reads, found.writes, found.fetches, found.pushes)
        forge = {"github": "GitHub", "gitlab": "GitLab"}[self.forge]
        return (forge, self.name, *(f"{number:,}" for number in numbers), seconds(self.took))


def measure(*, pulls: int = 100) -> Figure:
    """The figure, on both forges."""
    steps = [step for forge in _FORGES for step in (*_life(forge), _sweep(forge, pulls))]
    by_name = {(step.forge, step.name): step.counts for step in steps}
    quiet = _quiet(pulls)
    return Figure(
        title=f"Calls: the life of a pull request, and a quiet sweep over {pulls} open ones",
        how=(
            "One model is proposed with a label, changes in the registry (which changes the text too), is "
            "approved and merged. The sweep is a reconcile over open pull requests of one model each, of "
            "which none is approved and nothing has changed since the last pass. Counts are from the forge's "
            "request log; the reads of the first three are those of a whole walk."
        ),
        columns=("forge", "step", "API reads", "API writes", "git fetches", "git pushes", "wall time"),
        rows=tuple(step.row() for step in steps),
        bounds=tuple(
            bound
            for forge in _FORGES
            for bound in (
                _at_most(forge, "created", by_name[forge, "created"], pushes=1, writes=2),
                _at_most(forge, "updated", by_name[forge, "updated"], pushes=1, writes=1),
                _at_most(forge, "merged", by_name[forge, "merged"], pushes=1, writes=1),
                _at_most(forge, quiet, by_name[forge, quiet], pushes=0, writes=0, reads=5),
            )
        ),
    )


def _quiet(pulls: int) -> str:
    return f"quiet sweep over {pulls} open"


def _at_most(
    forge: ForgeKind, name: str, counts: Counts, *, pushes: int, writes: int, reads: int | None = None
) -> Bound:
    said = f"{counts.pushes} pushes, {counts.writes} writes"
    said += "" if reads is None else f", {counts.reads} reads"
    met = counts.pushes <= pushes and counts.writes <= writes and (reads is None or counts.reads <= reads)
    allowed = f"at most {pushes}, {writes}" + ("" if reads is None else f", {reads}")
    return Bound(f"{forge}, {name}: {said} ({allowed})", met)


def _life(forge: ForgeKind) -> list[_Step]:
    with house(forge) as at:
        at.config_text = at.config_text.replace("{group-by: all}", "{group-by: model}")
        at.card("one", card("one", version="1"))
        steps = [_timed(at, "created", at.sync)]
        at.card("one", card("one", version="2"))
        steps.append(_timed(at, "updated", at.sync))
        at.approve(1)
        steps.append(_timed(at, "merged", at.reconcile))
        assert "version: '2'" in at.read("models/one/catalog-info.yaml")
        return steps


def _sweep(forge: ForgeKind, pulls: int) -> _Step:
    with house(forge) as at:
        # One by one: so many at once would be one import.
        settings = f"{{group-by: model, limit: {pulls}, per-hour: 500}}"
        at.config_text = at.config_text.replace("{group-by: all}", settings)
        add_models(at, range(pulls))
        assert len(at.sync().proposals) == pulls
        at.reconcile()
        return _timed(at, _quiet(pulls), at.reconcile)


def _timed(at: House, name: str, walk: Callable[[], object]) -> _Step:
    mark, start = at.forge.log.mark(), time.perf_counter()
    walk()
    return _Step(at.kind, name, at.counts(mark), time.perf_counter() - start)
