"""``callboard init``: what it writes is what the other commands, and GitHub, read."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callboard.cli.init import init
from callboard.config import Config
from callboard.config_file import load_config
from callboard.documents.reader import read_documents
from callboard.onboarding import FILES, onboarding_files
from callboard.sources.registry import SOURCE_TYPES, source_type
from tests.cli.running import COMMAND, clean_environ, process

REPOSITORY = "https://github.com/acme/model-catalog"
TOLD = ("--repository", REPOSITORY, "--source", "files", "--url", "cards")


def told(*arguments: str) -> Result:
    return CliRunner().invoke(init, arguments)


def written() -> Config:
    """The configuration as the other commands read it."""
    return load_config(
        Path("callboard.yaml").read_bytes(),
        "callboard.yaml",
        lambda name: source_type(name).settings,
        SOURCE_TYPES,
    )


def test_told_everything_it_asks_nothing(folder: Path) -> None:
    done = process("init", *TOLD, cwd=folder)

    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        *(f"wrote {path}" for path in (*FILES, ".gitattributes")),
        "Next: callboard doctor, then callboard diff.",
    ]


@pytest.mark.parametrize(
    ("source", "where", "key"),
    [
        ("files", "./cards", "path"),
        ("mlflow", "https://mlflow.acme.example", "url"),
        ("github-models", "models.json", "path"),
        ("huggingface", "acme", "author"),
        ("kserve", "https://cluster.acme.example:6443", "url"),
        ("kubeflow", "https://registry.acme.example", "url"),
        ("oci", "https://oci.acme.example", "url"),
        ("ollama", "http://localhost:11434", "url"),
        ("openai", "https://gateway.acme.example/v1", "url"),
        ("openwebui", "https://chat.acme.example", "url"),
        ("rest", "https://registry.acme.example/api", "url"),
        ("threescale", "https://acme-admin.3scale.example", "url"),
    ],
)
def test_what_it_is_told_is_what_is_read(folder: Path, source: str, where: str, key: str) -> None:
    arguments = ["--repository", REPOSITORY, "--source", source, "--url", where, "--base", "trunk"]
    more = ["--owner", "group:default/ml", "--system", "ai", "--backstage", "https://backstage.acme.example"]
    assert told(*arguments, *more).exit_code == 0

    config = written()

    assert (config.catalog.repository, config.catalog.base) == (REPOSITORY, "trunk")
    assert (config.defaults.owner, config.defaults.system) == ("group:default/ml", "ai")
    assert config.backstage is not None
    assert config.backstage.url == "https://backstage.acme.example"
    assert config.sources[0].type == source
    assert str(getattr(config.sources[0], key)) == str(Path(where) if key == "path" else where)


@pytest.mark.parametrize("source", ["rest", "threescale"])
def test_what_only_people_can_say_of_a_source_is_asked_of_them(folder: Path, source: str) -> None:
    done = told("--repository", REPOSITORY, "--source", source, "--url", "https://registry.acme.example")

    page = f"docs/sources/{source}.md"
    assert f"Complete the source in callboard.yaml: {page} of Callboard says how.\nNext: " in done.output
    assert (Path(__file__).parents[2] / page).exists()


def test_it_knows_every_type_of_source() -> None:
    (option,) = (parameter for parameter in init.params if parameter.name == "source")

    assert {*option.type.choices} == set(SOURCE_TYPES)  # type: ignore[attr-defined]


@pytest.mark.parametrize("more", [(), ("--backstage", "https://backstage.acme.example", "--system", "ai")])
def test_the_workflows_are_valid_by_githubs_own_schema(folder: Path, more: tuple[str, ...]) -> None:
    assert told(*TOLD, *more).exit_code == 0
    workflows = [path for path in FILES if path.startswith(".github/")]

    checked = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows],
        capture_output=True,
        text=True,
    )

    assert len(workflows) == 2
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_workflows_give_the_action_only_inputs_that_it_has(folder: Path) -> None:
    assert told(*TOLD, "--backstage", "https://backstage.acme.example").exit_code == 0
    action = yaml.safe_load((Path(__file__).parents[2] / "action.yml").read_text())

    steps = [step for path in FILES if path.startswith(".github/") for step in _steps(Path(path))]
    ours = [step for step in steps if step["uses"].startswith("callboard/")]

    assert [step["with"]["command"] for step in ours] == ["sync", "reconcile", "validate"]
    assert all(step["with"].keys() <= action["inputs"].keys() for step in ours)


def test_the_workflows_say_how_to_hold_the_action_to_a_commit(folder: Path) -> None:
    assert told(*TOLD).exit_code == 0

    for path in (path for path in FILES if path.startswith(".github/")):
        before, _, _ = Path(path).read_text().partition("- uses: callboard/callboard@")
        assert "pin it: callboard/callboard@COMMIT" in before.splitlines()[-2]


def test_what_was_approved_is_landed_whatever_the_registries_answered(folder: Path) -> None:
    assert told(*TOLD).exit_code == 0

    _, sync, reconcile = _steps(Path(".github/workflows/callboard.yml"))

    assert (sync["with"]["command"], "if" in sync) == ("sync", False)
    assert (reconcile["with"]["command"], reconcile["if"]) == ("reconcile", "${{ !cancelled() }}")


def test_the_configuration_is_read_from_the_base_branch_and_pull_requests_get_no_secret(folder: Path) -> None:
    assert told(*TOLD, "--base", "trunk").exit_code == 0

    checkout = _steps(Path(".github/workflows/callboard.yml"))[0]
    validation = Path(".github/workflows/catalog.yml").read_text()

    assert checkout["with"] == {"ref": "trunk", "persist-credentials": False}
    assert "secrets." not in validation
    assert yaml.safe_load(validation)["permissions"] == {"contents": "read"}


def test_the_dashboard_and_the_check_are_on_and_the_workflow_may_write_them(folder: Path) -> None:
    assert told(*TOLD).exit_code == 0

    workflow = yaml.safe_load(Path(".github/workflows/callboard.yml").read_text())

    assert (written().pull_requests.dashboard, written().pull_requests.check) == (True, True)
    assert workflow["permissions"] == {
        "contents": "write", "pull-requests": "write", "issues": "write", "checks": "write",
        "statuses": "read",
    }  # fmt: skip


ROBIN, BOT, MACHINE = ({"login": "robin", "type": "User"}, {"login": "callboard[bot]", "type": "Bot"},
                       {"login": "acme-callboard", "type": "User"})  # fmt: skip
DASHBOARD = [{"name": "callboard-dashboard"}]


def comment(body: str, user: dict[str, str] = ROBIN, **issue: Any) -> dict[str, Any]:
    about = {"pull_request": {"url": "…"}, "labels": [], "user": BOT} | issue
    return {"event_name": "issue_comment", "event": {"comment": {"body": body, "user": user}, "issue": about}}


def edited(sender: dict[str, str], labels: list[dict[str, str]], author: dict[str, str]) -> dict[str, Any]:
    return {"event_name": "issues", "event": {"sender": sender, "issue": {"labels": labels, "user": author}}}


@pytest.mark.parametrize(
    ("event", "runs"),
    [
        ({"event_name": "schedule", "event": {}}, True),
        ({"event_name": "workflow_dispatch", "event": {}}, True),
        ({"event_name": "pull_request_review", "event": {}}, True),
        (comment("/hold until Monday"), True),
        (comment("/rebase", BOT), False),
        (comment("Looks good."), False),
        (comment("/hold", pull_request=None), False),
        (comment("<!-- callboard:answer 7 -->\nOn hold; `/unhold` ends it.", MACHINE), False),
        (edited(ROBIN, DASHBOARD, BOT), True),
        (edited(ROBIN, DASHBOARD, MACHINE), True),
        (edited(ROBIN, [{"name": "bug"}], BOT), False),
        (edited(BOT, DASHBOARD, BOT), False),
        (edited(MACHINE, DASHBOARD, MACHINE), False),
    ],
)
def test_the_workflow_acts_on_what_people_say_and_not_on_what_callboard_writes(
    folder: Path, event: dict[str, Any], runs: bool
) -> None:
    assert told(*TOLD).exit_code == 0

    (job,) = yaml.safe_load(Path(".github/workflows/callboard.yml").read_text())["jobs"].values()

    assert _holds(job["if"], event) is runs
    # Of a workflow, one that is skipped would take the place of one that waits.
    assert job["concurrency"] == {"group": "callboard"}


def _holds(condition: str, github: dict[str, Any]) -> bool:
    """A condition of a workflow, put into Python's words."""

    def value(path: str) -> Any:
        found: Any = github
        for key in path.split(".")[1:]:
            found = found.get(key) if isinstance(found, dict) else None
        return found

    def contains(where: Any, what: str) -> bool:
        return what in (where or "")

    assert "${{" not in condition
    names = r"github(?:\.\w+)+\.\*\.name"
    text = re.sub(names, lambda it: f"[one['name'] for one in value('{it[0][:-7]}') or ()]", condition)
    text = re.sub(r"(?<!')github(?:\.\w+)+", lambda it: f"value('{it[0]}')", text)
    text = text.replace("&&", " and ").replace("||", " or ").replace("!contains", "not contains")
    return bool(eval(text, {"value": value, "contains": contains}))


