"""Backstage by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from callboard.cli.main import main
from tests.servers.catalogs import Running, resource
from tests.servers.contents import Contents


@pytest.fixture
def options(sandbox_catalog: Running, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("BY_HAND", sandbox_catalog.token.reveal())
    return ["--backstage-url", sandbox_catalog.url, "--backstage-token-env", "BY_HAND"]


def ran(*arguments: str) -> int:
    """The exit code of a command that may also just return."""
    try:
        main(arguments)
    except SystemExit as leaving:
        return int(leaving.code or 0)
    return 0


def test_a_file_is_registered_shown_and_unregistered(
    options: list[str], contents: Contents, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    target = contents.write(f"{name}.yaml", resource(name))
    assert ran("register", target, *options) == 0
    said = capsys.readouterr().out
    assert f"resource:default/{name}" in said
    assert "confirmed" in said

    assert ran("get", "locations", *options, "-o", "json") == 0
    locations = {each["target"]: each["id"] for each in json.loads(capsys.readouterr().out)}
    assert target in locations

    assert ran("get", "resources", *options, "-o", "yaml") == 0
    found = {each["metadata"]["name"]: each for each in yaml.safe_load(capsys.readouterr().out)}
    assert found[name]["spec"]["type"] == "ai-model"

    for kind, shown in (
        ("locations", target),
        ("resources", f"resource:default/{name}"),
        ("entities", target),
    ):
        assert ran("get", kind, *options) == 0
        assert shown in capsys.readouterr().out

    assert ran("unregister", target, *options) == 0
    assert ran("unregister", target, *options) == 1
    assert ran("unregister", locations[target], *options) == 1
    assert "is not registered" in capsys.readouterr().err
    assert ran("register", target, *options) == 0
    capsys.readouterr()
    assert ran("get", "locations", *options, "-o", "json") == 0
    again = {each["target"]: each["id"] for each in json.loads(capsys.readouterr().out)}
    assert ran("unregister", again[target], *options) == 0


def test_a_file_that_backstage_cannot_take_is_a_finding(
    options: list[str], contents: Contents, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ran("register", contents.target(f"{name}-missing.yaml"), *options) == 1
    assert "no matching files found" in capsys.readouterr().err
    assert ran("register", contents.write(f"{name}.yaml", ""), *options) == 0
    assert "holds no entity" in capsys.readouterr().out


def test_an_entity_that_is_somebody_elses_is_a_finding(
    options: list[str], contents: Contents, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ran("register", contents.write(f"{name}.yaml", resource(name)), *options) == 0
    assert ran("register", contents.write(f"{name}-b.yaml", resource(name)), *options) == 1
    assert "foreign" in capsys.readouterr().out


def test_what_there_is_none_of_is_said(
    sandbox_catalog: Running,
    options: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert ran("get", "systems", *options) == 0
    assert capsys.readouterr().err == "No systems.\n"
    monkeypatch.setenv("BY_HAND", sandbox_catalog.reader_token.reveal())
    assert ran("get", "locations", *options) == 0
    assert "without the permission" in capsys.readouterr().err


def test_the_configured_backstage_is_taken_and_its_token_goes_nowhere_else(
    sandbox_catalog: Running,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("CONFIGURED", sandbox_catalog.token.reveal())
    config = tmp_path / "callboard.yaml"
    config.write_text(f"backstage: {{url: {sandbox_catalog.url}, token: {{env: CONFIGURED}}}}\n")
    assert ran("--config", str(config), "get", "locations") == 0
    # Another address is asked without the configured token, even where it leads to the same server.
    other = sandbox_catalog.url.replace("127.0.0.1", "localhost")
    assert ran("--config", str(config), "get", "locations", "--backstage-url", other) == 3
    assert "401" in capsys.readouterr().err
    monkeypatch.setenv("OTHER", "not-the-token")
    assert ran("--config", str(config), "get", "locations", "--backstage-token-env", "OTHER") == 3
    monkeypatch.delenv("CONFIGURED")
    assert ran("--config", str(config), "get", "locations") == 2
    assert "CONFIGURED is not set" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["get", "locations", "--backstage-url", "http://127.0.0.1:9"], 3, "cannot connect"),
        (["get", "locations", "--backstage-url", "ftp://x"], 2, "not an http or https URL"),
        (["get", "planets", "--backstage-url", "http://127.0.0.1:9"], 2, "planets"),
        (["get", "locations"], 2, "says nothing about Backstage"),
    ],
)
def test_what_cannot_be_done_is_told_with_its_exit_code(
    arguments: list[str],
    code: int,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "callboard.yaml").write_text("sources: []\n")
    assert ran(*arguments) == code
    assert said in capsys.readouterr().err
