"""Merge requests by GitLab's rules: refusals, merge status, approvals, versions and notes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from callboard.sandbox.forge import Protection
from tests.sandbox.forge.conftest import REPOSITORY
from tests.sandbox.gitlab.conftest import GitLabStage
from tests.servers.forge import ForgeFactory


def test_the_merge_is_pinned_to_the_head(stage: GitLabStage) -> None:
    request = stage.merge_request("one")
    stage.branch("one", {"models/one.yaml": b"kind: API\n"})
    moved = stage.rest("callboard", "PUT", "merge_requests/1/merge", {"sha": request["sha"]})
    head = stage.tip("one")
    assert (moved.status_code, moved.json()["message"]) == (
        409,
        f"SHA does not match HEAD of source branch: {head}",
    )
    merged = stage.rest("callboard", "PUT", "merge_requests/1/merge", {"sha": head}).json()
    assert (merged["state"], merged["detailed_merge_status"]) == ("merged", "not_open")
    assert merged["merge_user"]["username"] == "callboard"
    again = stage.rest("callboard", "PUT", "merge_requests/1/merge", {"sha": head})
    assert (again.status_code, again.json()) == (405, {"message": "405 Method Not Allowed"})


def test_who_cannot_push_cannot_merge(stage: GitLabStage) -> None:
    stage.merge_request("one")
    refused = stage.rest("mallory", "PUT", "merge_requests/1/merge")
    assert (refused.status_code, refused.json()) == (401, {"message": "401 Unauthorized"})
    assert stage.rest("mallory", "PUT", "merge_requests/1/rebase").status_code == 403


def test_a_draft_is_marked_in_its_title(stage: GitLabStage) -> None:
    request = stage.merge_request("one", title="[Draft] Add one")
    assert (request["title"], request["draft"]) == ("Draft: Add one", True)
    assert request["detailed_merge_status"] == "draft_status"
    assert stage.rest("callboard", "PUT", "merge_requests/1/merge").status_code == 405
    ready = stage.rest("callboard", "PUT", "merge_requests/1", {"title": "Add one"}).json()
    assert (ready["title"], ready["draft"], ready["detailed_merge_status"]) == ("Add one", False, "mergeable")


def test_a_conflict_is_said_and_not_merged(stage: GitLabStage) -> None:
    stage.merge_request("one", files={"README.md": b"one\n"})
    stage.branch("main", {"README.md": b"other\n"})
    told = stage.read(1)
    assert (told["detailed_merge_status"], told["has_conflicts"]) == ("conflict", True)
    assert told["merge_status"] == "cannot_be_merged"
    refused = stage.rest("callboard", "PUT", "merge_requests/1/merge")
    assert (refused.status_code, refused.json()) == (422, {"message": "Branch cannot be merged"})
    assert stage.rest("callboard", "PUT", "merge_requests/1/rebase").status_code == 202
    assert "resolve all conflicts" in stage.read(1)["merge_error"]


def test_a_rebase_makes_a_new_version_on_the_target(stage: GitLabStage) -> None:
    stage.forge.protect(REPOSITORY, "main", Protection(strict=True))
    stage.merge_request("one")
    stage.branch("main", {"other.md": b"other\n"})
    assert stage.read(1)["detailed_merge_status"] == "need_rebase"
    stage.rest("callboard", "PUT", "merge_requests/1/rebase")
    told = stage.read(1)
    assert (told["detailed_merge_status"], told["sha"]) == ("mergeable", stage.tip("one"))
    versions = stage.rest("robin", "GET", "merge_requests/1/versions").json()
    assert versions[0]["head_commit_sha"] == stage.tip("one")
    assert versions[0]["start_commit_sha"] == versions[0]["base_commit_sha"] == stage.tip()
    assert len(versions) == 2
    assert versions[0]["created_at"] > versions[1]["created_at"]


@pytest.mark.parametrize("method", ["merge", "ff"])
def test_a_squash_is_one_commit(stage: GitLabStage, method: Any) -> None:
    stage.forge.project_settings(REPOSITORY).merge_method = method
    before = stage.tip()
    stage.merge_request("one")
    stage.branch("one", {"models/two.yaml": b"kind: API\n"})
    merged = stage.rest(
        "callboard", "PUT", "merge_requests/1/merge", {"squash": True, "squash_commit_message": "All of it"}
    ).json()
    git = stage.forge.repository(REPOSITORY).git
    squashed = git.commit(merged["squash_commit_sha"])
    assert (squashed.parents, squashed.message) == ((before,), "All of it")
    if method == "ff":
        assert (merged["merge_commit_sha"], stage.tip()) == (None, squashed.sha)
    else:
        assert git.commit(merged["merge_commit_sha"]).parents == (before, squashed.sha)


def test_a_merge_waits_for_the_pipeline_when_asked(stage: GitLabStage) -> None:
    stage.forge.project_settings(REPOSITORY).only_allow_merge_if_pipeline_succeeds = True
    head = stage.merge_request("one")["sha"]
    assert stage.read(1)["detailed_merge_status"] == "ci_must_pass"
    stage.rest("ci", "POST", f"statuses/{head}", {"state": "running", "name": "build"})
    assert stage.read(1)["detailed_merge_status"] == "ci_still_running"
    assert stage.rest("callboard", "PUT", "merge_requests/1/merge").status_code == 405
    waiting = stage.rest("callboard", "PUT", "merge_requests/1/merge", {"auto_merge": True}).json()
    assert (waiting["state"], waiting["merge_when_pipeline_succeeds"]) == ("opened", True)
    assert waiting["head_pipeline"]["status"] == "running"
    stage.rest("ci", "POST", f"statuses/{head}", {"state": "success", "name": "build"})
    assert stage.read(1)["state"] == "merged"


def test_a_push_calls_the_waiting_merge_off(stage: GitLabStage) -> None:
    head = stage.merge_request("one")["sha"]
    stage.rest("ci", "POST", f"statuses/{head}", {"state": "pending", "name": "build"})
    stage.rest("callboard", "PUT", "merge_requests/1/merge", {"merge_when_pipeline_succeeds": True})
    stage.branch("one", {"models/one.yaml": b"kind: API\n"})
    assert stage.read(1)["merge_when_pipeline_succeeds"] is False
    stage.rest("ci", "POST", f"statuses/{head}", {"state": "success", "name": "build"})
    assert stage.read(1)["state"] == "opened"


def test_a_named_check_is_a_condition(stage: GitLabStage) -> None:
    stage.forge.protect(REPOSITORY, "main", Protection(checks=("build",)))
    head = stage.merge_request("one")["sha"]
    assert stage.read(1)["detailed_merge_status"] == "ci_must_pass"
    stage.rest("ci", "POST", f"statuses/{head}", {"state": "pending", "name": "build"})
    assert stage.read(1)["detailed_merge_status"] == "ci_still_running"
    twice = stage.rest("ci", "POST", f"statuses/{head}", {"state": "pending", "name": "build"})
    assert (twice.status_code, "Cannot transition status" in twice.json()["message"]) == (400, True)
    stage.rest("ci", "POST", f"statuses/{head}", {"state": "failed", "name": "build"})
    assert stage.read(1)["detailed_merge_status"] == "ci_must_pass"
    stage.rest("ci", "POST", f"statuses/{head}", {"state": "success", "name": "build"})
    assert stage.read(1)["detailed_merge_status"] == "mergeable"
    reported = stage.rest("ci", "GET", f"repository/commits/{head}/statuses", all="true").json()
    assert [each["status"] for each in reported] == ["failed", "success"]


def test_open_threads_hold_a_merge_where_the_project_says_so(stage: GitLabStage) -> None:
    stage.forge.project_settings(REPOSITORY).only_allow_merge_if_all_discussions_are_resolved = True
    stage.merge_request("one")
    thread = stage.rest("robin", "POST", "merge_requests/1/discussions", {"body": "Why?"}).json()
    held = stage.read(1)
    assert (held["detailed_merge_status"], held["blocking_discussions_resolved"]) == (
        "discussions_not_resolved",
        False,
    )
    stage.rest("robin", "PUT", f"merge_requests/1/discussions/{thread['id']}", {"resolved": True})
    assert stage.read(1)["detailed_merge_status"] == "mergeable"


def test_approvals_are_told_and_required_ones_counted(stage: GitLabStage) -> None:
    stage.merge_request("one")
    free = stage.rest("robin", "GET", "merge_requests/1/approvals").json()
    assert free == {
        "user_has_approved": False,
        "user_can_approve": True,
        "approved": False,
        "approved_by": [],
    }
    stage.forge.protect(REPOSITORY, "main", Protection(approvals=1))
    assert stage.read(1)["detailed_merge_status"] == "not_approved"
    stage.rest("robin", "POST", "merge_requests/1/approve")
    paid = stage.rest("robin", "GET", "merge_requests/1/approvals").json()
    assert (paid["approved"], paid["approvals_required"], paid["approvals_left"]) == (True, 1, 0)
    assert stage.read(1)["detailed_merge_status"] == "mergeable"


def test_approving_is_pinned_and_done_once(stage: GitLabStage) -> None:
    request = stage.merge_request("one")
    wrong = stage.rest("robin", "POST", "merge_requests/1/approve", {"sha": "0" * 40})
    assert (wrong.status_code, request["sha"] in wrong.json()["message"]) == (409, True)
    assert stage.rest("robin", "POST", "merge_requests/1/unapprove").status_code == 404
    assert stage.rest("robin", "POST", "merge_requests/1/approve", {"sha": request["sha"]}).status_code == 201
    assert stage.rest("robin", "POST", "merge_requests/1/approve").status_code == 401
    assert stage.rest("mallory", "POST", "merge_requests/1/approve").status_code == 403
    assert stage.rest("callboard", "POST", "merge_requests/1/approve").status_code == 201
    stage.rest("callboard", "POST", "merge_requests/1/unapprove")
    stage.forge.project_settings(REPOSITORY).author_may_approve = False
    assert stage.rest("callboard", "POST", "merge_requests/1/approve").status_code == 401


@pytest.mark.parametrize("resets", [False, True])
def test_a_push_resets_approvals_where_the_project_says_so(stage: GitLabStage, resets: bool) -> None:
    stage.forge.project_settings(REPOSITORY).reset_approvals_on_push = resets
    stage.merge_request("one")
    stage.rest("robin", "POST", "merge_requests/1/approve")
    stage.branch("one", {"models/one.yaml": b"kind: API\n"})
    assert stage.rest("robin", "GET", "merge_requests/1/approvals").json()["approved"] is not resets
    said = [each["body"] for each in stage.rest("robin", "GET", "merge_requests/1/notes", sort="asc").json()]
    assert said[0] == "approved this merge request"
    assert said[1].startswith("added 1 commit\n\n<ul><li>")
    assert said[2:] == (["reset approvals from @robin by pushing to the branch"] if resets else [])


@pytest.mark.parametrize(
    ("approvers", "named"),
    [
        (("ada", "robin"), "@ada and @robin"),
        (("ada", "ci", "robin"), "@ada, @ci, and @robin"),
    ],
)
def test_whose_approvals_were_reset_is_said(
    stage: GitLabStage, approvers: tuple[str, ...], named: str
) -> None:
    stage.forge.protect(REPOSITORY, "main", Protection(approvals=1, dismiss_stale_reviews=True))
    stage.merge_request("one")
    for login in approvers:
        stage.rest(login, "POST", "merge_requests/1/approve")
    stage.branch("one", {"models/one.yaml": b"kind: API\n"})
    last = stage.rest("robin", "GET", "merge_requests/1/notes").json()[0]
    assert last["body"] == f"reset approvals from {named} by pushing to the branch"


def test_notes_tell_people_from_gitlab(stage: GitLabStage) -> None:
    stage.merge_request("one")
    note = stage.rest("callboard", "POST", "merge_requests/1/notes", {"body": "<!-- mark -->\nHello"}).json()
    stage.rest("robin", "POST", "merge_requests/1/approve")
    stage.rest("robin", "POST", "merge_requests/1/unapprove")
    for asked, systems in (("all_notes", 2), ("only_comments", 0), ("only_activity", 2)):
        rows = stage.rest("robin", "GET", "merge_requests/1/notes", activity_filter=asked).json()
        assert sum(each["system"] for each in rows) == systems
    assert (
        stage.rest("robin", "PUT", f"merge_requests/1/notes/{note['id']}", {"body": "x"}).status_code == 403
    )
    assert stage.rest("robin", "DELETE", f"merge_requests/1/notes/{note['id']}").status_code == 403
    assert stage.rest("callboard", "POST", "merge_requests/1/notes", {"body": " "}).status_code == 400
    assert stage.rest("callboard", "POST", "merge_requests/1/notes", {}).json() == {
        "error": "body is missing"
    }
    assert stage.rest("callboard", "GET", "merge_requests/1/notes/1").status_code == 404
    too_long = stage.rest("callboard", "POST", "merge_requests/1/notes", {"body": "x" * 1_000_001})
    assert too_long.status_code == 400


def test_what_cannot_be_opened_is_refused_as_gitlab_does(stage: GitLabStage) -> None:
    stage.merge_request("one")
    body = {"title": "T", "source_branch": "one", "target_branch": "main"}
    twice = stage.rest("callboard", "POST", "merge_requests", body)
    assert (twice.status_code, twice.json()) == (
        409,
        {"message": ["Another open merge request already exists for this source branch: !1"]},
    )

    def status(**changed: str) -> int:
        return stage.rest("callboard", "POST", "merge_requests", body | changed).status_code

    assert status(source_branch="main") == 422
    assert status(source_branch="nowhere") == 400
    assert status(title="") == 400
    assert status(title="x" * 256) == 400
    assert status(source_branch="x", description="x" * 1_048_577) == 400
    assert stage.rest("mallory", "POST", "merge_requests", body).status_code == 403
    missing = stage.rest("callboard", "POST", "merge_requests", {"title": "T"})
    assert missing.json() == {"error": "source_branch is missing"}


def test_lists_are_filtered_ordered_and_paged(stage: GitLabStage) -> None:
    for name in ("one", "two", "three"):
        stage.merge_request(name, labels=f"callboard,{name}")
    stage.rest("callboard", "PUT", "merge_requests/1", {"state_event": "close"})

    def numbers(**query: str | int) -> list[int]:
        return [each["iid"] for each in stage.rest("robin", "GET", "merge_requests", **query).json()]

    me = stage.forge.account("callboard").id
    assert numbers() == [3, 2, 1]
    assert numbers(state="opened", sort="asc") == [2, 3]
    assert numbers(order_by="updated_at") == [1, 3, 2]
    assert numbers(source_branch="two") == numbers(labels="callboard,two") == [2]
    assert numbers(author_id=me, target_branch="main", state="closed") == [1]
    assert numbers(scope="created_by_me") == numbers(author_username="robin") == []
    assert numbers(search="add TWO", view="simple") == [2]
    assert stage.rest("robin", "GET", "merge_requests", state="new").status_code == 400
    paged = stage.rest("robin", "GET", "merge_requests", per_page=2, page=1)
    assert {name: paged.headers[f"x-{name}"] for name in ("page", "next-page", "total", "total-pages")} == {
        "page": "1",
        "next-page": "2",
        "total": "3",
        "total-pages": "2",
    }
    follow = paged.links["next"]["url"]
    last = stage.client.get(follow, headers={"private-token": stage.tokens["robin"]})
    assert [each["iid"] for each in last.json()] == [1]
    assert (last.headers["x-next-page"], last.headers["x-prev-page"]) == ("", "1")


def test_labels_are_set_added_and_removed(stage: GitLabStage) -> None:
    stage.merge_request("one", labels="a,b")
    changed = stage.rest("robin", "PUT", "merge_requests/1", {"add_labels": "c", "remove_labels": "a"}).json()
    assert changed["labels"] == ["b", "c"]
    assert stage.rest("robin", "PUT", "merge_requests/1", {"labels": ""}).json()["labels"] == []
    assert [each["name"] for each in stage.rest("robin", "GET", "labels").json()] == ["a", "b", "c"]
    again = stage.rest("robin", "POST", "labels", {"name": "A", "color": "#123456"})
    assert (again.status_code, again.json()) == (409, {"message": "Label already exists"})
    assert stage.rest("mallory", "PUT", "merge_requests/1", {"title": "x"}).status_code == 403
    assert stage.rest("robin", "PUT", "merge_requests/1", {}).status_code == 400


def test_a_closed_one_is_reopened_with_the_head_of_now(stage: GitLabStage) -> None:
    stage.merge_request("one")
    stage.rest("callboard", "PUT", "merge_requests/1", {"state_event": "close"})
    head = stage.branch("one", {"models/one.yaml": b"kind: API\n"})
    opened = stage.rest("callboard", "PUT", "merge_requests/1", {"state_event": "reopen"}).json()
    assert (opened["state"], opened["sha"]) == ("opened", head)
    stage.rest("callboard", "DELETE", "repository/branches/one")
    assert stage.read(1)["state"] == "closed"
    still = stage.rest("callboard", "PUT", "merge_requests/1", {"state_event": "reopen"}).json()
    assert still["state"] == "closed"


def test_changes_of_text_and_target_are_told_in_notes(stage: GitLabStage) -> None:
    stage.merge_request("one")
    stage.rest("callboard", "POST", "repository/branches", {"branch": "next", "ref": "main"})
    changed = stage.rest(
        "callboard", "PUT", "merge_requests/1", {"title": "New", "description": "D", "target_branch": "next"}
    ).json()
    assert (changed["title"], changed["description"], changed["target_branch"]) == ("New", "D", "next")
    notes = stage.rest("robin", "GET", "merge_requests/1/notes", sort="asc").json()
    assert [each["body"] for each in notes] == [
        "changed title from **Add one** to **New**",
        "changed the description",
        "changed target branch from `main` to `next`",
    ]
    for wrong in ({"title": "Draft: "}, {"state_event": "burn"}, {"title": 7}, {"labels": 7}):
        assert stage.rest("callboard", "PUT", "merge_requests/1", wrong).status_code == 400
    stage.rest("callboard", "PUT", "merge_requests/1", {"state_event": "reopen"})
    assert stage.read(1)["state"] == "opened"


def test_a_merge_that_waits_is_called_off_by_who_may(stage: GitLabStage) -> None:
    head = stage.merge_request("one")["sha"]
    cancel = "merge_requests/1/cancel_merge_when_pipeline_succeeds"
    assert stage.rest("callboard", "POST", cancel).status_code == 405
    assert stage.rest("mallory", "POST", cancel).status_code == 401
    stage.rest("ci", "POST", f"statuses/{head}", {"state": "running", "name": "build"})
    stage.rest("callboard", "PUT", "merge_requests/1/merge", {"auto_merge": True})
    assert stage.rest("callboard", "POST", cancel).json()["merge_when_pipeline_succeeds"] is False
    stage.rest("ci", "POST", f"statuses/{head}", {"state": "success", "name": "build"})
    assert stage.read(1)["state"] == "opened"


def test_what_came_in_by_another_way_has_nothing_to_merge(stage: GitLabStage) -> None:
    stage.merge_request("one")
    stage.rest("callboard", "PUT", "merge_requests/1", {"state_event": "close"})
    stage.rest("callboard", "POST", "repository/branches", {"branch": "two", "ref": "one"})
    body = {"title": "Two", "source_branch": "two", "target_branch": "main"}
    assert stage.rest("callboard", "POST", "merge_requests", body).status_code == 201
    assert stage.rest("callboard", "PUT", "merge_requests/2/merge").json()["state"] == "merged"
    opened = stage.rest("callboard", "PUT", "merge_requests/1", {"state_event": "reopen"}).json()
    assert (opened["state"], opened["detailed_merge_status"]) == ("opened", "commits_status")
    assert stage.rest("callboard", "PUT", "merge_requests/1/merge").status_code == 422
    assert stage.rest("callboard", "POST", "merge_requests", body).json() == {
        "error": ["No commits between main and two"]
    }


def test_too_much_to_show_is_cut_and_said(stage: GitLabStage) -> None:
    settings = stage.forge.project_settings(REPOSITORY)
    settings.most_diff_files, settings.most_diff_lines = 2, 3
    files = {f"models/{name}.yaml": b"a: 1\n" * 9 for name in "abc"}
    request = stage.merge_request("many", files=files)
    assert request["changes_count"] == "2+"
    shown = stage.rest("robin", "GET", "merge_requests/1/diffs").json()
    assert [(each["too_large"], each["diff"]) for each in shown] == [(True, "")] * 2
    assert stage.rest("robin", "GET", "merge_requests/1/changes").json()["overflow"] is True
    assert stage.rest("robin", "GET", "merge_requests/1/versions").json()[0]["state"] == "overflow"


def test_reviewers_are_asked_and_answer(stage: GitLabStage) -> None:
    stage.merge_request("one")
    robin = stage.forge.account("robin").id
    asked = stage.rest("callboard", "PUT", "merge_requests/1", {"reviewer_ids": [robin]}).json()
    assert [each["username"] for each in asked["reviewers"]] == ["robin"]
    assert stage.rest("robin", "GET", "merge_requests/1/reviewers").json()[0]["state"] == "unreviewed"
    stage.rest("robin", "POST", "merge_requests/1/approve")
    assert stage.rest("robin", "GET", "merge_requests/1/reviewers").json()[0]["state"] == "approved"


def test_what_was_reviewed_through_one_face_shows_on_the_other(stage: GitLabStage) -> None:
    stage.merge_request("one")
    stage.api("robin", "POST", "pulls/1/reviews", {"event": "REQUEST_CHANGES", "body": "No"})
    assert stage.read(1)["detailed_merge_status"] == "requested_changes"
    notes = stage.rest("robin", "GET", "merge_requests/1/notes").json()
    assert [each["body"] for each in notes] == ["requested changes"]
    stage.api("robin", "POST", "pulls/1/reviews", {"event": "APPROVE"})
    approved = stage.rest("robin", "GET", "merge_requests/1/approvals").json()["approved_by"]
    assert [each["user"]["username"] for each in approved] == ["robin"]
    assert stage.api("robin", "GET", "pulls/1").json()["title"] == "Add one"


def test_mergeability_is_unknown_at_first_when_asked_for(start_forge: ForgeFactory, tmp_path: Path) -> None:
    (tmp_path / "workspace").mkdir()
    stage = GitLabStage.on(start_forge(undecided_reads=2), tmp_path / "workspace")
    assert isinstance(stage, GitLabStage)
    assert stage.merge_request("one")["detailed_merge_status"] == "checking"
    stale = stage.rest("robin", "GET", "merge_requests").json()[0]
    assert (stale["detailed_merge_status"], stale["merge_status"]) == ("unchecked", "unchecked")
    asked = stage.rest("robin", "GET", "merge_requests", with_merge_status_recheck="true").json()[0]
    assert asked["detailed_merge_status"] == "checking"
    assert stage.read(1)["detailed_merge_status"] == "mergeable"