def test_no_event_puts_its_words_into_a_script_and_none_checks_out_a_head(folder: Path) -> None:
    assert told(*TOLD, "--backstage", "https://backstage.acme.example").exit_code == 0

    for path in (path for path in FILES if path.startswith(".github/")):
        assert not any("run" in step for step in _steps(Path(path)))
        assert not re.search(r"head[._](ref|sha)|refs/pull", Path(path).read_text())
        used = re.findall(r"\$\{\{(.*?)\}\}", Path(path).read_text())
        assert {one.strip() for one in used} <= {
            "secrets.CALLBOARD_TOKEN || github.token", "secrets.BACKSTAGE_TOKEN", "!cancelled()"
        }  # fmt: skip


def _steps(path: Path) -> list[dict[str, Any]]:
    (job,) = yaml.safe_load(path.read_text())["jobs"].values()
    steps: list[dict[str, Any]] = job["steps"]
    return steps


def test_on_gitlab_it_writes_no_workflow_of_github_and_says_where_the_pipeline_is(folder: Path) -> None:
    done = told("--repository", "https://gitlab.com/acme/ml/catalog", *TOLD[2:])

    assert done.exit_code == 0
    assert done.output.splitlines() == [
        "wrote callboard.yaml",
        "wrote .gitattributes",
        "Next: callboard doctor, then callboard diff; docs/gitlab.md of Callboard has the pipeline.",
    ]
    assert not (folder / ".github").exists()
    assert written().catalog.repository == "https://gitlab.com/acme/ml/catalog"


