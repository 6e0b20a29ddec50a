from __future__ import annotations

from pathlib import Path

import pytest

from callboard import http
from callboard.cli.main import main
from callboard.config import ForgeKind
from tests.cli.running import Ran, Run
from tests.walk.conftest import house, registered_house
from tests.walk.house import ONE_SOURCE, House

__all__ = ["house", "registered_house"]


@pytest.fixture
def forge_kind() -> ForgeKind:
    """What the commands say is the same on each forge; the walks themselves are tested on both."""
    return "github"


@pytest.fixture(autouse=True)
def _nothing_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """No token, repository or workflow of whoever runs the tests."""
    for name in ("CALLBOARD_TOKEN", "CALLBOARD_PAUSED", "GITHUB_TOKEN", "GITHUB_REPOSITORY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _no_wait_between_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that does not answer is asked as often as ever, but one time right after the other."""
    monkeypatch.setitem(http.connect.__kwdefaults__ or {}, "sleep", lambda _seconds: None)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in this process."""

    def run(*arguments: str) -> Ran:
        capsys.readouterr()
        code = 0
        try:
            main(arguments)
        except SystemExit as leaving:
            code = int(leaving.code or 0)
        return Ran(code, *capsys.readouterr())

    return run


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in."""
    there = tmp_path / "work"
    there.mkdir()
    monkeypatch.chdir(there)
    return there


@pytest.fixture
def at_home(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """A forge with a catalog repository, in the folder of a callboard.yaml that names it."""
    configured(house, monkeypatch)
    return house


@pytest.fixture
def at_registered_home(registered_house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """The same with a catalog to register with."""
    assert registered_house.catalog is not None
    url = registered_house.catalog.url
    backstage = f"backstage: {{url: '{url}', token: {{env: BS_TOKEN}}, confirm-within: 15}}\n"
    configured(registered_house, monkeypatch, backstage)
    return registered_house


def configured(house: House, monkeypatch: pytest.MonkeyPatch, more: str = "") -> None:
    """Write the configuration, go there, and set the variables that it names."""
    text = house.base_config + ONE_SOURCE + more
    (house.folder / "callboard.yaml").write_text(text)
    monkeypatch.chdir(house.folder)
    for name, value in (house.environ | {"CALLBOARD_CACHE": str(house.folder / "cache")}).items():
        monkeypatch.setenv(name, value)
