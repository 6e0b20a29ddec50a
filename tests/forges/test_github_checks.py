"""Our own check on a head: a check run where the forge takes one, else a status, and never twice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callboard.forges import github_checks
from callboard.forges.github import GitHub
from callboard.forges.protocol import Annotation, Check, CheckReport
from callboard.redaction import Secret
from callboard.sandbox.forge import SandboxForge
from tests.forges.on_github import NAME, Scene

WRONG = Annotation("models/x/a", 3, 5, "error", "no owner", "Give it an owner.")
REPORT = CheckReport("callboard", "failure", "1 error in 1 file", "All of it", (WRONG,))


@pytest.mark.parametrize("state", ["success", "failure", "neutral"])
def test_an_app_reports_a_check_run_once(forge: SandboxForge, state: str) -> None:
    scene = Scene.on(forge)
    opened = scene.opened()
    report = replace(REPORT, state=state)  # type: ignore[arg-type]
    scene.bot.identity()
    mark = forge.log.mark()

    scene.bot.check(opened, report)
    first = forge.log.counts(mark)
    read = scene.read(opened.number)
    scene.bot.check(read, report)
    again = forge.log.counts(mark).writes
    scene.bot.check(read, replace(report, title="2 errors in 1 file"))

    assert (first.writes, first.reads) == (1, 0)
    assert again == 1
    assert read.checks == (Check("callboard", state, "callboard", "1 error in 1 file"),)  # type: ignore[arg-type]
    assert [one.title for one in scene.read(opened.number).checks] == ["2 errors in 1 file"]


def test_diagnostics_stand_at_their_lines_and_the_worst_are_shown_first(forge: SandboxForge) -> None:
    scene = Scene.on(forge)
    opened = scene.opened()
    hints = tuple(Annotation("models/x/a", line, 1, "warning", "w", "Hm") for line in range(1, 61))

    scene.bot.check(opened, replace(REPORT, annotations=(*hints, WRONG)))

    (run,) = scene.api("robin", "GET", f"commits/{opened.head}/check-runs")["check_runs"]
    notes = scene.api("robin", "GET", f"check-runs/{run['id']}/annotations?per_page=100")
    assert len(notes) == 50
    first = {
        key: notes[0][key] for key in ("path", "start_line", "start_column", "annotation_level", "message")
    }
    assert first == {
        "path": "models/x/a",
        "start_line": 3,
        "start_column": 5,
        "annotation_level": "failure",
        "message": "Give it an owner.",
    }
    assert {note["annotation_level"] for note in notes[1:]} == {"warning"}
    assert "11 more could not be shown" in run["output"]["summary"]


@pytest.mark.parametrize("state", ["success", "failure", "neutral"])
def test_a_person_s_token_reports_a_status_once(forge: SandboxForge, state: str) -> None:
    scene = Scene.on(forge, kind="User")
    opened = scene.opened()
    report = replace(REPORT, state=state)  # type: ignore[arg-type]
    scene.bot.identity()
    mark = forge.log.mark()

    scene.bot.check(opened, report)
    read = scene.read(opened.number)
    scene.bot.check(read, report)

    assert forge.log.counts(mark).writes == 1
    told = "failure" if state == "failure" else "success"
    assert read.checks == (Check("callboard", told, "callboard", "1 error in 1 file"),)  # type: ignore[arg-type]


def test_an_app_without_the_permission_reports_statuses_and_asks_no_more(forge: SandboxForge) -> None:
    scene = Scene.on(forge)
    one, other = scene.opened("callboard/1", "models/1/a"), scene.opened("callboard/2", "models/2/a")
    forge.fail_next("checks/create", 403)
    mark = forge.log.mark()

    scene.bot.check(one, REPORT)
    GitHub(forge.url, NAME, Secret(scene.tokens["callboard"])).check(other, REPORT)

    asked = [request.operation for request in forge.log.since(mark) if request.is_write]
    assert asked == ["checks/create", "repos/create-commit-status", "repos/create-commit-status"]


def test_the_same_words_of_somebody_else_are_not_ours(forge: SandboxForge) -> None:
    scene = Scene.on(forge)
    opened = scene.opened()
    body = {"state": "failure", "context": REPORT.name, "description": REPORT.title}
    scene.api("robin", "POST", f"statuses/{opened.head}", body)
    read = scene.read(opened.number)

    scene.bot.check(read, REPORT)

    assert {one.source for one in scene.read(opened.number).checks} == {"robin", "callboard"}


def test_what_is_too_long_is_cut_and_says_so() -> None:
    long = Annotation("a", 1, 1, "error", "t" * 300, "ü" * 40_000)
    body = github_checks.check_run(replace(REPORT, summary="s" * 70_000, annotations=(long,) * 51), "0" * 40)

    output = body["output"]
    assert len(output["summary"]) == 65_535
    assert "(cut: the whole is too long for GitHub)" in output["summary"]
    assert output["summary"].endswith("1 more could not be shown beside the lines.\n")
    assert len(output["annotations"][0]["title"]) == 255
    assert len(output["annotations"][0]["message"].encode()) == 64 * 1024


def test_a_check_that_still_runs_says_nothing_yet() -> None:
    running = Check(REPORT.name, "pending", "callboard", REPORT.title)

    assert not github_checks.already_says([running], REPORT, "callboard")


def test_another_process_needs_no_second_look(forge: SandboxForge) -> None:
    scene = Scene.on(forge)
    opened = scene.opened()
    scene.bot.check(opened, replace(REPORT, state="neutral"))
    forge.fail_next("checks/create", 403)
    fresh = GitHub(forge.url, NAME, Secret(scene.tokens["callboard"]))
    (read,) = fresh.open_pull_requests()

    fresh.check(read, replace(REPORT, state="neutral"))

    assert fresh.writes == 0