def test_without_a_terminal_it_says_what_to_give(folder: Path) -> None:
    done = process("init", "--source", "files", cwd=folder)

    assert (done.code, done.out) == (2, "")
    assert "--repository, --source and --url" in done.err
    assert not list(folder.iterdir())


def test_on_a_terminal_it_asks_for_what_is_missing(folder: Path) -> None:
    ours, its = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, "init", "--source", "mlflow"],
        cwd=folder,
        env=clean_environ(),
        stdin=its,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        os.write(ours, f"{REPOSITORY}\nhttps://mlflow.acme.example\n".encode())
        out, asked = running.communicate(timeout=60)
    os.close(ours)
    os.close(its)

    assert running.returncode == 0, asked
    assert "Catalog repository" in asked
    assert "MLflow's address" in asked
    assert "First source" not in asked
    assert out.startswith("wrote callboard.yaml\n")


def test_reviews_are_told_to_fold_the_locks_and_other_attributes_stay(folder: Path) -> None:
    Path(".gitattributes").write_text("*.png binary")
    mark = "**/.callboard.lock linguist-generated gitlab-generated"

    told(*TOLD)
    told(*TOLD, "--force")

    assert Path(".gitattributes").read_text() == f"*.png binary\n{mark}\n"


def test_what_is_there_is_not_written_over(folder: Path) -> None:
    workflow = folder / ".github/workflows/callboard.yml"
    workflow.parent.mkdir(parents=True)
    workflow.write_text("mine\n")

    refused = told(*TOLD)

    assert refused.exit_code == 2
    assert "Writes nothing and ends with 2 if one of them is there" in " ".join(told("--help").output.split())
    assert ".github/workflows/callboard.yml exists already" in refused.output
    assert workflow.read_text() == "mine\n"
    assert not (folder / "callboard.yaml").exists()


