"""The sandbox's catalog and the real Backstage, side by side: what is true of one must be true of both."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import pytest

from callboard.backstage.client import Catalog
from callboard.http import connect
from callboard.redaction import Secret
from callboard.sandbox import catalog as sandbox
from tests.servers.backstage import GitHub, StartBackstage
from tests.servers.contents import Contents

T = TypeVar("T")
_names = itertools.count(1)


@dataclass(frozen=True)
class Running:
    """A catalog that reads from ``contents``."""

    url: str
    token: Secret
    reader_token: Secret


@pytest.fixture(scope="session")
def sandbox_catalog(contents: Contents) -> Iterator[Running]:
    """The sandbox's catalog."""
    with sandbox.running(
        forge_url=contents.url,
        forge_api_url=contents.api_url,
        forge_token=contents.token,
        timing=sandbox.Timing(pause=0.05),
    ) as started:
        yield Running(started.url, started.token, started.reader_token)


@pytest.fixture(scope="session")
def real_catalog(contents: Contents, start_backstage: StartBackstage) -> Running:
    """A real Backstage."""
    started = start_backstage(forge=GitHub(contents.url, contents.token.reveal()))
    return Running(started.url, Secret(started.token), Secret(started.reader_token))


@pytest.fixture(params=["sandbox_catalog", "real_catalog"], scope="module")
def each_catalog(request: pytest.FixtureRequest) -> Running:
    """First the one, then the other."""
    running: Running = request.getfixturevalue(request.param)
    return running


@pytest.fixture
def catalog(each_catalog: Running) -> Iterator[Catalog]:
    """A client of each catalog."""
    with connect(each_catalog.url, token=each_catalog.token) as http:
        yield Catalog(http)


@pytest.fixture
def name() -> str:
    """An entity name that no other test uses."""
    return f"model-{next(_names)}"


def eventually(read: Callable[[], T], wanted: Callable[[T], bool] = bool, *, within: float = 20.0) -> T:
    """What ``read`` answers as soon as it is as wanted. Fails with the last answer when it never is."""
    give_up = time.monotonic() + within
    while True:
        answer = read()
        if wanted(answer):
            return answer
        assert time.monotonic() < give_up, f"still {answer!r} after {within} seconds"
        time.sleep(0.1)


def resource(name: str, *, owner: str = "group:default/ml", extra: str = "") -> str:
    """The YAML of an entity."""
    return (
        "apiVersion: backstage.io/v1alpha1\nkind: Resource\n"
        f"metadata:\n  name: {name}\n  description: A model\n"
        f"spec:\n  type: ai-model\n  owner: {owner}\n{extra}"
    )
