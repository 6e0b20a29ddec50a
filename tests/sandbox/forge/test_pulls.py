"""Pull requests behave as at GitHub."""

from __future__ import annotations

import pytest

from callboard.sandbox.forge import Protection
from tests.contracts.github import Contract
from tests.sandbox.forge.conftest import REPOSITORY, Stage
from tests.servers.forge import ForgeFactory


def approve(stage: Stage, number: int, login: str = "robin") -> None:
    answer = stage.api(login, "POST", f"pulls/{number}/reviews", {"event": "APPROVE"})
    assert answer.status_code == 200, answer.text


def test_an_author_cannot_approve_their_own_pull_request(stage: Stage) -> None:
    number = stage.opened("own").number
    answer = stage.api("callboard", "POST", f"pulls/{number}/reviews", {"event": "APPROVE"})
    assert answer.status_code == 422
    assert answer.json()["errors"] == ["Can not approve your own pull request"]
    assert stage.api("robin", "GET", f"pulls/{number}/reviews").json() == []


def test_an_author_may_comment_as_a_review(stage: Stage) -> None:
    number = stage.opened("own").number
    event = {"event": "COMMENT", "body": "Look here"}
    assert stage.api("callboard", "POST", f"pulls/{number}/reviews", event).json()["state"] == "COMMENTED"


def test_a_force_push_repoints_approvals_to_the_new_head(stage: Stage) -> None:
    pull = stage.opened("pushed")
    approve(stage, pull.number)
    old = pull.head
    new = stage.rewritten("pushed")
    review = stage.api("robin", "GET", f"pulls/{pull.number}/reviews").json()[0]
    assert (review["state"], review["commit_id"]) == ("APPROVED", new)
    event = pull.force_pushes[0]
    assert (event.before, event.after) == (old, new)
    assert event.created_at > review["submitted_at"]


def test_a_force_push_leaves_reviews_where_they_were_when_told_so(
    start_forge: ForgeFactory, stage: Stage
) -> None:
    other = Stage.on(start_forge(repoints_reviews=False), stage.workspace)
    pull = other.opened("pushed")
    approve(other, pull.number)
    old = pull.head
    other.rewritten("pushed")
    assert other.api("robin", "GET", f"pulls/{pull.number}/reviews").json()[0]["commit_id"] == old


def test_a_plain_push_neither_repoints_reviews_nor_counts_as_forced(stage: Stage) -> None:
    pull = stage.opened("pushed")
    approve(stage, pull.number)
    old = pull.head
    new = stage.branch("pushed", {"more.txt": b"more"})
    assert stage.api("robin", "GET", f"pulls/{pull.number}").json()["head"]["sha"] == new
    assert stage.api("robin", "GET", f"pulls/{pull.number}/reviews").json()[0]["commit_id"] == old
    assert pull.force_pushes == []


def test_a_push_dismisses_approvals_where_protection_says_so(stage: Stage) -> None:
    stage.forge.protect(REPOSITORY, "main", Protection(approvals=1, dismiss_stale_reviews=True))
    pull = stage.opened("pushed")
    approve(stage, pull.number)
    stage.branch("pushed", {"more.txt": b"more"})
    assert stage.api("robin", "GET", f"pulls/{pull.number}/reviews").json()[0]["state"] == "DISMISSED"


def test_a_second_pull_request_for_the_same_branches_is_refused(stage: Stage) -> None:
    stage.opened("twice")
    body = {"title": "Again", "head": "twice", "base": "main"}
    answer = stage.api("callboard", "POST", "pulls", body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["message"] == "A pull request already exists for acme:twice."


def test_a_pull_request_without_commits_is_refused(stage: Stage) -> None:
    stage.api("callboard", "POST", "git/refs", {"ref": "refs/heads/empty", "sha": stage.tip()})
    answer = stage.api("callboard", "POST", "pulls", {"title": "Nothing", "head": "empty", "base": "main"})
    assert answer.json()["errors"][0]["message"] == "No commits between main and empty"


@pytest.mark.parametrize(
    ("head", "base", "field"),
    [("missing", "main", "head"), ("there", "missing", "base"), ("other:x", "main", "head")],
)
def test_a_pull_request_from_or_to_a_missing_branch_is_refused(
    stage: Stage, head: str, base: str, field: str
) -> None:
    stage.branch("there")
    answer = stage.api("callboard", "POST", "pulls", {"title": "Lost", "head": head, "base": base})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


def test_a_pull_request_without_a_title_is_refused(stage: Stage) -> None:
    stage.branch("untitled")
    answer = stage.api("callboard", "POST", "pulls", {"title": "", "head": "untitled", "base": "main"})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "missing_field")


def test_deleting_the_branch_closes_the_pull_request_which_then_cannot_be_reopened(stage: Stage) -> None:
    number = stage.opened("gone").number
    assert stage.api("callboard", "DELETE", "git/refs/heads/gone").status_code == 204
    assert stage.api("robin", "GET", f"pulls/{number}").json()["state"] == "closed"
    answer = stage.api("callboard", "PATCH", f"pulls/{number}", {"state": "open"})
    assert answer.status_code == 422
    assert "branch has been deleted" in answer.json()["errors"][0]["message"]


def test_a_closed_pull_request_can_be_reopened_unless_its_branch_moved(stage: Stage) -> None:
    number = stage.opened("paused").number
    assert stage.api("callboard", "PATCH", f"pulls/{number}", {"state": "closed"}).json()["closed_at"]
    assert stage.api("callboard", "PATCH", f"pulls/{number}", {"state": "open"}).json()["state"] == "open"
    stage.api("callboard", "PATCH", f"pulls/{number}", {"state": "closed"})
    stage.branch("paused", {"more.txt": b"more"})
    assert stage.api("callboard", "PATCH", f"pulls/{number}", {"state": "open"}).status_code == 422


