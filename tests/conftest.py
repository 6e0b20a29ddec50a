"""Fixtures that every test may use. Each server that tests start has its module in ``tests/servers``."""

from __future__ import annotations

pytest_plugins: list[str] = [
    "tests.servers.backstage",
    "tests.servers.contents",
    "tests.servers.catalogs",
    "tests.servers.forge",
    "tests.servers.mlflow",
]
