"""Merges make real commits, and only when they may."""

from __future__ import annotations

from typing import Any

import pytest

from callboard.sandbox.forge import Protection
from tests.sandbox.forge.conftest import REPOSITORY, Stage
from tests.servers.forge import ForgeFactory


def merge(stage: Stage, number: int, **body: Any) -> Any:
    return stage.api("callboard", "PUT", f"pulls/{number}/merge", body)


def state(stage: Stage, number: int) -> tuple[Any, Any]:
    pull = stage.api("robin", "GET", f"pulls/{number}").json()
    return pull["mergeable"], pull["mergeable_state"]


def test_a_squash_is_one_commit_on_the_base_with_the_given_message(stage: Stage) -> None:
    before = stage.tip()
    pull = stage.opened("squashed")
    stage.branch("squashed", {"more.txt": b"more"})
    merged = merge(
        stage, pull.number, merge_method="squash", sha=pull.head, commit_title="T", commit_message="M"
    )
    git = stage.forge.repository(REPOSITORY).git
    commit = git.commit(merged.json()["sha"])
    assert stage.tip() == commit.sha
    assert (commit.parents, commit.message, commit.tree) == ((before,), "T\n\nM", git.commit(pull.head).tree)


def test_a_merge_commit_has_both_parents(stage: Stage) -> None:
    pull = stage.opened("merged")
    base = stage.branch("main", {"meanwhile.txt": b""})
    sha = merge(stage, pull.number).json()["sha"]
    git = stage.forge.repository(REPOSITORY).git
    assert git.commit(sha).parents == (base, pull.head)
    assert {entry.path for entry in git.tree(sha)} >= {"meanwhile.txt", "models"}
    assert "Merge pull request #1 from acme/merged" in git.commit(sha).message


def test_a_rebase_puts_each_commit_on_the_base_with_its_author(stage: Stage) -> None:
    pull = stage.opened("rebased")
    stage.branch("rebased", {"more.txt": b"more"})
    base = stage.branch("main", {"meanwhile.txt": b""})
    sha = merge(stage, pull.number, merge_method="rebase").json()["sha"]
    git = stage.forge.repository(REPOSITORY).git
    landed = git.commits(f"{base}..{sha}", oldest_first=True)
    assert [commit.message for commit in landed] == ["Add rebased", "Add rebased"]
    assert [commit.author.name for commit in landed] == ["callboard", "callboard"]
    assert landed[0].parents == (base,)
    assert {entry.path for entry in git.tree(sha)} >= {"meanwhile.txt", "more.txt"}


def test_what_was_merged_stays_told_after_its_branch_is_gone(stage: Stage) -> None:
    pull = stage.opened("landed")
    sha = merge(stage, pull.number, merge_method="squash").json()["sha"]
    stage.api("callboard", "DELETE", "git/refs/heads/landed")
    told = stage.api("robin", "GET", f"pulls/{pull.number}").json()
    assert (told["merged"], told["merge_commit_sha"], told["merged_by"]["login"]) == (True, sha, "callboard")
    files = stage.api("robin", "GET", f"pulls/{pull.number}/files").json()
    assert [each["filename"] for each in files] == ["models/landed.yaml"]
    assert merge(stage, pull.number).status_code == 405
    assert stage.api("callboard", "PATCH", f"pulls/{pull.number}", {"state": "open"}).status_code == 422


def test_a_merge_pinned_to_another_head_is_refused_and_changes_nothing(stage: Stage) -> None:
    pull = stage.opened("pinned")
    before, approved = stage.tip(), pull.head
    stage.branch("pinned", {"sneaked-in.txt": b"!"})
    answer = merge(stage, pull.number, sha=approved)
    assert answer.status_code == 409
    assert answer.json()["message"] == "Head branch was modified. Review and try the merge again."
    assert stage.tip() == before


def test_a_conflict_cannot_be_merged(stage: Stage) -> None:
    pull = stage.opened("conflicting", {"README.md": b"# Theirs\n"})
    stage.branch("main", {"README.md": b"# Ours\n"})
    assert state(stage, pull.number) == (False, "dirty")
    assert merge(stage, pull.number).status_code == 405


def test_a_conflicting_commit_in_the_middle_cannot_be_rebased(stage: Stage) -> None:
    pull = stage.opened("wavering", {"README.md": b"# Theirs\n"})
    stage.branch("wavering", {"README.md": b"# Models\n", "new.txt": b""})
    stage.branch("main", {"README.md": b"# Ours\n"})
    assert merge(stage, pull.number, merge_method="rebase").status_code == 405


def test_a_draft_cannot_be_merged(stage: Stage) -> None:
    pull = stage.opened("drafted", draft=True)
    assert state(stage, pull.number) == (True, "draft")
    assert merge(stage, pull.number).json()["message"] == "Pull Request is still a draft"


def test_an_unknown_method_is_refused(stage: Stage) -> None:
    assert merge(stage, stage.opened("odd").number, merge_method="octopus").status_code == 422


