"""Fixtures that every test may use. Each server that tests start has its module in ``tests/servers``."""

from __future__ import annotations

import gc
import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, is_hypothesis_test, settings

from callboard import redaction

pytest_plugins: list[str] = [
    "tests.servers.backstage",
    "tests.servers.contents",
    "tests.servers.catalogs",
    "tests.servers.forge",
    "tests.servers.mlflow",
    "tests.servers.oci",
    "tests.servers.openwebui",
    "tests.servers.kube_apiserver",
]


# How fast a machine is says nothing about the code. CI draws the same examples each time; people draw others.
settings.register_profile(
    "callboard", deadline=None, derandomize="CI" in os.environ, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("callboard")

# A session holds millions of objects for good: to go through them as often as usual takes a tenth of it.
gc.set_threshold(20_000, 20, 20)


def pytest_configure(config: pytest.Config) -> None:
    """In a worker of xdist, pytest-cov watches twice, and would stop one of the two for ``no_cover``."""
    plugin = config.pluginmanager.get_plugin("_cov")
    if hasattr(config, "workerinput") and plugin is not None and plugin.cov_controller is not None:
        plugin.cov_controller.cov.stop()


# The rooms whose single files take minutes, the slowest first, and a slow file that would be the last.
_SLOWEST = ("walk", "e2e", "service", "cli", "backstage", "validation", "test_wheel.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each file runs on one core, and all that ask for MLflow, whose start takes half a minute, on the same.

    Slow files start first, so that no core waits at the end for the last of another. Coverage does not watch
    the examples of property tests: it would double their time, and a line that nothing but a chance example
    reaches is not taken for tested.
    """
    tests = Path(__file__).parent
    served = {item.path for item in items if "mlflow_server" in getattr(item, "fixturenames", ())}

    def place(item: pytest.Item) -> tuple[int, bool]:
        room = item.path.relative_to(tests).parts[0]
        room = "e2e" if item.path in served else room
        return _SLOWEST.index(room) if room in _SLOWEST else len(_SLOWEST), item.path not in served

    for item in items:
        group = "mlflow" if item.path in served else item.path.relative_to(tests).as_posix()
        item.add_marker(pytest.mark.xdist_group(group))
        if is_hypothesis_test(getattr(item, "obj", None)):
            item.add_marker(pytest.mark.no_cover)
    items.sort(key=place)


@pytest.fixture(autouse=True)
def forget_secrets() -> Iterator[None]:
    """The secrets of one test are none in the next: each text would be searched for those of thousands.

    Those of servers that serve a module or the whole session stay: pytest sets them up before this.
    """
    before = redaction._known.copy()
    yield
    with redaction._lock:
        for form in (redaction._known - before).elements():
            redaction._forget(form)


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
