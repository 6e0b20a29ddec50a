"""Reading a real MLflow server with many models, against bare requests and against one call per model."""

from __future__ import annotations

import contextlib
import math
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from bench.report import Bound, Figure, median, ratio, seconds
from bench.turns import in_turns, wall
from callboard import http
from callboard.model import Listing
from callboard.sources.context import Context
from callboard.sources.mlflow import Settings, list_models
from callboard.sources.mlflow_listing import model_versions, registered_models
from callboard.sources.reading import SourceReading
from tests.servers import mlflow, threads
from tests.servers.mlflow import MLflowServer
from tests.servers.threads import Proxy

_API = "/api/2.0/mlflow"
_RUNS_PER_BATCH = 500
_MLMODEL = """\
artifact_path: model
flavors:
  sklearn: {model_data: model.pkl, pickled_model: model.pkl, sklearn_version: 1.7.2}
model_size_bytes: 123456
signature:
  inputs: '[{"type": "double", "name": "amount", "required": true}]'
  outputs: '[{"type": "long", "name": "fraud", "required": true}]'
"""


def measure(*, models: int = 1000, versions: int = 3, rounds: int = 3) -> Figure:
    """The figure, for so many models with so many versions each."""
    with _server(models, versions) as server:
        with threads.proxying(server.url) as proxy:
            first, all_new = _counted(proxy, None)
            again, none_new = _counted(proxy, first)
            _, one_new = _counted(proxy, _without_one_version(first))
        contenders: dict[str, Callable[[], object]] = {
            "callboard, nothing changed": lambda: _read(server.url, first),
            "callboard's listing alone": lambda: _list(server.url, models, versions),
            "reference: two bare requests": lambda: _bare(server.url),
            "reference: one call for each model": lambda: _one_by_one(server.url, first),
        }
        times = in_turns({name: partial(wall, work) for name, work in contenders.items()}, rounds)
    assert len(first.models) == models
    assert again == first
    total = models * versions
    batches = math.ceil(total / _RUNS_PER_BATCH)
    counts = {
        "callboard, nothing known": all_new,
        "callboard, one new version": one_new,
        "callboard, nothing changed": none_new,
        "callboard's listing alone": _Counts(2, 0, 0, 0),
        "reference: two bare requests": _Counts(2, 0, 0, 0),
        "reference: one call for each model": _Counts(1 + models, 0, 0, 0),
    }
    readings = (all_new, one_new, none_new)
    took = {name: median(found) for name, found in times.items()}
    ours = took["callboard, nothing changed"]
    listing, bare = took["callboard's listing alone"], took["reference: two bare requests"]
    return Figure(
        title=f"{models:,} MLflow models with {total:,} versions",
        how=(
            "A real MLflow server on SQLite, filled through its database, with an MLmodel file and a run "
            "with a metric for each version. A first reading knows nothing; the others are given what the "
            "catalog's locks hold. Counted by a proxy between them; timed without it, in turns, median of "
            f"{rounds}. Two bare requests fetch the models and the versions and parse the JSON: no runs, no "
            "records. One call for each model searches its versions, as a client's loop does: no runs either."
        ),
        columns=("reading", "listing requests", f"run batches of {_RUNS_PER_BATCH}", "experiment pages",
                 "artifact reads", "wall time", "against callboard's"),
        rows=tuple(
            (name, *(f"{number:,}" for number in found),
             *((seconds(took[name]), ratio(took[name], ours)) if name in took else ("", "")))
            for name, found in counts.items()
        ),
        bounds=(
            Bound("2 requests list everything", {found.listing for found in readings} == {2}),
            Bound(
                f"runs come in {batches} batches for {total:,} versions",
                {found.runs for found in readings} == {batches},
            ),
            Bound(
                f"one artifact read per version that is not in a lock: {all_new.files:,} of {total:,}, "
                f"{one_new.files} of 1",
                (all_new.files, one_new.files) == (total, 1),
            ),
            Bound("no artifact read when nothing changed", none_new.files == 0),
            Bound(
                f"listing within 1.3 times of two bare requests: {listing / bare:.2f}",
                listing <= 1.3 * bare,
                is_count=False,
            ),
        ),
    )  # fmt: skip


class _Counts(NamedTuple):
    listing: int
    runs: int
    experiments: int
    files: int


def _counted(proxy: Proxy, known: Listing | None) -> tuple[Listing, _Counts]:
    proxy.requests.clear()
    listing = _read(proxy.url, known)
    counts = _Counts(
        listing=proxy.count("registered-models/search") + proxy.count("model-versions/search"),
        runs=proxy.count("runs/search"),
        experiments=proxy.count("experiments/search"),
        files=proxy.count("get-artifact"),
    )
    assert sum(counts) == len(proxy.requests)
    return listing, counts


def _read(url: str, known: Listing | None) -> Listing:
    models = {model.id: model for model in known.models} if known else {}
    listing = list_models(Settings(name="prod", url=url, timeout=120), Context(Path.cwd(), known=models))
    assert listing.complete
    assert listing.problems == ()
    return listing


def _list(url: str, models: int, versions: int) -> None:
    """The models and versions as records, before their runs."""
    settings = Settings(name="prod", url=url, timeout=120)
    with http.connect(url) as client:
        reading = SourceReading(settings, Context(Path.cwd()), url)
        found = registered_models(reading, client)
        assert len(found) == models
        assert sum(map(len, model_versions(reading, client, found).values())) == models * versions
    assert reading.complete


def _without_one_version(listing: Listing) -> Listing:
    first, *others = listing.models
    shorter = first.model_copy(update={"versions": first.versions[1:]})
    return listing.model_copy(update={"models": (shorter, *others)})


def _bare(url: str) -> None:
    with http.connect(url) as client:
        client.get_json(f"{_API}/registered-models/search", {"max_results": 1000})
        client.get_json(f"{_API}/model-versions/search", {"max_results": 10_000})


def _one_by_one(url: str, listing: Listing) -> None:
    with http.connect(url) as client:
        client.get_json(f"{_API}/registered-models/search", {"max_results": 1000})
        for model in listing.models:
            client.get_json(f"{_API}/model-versions/search", {"filter": f"name='{model.name}'"})


@contextlib.contextmanager
def _server(models: int, versions: int) -> Iterator[MLflowServer]:
    with tempfile.TemporaryDirectory() as name, mlflow.running(Path(name)) as server:
        mlflow.fill(server, models=models, versions=versions)
        with contextlib.closing(sqlite3.connect(server.database)) as database, database:
            database.execute(
                "UPDATE model_versions SET source = 'mlflow-artifacts:/0/' || run_id || '/model'"
            )
            runs = [run for (run,) in database.execute("SELECT run_id FROM model_versions")]
        for run in runs:
            folder = Path(name) / "artifacts" / "0" / run / "model"
            folder.mkdir(parents=True)
            (folder / "MLmodel").write_text(_MLMODEL)
        yield server
