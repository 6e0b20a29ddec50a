"""An unmodified python-gitlab goes through the life of a merge request; every operation succeeds once."""

from __future__ import annotations

import base64
import io
import tarfile
from typing import Any

import gitlab
import pytest

from tests.contracts.github import Contract
from tests.contracts.gitlab_rest import operations
from tests.sandbox.forge.conftest import CARD, REPOSITORY
from tests.sandbox.gitlab.conftest import GitLabStage

CARD_PATH = "models/fraud/catalog-info.yaml"


def test_a_merge_request_from_its_branch_to_its_merge(stage: GitLabStage) -> None:
    project = stage.project("callboard")
    assert (project.path_with_namespace, project.default_branch) == (REPOSITORY, "main")
    project.branches.create({"branch": "callboard/fraud", "ref": "main"})
    project.commits.create(
        {
            "branch": "callboard/fraud",
            "commit_message": "Update fraud",
            "actions": [
                {"action": "update", "file_path": CARD_PATH, "content": "kind: API\n"},
                {"action": "create", "file_path": "models/new.yaml", "content": "kind: Resource\n"},
            ],
        }
    )
    request = project.mergerequests.create(
        {
            "source_branch": "callboard/fraud",
            "target_branch": "main",
            "title": "Draft: Update fraud",
            "labels": ["callboard"],
        }
    )
    assert (request.draft, request.detailed_merge_status) == (True, "draft_status")
    request.title = "Update fraud"
    request.save()
    note = request.notes.create({"body": "First look"})
    note.body = "Second look"
    note.save()
    head = request.sha
    stage.project("robin").mergerequests.get(request.iid).approve(sha=head)
    assert [each["user"]["username"] for each in request.approvals.get().approved_by] == ["robin"]
    assert [each.head_commit_sha for each in request.diffs.list(get_all=True)] == [head]
    request = project.mergerequests.get(request.iid)
    assert (request.detailed_merge_status, request.changes_count) == ("mergeable", "2")
    merged = request.merge(sha=request.sha, should_remove_source_branch=True)
    assert (merged["state"], merged["merge_commit_sha"]) == ("merged", stage.tip())
    assert stage.forge.file(REPOSITORY, "main", CARD_PATH) == b"kind: API\n"
    assert "callboard/fraud" not in [each.name for each in project.branches.list(get_all=True)]
    said = [each.body for each in request.notes.list(sort="asc", get_all=True)]
    assert said == ["marked this merge request as **ready**", "Second look", "approved this merge request"]


