"""The program that action.yml starts, within this process: what it answers and what it leaves behind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from callboard.action.__main__ import main
from callboard.sandbox.forge import SandboxForge
from tests.action.conftest import CARD, CONFIG, REPOSITORY
from tests.action.events import example, schedule
from tests.action.runner import parse_values


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a scheduled job; its files are beside it."""
    folder = tmp_path / "work"
    (folder / "cards").mkdir(parents=True)
    (folder / "callboard.yaml").write_text(CONFIG)
    (folder / "cards" / "fraud.md").write_text(CARD)
    (tmp_path / "event.json").write_text(json.dumps(schedule(REPOSITORY)))
    monkeypatch.chdir(folder)
    for name in ("INPUT_COMMAND", "INPUT_PATHS", "INPUT_PRUNE", "INPUT_DRY_RUN", "GITHUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GITHUB_EVENT_NAME", "schedule")
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(tmp_path / "event.json"))
    monkeypatch.setenv("GITHUB_REPOSITORY", REPOSITORY)
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary"))
    monkeypatch.setenv("CALLBOARD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CALLBOARD_TOKEN", "")
    return folder


def run(command: str, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("INPUT_COMMAND", command)
    return main()


def outputs(workspace: Path) -> dict[str, str]:
    return parse_values((workspace.parent / "output").read_text())


def test_a_sync_and_a_reconcile_leave_outputs_and_summaries(
    workspace: Path, forge: SandboxForge, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    token = forge.add_user("callboard", kind="Bot")
    forge.add_repository(REPOSITORY, {"a": b"b"}, collaborators={"callboard[bot]": "write"})
    monkeypatch.setenv("GITHUB_SERVER_URL", forge.url)
    monkeypatch.setenv("CALLBOARD_TOKEN", f"{token}\n")

    statuses = [run(command, monkeypatch) for command in ("diff", "sync", "reconcile")]

    assert statuses == [0, 0, 0]
    (pull,) = json.loads(outputs(workspace)["pull-requests"])
    assert (pull["number"], pull["verdict"], pull["done"]) == (1, "wait", "nothing")
    summary = (workspace.parent / "summary").read_text()
    assert [f"## Callboard: {name}" in summary for name in ("diff", "sync", "reconcile")] == [True] * 3
    assert capsys.readouterr().out.startswith(f"::add-mask::{token}\n")


def test_a_catalog_is_validated(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("validate", monkeypatch) == 0
    assert "::warning title=Callboard::Nothing was checked." in capsys.readouterr().out
    assert outputs(workspace) == {"findings": "0"}
    (workspace / "catalog-info.yaml").write_text("a: [")
    assert run("validate", monkeypatch) == 1
    assert "::error file=catalog-info.yaml,line=1," in capsys.readouterr().out
    assert (workspace.parent / "summary").read_text().count("## Catalog validation") == 1


def test_what_stops_a_command_is_an_annotation_for_each_line_of_it(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (workspace / "callboard.yaml").write_text("sorces: []\ncatalog: {bse: main}\n")
    assert run("sync", monkeypatch) == 2
    lines = capsys.readouterr().out.splitlines()
    assert lines
    assert all(line.startswith("::error title=Callboard::") for line in lines)
    assert any("callboard.yaml:1:1" in line and "sources" in line for line in lines)
    assert not (workspace.parent / "output").exists()


def test_a_missing_token_is_named(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("sync", monkeypatch) == 2
    assert "no token for the forge" in capsys.readouterr().out


def test_an_input_that_says_nothing_ends_with_2(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("serve", monkeypatch) == 2
    monkeypatch.setenv("INPUT_PATHS", "nothing.yaml")
    assert run("validate", monkeypatch) == 2
    assert "nothing.yaml cannot be read" in capsys.readouterr().out


@pytest.mark.parametrize("event", ["", "[]", "{"])
def test_an_event_that_cannot_be_read_is_not_trusted(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, event: str
) -> None:
    (workspace.parent / "event.json").write_text(event)
    monkeypatch.setenv("GITHUB_EVENT_NAME", "push")
    monkeypatch.setenv("GITHUB_REF", "refs/heads/main")
    assert run("sync", monkeypatch) == 2


def test_a_workspace_without_git_is_not_trusted_on_a_review(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (workspace.parent / "event.json").write_text(json.dumps(example("pull_request_review")))
    monkeypatch.setenv("GITHUB_EVENT_NAME", "pull_request_review")
    assert run("reconcile", monkeypatch) == 2
    assert "Check out 'ref: main'" in capsys.readouterr().out
