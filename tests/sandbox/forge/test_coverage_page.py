"""The page that says what the sandbox forge does is true."""

from __future__ import annotations

from tools import write_sandbox_coverage


def test_the_coverage_page_is_current() -> None:
    assert write_sandbox_coverage.TARGET.read_text(encoding="utf-8") == write_sandbox_coverage.text(), (
        "run tools/write_sandbox_coverage.py"
    )
