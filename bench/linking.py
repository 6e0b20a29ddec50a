"""10,000 models through linking and rendering: how time grows with their number, and peak memory.

``python -m bench.linking linked|alone N`` measures N models in this process and prints the outcome as JSON.
"""

from __future__ import annotations

import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from bench.report import Bound, Figure, median, seconds
from bench.turns import in_turns
from callboard.catalog.identity import Key
from callboard.catalog.plan import keys_of
from callboard.config import Config, SourceSettings
from callboard.model import Card, Counterpart, Endpoint, Evaluation, Listing, Model, Port, Signature, Version
from callboard.sources.provenance import with_provenance
from callboard.walk.base import base_of_folder
from callboard.walk.desired import desire
from callboard.walk.linking import catalogued

_MOST_MEMORY = 1_000_000_000
_SOURCES = ("mlflow", "kubeflow", "kserve")
_CARD = "# Model {0}\n\nScores what {0} scores.\n\n## Uses\n\n- one\n- two\n\n## Limitations\n\n" + (
    "It was trained on data of one country, and nobody looked at others. " * 20
)


@dataclass(frozen=True)
class _Run:
    kind: str
    models: int
    folders: int
    linking: float
    whole: float
    memory: int


def measure(*, few: int = 1000, many: int = 10_000, rounds: int = 2) -> Figure:
    """The figure: all sizes in turns, each in a process of its own."""
    cases = [(kind, models) for kind in ("linked", "alone") for models in (few, many)]
    runs = in_turns({case: partial(_measured, *case) for case in cases}, rounds)
    allowed = many * math.log(many) / (few * math.log(few))
    return Figure(
        title=f"{many:,} models through linking and rendering",
        how=(
            "Linked: of every five models two are in MLflow, the same two are in Kubeflow, which records "
            "MLflow's run of each of their three versions, and one is served by KServe with the labels of "
            "OpenShift AI: two folders for five models. Alone: all are MLflow's, and each has its folder. "
            "They have cards, versions, metrics and signatures. Linking is from the listings to one "
            "record for each folder; the whole is a walk into an empty catalog, with linking, entities, "
            "pages, merging, locks, and the validation of all files, which it holds in memory. User and "
            f"system time of the walk, the middle of {rounds} processes; memory is the most that one of "
            "them had, the listings included."
        ),
        columns=("models", "number", "folders", "linking", "whole walk", "a model", "peak memory"),
        rows=tuple(_row(runs[case]) for case in cases),
        bounds=(
            Bound(
                "two folders for every five linked models, one for each alone",
                all(
                    run.folders * 5 == run.models * (2 if run.kind == "linked" else 5)
                    for case in cases
                    for run in runs[case]
                ),
            ),
            *(_growth(kind, runs[kind, few], runs[kind, many], allowed) for kind in ("linked", "alone")),
            *(_memory(kind, runs[kind, many]) for kind in ("linked", "alone")),
        ),
    )


def _growth(kind: str, few: list[_Run], many: list[_Run], allowed: float) -> Bound:
    grown = median(run.whole for run in many) / median(run.whole for run in few)
    times = many[0].models // few[0].models
    what = f"{kind}: {times} times the models take {grown:.1f} times as long, at most {allowed:.1f} (n log n)"
    return Bound(what, grown <= allowed, is_count=False)


def _memory(kind: str, runs: list[_Run]) -> Bound:
    most = max(run.memory for run in runs)
    what = f"{kind}: less than 1 GB for {runs[0].models:,} models ({most / 1e6:,.0f} MB)"
    return Bound(what, most < _MOST_MEMORY, is_count=False)


def _row(runs: list[_Run]) -> tuple[str, ...]:
    whole = median(run.whole for run in runs)
    return (
        runs[0].kind,
        f"{runs[0].models:,}",
        f"{runs[0].folders:,}",
        seconds(median(run.linking for run in runs)),
        seconds(whole),
        f"{whole / runs[0].models * 1000:.2f} ms",
        f"{max(run.memory for run in runs) / 1e6:,.0f} MB",
    )


