"""A required test cannot skip."""

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


@pytest.mark.parametrize(("name", "code"), [("test_required", 1), ("test_optional", 0)])
def test_only_tests_of_an_optional_tier_may_skip(tmp_path: Path, name: str, code: int) -> None:
    (tmp_path / "test_it.py").write_text(_TESTS)
    (tmp_path / "conftest.py").write_text("from tests.conftest import pytest_runtest_makereport\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = optional: may skip\naddopts = -rs\n")
    checkout = Path(__file__).parent.parent
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        f"{tmp_path}/test_it.py::{name}",
        "--rootdir",
        str(tmp_path),
    ]

    done = subprocess.run(
        command, cwd=tmp_path, env={"PYTHONPATH": str(checkout)}, capture_output=True, text=True, check=False
    )

    assert done.returncode == code, done.stdout
    assert "no server here" in done.stdout
