"""A required test cannot skip, and coverage watches what it is asked to."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_TESTS = """
import pytest

def test_required():
    pytest.skip("no server here")

@pytest.mark.optional
def test_optional():
    pytest.skip("no server here")
"""


_WATCHED = """
import coverage
import pytest

def test_watched():
    assert coverage.Coverage.current()

@pytest.mark.no_cover
def test_not_watched():
    assert not coverage.Coverage.current()
"""


@pytest.mark.parametrize(("name", "code"), [("test_required", 1), ("test_optional", 0)])
def test_only_tests_of_an_optional_tier_may_skip(tmp_path: Path, name: str, code: int) -> None:
    (tmp_path / "test_it.py").write_text(_TESTS)
    (tmp_path / "conftest.py").write_text("from tests.conftest import pytest_runtest_makereport\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = optional: may skip\naddopts = -rs\n")

    done = _pytest(tmp_path, f"test_it.py::{name}")

    assert done.returncode == code, done.stdout
    assert "no server here" in done.stdout


@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_test_that_coverage_is_not_to_watch_is_not_watched_in_a_worker_either(
    tmp_path: Path, workers: str
) -> None:
    (tmp_path / "test_it.py").write_text(_WATCHED)
    (tmp_path / "conftest.py").write_text("from tests.conftest import pytest_configure\n")

    done = _pytest(tmp_path, "test_it.py", "-n", workers, "--cov=nothing", "--cov-report=")

    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout


def _pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    checkout = Path(__file__).parent.parent
    command = [sys.executable, "-m", "pytest", "-q", *arguments, "--rootdir", str(folder)]
    return subprocess.run(
        command, cwd=folder, env={"PYTHONPATH": str(checkout)}, capture_output=True, text=True, check=False
    )
