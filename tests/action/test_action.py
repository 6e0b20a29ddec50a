"""The steps of action.yml, run by a runner, in a repository on a forge."""

from __future__ import annotations

import json
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from callboard import http
from callboard.redaction import Secret
from tests.action.conftest import REPOSITORY, Installed, Stage, git
from tests.action.events import example, from_fork

GOOD = """\
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: team}
spec: {type: team, children: []}
"""


def test_a_sync_opens_pull_requests_and_says_which(stage: Stage) -> None:
    outcome = stage.run("sync")

    assert outcome.status == 0, outcome.text
    (pull,) = json.loads(outcome.outputs["pull-requests"])
    assert (pull["number"], pull["action"], pull["models"]) == (1, "open", ["fraud-detector"])
    assert stage.forge.pull(REPOSITORY, 1).title.startswith("New model: ")
    assert (outcome.outputs["changes"], outcome.outputs["findings"]) == ("1", "0")
    assert f"[#1]({pull['url']})" in outcome.summary
    assert f"open fraud-detector {pull['url']}" in outcome.log


def test_a_second_sync_writes_nothing(stage: Stage) -> None:
    stage.run("sync")
    mark = stage.forge.log.mark()
    shutil.rmtree(stage.installed.temp / "callboard" / "cache")

    outcome = stage.run("sync")

    counts = stage.forge.log.counts(mark)
    assert (counts.writes, counts.pushes, outcome.status) == (0, 0, 0)
    assert [pull["action"] for pull in json.loads(outcome.outputs["pull-requests"])] == ["unchanged"]


@pytest.mark.parametrize("inputs", [{"command": "diff"}, {"command": "sync", "dry_run": "true"}])
def test_a_dry_run_says_the_change_and_writes_nothing(stage: Stage, inputs: dict[str, str]) -> None:
    mark = stage.forge.log.mark()

    outcome = stage.run(**inputs)

    counts = stage.forge.log.counts(mark)
    assert (counts.writes, counts.pushes, outcome.status) == (0, 0, 0)
    assert (outcome.outputs["changes"], outcome.outputs["pull-requests"]) == ("1", "[]")
    assert "<code>fraud-detector</code>" in outcome.summary


def test_an_approved_pull_request_lands_on_the_review_that_approves_it(stage: Stage) -> None:
    stage.run("sync")
    stage.approve(1)
    stage.on("pull_request_review", example("pull_request_review"), "refs/pull/1/merge")

    outcome = stage.run("reconcile")

    assert outcome.status == 0, outcome.text
    (pull,) = json.loads(outcome.outputs["pull-requests"])
    assert (pull["number"], pull["done"]) == (1, "merged")
    assert b"fraud-detector" in stage.forge.file(
        REPOSITORY, "main", "catalog/fraud-detector/catalog-info.yaml"
    )
    assert "| merged |" in outcome.summary


def test_a_command_is_obeyed_on_the_comment_that_gives_it_and_never_from_a_checkout_of_a_head(
    stage: Stage,
) -> None:
    stage.run("sync")
    with http.connect(stage.forge.api_url, token=Secret(stage.robin)) as client:
        client.post_json(f"/repos/{REPOSITORY}/issues/1/comments", {"body": "/hold until Monday"})
    stage.on("issue_comment", example("issue_comment"), "refs/heads/main")

    outcome = stage.run("reconcile")

    assert outcome.status == 0, outcome.text
    assert "hold" in stage.forge.pull(REPOSITORY, 1).labels

    stage.check_out(stage.forge.pull(REPOSITORY, 1).head_ref)
    refused = stage.run("reconcile")

    assert refused.status == 2
    assert "Check out 'ref: main'" in refused.annotations("error")[0].data