def test_every_operation_answers_with_success(stage: GitLabStage, github_contract: Contract) -> None:
    server, project = stage.gitlab("callboard"), stage.project("callboard")
    server.auth()
    assert server.version()[0] != "unknown"
    assert server.user
    me = server.users.list(username="CALLBOARD")[0]
    assert server.users.get(me.id).bot is False
    assert server.personal_access_tokens.get("self").scopes == ["api"]
    assert project.members_all.get(me.id).access_level == 30
    assert {each.username for each in project.members_all.list()} == {"callboard", "robin", "ci", "ada"}
    assert project.protectedbranches.get("main").name == "main"
    assert [each.name for each in project.protectedbranches.list()] == ["main"]
    assert project.branches.get("main").default is True

    first = stage.tip()
    made = project.commits.create(
        {
            "branch": "work/one",
            "start_sha": first,
            "commit_message": "Work",
            "actions": [{"action": "move", "file_path": "READ.md", "previous_path": "README.md"}],
        }
    )
    assert project.commits.get(made.id).stats["total"] == 0
    assert made.diff()[0]["renamed_file"] is True
    assert [each.id for each in project.commits.list(ref_name="work/one", get_all=True)] == [made.id, first]
    assert len(project.repository_compare("main", "work/one")["commits"]) == 1
    assert project.repository_merge_base(["main", "work/one"])["id"] == first
    assert {each["path"] for each in project.repository_tree(recursive=True, get_all=True)} == {
        "README.md",
        "models",
        "models/fraud",
        CARD_PATH,
    }
    file = project.files.get(CARD_PATH, ref="main")
    assert (file.decode(), file.commit_id) == (CARD, first)
    assert project.files.raw(CARD_PATH, ref="main") == CARD
    packed = project.repository_archive(sha="main", path="models")
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        assert any(name.endswith(CARD_PATH) for name in archive.getnames())
    for ending in ("", ".tar.gz"):
        assert (
            stage.rest("callboard", "GET", f"repository/archive{ending}", sha="main").content[:2]
            == b"\x1f\x8b"
        )

    project.labels.create({"name": "hold", "color": "#ff0000"})
    assert [each.name for each in project.labels.list()] == ["hold"]
    request = project.mergerequests.create(
        {"source_branch": "work/one", "target_branch": "main", "title": "Work"}
    )
    assert [each.iid for each in project.mergerequests.list(state="opened")] == [request.iid]
    assert project.mergerequests.get(request.iid).diff_refs["head_sha"] == made.id
    assert [each.id for each in request.commits()] == [made.id]
    assert request.changes()["changes"][0]["new_path"] == "READ.md"
    diffs = stage.rest("callboard", "GET", f"merge_requests/{request.iid}/diffs").json()
    assert [each["new_path"] for each in diffs] == ["READ.md"]
    assert [each.head_commit_sha for each in request.diffs.list(get_all=True)] == [made.id]
    assert stage.rest("callboard", "GET", f"merge_requests/{request.iid}/reviewers").json() == []
    note = request.notes.create({"body": "Hello"})
    assert request.notes.get(note.id).body == "Hello"
    note.body = "Goodbye"
    note.save()
    assert [each.body for each in request.notes.list()] == ["Goodbye"]
    note.delete()
    assert request.approvals.get().approved is False
    thread = request.discussions.create({"body": "Why?"})
    thread.resolved = True
    thread.save()
    # python-gitlab takes the answer to an approval for the merge request, so each needs a fresh one.
    stage.project("robin").mergerequests.get(request.iid).approve()
    stage.project("robin").mergerequests.get(request.iid).unapprove()
    stage.project("ci").commits.get(made.id).statuses.create({"state": "running", "name": "build"})
    assert [each.status for each in project.commits.get(made.id).statuses.list()] == ["running"]
    pipeline = project.pipelines.list(sha=made.id)[0]
    assert project.pipelines.get(pipeline.id).status == "running"
    assert [each.id for each in request.pipelines.list()] == [pipeline.id]
    request.merge(merge_when_pipeline_succeeds=True)
    request.cancel_merge_when_pipeline_succeeds()
    assert request.rebase() == {"rebase_in_progress": True}
    issue = project.issues.create({"title": "Dashboard", "labels": ["callboard"]})
    issue.description = "All is well"
    issue.save()
    assert [each.iid for each in project.issues.list(labels=["callboard"])] == [issue.iid]
    assert project.issues.get(issue.iid).description == "All is well"
    remark = issue.notes.create({"body": "One"})
    remark.body = "Two"
    remark.save()
    assert [each.body for each in issue.notes.list()] == ["Two"]
    request.state_event = "close"
    request.save()
    fresh = project.mergerequests.create(
        {"source_branch": "work/one", "target_branch": "main", "title": "Again"}
    )
    stage.forge.set_queue(REPOSITORY)
    train: Any = server.http_post(f"/projects/{project.id}/merge_trains/merge_requests/{fresh.iid}")
    car: Any = server.http_get(f"/projects/{project.id}/merge_trains/merge_requests/{fresh.iid}")
    assert [each["id"] for each in train] == [car["id"]]
    assert [each.id for each in project.merge_trains.list()] == [car["id"]]
    assert fresh.merge()["state"] == "merged"
    stage.forge.add_team("acme/ml", ["robin"])
    people = server.groups.get("acme/ml", lazy=True).members_all.list()
    assert [each.username for each in people] == ["robin"]
    assert project.commits.get(made.id).signature()["verification_status"] == "verified_system"
    project.branches.create({"branch": "gone", "ref": "main"})
    project.branches.delete("gone")
    assert [each.name for each in project.branches.list(search="work")] == ["work/one"]

    assert set(operations()) == {each for each in github_contract.conforming if each.startswith("gitlab/")}


def test_python_gitlab_waits_out_a_rate_limit(stage: GitLabStage) -> None:
    project = stage.project("callboard")
    stage.forge.faults.gitlab_rate_limit("gitlab/labels/create", retry_after=0)
    mark = stage.forge.log.mark()
    assert project.labels.create({"name": "x", "color": "#00ff00"}).name == "x"
    assert [each.status for each in stage.forge.log.since(mark)] == [429, 201]


def test_a_wrong_token_is_nobodys(stage: GitLabStage) -> None:
    with pytest.raises(gitlab.GitlabAuthenticationError):
        gitlab.Gitlab(stage.forge.url, private_token="wrong", keep_base_url=True).auth()


def test_binary_content_goes_in_as_base64(stage: GitLabStage) -> None:
    data = bytes(range(256))
    action = {
        "action": "create",
        "file_path": "model.bin",
        "encoding": "base64",
        "content": base64.b64encode(data).decode(),
    }
    stage.project("callboard").commits.create(
        {"branch": "main", "commit_message": "Binary", "actions": [action]}
    )
    assert stage.forge.file(REPOSITORY, "main", "model.bin") == data
