"""A real MLflow server on a loopback port, with models that were really trained."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers.processes import answers, free_port, started
from tools import environments

_TRAINING = Path(__file__).with_name("train_models.py")
_START_WITHIN = 120.0
_SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "GIT_PYTHON_REFRESH": "quiet",
}


@dataclass(frozen=True)
class MLflowServer:
    """A running server."""

    url: str
    database: Path
    """SQLite."""


@contextlib.contextmanager
def running(folder: Path) -> Iterator[MLflowServer]:
    """An empty server that keeps its files in ``folder``, until the end of the ``with``.

    Raises RuntimeError, with the end of the log, when it does not become ready.
    """
    executable = environments.environment("mlflow") / "bin" / "mlflow"
    port = free_port()
    server = MLflowServer(f"http://127.0.0.1:{port}", folder / "mlflow.db")
    command: list[str | Path] = [
        executable,
        "server",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--workers",
        "1",
    ]
    command += ["--backend-store-uri", f"sqlite:///{server.database}"]
    command += ["--artifacts-destination", folder / "artifacts"]
    with started(
        "MLflow",
        command,
        folder,
        environment=os.environ | _SETTINGS,
        ready=lambda: answers(f"{server.url}/health"),
        within=_START_WITHIN,
    ):
        yield server


def train(server: MLflowServer) -> None:
    """Fills the server with the models of ``train_models.py``. Raises RuntimeError when training fails."""
    # Isolated, because beside the script there is a module called mlflow: this one.
    python = environments.python(environments.environment("mlflow"))
    done = subprocess.run(
        [python, "-I", _TRAINING, server.url],
        env=os.environ | _SETTINGS,
        capture_output=True,
        text=True,
        errors="replace",
    )
    if done.returncode:
        raise RuntimeError(f"training the models failed:\n{done.stderr[-3000:]}")


def fill(server: MLflowServer, *, models: int, versions: int) -> None:
    """Adds many plain models, each with that many versions of one run each, straight into the database."""
    moment = 1_750_000_000_000
    numbers = [(m, v) for m in range(models) for v in range(1, versions + 1)]
    with contextlib.closing(sqlite3.connect(server.database)) as database, database:
        database.executemany(
            "INSERT INTO registered_models (name, creation_time, last_updated_time, description)"
            " VALUES (?, ?, ?, ?)",
            [(f"model-{m:05}", moment, moment, f"Number {m}") for m in range(models)],
        )
        database.executemany(
            "INSERT INTO runs (run_uuid, name, experiment_id, status, lifecycle_stage, start_time,"
            " user_id, artifact_uri) VALUES (?, ?, 0, 'FINISHED', 'active', ?, 'someone', '')",
            [(f"{m:016x}{v:016x}", f"run {m}/{v}", moment) for m, v in numbers],
        )
        database.executemany(
            "INSERT INTO latest_metrics (key, value, timestamp, run_uuid, step, is_nan)"
            " VALUES ('accuracy', ?, ?, ?, 0, 0)",
            [(v / 10, moment, f"{m:016x}{v:016x}") for m, v in numbers],
        )
        database.executemany(
            "INSERT INTO model_versions (name, version, creation_time, last_updated_time, current_stage,"
            " source, run_id, status) VALUES (?, ?, ?, ?, 'None', '', ?, 'READY')",
            [(f"model-{m:05}", v, moment, moment, f"{m:016x}{v:016x}") for m, v in numbers],
        )


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MLflowServer]:
    """A server with the trained models, one for the whole session: tests must not change it."""
    with running(tmp_path_factory.mktemp("mlflow")) as server:
        train(server)
        yield server