@pytest.mark.parametrize("command", ["sync", "reconcile", "diff"])
def test_a_pull_request_from_a_fork_cannot_have_its_configuration_acted_upon(
    stage: Stage, command: str
) -> None:
    stage.on("pull_request", from_fork(example("pull_request")), "refs/pull/2/merge")
    mark = stage.forge.log.mark()

    outcome = stage.run(command)

    assert outcome.status == 2
    (error,) = outcome.annotations("error")
    assert error.data.startswith(f"{command} does not run on pull_request: the configuration is read from")
    assert stage.forge.log.since(mark) == ()


def test_a_checkout_of_the_pull_request_is_refused_on_its_review(stage: Stage) -> None:
    stage.run("sync")
    branch = stage.forge.pull(REPOSITORY, 1).head_ref
    stage.check_out(branch)
    git("checkout", "--quiet", "--detach", cwd=stage.job.workspace)
    stage.on("pull_request_review", example("pull_request_review"), "refs/pull/1/merge")

    outcome = stage.run("reconcile")

    assert outcome.status == 2
    assert "Check out 'ref: main'" in outcome.annotations("error")[0].data


def test_a_right_catalog_of_a_fork_is_validated_without_any_secret(stage: Stage) -> None:
    stage.on("pull_request", from_fork(example("pull_request")), "refs/pull/2/merge")
    (stage.job.workspace / "catalog-info.yaml").write_text(GOOD)
    mark = stage.forge.log.mark()

    outcome = stage.run("validate", token="")

    assert (outcome.status, outcome.commands) == (0, [])
    assert outcome.outputs == {"changes": "", "pull-requests": "", "findings": "0"}
    assert outcome.summary.startswith("## Catalog validation\n\n1 entity in 1 file: 0 errors")
    assert stage.forge.log.since(mark) == ()


def test_what_is_wrong_with_a_catalog_is_annotated_where_it_stands(stage: Stage) -> None:
    (stage.job.workspace / "good.yaml").write_text(GOOD)
    folder = stage.job.workspace / "with space, and: more"
    folder.mkdir()
    (folder / "catalog-info.yaml").write_text(f"{GOOD}---\n{GOOD.replace('team', 'no team', 1)}")

    outcome = stage.run("validate", paths="good.yaml\n\n  with space, and: more  \n")

    assert outcome.status == 1
    (error,) = outcome.annotations("error")
    place = {"file": "with space, and: more/catalog-info.yaml", "line": "8", "col": "18"}
    assert error.properties == place | {"title": "name-format"}
    assert outcome.outputs["findings"] == str(len(outcome.commands))
    assert "<code>name-format</code>" in outcome.summary


def test_a_path_that_is_not_there_is_wrong_usage(stage: Stage) -> None:
    outcome = stage.run("validate", paths="nothing here.yaml")

    assert outcome.status == 2
    assert "nothing here.yaml cannot be read" in outcome.annotations("error")[0].data


def test_the_token_is_masked_and_stands_nowhere(stage: Stage) -> None:
    canary, stage.job.token = stage.job.token, ""

    outcome = stage.run("sync", token=canary)

    assert outcome.status == 0
    assert canary in outcome.masks
    assert outcome.raw.count(canary) == 1  # for the runner, which takes it from the log
    assert canary not in outcome.text + outcome.summary + json.dumps([outcome.outputs, outcome.steps])
    written = [*files_below(stage.job.folder), *files_below(stage.installed.temp / "callboard" / "cache")]
    assert [file for file in written if canary.encode() in file.read_bytes()] == []


def test_a_refused_token_ends_with_3_and_stands_nowhere(stage: Stage) -> None:
    outcome = stage.run("sync", token="wrong-canary-0123456789")

    assert outcome.status == 3
    assert outcome.annotations("error")
    assert "canary" not in outcome.text + outcome.summary + json.dumps(outcome.outputs)