def _measured(kind: str, models: int) -> _Run:
    command = [sys.executable, "-m", "bench.linking", kind, str(models)]
    here = Path(__file__).resolve().parent.parent
    return _Run(**json.loads(subprocess.run(command, cwd=here, stdout=subprocess.PIPE, check=True).stdout))


def _here(kind: str, models: int) -> _Run:
    listings = _linked(models) if kind == "linked" else _alone(models)
    config = Config(sources=tuple(SourceSettings(name=name, type=name) for name in _SOURCES))
    with tempfile.TemporaryDirectory() as folder:
        base = base_of_folder(Path(folder), "models")
        keyed: dict[Key, Model] = {}
        for settings, listing in zip(config.sources, listings, strict=True):
            keyed |= keys_of(listing.models, "bench", settings, base.shelf)
        start = time.process_time()
        catalogued(config, "bench", base.shelf, listings, keyed, set(), set(), {})
        linking = time.process_time() - start
        start = time.process_time()
        desired = desire(config, "bench", base, listings, {}, prune=False)
        whole = time.process_time() - start
    assert not [one for one in desired.findings if one.severity == "error"], desired.findings
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return _Run(kind, models, len(desired.changes), linking, whole, memory)


def _linked(models: int) -> tuple[Listing, ...]:
    shared = models * 2 // 5
    return (
        _listing("mlflow", map(_tracked, range(shared))),
        _listing("kubeflow", map(_registered, range(shared))),
        _listing("kserve", map(_served, range(models - 2 * shared))),
    )


def _alone(models: int) -> tuple[Listing, ...]:
    return _listing("mlflow", map(_tracked, range(models))), _listing("kubeflow", ()), _listing("kserve", ())


def _listing(source: str, models: Iterable[Model]) -> Listing:
    return Listing(source=source, models=tuple(map(with_provenance, models)), complete=True)


def _tracked(number: int) -> Model:
    name = f"model-{number}"
    ports = tuple(Port(name=f"field_{at}", type="double") for at in range(6))
    versions = tuple(
        Version(
            name=str(version),
            run_id=f"{number:016x}{version:016x}",
            aliases=("champion",) if version == 3 else (),
            evaluations=tuple(
                Evaluation(metric=metric, value=0.9 + version / 100, dataset="holdout")
                for metric in ("f1", "auc")
            ),
            signature=Signature(inputs=ports, outputs=(Port(name="score", type="double"),)),
        )
        for version in (3, 2, 1)
    )
    card = Card(markdown=_CARD.format(name))
    return Model(source="mlflow", id=name, name=name, tags=("tabular",), versions=versions, card=card)


def _registered(number: int) -> Model:
    versions = tuple(Version(name=f"v{version}", id=f"{number}{version}") for version in (3, 2, 1))
    said = tuple(
        Counterpart(
            registry="mlflow", said_by="run", run_id=f"{number:016x}{version:016x}", of_version=f"v{version}"
        )
        for version in (3, 2, 1)
    )
    return Model(
        source="kubeflow",
        id=str(number),
        name=f"Model {number}",
        description=f"Scores what model {number} scores.",
        owner=f"group:default/team-{number % 40}",
        versions=versions,
        counterparts=said,
    )


def _served(number: int) -> Model:
    said = Counterpart(
        registry="kubeflow", said_by="label", model=str(number), version=f"{number}3", of_version="now"
    )
    endpoint = Endpoint(url=f"https://model-{number}.example", protocol="openai-v1", version=f"{number}3")
    return Model(
        source="kserve",
        id=f"ml/model-{number}",
        name=f"ml/model-{number}",
        versions=(Version(name="now"),),
        endpoints=(endpoint,),
        counterparts=(said,),
    )


if __name__ == "__main__":
    print(json.dumps(asdict(_here(sys.argv[1], int(sys.argv[2])))))