def test_it_is_written_over_when_that_is_wanted(folder: Path) -> None:
    (folder / "callboard.yaml").write_text("mine\n")

    assert told(*TOLD, "--force").exit_code == 0

    assert written().catalog.repository == REPOSITORY


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--repository", "acme/model-catalog", "write the address of a repository"),
        ("--repository", "https://user:secret-4711@github.com/acme/catalog", "a password in it"),
        ("--backstage", "backstage.acme.example", "write an address that begins with https://"),
        ("--base", "${{ secrets.CALLBOARD_TOKEN }}", "not the name of a branch"),
        ("--base", "main\n          token: x", "not the name of a branch"),
        ("--base", "a..b", "not the name of a branch"),
        ("--source", "mlfow", "mlflow"),
    ],
)
def test_what_the_other_commands_could_not_read_is_not_written(
    folder: Path, option: str, value: str, said: str
) -> None:
    done = told(*TOLD, option, value)

    assert done.exit_code == 2
    assert said in done.output
    assert "secret-4711" not in done.output
    assert not list(folder.iterdir())


HOSTILE = st.one_of(
    st.sampled_from(
        ["a: b", "'", '"', "'\"", "a\nsources: []", "- x", "#", "a #b", "{}", "[", "&a", "*a", "!!python/x",
         "|", ">", "%", "@", "`", "yes", "null", "1e3", "{{ 7*7 }}", "{% raw %}", "${{ secrets.X }}", "\x00",
         "\x85"]
    ),
    st.text(min_size=1, max_size=40),
)  # fmt: skip


@given(owner=HOSTILE, system=HOSTILE, where=HOSTILE, backstage=HOSTILE, repository=HOSTILE)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_value_leaves_its_place(
    owner: str, system: str, where: str, backstage: str, repository: str
) -> None:
    files = onboarding_files(
        repository=repository, base="main", source="files", where=where, owner=owner, system=system,
        backstage=f"https://{backstage}",
    )  # fmt: skip

    (document,) = read_documents(files["callboard.yaml"], "callboard.yaml").documents
    config: Any = document.value

    assert list(config) == [
        "catalog", "defaults", "sources", "pull-requests", "merge", "backstage"
    ]  # fmt: skip
    assert config["catalog"] == {
        "repository": repository, "base": "main", "path": "models", "profile": "model-server"
    }  # fmt: skip
    assert config["defaults"] == {"owner": owner, "lifecycle": "experimental", "system": system}
    assert config["backstage"] == {"url": f"https://{backstage}", "token": {"env": "BACKSTAGE_TOKEN"}}
    assert config["sources"] == [{"name": "cards", "type": "files", "path": where}]
    assert "secrets.X" not in "".join(text for path, text in files.items() if path != "callboard.yaml")