def test_what_a_registry_says_moves_nothing_but_text(stage: Stage) -> None:
    hostile = (
        "::set-output name=changes::999", "::stop-commands::x", "##[set-output name=findings]0",
        "::add-mask::fraud-detector", "::error file=a,line=1::forged", "changes=999\nEOF\n",
        "<script>alert(1)</script> <img src=x> [x](javascript:a) @octocat #1", "%0A::error::forged",
    )  # fmt: skip
    cards = stage.job.workspace / "cards"
    for number, text in enumerate(hostile):
        said, name = json.dumps(f"a\n{text}\n{text}"), text.replace("/", "")
        card = f"---\nname: {said}\ntitle: {said}\nowner: {said}\nversion: {said}\n---\n# A\n"
        (cards / f"{number} {' '.join(name.splitlines())}.md").write_text(card)
        (cards / f"{number}\n{name}\n.md").write_text(card)

    synced, landed = stage.run("sync"), stage.run("reconcile")

    assert (synced.status, landed.status) == (1, 0), synced.text + landed.text
    pulls = json.loads(synced.outputs["pull-requests"])
    assert synced.outputs["changes"] == str(len(hostile) + 1) == str(len(pulls))
    assert int(synced.outputs["findings"]) >= len(hostile)
    assert (synced.commands != [], landed.commands) == (True, [])
    assert {one.name for one in synced.commands} <= {"error", "warning"}
    assert all(one.properties.keys() == {"title"} for one in synced.commands)
    assert not any(one.data.startswith("forged") for one in synced.commands)
    for outcome in (synced, landed):
        assert outcome.masks == {stage.job.token}
        assert outcome.steps["run"].keys() <= {"changes", "pull-requests", "findings"}
        tags = {"h2", "p", "table", "thead", "tbody", "tr", "th", "td", "code", "a"}
        assert tags_of(outcome.summary) == tags
        assert links_of(outcome.summary) == {pull["url"] for pull in pulls}
        assert "@octocat" not in outcome.summary


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("command", "validate; touch pwned"),
        ("command", "$(touch pwned)"),
        ("config", "`touch pwned`.yaml"),
        ("config", '"; touch pwned; echo "'),
        ("config", "--dry-run"),
        ("config", "a\n::set-output name=changes::999"),
        ("prune", "true && touch pwned"),
    ],
)
def test_an_input_is_data(stage: Stage, name: str, value: str) -> None:
    outcome = stage.run(**({"command": "sync"} | {name: value}))

    assert outcome.status == 2, outcome.text
    assert {one.name for one in outcome.commands} == {"error"}
    assert not list(stage.job.workspace.rglob("pwned"))
    assert outcome.outputs["changes"] == ""


def test_nothing_of_a_workspace_is_run(installed: Installed) -> None:
    assert installed.outcome.status == 0, installed.outcome.text
    assert not (installed.workspace / "imported").exists()


def test_other_steps_of_a_job_find_it_installed(stage: Stage) -> None:
    homes = sorted((stage.installed.temp / "callboard").glob("*/complete"))
    before = [home.stat().st_mtime_ns for home in homes]

    outcome = stage.run("validate")

    assert [home.stat().st_mtime_ns for home in homes] == before
    assert "Installed Callboard." in stage.installed.outcome.log
    assert "Installed Callboard." not in outcome.log


def test_a_machine_without_a_python_that_is_new_enough_is_told_what_to_do(
    stage: Stage, tmp_path: Path
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("bash", "find", "cksum", "sort", "tr", "git"):
        program = shutil.which(name)
        assert program is not None
        (tools / name).symlink_to(program)
    (tools / "python3").write_text("#!/bin/sh\nexit 1\n")  # as 3.10 answers the question for its version
    (tools / "python3").chmod(0o755)
    stage.job.path = str(tools)

    outcome = stage.run("validate")

    assert outcome.status == 2
    assert "actions/setup-python" in outcome.annotations("error")[0].data
    assert outcome.steps.keys() == {"install"}


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: set[str] = set()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links |= {value for name, value in attributes if name in ("href", "src") and value}


def _rendered(summary: str) -> _Tags:
    parser = _Tags()
    parser.feed(MarkdownIt("commonmark").enable("table").render(summary))
    return parser


def tags_of(summary: str) -> set[str]:
    return _rendered(summary).tags


def links_of(summary: str) -> set[str]:
    return _rendered(summary).links