def test_emptying_the_branch_closes_the_pull_request(stage: Stage) -> None:
    number = stage.opened("emptied").number
    stage.api("callboard", "PATCH", "git/refs/heads/emptied", {"sha": stage.tip(), "force": True})
    assert stage.api("robin", "GET", f"pulls/{number}").json()["state"] == "closed"


def test_a_stranger_may_not_edit_a_pull_request(stage: Stage) -> None:
    number = stage.opened("kept").number
    assert stage.api("mallory", "PATCH", f"pulls/{number}", {"title": "Mine"}).status_code == 403


def test_the_base_can_be_changed_to_another_branch_only(stage: Stage) -> None:
    number = stage.opened("aimed").number
    stage.api("callboard", "POST", "git/refs", {"ref": "refs/heads/release", "sha": stage.tip()})
    answer = stage.api("callboard", "PATCH", f"pulls/{number}", {"base": "release"})
    assert answer.json()["base"]["ref"] == "release"
    assert stage.api("callboard", "PATCH", f"pulls/{number}", {"base": "missing"}).status_code == 422


def test_the_changed_files_tell_renames_and_real_differences(stage: Stage) -> None:
    content = b"kind: Component\n" + b"# note\n" * 20
    renamed = {
        "models/fraud/catalog-info.yaml": None,
        "models/scoring/catalog-info.yaml": content,
        "bin": b"\0\1",
    }
    number = stage.opened("renames", renamed | {"README.md": b"# Models\n\nAll.\n"}).number
    files = {each["filename"]: each for each in stage.api("robin", "GET", f"pulls/{number}/files").json()}
    moved = files["models/scoring/catalog-info.yaml"]
    assert (moved["status"], moved["previous_filename"]) == ("renamed", "models/fraud/catalog-info.yaml")
    assert files["README.md"]["patch"] == "@@ -1 +1,3 @@\n # Models\n+\n+All."
    assert "patch" not in files["bin"]


def test_the_list_filters_by_head_base_and_state(stage: Stage) -> None:
    first, second = stage.opened("one").number, stage.opened("two").number
    stage.api("callboard", "PATCH", f"pulls/{first}", {"state": "closed"})

    def numbers(**query: str) -> list[int]:
        return [each["number"] for each in stage.api("robin", "GET", "pulls", **query).json()]

    assert numbers() == [second]
    assert numbers(state="all") == [second, first]
    assert numbers(state="closed", head="acme:one") == [first]
    assert numbers(head="acme:one") == []
    assert numbers(head="elsewhere:two") == []
    assert numbers(base="release") == []


def test_lists_come_in_pages_with_links(stage: Stage) -> None:
    for name in ("one", "two", "three"):
        stage.opened(name)
    listed = [pull.number for pull in stage.repository("robin").get_pulls(state="open")]
    assert listed == [3, 2, 1]
    first = stage.api("robin", "GET", "pulls", per_page=2)
    assert 'rel="next"' in first.headers["link"]
    last = stage.api("robin", "GET", "pulls", per_page=2, page=2)
    assert [each["number"] for each in last.json()] == [1]
    assert 'rel="next"' not in last.headers["link"]


def test_reviews_are_asked_of_collaborators_other_than_the_author(stage: Stage) -> None:
    number = stage.opened("asked").number
    for login in ("callboard", "mallory"):
        answer = stage.api("robin", "POST", f"pulls/{number}/requested_reviewers", {"reviewers": [login]})
        assert answer.status_code == 422
    stage.api("callboard", "POST", f"pulls/{number}/requested_reviewers", {"reviewers": ["robin"]})
    approve(stage, number)
    assert stage.api("ada", "GET", f"pulls/{number}/requested_reviewers").json()["users"] == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"event": "REQUEST_CHANGES"}, 422),
        ({"event": "SHRUG"}, 422),
        ({"event": "APPROVE", "commit_id": "0" * 40}, 422),
        ({"body": "pending"}, 501),
        ({"event": "COMMENT", "body": "x", "comments": [{"path": "README.md", "body": "x", "line": 1}]}, 501),
    ],
)
def test_a_review_that_cannot_be_is_refused(
    stage: Stage, github_contract: Contract, body: dict[str, object], status: int
) -> None:
    github_contract.expects_unimplemented = status == 501
    number = stage.opened("reviewed").number
    assert stage.api("robin", "POST", f"pulls/{number}/reviews", body).status_code == status


def test_only_a_standing_verdict_can_be_dismissed(stage: Stage) -> None:
    number = stage.opened("dismissed").number
    review = stage.api("robin", "POST", f"pulls/{number}/reviews", {"event": "APPROVE"}).json()["id"]
    dismissal = f"pulls/{number}/reviews/{review}/dismissals"
    assert stage.api("ada", "PUT", dismissal, {"message": "No"}).json()["state"] == "DISMISSED"
    assert stage.api("ada", "PUT", dismissal, {"message": "No"}).status_code == 422
    assert (
        stage.api("ada", "PUT", f"pulls/{number}/reviews/1/dismissals", {"message": "No"}).status_code == 404
    )


def test_labels_are_made_when_missing_kept_once_and_taken_off_in_any_case(stage: Stage) -> None:
    number = stage.opened("labelled").number
    labels = f"issues/{number}/labels"
    added = stage.api("robin", "POST", labels, {"labels": ["Hold", "hold"]}).json()
    assert [label["name"] for label in added] == ["Hold"]
    assert stage.api("robin", "DELETE", f"{labels}/HOLD").json() == []
    assert stage.api("robin", "DELETE", f"{labels}/hold").status_code == 404
    assert stage.api("robin", "GET", "labels/hold").json()["name"] == "Hold"
