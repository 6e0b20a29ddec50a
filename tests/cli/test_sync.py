"""``callboard sync``: one walk up to open pull requests, as a script sees it."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from callboard.catalog import inputs, plan
from callboard.catalog.docs import render_docs
from tests.cli.running import Ran, Run
from tests.walk.house import REPOSITORY, House, card


@pytest.fixture
def home(at_home: House) -> House:
    for name in ("one", "two"):
        at_home.card(name, card(name))
    return at_home


def record(done: Ran) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(done.out)
    return said


def test_programs_get_the_changes_the_pull_requests_and_what_it_cost(home: House, run: Run) -> None:
    mark = home.forge.log.mark()

    done = run("sync", "-o", "json")

    said, counts = record(done), home.counts(mark)
    assert (done.code, done.err) == (0, "")
    assert said["models"] == 2
    assert [change["name"] for change in said["changes"]] == ["one", "two"]
    assert all("catalog-info.yaml" in change["files"]["added"] for change in said["changes"])
    assert [(one["action"], one["number"], one["models"]) for one in said["pull-requests"]] == [
        ("open", 1, ["one"]),
        ("open", 2, ["two"]),
    ]
    assert said["pull-requests"][0]["url"] == f"{home.forge.url}/{REPOSITORY}/pull/1"
    assert said["findings"] == []
    assert (said["forge"]["writes"], said["forge"]["pushes"]) == (counts.writes, counts.pushes)
    assert said["forge"]["reads"] == counts.reads


def test_a_second_run_writes_nothing(home: House, run: Run) -> None:
    run("sync")
    mark = home.forge.log.mark()

    done = run("sync", "-o", "json")

    said = record(done)
    assert done.code == 0
    assert {one["action"] for one in said["pull-requests"]} == {"unchanged"}
    assert (said["forge"]["writes"], said["forge"]["pushes"]) == (0, 0)
    assert (home.counts(mark).writes, home.counts(mark).pushes) == (0, 0)


def test_a_dry_run_says_the_same_and_writes_nothing(home: House, run: Run) -> None:
    mark = home.forge.log.mark()

    dry = record(run("sync", "--dry-run", "-o", "json"))

    assert (home.counts(mark).writes, home.counts(mark).pushes) == (0, 0)
    assert [one["number"] for one in dry["pull-requests"]] == [None, None]
    assert dry["changes"] == record(run("sync", "-o", "json"))["changes"]


def test_people_get_a_row_for_each_pull_request_and_a_sum(home: House, run: Run) -> None:
    first, second = run("sync").out.splitlines(), run("sync").out.splitlines()

    assert first[0].split() == ["ACTION", "PULL", "REQUEST", "MODEL", "WHERE", "OR", "WHY"]
    assert first[1].split() == ["open", "#1", "one", f"{home.forge.url}/{REPOSITORY}/pull/1"]
    assert first[-1].startswith("2 models, 2 changes; ")
    assert first[-1].endswith(", 4 writes, 1 push")
    assert second[-1].endswith(", 0 writes, 0 pushes")


def test_yaml_says_the_same_as_json(home: House, run: Run) -> None:
    run("sync")
    as_json, as_yaml = record(run("sync", "-o", "json")), yaml.safe_load(run("sync", "-o", "yaml").out)

    assert {**as_yaml, "forge": None} == {**as_json, "forge": None}


def test_a_model_that_cannot_be_read_is_a_finding_and_stops_no_other(home: House, run: Run) -> None:
    bad = home.folder / "cards" / "bad"
    bad.mkdir()
    (bad / "model.onnx").write_bytes(b"no model")

    done = run("sync", "-o", "json")

    said = record(done)
    assert done.code == 1
    assert len(said["pull-requests"]) == 2
    assert [(one["source"], one["model"]) for one in said["findings"]] == [("cards", "bad")]
    assert "cards/bad/model.onnx" in done.err


def test_no_source_that_answers_ends_with_3_and_proposes_nothing(home: House, run: Run) -> None:
    (home.folder / "cards").rename(home.folder / "gone")

    done = run("sync", "-o", "json")

    assert done.code == 3
    assert record(done)["pull-requests"] == []


def test_what_the_forge_refuses_is_a_finding(home: House, run: Run) -> None:
    home.forge.fail_next("pulls/create", 500)

    done = run("sync", "-o", "json")

    assert done.code == 1
    assert [one["source"] for one in record(done)["findings"]] == ["forge"]


def test_a_missing_token_ends_with_2_and_says_which(
    home: House, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FORGE_TOKEN")

    done = run("sync")

    assert (done.code, done.out) == (2, "")
    assert "FORGE_TOKEN is not set" in done.err


def test_a_missing_base_branch_is_said_with_what_to_do(home: House, run: Run) -> None:
    config = home.folder / "callboard.yaml"
    config.write_text(config.read_text().replace("catalog:\n", "catalog:\n  base: trunk\n"))

    done = run("sync")

    assert (done.code, done.out) == (2, "")
    assert "has no branch trunk" in done.err
    assert "make a first commit on it" in done.err


def test_a_repository_that_is_not_there_ends_with_3_and_says_what_to_check(home: House, run: Run) -> None:
    config = home.folder / "callboard.yaml"
    config.write_text(config.read_text().replace("acme/model-catalog", "acme/nowhere"))

    done = run("sync")

    assert (done.code, done.out) == (3, "")
    assert "check the repository's name" in done.err


def test_a_pause_is_said_and_nothing_is_written(
    home: House, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALLBOARD_PAUSED", "1")
    mark = home.forge.log.mark()

    done = run("sync")

    assert done.code == 0
    assert "Callboard is paused by CALLBOARD_PAUSED in the environment; nothing was written." in done.err
    assert "open" in done.out
    assert (home.counts(mark).writes, home.counts(mark).pushes) == (0, 0)


def test_what_this_version_would_write_otherwise_is_counted_and_proposed_when_asked(
    home: House, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.land_everything()
    monkeypatch.setattr(
        plan,
        "render_docs",
        lambda *known, **named: {**render_docs(*known, **named), "docs/new.md": "# New\n"},
    )
    monkeypatch.setattr(inputs, "_writer", lambda: "another version")

    told, shown, asked = run("sync"), run("diff", "--refresh"), run("sync", "--refresh", "-o", "json")

    said = "would be written otherwise by this version of Callboard: run sync --refresh to propose it"
    assert said in told.out
    assert "nothing to change" in told.out
    assert "files are written anew" in shown.out
    assert [one["action"] for one in record(asked)["pull-requests"]] == ["open"]


def test_pruning_proposes_to_delete_what_is_no_longer_selected(home: House, run: Run) -> None:
    home.land_everything()
    config = home.folder / "callboard.yaml"
    config.write_text(config.read_text().replace("path: cards}", "path: cards, select: {include: [one]}}"))

    kept, pruned = record(run("sync", "-o", "json")), record(run("sync", "--prune", "-o", "json"))

    assert kept["changes"] == []
    assert [(one["kind"], one["name"]) for one in pruned["changes"]] == [("removed", "two")]


def test_long_reading_is_spoken_of_now_and_then(
    home: House, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callboard.cli.session._SOME", 2)

    done = run("--log-format", "json", "sync", "--dry-run")

    assert [json.loads(each)["message"] for each in done.err.splitlines()] == [
        "cards: reading",
        "cards: 2 models so far",
    ]
