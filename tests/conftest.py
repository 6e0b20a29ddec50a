"""Fixtures that every test may use. Each server that tests start has its module in ``tests/servers``."""

from __future__ import annotations

from collections.abc import Generator

import pytest

pytest_plugins: list[str] = [
    "tests.servers.backstage",
    "tests.servers.contents",
    "tests.servers.catalogs",
    "tests.servers.forge",
    "tests.servers.mlflow",
]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A required test never skips: only a test of an optional tier may, and says why."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and item.get_closest_marker("optional") is None:
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, and it is required: {report.longrepr}"
    return report