def test_protection_blocks_until_somebody_with_write_permission_approves(stage: Stage) -> None:
    stage.forge.protect(REPOSITORY, "main", Protection(approvals=1))
    number = stage.opened("guarded").number
    assert state(stage, number) == (True, "blocked")
    assert "At least 1 approving review is required" in merge(stage, number).json()["message"]
    stage.api("mallory", "POST", f"pulls/{number}/reviews", {"event": "APPROVE"})
    assert state(stage, number) == (True, "blocked")
    stage.api("robin", "POST", f"pulls/{number}/reviews", {"event": "APPROVE"})
    assert state(stage, number) == (True, "clean")
    stage.api("ada", "POST", f"pulls/{number}/reviews", {"event": "REQUEST_CHANGES", "body": "No"})
    assert merge(stage, number).json()["message"] == "Changes have been requested."


def test_protection_blocks_until_the_required_checks_pass(stage: Stage) -> None:
    stage.forge.protect(REPOSITORY, "main", Protection(checks=("validate", "docs")))
    pull = stage.opened("checked")
    assert 'status check "validate" is expected' in merge(stage, pull.number).json()["message"]
    stage.api("callboard", "POST", f"statuses/{pull.head}", {"state": "success", "context": "validate"})
    run = stage.api("ci", "POST", "check-runs", {"name": "docs", "head_sha": pull.head}).json()["id"]
    assert 'status check "docs" is pending' in merge(stage, pull.number).json()["message"]
    stage.api("ci", "PATCH", f"check-runs/{run}", {"conclusion": "failure"})
    assert 'status check "docs" is failure' in merge(stage, pull.number).json()["message"]
    stage.api("ci", "POST", "check-runs", {"name": "docs", "head_sha": pull.head, "conclusion": "success"})
    assert merge(stage, pull.number).status_code == 200


def test_a_failing_check_that_nobody_requires_only_makes_it_unstable(stage: Stage) -> None:
    pull = stage.opened("flaky")
    stage.api("callboard", "POST", f"statuses/{pull.head}", {"state": "error", "context": "lint"})
    assert state(stage, pull.number) == (True, "unstable")
    assert merge(stage, pull.number).status_code == 200


def test_strict_protection_asks_for_a_head_that_contains_the_base(stage: Stage) -> None:
    stage.forge.protect(REPOSITORY, "main", Protection(strict=True))
    pull = stage.opened("behind")
    base = stage.branch("main", {"meanwhile.txt": b""})
    assert state(stage, pull.number) == (True, "behind")
    wrong = stage.api("callboard", "PUT", f"pulls/{pull.number}/update-branch", {"expected_head_sha": base})
    assert wrong.status_code == 422
    right = {"expected_head_sha": pull.head}
    assert stage.api("callboard", "PUT", f"pulls/{pull.number}/update-branch", right).status_code == 202
    assert state(stage, pull.number) == (True, "clean")
    assert stage.api("callboard", "PUT", f"pulls/{pull.number}/update-branch", {}).status_code == 422


def test_a_conflicting_branch_cannot_be_updated(stage: Stage) -> None:
    pull = stage.opened("conflicting", {"README.md": b"# Theirs\n"})
    stage.branch("main", {"README.md": b"# Ours\n"})
    assert stage.api("callboard", "PUT", f"pulls/{pull.number}/update-branch", {}).status_code == 422


def test_mergeability_is_unknown_for_as_many_reads_as_asked_for(
    start_forge: ForgeFactory, stage: Stage
) -> None:
    other = Stage.on(start_forge(undecided_reads=1), stage.workspace)
    pull = other.opened("slow")
    # Opening it was the first read.
    assert state(other, pull.number) == (True, "clean")
    other.branch("main", {"meanwhile.txt": b""})
    assert state(other, pull.number) == (None, "unknown")
    assert state(other, pull.number) == (True, "clean")


def test_pushing_the_head_into_the_base_marks_the_pull_request_as_merged(stage: Stage) -> None:
    pull = stage.opened("by-hand")
    stage.api("ada", "PATCH", "git/refs/heads/main", {"sha": pull.head})
    told = stage.api("robin", "GET", f"pulls/{pull.number}").json()
    assert (told["merged"], told["merged_by"]["login"]) == (True, "ada")


def test_deleting_the_base_closes_the_pull_request(stage: Stage) -> None:
    stage.api("callboard", "POST", "git/refs", {"ref": "refs/heads/release", "sha": stage.tip()})
    number = stage.opened("orphaned", base="release").number
    stage.api("callboard", "DELETE", "git/refs/heads/release")
    told = stage.api("robin", "GET", f"pulls/{number}").json()
    assert (told["state"], told["merged"], told["mergeable"]) == ("closed", False, None)


@pytest.mark.parametrize("approvals", [1, 2])
def test_the_branch_shows_its_protection(stage: Stage, approvals: int) -> None:
    assert stage.api("ada", "GET", "branches/main/protection").status_code == 404
    stage.forge.protect(REPOSITORY, "main", Protection(approvals=approvals))
    shown = stage.api("ada", "GET", "branches/main/protection").json()
    assert shown["required_pull_request_reviews"]["required_approving_review_count"] == approvals
    assert stage.api("ada", "DELETE", "branches/main/protection").status_code == 204
    assert stage.api("ada", "DELETE", "branches/main/protection").status_code == 404
