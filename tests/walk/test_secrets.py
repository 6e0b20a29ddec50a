"""No token in anything that is written, whatever goes wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.walk.house import ONE_SOURCE, House, card


@pytest.fixture
def config(house: House) -> Path:
    path = house.folder / "callboard.yaml"
    path.write_text(house.base_config + ONE_SOURCE)
    house.card("one", card("one", body=f"# one\n\nThe token is {house.bot}.\n"))
    return path


def _run(house: House, *arguments: str, token: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "FORGE_TOKEN": token or house.bot,
        "CALLBOARD_CACHE": str(house.folder / "cache"),
        "HOME": str(house.folder),
    }
    command = [sys.executable, "-m", "callboard.cli.main", *arguments]
    return subprocess.run(command, cwd=house.folder, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize(
    "arguments",
    [
        ("sync",),
        ("sync", "-o", "json"),
        ("--log-format", "json", "sync"),
        ("diff",),
        ("models", "-o", "json"),
        ("reconcile",),
        ("doctor",),
    ],
)
def test_the_forges_token_is_in_no_output_and_no_file(
    house: House, config: Path, arguments: tuple[str, ...]
) -> None:
    done = _run(house, *arguments)

    assert done.returncode in (0, 1), done.stderr
    assert "defect" not in done.stderr
    assert house.bot not in done.stdout + done.stderr
    assert _files_with(house.folder / "cache", house.bot) == []


def test_a_wrong_token_is_not_repeated_in_the_error(house: House, config: Path) -> None:
    wrong = "ghp_wrongwrongwrongwrong0000"

    done = _run(house, "sync", token=wrong)

    assert done.returncode == 3
    assert wrong not in done.stdout + done.stderr


def test_a_token_that_a_card_holds_is_not_published(house: House, config: Path) -> None:
    done = _run(house, "sync")

    assert done.returncode == 1
    assert "publishes a secret" in done.stderr
    git = house.forge.repository("acme/model-catalog").git
    branches = [name for name in git.refs() if "callboard/" in name]
    assert branches
    for branch in branches:
        for entry in git.tree(branch, recursive=True):
            if entry.type == "blob":
                assert house.bot.encode() not in git.blob(entry.sha), entry.path
    for title, text in house.hands().texts():
        assert house.bot not in title + text


def _files_with(folder: Path, secret: str) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
