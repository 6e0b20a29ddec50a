"""The examples of ``docs/sources/rest.md``, as they stand there, against doubles of what they speak of."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from callboard.config_file import load_config
from callboard.model import Listing, Model
from callboard.sources.context import Context
from callboard.sources.registry import SOURCE_TYPES, source_type
from callboard.sources.rest import Settings, list_models
from tests.servers import json_api
from tests.servers.json_api import Registry
from tests.servers.processes import answers, free_port, started

PAGE = Path(__file__).parents[2] / "docs" / "sources" / "rest.md"

# Columns as QuickServeML's registry.py creates them; dates are local times without a zone.
TABLE = """
CREATE TABLE models (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, version TEXT NOT NULL, description TEXT,
    tags TEXT, author TEXT, created_at TEXT, updated_at TEXT, status TEXT, model_path TEXT, model_hash TEXT,
    file_size INTEGER, framework TEXT, accuracy REAL, latency_ms REAL, throughput_rps REAL, input_shape TEXT,
    output_shape TEXT, dependencies TEXT, deployment_history TEXT, notes TEXT, UNIQUE(name, version)
)
"""


def example(name: str, url: str) -> Settings:
    """The source of that example, at another address and without its secret."""
    found = re.search(rf"<!-- example: {name} -->\n```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert found
    text = re.sub(r"(?m)^    (username|password|token): .*\n", "", found[1])
    config = load_config(text, "callboard.yaml", lambda kind: source_type(kind).settings, SOURCE_TYPES)
    settings = config.sources[0]
    assert isinstance(settings, Settings)
    return settings.model_copy(update={"url": url})


def read(settings: Settings) -> Listing:
    return list_models(settings, Context(Path.cwd()))


@pytest.fixture
def registry() -> Iterator[Registry]:
    with json_api.running() as registry:
        yield registry


def harper_model(name: str, version: str, uploaded: int, **changes: Any) -> dict[str, Any]:
    metadata = {
        "taskType": "text-embedding",
        "equivalenceGroup": "sentence-encoder",
        "outputDimensions": [384],
        "description": f"{name} as of {version}",
        "tags": ["nlp"],
    }
    said = {
        "id": f"{name}:{version}",
        "modelName": name,
        "modelVersion": version,
        "framework": "onnx",
        "stage": "production",
        "modelBlob": {"bytes": "AAAA"},
        "blobSize": 90_000_000,
        "inputSchema": None,
        "outputSchema": None,
        "metadata": json.dumps(metadata),
        "uploadedAt": uploaded,
    }
    return said | changes


def test_a_harper_table_is_read_with_its_benchmarks(registry: Registry) -> None:
    measured = {"avgLatency": 12.5, "p95Latency": 20, "errorRate": 0, "successCount": 100, "errorCount": 0}
    registry.tables = {
        "Model": [
            harper_model("minilm", "v1", 1_767_000_000_000, stage="production"),
            harper_model("minilm", "v2", 1_768_000_000_000, stage="staging"),
            harper_model("use", "v1", 1_767_000_000_000, metadata="{not JSON", framework="tensorflowjs"),
        ],
        "BenchmarkResult": [
            {
                "id": "8f1f04fe",
                "taskType": "text-embedding",
                "equivalenceGroup": "sentence-encoder",
                "modelIds": json.dumps(["minilm:v1", "use:v1"]),
                "results": json.dumps({"minilm:v1": measured, "use:v1": measured | {"avgLatency": 30}}),
                "testDataSummary": json.dumps({"sampleCount": 10}),
                "iterations": 10,
                "runBy": "perf-team",
                "notes": "",
                "timestamp": 1_767_980_739_803,
                "completedAt": 1_767_980_739_820,
            }
        ],
    }
    listing = read(example("harper", registry.url))
    assert listing.complete
    models = {model.id: model for model in listing.models}
    assert sorted(models) == ["minilm", "use"]
    minilm = models["minilm"]
    assert (minilm.description, minilm.tasks, minilm.tags) == (
        "minilm as of v2",
        ("text-embedding",),
        ("nlp",),
    )
    assert (minilm.library, minilm.properties) == ("onnx", {"equivalence-group": "sentence-encoder"})
    assert [(one.name, one.state) for one in minilm.versions] == [("v2", "staging"), ("v1", "production")]
    newest, older = minilm.versions
    assert newest.evaluations == ()
    assert older.artifacts[0].size == 90_000_000
    latency = older.evaluations[0]
    assert (latency.metric, latency.value, latency.higher_is_better) == ("avgLatency", 12.5, None)
    assert (latency.dataset, latency.source) == ("sentence-encoder", "benchmark 8f1f04fe")
    assert models["use"].versions[0].evaluations[0].value == 30
    assert models["use"].description is None
    assert "modelBlob" not in str(registry.requests)
    assert registry.paths == ["/Model/", "/BenchmarkResult/"]


def quickserve(folder: Path) -> Path:
    """A registry as QuickServeML writes it."""
    path = folder / "registry.db"
    rows = [
        ("fraud", "v1.0.0", "archived", 0.81, "2026-01-02T03:04:05.123456"),
        ("fraud", "v1.0.9", "validated", 0.9, "2026-02-02T03:04:05.123456"),
        ("fraud", "v1.0.10", "failed", None, "2026-03-02T03:04:05.123456"),
        ("churn", "v1.0.0", "draft", None, "2026-01-02T03:04:05.123456"),
        ("price", "v1.0.0", "production", 0.5, "2026-01-02T03:04:05.123456"),
    ]
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute(TABLE)
        for name, version, status, accuracy, time_ in rows:
            values = {
                "name": name, "version": version, "status": status, "accuracy": accuracy, "latency_ms": 1.25,
                "description": "", "tags": '["tabular", "eu"]', "author": "ana", "created_at": time_,
                "updated_at": time_, "model_path": f"/srv/{name}_{version}.onnx", "model_hash": "ab" * 32,
                "file_size": 26_454, "framework": "onnx", "input_shape": "null", "output_shape": "[1, 10]",
                "dependencies": "{}", "deployment_history": "[]", "notes": "",
            }  # fmt: skip
            marks = ", ".join("?" * len(values))
            database.execute(
                f"INSERT INTO models ({', '.join(values)}) VALUES ({marks})", list(values.values())
            )
    return path


def check_quickserve(listing: Listing) -> None:
    assert listing.complete
    assert listing.problems == ()
    models: dict[str, Model] = {model.id: model for model in listing.models}
    assert sorted(models) == ["churn", "fraud", "price"]
    fraud = models["fraud"]
    assert (fraud.owner, fraud.library, fraud.tags) == ("ana", "onnx", ("tabular", "eu"))
    assert [(version.name, version.state) for version in fraud.versions] == [
        ("v1.0.10", "failed"),
        ("v1.0.9", "validated"),
        ("v1.0.0", "archived"),
    ]
    failed, validated, archived = fraud.versions
    assert [(one.passed, one.source) for one in failed.validations] == [(False, "QuickServeML registry")]
    assert [one.passed for one in validated.validations] == [True]
    assert archived.validations == ()
    assert [(one.metric, one.value) for one in validated.evaluations] == [
        ("accuracy", 0.9),
        ("latency_ms", 1.25),
    ]
    assert validated.created_at == "2026-02-02T03:04:05Z"
    assert (validated.artifacts[0].digest, validated.artifacts[0].size) == (f"sha256:{'ab' * 32}", 26_454)


def test_a_quickserveml_registry_is_read_through_datasette(registry: Registry, tmp_path: Path) -> None:
    registry.database = quickserve(tmp_path)
    check_quickserve(read(example("quickserveml", registry.url)))
    assert len(registry.requests) == 3


@pytest.mark.optional
def test_the_double_answers_as_a_real_datasette(registry: Registry, tmp_path: Path) -> None:
    program = shutil.which("datasette")
    if program is None:
        pytest.skip("no datasette on the PATH: `pip install datasette` into an environment of its own")
    registry.database = quickserve(tmp_path)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [program, "serve", "--host", "127.0.0.1", "--port", str(port), "--immutable", "registry.db"]
    with (
        started(
            "Datasette",
            command,
            tmp_path,
            environment=os.environ,
            ready=lambda: answers(url),
            within=20,
        ),
        httpx2.Client(trust_env=False) as client,
    ):
        check_quickserve(read(example("quickserveml", url)))
        path = "/registry/models.json?_shape=objects&_size=2"
        while path:
            real, ours = (client.get(f"{host}{path}").json() for host in (url, registry.url))
            assert {key: real[key] for key in ours if key != "next_url"} == {
                key: ours[key] for key in ours if key != "next_url"
            }
            path = (
                f"/registry/models.json?_shape=objects&_size=2&_next={ours['next']}" if ours["next"] else ""
            )
            assert bool(real["next_url"]) == bool(path)


def test_the_first_example_of_the_page_is_a_mapping_that_can_be_used() -> None:
    text = PAGE.read_text("utf-8").split("```yaml\n")[1].split("```")[0]
    config = load_config(text, "callboard.yaml", lambda kind: source_type(kind).settings, SOURCE_TYPES)
    assert config.sources[0].type == "rest"
