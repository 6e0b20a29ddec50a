from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from callboard.config import ForgeKind
from callboard.sandbox.forge import SandboxForge
from tests.contracts.github import Contract
from tests.servers.forge import ForgeFactory
from tests.service.gate import Gate
from tests.service.running import CONFIG, ServiceHouse
from tests.walk.house import card, found_catalog


@pytest.fixture(params=["github", "gitlab"])
def forge_kind(request: pytest.FixtureRequest) -> ForgeKind:
    kind: ForgeKind = request.param
    return kind


@pytest.fixture
def service_house(start_forge: ForgeFactory, tmp_path: Path, forge_kind: ForgeKind) -> Iterator[ServiceHouse]:
    """A forge, a repository with a configuration and one model card; the service is not started yet."""
    with _house(start_forge(), tmp_path, forge_kind) as house:
        yield house


@pytest.fixture
def gated_house(
    github_contract: Contract, tmp_path: Path, forge_kind: ForgeKind
) -> Iterator[tuple[ServiceHouse, Gate]]:
    """The same with a gate in front of the forge."""
    gate = Gate()
    with (
        SandboxForge(tmp_path / "forge", wrap=lambda app: gate.wrap(github_contract.wrap(app))) as forge,
        _house(forge, tmp_path, forge_kind) as house,
    ):
        yield house, gate
        gate.open(drop=True)


@contextlib.contextmanager
def _house(forge: SandboxForge, folder: Path, forge_kind: ForgeKind) -> Iterator[ServiceHouse]:
    files = {
        "callboard.yaml": CONFIG.format(forge=forge_kind).encode(),
        "cards/fraud.md": card("fraud").encode(),
    }
    bot, robin = found_catalog(forge, forge_kind, files)
    house = ServiceHouse(forge, folder, bot, robin, kind=forge_kind)
    try:
        yield house
    finally:
        if house.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(house.process.pid, signal.SIGKILL)
            house.process.wait()
