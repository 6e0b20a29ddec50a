"""Refs, objects and files by REST, with the refusals of GitHub."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.forge.conftest import CARD, Stage


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"ref": "refs/heads/main", "sha": "{tip}"}, "Reference already exists"),
        ({"ref": "main", "sha": "{tip}"}, "main is not a valid ref name."),
        ({"ref": "refs/heads/a..b", "sha": "{tip}"}, "refs/heads/a..b is not a valid ref name."),
        ({"ref": "refs/heads/new", "sha": "0" * 40}, "Object does not exist"),
        ({"ref": "refs/heads/new", "sha": "--help"}, "Object does not exist"),
    ],
)
def test_a_ref_that_cannot_be_made_is_refused(stage: Stage, body: dict[str, str], message: str) -> None:
    answer = stage.api(
        "callboard", "POST", "git/refs", {"ref": body["ref"], "sha": body["sha"].format(tip=stage.tip())}
    )
    assert (answer.status_code, answer.json()["message"]) == (422, message)


def test_a_branch_moves_forward_only_unless_forced(stage: Stage) -> None:
    first = stage.tip()
    stage.branch("main", {"new.txt": b""})
    answer = stage.api("callboard", "PATCH", "git/refs/heads/main", {"sha": first})
    assert (answer.status_code, answer.json()["message"]) == (422, "Update is not a fast forward")
    assert (
        stage.api("callboard", "PATCH", "git/refs/heads/main", {"sha": first, "force": True}).status_code
        == 200
    )
    assert stage.tip() == first


def test_refs_that_are_not_there_cannot_be_moved_deleted_or_read(stage: Stage) -> None:
    assert stage.api("callboard", "PATCH", "git/refs/heads/none", {"sha": stage.tip()}).status_code == 422
    assert stage.api("callboard", "PATCH", "git/refs/heads/main", {"sha": "0" * 40}).status_code == 422
    assert stage.api("callboard", "DELETE", "git/refs/heads/none").status_code == 422
    assert stage.api("callboard", "GET", "git/ref/heads/none").status_code == 404
    assert stage.api("callboard", "GET", "branches/none").status_code == 404
    assert stage.api("ada", "PUT", "branches/none/protection", {}).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "git/blobs/{zero}", 404),
        ("GET", "git/blobs/{tip}", 404),
        ("GET", "git/commits/{zero}", 404),
        ("GET", "git/trees/none", 404),
        ("GET", "commits/none", 422),
        ("GET", "commits/none/status", 404),
        ("GET", "commits?sha=none", 404),
        ("GET", "compare/main", 404),
        ("GET", "contents/none", 404),
        ("GET", "contents/..%2F..%2Fetc%2Fpasswd", 404),
        ("GET", "contents/README.md?ref=main~1", 404),
        ("GET", "pulls/99", 404),
        ("GET", "pulls/none", 404),
        ("GET", "pulls/1/reviews/1", 404),
        ("GET", "labels/none", 404),
        ("GET", "issues/comments/1", 404),
        ("GET", "check-runs/1", 404),
        ("GET", "collaborators/mallory", 404),
    ],
)
def test_what_is_not_there_is_not_found(stage: Stage, method: str, path: str, status: int) -> None:
    assert stage.api("robin", method, path.format(zero="0" * 40, tip=stage.tip())).status_code == status


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("git/trees", {"tree": []}),
        ("git/trees", {"tree": [{"path": "../x", "mode": "100644", "content": ""}]}),
        ("git/trees", {"tree": [{"path": "x", "mode": "100644", "sha": "0" * 40}]}),
        ("git/trees", {"base_tree": "0" * 40, "tree": [{"path": "x", "mode": "100644", "content": ""}]}),
        ("git/blobs", {"content": "!", "encoding": "base64"}),
        ("git/commits", {"message": "x", "tree": "0" * 40}),
        ("statuses/none", {"state": "success"}),
        ("check-runs", {"name": "x", "head_sha": "none"}),
    ],
)
def test_objects_that_cannot_be_made_are_refused(stage: Stage, path: str, body: dict[str, Any]) -> None:
    login = "ci" if path == "check-runs" else "callboard"
    assert stage.api(login, "POST", path, body).status_code == 422


def test_a_status_has_one_of_four_states(stage: Stage) -> None:
    assert stage.api("callboard", "POST", f"statuses/{stage.tip()}", {"state": "fine"}).status_code == 422


def test_the_newest_status_of_a_context_counts(stage: Stage) -> None:
    for state in ("pending", "failure", "success"):
        stage.api("callboard", "POST", f"statuses/{stage.tip()}", {"state": state, "context": "lint"})
    told = stage.api("robin", "GET", "commits/main/status").json()
    assert (told["state"], told["total_count"]) == ("success", 1)
    assert len(stage.api("robin", "GET", "commits/main/statuses").json()) == 3
    stage.api("callboard", "POST", f"statuses/{stage.tip()}", {"state": "error", "context": "docs"})
    assert stage.api("robin", "GET", "commits/main/status").json()["state"] == "failure"


def test_a_tree_can_take_a_whole_folder_from_elsewhere(stage: Stage) -> None:
    models = stage.api("robin", "GET", "git/trees/main").json()["tree"][1]
    entry = {"path": "copy", "mode": "040000", "type": "tree", "sha": models["sha"]}
    tree = stage.api("callboard", "POST", "git/trees", {"tree": [entry]}).json()["sha"]
    listed = stage.api("robin", "GET", f"git/trees/{tree}", recursive=1).json()["tree"]
    assert [each["path"] for each in listed] == ["copy", "copy/fraud", "copy/fraud/catalog-info.yaml"]


def test_a_commit_keeps_the_author_and_date_that_it_is_given(stage: Stage) -> None:
    author = {"name": "Ada", "email": "ada@example.org", "date": "2026-01-02T03:04:05Z"}
    tree = stage.api("robin", "GET", "git/commits/" + stage.tip()).json()["tree"]["sha"]
    body = {"message": "Dated", "tree": tree, "author": author, "parents": [stage.tip()]}
    told = stage.api("callboard", "POST", "git/commits", body).json()
    assert (told["author"], told["committer"]) == (author, author)
    again = stage.api("callboard", "POST", "git/commits", body).json()
    assert again["sha"] == told["sha"]


def test_a_symbolic_link_tells_its_target(stage: Stage) -> None:
    entry = {"path": "link", "mode": "120000", "type": "blob", "content": "README.md"}
    tree = stage.api("callboard", "POST", "git/trees", {"tree": [entry]}).json()["sha"]
    commit = {"message": "Link", "tree": tree, "parents": [stage.tip()]}
    sha = stage.api("callboard", "POST", "git/commits", commit).json()["sha"]
    told = stage.api("robin", "GET", "contents/link", ref=sha).json()
    assert (told["type"], told["target"]) == ("symlink", "README.md")


def test_histories_that_share_nothing_cannot_be_compared(stage: Stage) -> None:
    tree = stage.api("robin", "GET", "git/trees/main").json()["sha"]
    sha = stage.api("callboard", "POST", "git/commits", {"message": "Orphan", "tree": tree}).json()["sha"]
    assert stage.api("robin", "GET", f"compare/main...{sha}").status_code == 404
    assert stage.api("robin", "GET", f"commits/{sha}").json()["stats"]["additions"] == CARD.count(b"\n") + 1


def test_diverged_branches_are_told_from_where_they_parted(stage: Stage) -> None:
    parted = stage.tip()
    stage.branch("side")
    stage.branch("main", {"meanwhile.txt": b""})
    told = stage.api("robin", "GET", "compare/main...side").json()
    assert (told["status"], told["ahead_by"], told["behind_by"]) == ("diverged", 1, 1)
    assert told["merge_base_commit"]["sha"] == parted
    assert [each["filename"] for each in told["files"]] == ["models/side.yaml"]


def test_a_blob_comes_raw_where_accept_asks_for_it(stage: Stage) -> None:
    sha = stage.api("robin", "GET", "contents/README.md").json()["sha"]
    raw = stage.api("robin", "GET", f"git/blobs/{sha}", None, {"accept": "application/vnd.github.raw"})
    assert raw.content == b"# Models\n"


def test_a_tree_is_its_base_with_what_was_asked_put_in_and_taken_out(stage: Stage) -> None:
    entries = [
        {"path": "a/new.txt", "mode": "100644", "type": "blob", "content": "new"},
        {"path": "README.md", "mode": "100644", "type": "blob", "sha": None},
    ]
    made = stage.api("callboard", "POST", "git/trees", {"base_tree": stage.tip(), "tree": entries}).json()
    assert [each["path"] for each in made["tree"]] == ["a", "models"]


def test_a_history_can_be_of_one_path(stage: Stage) -> None:
    stage.branch("main", {"README.md": b"# All\n"})
    touched = stage.api("robin", "GET", "commits", path="README.md").json()
    assert [each["commit"]["message"] for each in touched] == ["Add main", "Start the catalog"]
    assert len(stage.api("robin", "GET", "commits", path="models").json()) == 1
