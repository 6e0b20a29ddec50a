"""An unmodified git pushes to the same repositories, and merge requests follow."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.sandbox.forge.conftest import REPOSITORY
from tests.sandbox.forge.test_smarthttp import committed
from tests.sandbox.gitlab.conftest import GitLabStage


@pytest.fixture
def clone(stage: GitLabStage) -> Path:
    """A clone on a branch of its own."""
    place = stage.clone()
    stage.git("switch", "--quiet", "--create", "pushed", cwd=place)
    return place


def push(
    stage: GitLabStage, clone: Path, *flags: str, check: bool = True
) -> subprocess.CompletedProcess[str]:
    return stage.git("push", "--quiet", *flags, "origin", "pushed", cwd=clone, login="callboard", check=check)


def opened(stage: GitLabStage) -> None:
    body = {"title": "Pushed", "source_branch": "pushed", "target_branch": "main"}
    assert stage.rest("callboard", "POST", "merge_requests", body).status_code == 201


def test_each_push_is_a_version_and_resets_what_it_shall(stage: GitLabStage, clone: Path) -> None:
    stage.forge.project_settings(REPOSITORY).reset_approvals_on_push = True
    first = committed(stage, clone, "one.txt")
    push(stage, clone)
    opened(stage)
    stage.rest("robin", "POST", "merge_requests/1/approve", {"sha": first})
    second = committed(stage, clone, "two.txt")
    push(stage, clone)
    versions = stage.rest("robin", "GET", "merge_requests/1/versions").json()
    assert [each["head_commit_sha"] for each in versions] == [second, first]
    assert stage.read(1)["diff_refs"]["head_sha"] == second
    assert stage.rest("robin", "GET", "merge_requests/1/approvals").json()["approved_by"] == []
    notes = stage.rest("robin", "GET", "merge_requests/1/notes").json()
    pushed = next(each for each in notes if each["body"].startswith("added 1 commit"))
    assert (pushed["system"], pushed["author"]["username"]) == (True, "callboard")
    assert f"<li>{second[:8]} - Add two.txt</li>" in pushed["body"]


def test_a_lease_protects_what_others_pushed(stage: GitLabStage, clone: Path) -> None:
    head = committed(stage, clone, "one.txt")
    push(stage, clone)
    opened(stage)
    stage.branch("pushed", {"theirs.txt": b"theirs\n"})
    stage.git("commit", "--amend", "--quiet", "--message", "Rewritten", cwd=clone)
    refused = push(stage, clone, f"--force-with-lease=pushed:{head}", check=False)
    assert "stale info" in refused.stderr
    taken = push(stage, clone, f"--force-with-lease=pushed:{stage.tip('pushed')}")
    assert taken.returncode == 0
    assert len(stage.rest("robin", "GET", "merge_requests/1/versions").json()) == 3


def test_a_deleted_branch_closes_and_a_merge_by_hand_merges(stage: GitLabStage, clone: Path) -> None:
    committed(stage, clone, "one.txt")
    push(stage, clone)
    opened(stage)
    stage.git("push", "--quiet", "origin", "--delete", "pushed", cwd=clone, login="callboard")
    assert stage.read(1)["state"] == "closed"
    push(stage, clone)
    opened(stage)
    stage.git("push", "--quiet", "origin", "pushed:main", cwd=clone, login="callboard")
    assert stage.read(2)["state"] == "merged"


def test_a_project_token_pushes_as_its_bot(stage: GitLabStage, clone: Path) -> None:
    stage.tokens["callboard"] = stage.forge.add_project_token(REPOSITORY)
    committed(stage, clone, "one.txt")
    push(stage, clone)
    me = stage.rest("callboard", "GET", "/user").json()
    number = stage.forge.repository(REPOSITORY).id
    assert (me["username"].startswith(f"project_{number}_bot_"), me["bot"]) == (True, True)
    member = stage.rest("callboard", "GET", f"members/all/{me['id']}").json()
    assert member["access_level"] == 30
    reader = stage.forge.add_project_token(REPOSITORY, role="read", name="reader")
    stage.tokens["callboard"] = reader
    committed(stage, clone, "two.txt")
    assert push(stage, clone, check=False).returncode
