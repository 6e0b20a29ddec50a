"""The CI/CD component is what GitLab takes, runs what there is, and gives no secret to what nobody merged."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
COMPONENT = CHECKOUT / "ci" / "gitlab" / "templates" / "callboard.yml"
TEXT = COMPONENT.read_text(encoding="utf-8")
HEADER, BODY = yaml.safe_load_all(TEXT)
INPUTS: dict[str, dict[str, str]] = HEADER["spec"]["inputs"]
JOBS: dict[str, dict[str, Any]] = {name: job for name, job in BODY.items() if not name.startswith(".")}


def _filled() -> dict[str, Any]:
    """As GitLab reads it once the inputs are put in."""
    text = TEXT.split("\n---\n", 1)[1]
    filled = re.sub(
        r"\$\[\[ inputs\.(\w+) \]\]", lambda found: INPUTS[found[1]].get("default", "./callboard.whl"), text
    )
    assert "$[[" not in filled
    loaded: dict[str, Any] = yaml.safe_load(filled)
    return loaded


@pytest.mark.parametrize("part", [HEADER, _filled()], ids=["header", "jobs"])
def test_gitlabs_own_schema_takes_it(part: dict[str, Any]) -> None:
    vendored = files("check_jsonschema") / "builtin_schemas" / "vendor" / "gitlab-ci.json"
    schema = json.loads(vendored.read_text(encoding="utf-8"))

    assert [error.message for error in jsonschema.Draft7Validator(schema).iter_errors(part)] == []


def test_every_command_exists() -> None:
    scripts = "\n".join(line for job in JOBS.values() for line in job["script"])
    commands = re.findall(r'bin/callboard(?: --config "\$CALLBOARD_CONFIG")? (\w+)', scripts)

    assert commands == ["validate", "sync", "reconcile"]
    for command in commands:
        subprocess.run([sys.executable, "-m", "callboard.cli.main", command, "--help"], check=True)


def test_only_variables_reach_a_script() -> None:
    lines = [
        line
        for job in _filled().values()
        for part in ("script", "before_script")
        for line in job.get(part, ())
    ]

    assert "$[[" not in "\n".join(line for job in BODY.values() for line in job.get("script", ()))
    for line in lines:
        assert subprocess.run(["sh", "-n"], input=line, text=True, check=False).returncode == 0
        assert not re.search(r'(?<!")\$CALLBOARD_\w+', line), line


def test_what_reads_secrets_runs_only_on_the_default_branch() -> None:
    for name in ("callboard-sync", "callboard-reconcile"):
        for rule in JOBS[name]["rules"]:
            assert rule["if"].endswith("&& $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH")
            assert "merge_request" not in rule["if"]


def test_the_page_says_the_inputs_and_jobs_that_there_are() -> None:
    page = (CHECKOUT / "docs" / "gitlab.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([\w-]+)` \| `?([^|`]+)`? \|", page, re.MULTILINE))

    defaults = {name: one.get("default", "(required)") for name, one in INPUTS.items()}
    assert {name: rows[name] for name in INPUTS} == defaults
    assert defaults["package"] == "(required)"  # a name on a public index is whoever's took it first
    assert set(JOBS) <= set(rows)
