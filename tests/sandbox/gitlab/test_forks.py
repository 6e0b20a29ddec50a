"""Merge requests from forks, over GitLab's API."""

from __future__ import annotations

from callboard.forges.gitlab import GitLab
from callboard.redaction import Secret
from tests.sandbox.forge.conftest import REPOSITORY
from tests.sandbox.gitlab.conftest import GitLabStage


def test_a_merge_request_from_a_fork_is_one_of_the_project_that_it_goes_to(stage: GitLabStage) -> None:
    forge = stage.forge
    stage.tokens["eve"] = forge.add_user("eve")
    fork = forge.fork(REPOSITORY, "eve")
    forge.commit("eve/model-catalog", "idea", {"models/fraud/x": b"1"}, "Idea", author="eve")
    body = {"title": "Idea", "source_branch": "idea", "target_branch": "main"}
    path = f"/projects/{fork.id}/merge_requests"

    made = stage.rest("eve", "POST", path, body | {"target_project_id": stage.project("robin").id})
    again = stage.rest("eve", "POST", path, body | {"target_project_id": stage.project("robin").id})
    nowhere = stage.rest("eve", "POST", path, body | {"target_project_id": 1})

    assert made.status_code == 201, made.text
    assert (again.status_code, nowhere.status_code) == (409, 404)
    assert made.json()["source_project_id"] == fork.id
    assert made.json()["source_project_id"] != made.json()["target_project_id"]
    ours = GitLab(forge.url, REPOSITORY, Secret(stage.tokens["callboard"]))
    (pull,) = ours.open_pull_requests()
    assert (pull.number, pull.head_repository, pull.paths) == (1, "eve/model-catalog", ("models/fraud/x",))
    assert forge.repository(REPOSITORY).git.refs()[ours.head_of(pull.number)] == pull.head
    assert stage.rest("robin", "PUT", "merge_requests/1/rebase").status_code == 403

    moved = forge.commit("eve/model-catalog", "idea", {"models/fraud/y": b"2"}, "More", author="eve")
    assert ours.open_pull_requests()[0].head == moved
    stage.rest("eve", "PUT", "merge_requests/1", {"state_event": "close"})
    stage.rest("eve", "PUT", "merge_requests/1", {"state_event": "reopen"})
    merged = stage.rest("robin", "PUT", "merge_requests/1/merge", {"should_remove_source_branch": True})
    assert merged.json()["state"] == "merged"
    assert forge.file(REPOSITORY, "main", "models/fraud/y") == b"2"
