"""``callboard reconcile``: one pass over our open pull requests, as a script sees it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cli.running import Ran, Run
from tests.walk.house import REPOSITORY, House, card


def record(done: Ran) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(done.out)
    return said


def proposed(house: House) -> int:
    """The number of a pull request for one model."""
    house.card("one", card("one"))
    (proposal,) = house.sync().proposals
    assert proposal.pull is not None
    return proposal.pull.number


def test_without_an_approval_it_waits_and_that_is_no_finding(at_home: House, run: Run) -> None:
    number = proposed(at_home)

    done = run("reconcile", "-o", "json")

    (one,) = record(done)["pull-requests"]
    assert (done.code, done.err) == (0, "")
    assert (one["number"], one["verdict"], one["done"]) == (number, "wait", "nothing")
    assert one["reasons"][0]["sentence"]
    assert run("reconcile").out.splitlines()[1].split()[:2] == [f"#{number}", "wait"]


def test_what_is_approved_is_merged_and_a_second_run_writes_nothing(at_home: House, run: Run) -> None:
    at_home.approve(proposed(at_home))

    done = run("reconcile", "-o", "json")
    first = record(done)
    run("reconcile")
    mark = at_home.forge.log.mark()
    second = run("reconcile", "-o", "json")

    assert done.code == second.code == 0
    assert [one["done"] for one in first["pull-requests"]] == ["merged"]
    assert first["forge"]["writes"] > 0
    assert record(second)["pull-requests"] == []
    assert record(second)["forge"]["writes"] == at_home.counts(mark).writes == 0


def test_what_is_merged_is_registered_and_confirmed(at_registered_home: House, run: Run) -> None:
    at_registered_home.approve(proposed(at_registered_home))

    done = run("reconcile", "-o", "json")

    (location,) = record(done)["registered"]
    assert done.code == 0
    assert location["target"].endswith("/models/one/catalog-info.yaml")
    assert [(one["entity"], one["state"]) for one in location["entities"]] == [
        ("resource:default/one", "confirmed")
    ]


@pytest.mark.parametrize(("value", "paused"), [("1", True), ("true", True), ("0", False), ("", False)])
def test_a_pause_writes_nothing(
    at_home: House, run: Run, monkeypatch: pytest.MonkeyPatch, value: str, paused: bool
) -> None:
    at_home.approve(proposed(at_home))
    monkeypatch.setenv("CALLBOARD_PAUSED", value)
    mark = at_home.forge.log.mark()

    done = run("reconcile", "-o", "json")

    (one,) = record(done)["pull-requests"]
    counts = at_home.counts(mark)
    assert done.code == 0
    assert (one["done"] == "nothing") is paused
    assert (counts.writes + counts.pushes == 0) is paused
    assert ("paused" in {reason["code"] for reason in one["reasons"]}) is paused


def test_one_that_cannot_proceed_ends_with_1_and_says_why(at_home: House, run: Run) -> None:
    number = proposed(at_home)
    branch = at_home.api("GET", f"/pulls/{number}")["head"]["ref"]
    at_home.edit("models/one/catalog-info.yaml", "kind: Nonsense\n", branch)
    at_home.approve(number)

    done = run("reconcile", "-o", "json")

    (one,) = record(done)["pull-requests"]
    assert done.code == 1
    assert one["verdict"] in ("blocked", "step-back")
    assert all(reason["sentence"] for reason in one["reasons"])
    assert at_home.api("GET", f"/pulls/{number}")["state"] == "open"


def test_no_open_pull_request_is_said(at_home: House, run: Run) -> None:
    done = run("reconcile")

    assert (done.code, done.out) == (0, "No open pull requests.\n")


def test_a_backstage_that_does_not_answer_is_a_finding_and_keeps_nothing_from_merging(
    at_registered_home: House, run: Run
) -> None:
    house = at_registered_home
    number = proposed(house)
    house.approve(number)
    config = house.folder / "callboard.yaml"
    assert house.catalog is not None
    config.write_text(config.read_text().replace(house.catalog.url, "http://127.0.0.1:9"))

    done = run("reconcile", "-o", "json")

    assert done.code == 1
    assert [one["source"] for one in record(done)["findings"]] == ["backstage"]
    assert house.api("GET", f"/pulls/{number}")["merged"] is True


def test_a_backstage_token_that_is_not_set_ends_with_2_before_anything_is_merged(
    at_registered_home: House, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = proposed(at_registered_home)
    at_registered_home.approve(number)
    monkeypatch.delenv("BS_TOKEN")

    done = run("reconcile")

    assert done.code == 2
    assert "BS_TOKEN is not set" in done.err
    assert at_registered_home.api("GET", f"/pulls/{number}")["state"] == "open"


def test_the_repository_of_the_workflow_is_the_default(
    at_home: House, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (at_home.folder / "callboard.yaml").write_text("")
    monkeypatch.setenv("GITHUB_SERVER_URL", at_home.forge.url)
    monkeypatch.setenv("GITHUB_REPOSITORY", REPOSITORY)
    monkeypatch.setenv("GITHUB_TOKEN", at_home.bot)

    assert run("reconcile").out == "No open pull requests.\n"
