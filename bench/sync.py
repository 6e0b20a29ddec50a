"""A second sync of models that did not change, against asking the forge for each of them."""

from __future__ import annotations

import time
from dataclasses import dataclass

from bench.forge import add_models, house
from bench.report import Bound, Figure, ratio, seconds
from callboard import http
from callboard.redaction import Secret
from callboard.sandbox.forge import Counts
from tests.walk.house import REPOSITORY, House


@dataclass(frozen=True)
class _Run:
    name: str
    models: int
    counts: Counts
    took: float

    @property
    def asked(self) -> tuple[int, int]:
        return self.counts.reads, self.counts.fetches

    def row(self, reference: float) -> tuple[str, ...]:
        found = self.counts
        numbers = (self.models, found.reads, found.fetches, found.writes, found.pushes)
        return (
            self.name,
            *(f"{number:,}" for number in numbers),
            seconds(self.took),
            ratio(reference, self.took),
        )


def measure(*, few: int = 100, many: int = 1000) -> Figure:
    """The figure, for a small catalog and a large one."""
    runs, reference = [], {}
    for models in (few, many):
        with house() as at:
            _land(at, models)
            again = [_again(at, models, "fresh clone, empty cache", "other")]
            again.append(_again(at, models, "warm cache", "other"))
            reference[models] = _one_by_one(at, models)
            runs += [*again, reference[models]]
    ours = [run for run in runs if run.name != reference[run.models].name]
    by_name = {name: [run.asked for run in ours if run.name == name] for name in {run.name for run in ours}}
    return Figure(
        title=f"A second sync of {many:,} unchanged models",
        how=(
            "Model cards become pull requests of at most 250 models, which a reviewer approves and Callboard "
            "merges on the sandbox forge. Then "
            "sync runs again: first into an empty cache, then with that clone at hand. The reference asks "
            "the forge's REST API for each model's catalog-info.yaml, to compare it, over one connection; it "
            "neither reads the cards nor renders anything. Counts are from the forge's request log."
        ),
        columns=("run", "models", "API reads", "git fetches", "API writes", "git pushes", "wall time",
                 "the reference takes"),
        rows=tuple(run.row(reference[run.models].took) for run in runs),
        bounds=(
            Bound("0 writes and 0 pushes", all(run.counts.writes == run.counts.pushes == 0 for run in ours)),
            Bound(
                f"as many reads and fetches for {many:,} models as for {few:,}: "
                + "; ".join(f"{name} {asked[0]} and {asked[-1]}" for name, asked in sorted(by_name.items())),
                all(len(set(asked)) == 1 for asked in by_name.values()),
            ),
        ),
    )  # fmt: skip


def _land(at: House, models: int) -> None:
    """Bring so many models into the base branch, each pull request approved and merged."""
    add_models(at, range(models))
    while proposals := at.sync().proposals:
        for proposal in proposals:
            assert proposal.pull is not None
            at.approve(proposal.pull.number)
        handled = at.reconcile().handled
        assert all(one.done == "merged" for one in handled), handled


def _again(at: House, models: int, name: str, cache: str) -> _Run:
    mark, start = at.forge.log.mark(), time.perf_counter()
    result = at.sync(cache=cache)
    took = time.perf_counter() - start
    assert result.desired.models == models
    assert not result.desired.changes
    assert not result.desired.findings
    return _Run(name, models, at.counts(mark), took)


def _one_by_one(at: House, models: int) -> _Run:
    mark, start = at.forge.log.mark(), time.perf_counter()
    with http.connect(at.forge.api_url, token=Secret(at.bot)) as client:
        for number in range(models):
            client.get(f"/repos/{REPOSITORY}/contents/models/model-{number}/catalog-info.yaml")
    return _Run("reference: one GET a model", models, at.counts(mark), time.perf_counter() - start)
