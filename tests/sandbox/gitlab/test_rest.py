"""Who may do what, what is logged, what goes wrong on request, and what Backstage's reader asks for."""

from __future__ import annotations

import io
import tarfile
from typing import Any

import httpx2
import pytest

from callboard.sandbox.forge import Counts
from tests.contracts.github import Contract
from tests.sandbox.forge.conftest import CARD, REPOSITORY
from tests.sandbox.gitlab.conftest import PROJECT, GitLabStage

FILE = "repository/files/models%2Ffraud%2Fcatalog-info.yaml"


def test_a_token_signs_in_by_either_header_and_on_either_face(stage: GitLabStage) -> None:
    token = stage.tokens["robin"]
    for headers in ({"private-token": token}, {"authorization": f"Bearer {token}"}):
        told = httpx2.get(f"{stage.forge.gitlab_api_url}/user", headers=headers).json()
        assert (told["username"], told["bot"]) == ("robin", False)
    assert stage.api("robin", "GET", "/user").json()["id"] == told["id"]
    for headers in ({"private-token": "wrong"}, {"authorization": "Basic x"}, {}):
        refused = httpx2.get(f"{stage.forge.gitlab_api_url}/user", headers=headers)
        assert (refused.status_code, refused.json()) == (401, {"message": "401 Unauthorized"})
    assert stage.rest(None, "GET", "/version").status_code == 401


def test_private_projects_are_hidden_and_public_ones_read_by_all(stage: GitLabStage) -> None:
    stage.forge.add_repository("acme/secret", {"a": b""}, private=True)
    hidden = stage.rest("robin", "GET", "/projects/acme%2Fsecret")
    assert (hidden.status_code, hidden.json()) == (404, {"message": "404 Project Not Found"})
    anybody = stage.rest(None, "GET", "").json()
    assert anybody["permissions"] == {"project_access": None, "group_access": None}
    by_number = stage.rest("ada", "GET", f"/projects/{anybody['id']}").json()
    assert by_number["path_with_namespace"] == REPOSITORY
    assert by_number["permissions"]["project_access"]["access_level"] == 40
    assert stage.rest(None, "POST", "labels", {"name": "x", "color": "#ffffff"}).status_code == 401


def test_the_owner_of_a_project_is_its_member(stage: GitLabStage) -> None:
    stage.forge.add_repository("robin/own", {"a": b""})
    robin = stage.forge.account("robin").id
    assert (
        stage.rest("robin", "GET", f"/projects/robin%2Fown/members/all/{robin}").json()["access_level"] == 50
    )
    assert stage.rest("robin", "GET", "/projects/robin%2Fown").json()["namespace"]["kind"] == "user"
    assert stage.rest("robin", "GET", f"members/all/{stage.forge.account('mallory').id}").status_code == 404


def test_requests_are_counted_as_those_of_github(stage: GitLabStage) -> None:
    mark = stage.forge.log.mark()
    stage.rest("robin", "GET", "")
    stage.rest("robin", "POST", "labels", {"name": "x", "color": "#ffffff"})
    counts = stage.forge.log.counts(mark)
    assert counts == Counts(reads=1, writes=1, fetches=0, pushes=0, unimplemented=0)
    assert [(each.kind, each.operation, each.user) for each in stage.forge.log.since(mark)] == [
        ("rest", "gitlab/projects/get", "robin"),
        ("rest", "gitlab/labels/create", "robin"),
    ]


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/groups/acme/projects"), ("POST", "/projects"), ("GET", "/projects/acme/model-catalog")],
)
def test_what_is_not_implemented_says_so(
    stage: GitLabStage, github_contract: Contract, method: str, path: str
) -> None:
    github_contract.expects_unimplemented = True
    mark = stage.forge.log.mark()
    answer = stage.rest("robin", method, path)
    assert (answer.status_code, "does not implement" in answer.json()["message"]) == (501, True)
    assert stage.forge.log.counts(mark).unimplemented == 1


@pytest.mark.parametrize("done", [False, True])
def test_a_failure_is_answered_before_or_after_the_work(stage: GitLabStage, done: bool) -> None:
    stage.merge_request("one")
    stage.forge.fail_next("gitlab/merge_requests/merge", 502, after_applying=done)
    assert stage.rest("callboard", "PUT", "merge_requests/1/merge").status_code == 502
    assert stage.read(1)["state"] == ("merged" if done else "opened")


def test_a_rate_limit_says_when_to_come_again(stage: GitLabStage) -> None:
    stage.forge.faults.gitlab_rate_limit("gitlab/user/get", retry_after=7)
    limited = stage.rest("robin", "GET", "/user")
    assert (limited.status_code, limited.headers["retry-after"]) == (429, "7")
    assert limited.headers["ratelimit-remaining"] == "0"
    assert stage.rest("robin", "GET", "/user").status_code == 200


@pytest.mark.parametrize(
    ("action", "message"),
    [
        ({"action": "create", "file_path": "README.md"}, "A file with this name already exists"),
        ({"action": "update", "file_path": "none.md"}, "A file with this name doesn't exist"),
        ({"action": "delete", "file_path": "none.md"}, "A file with this name doesn't exist"),
        (
            {"action": "move", "file_path": "b", "previous_path": "none"},
            "A file with this name doesn't exist",
        ),
    ],
)
def test_actions_that_do_not_fit_are_refused_whole(
    stage: GitLabStage, action: dict[str, Any], message: str
) -> None:
    first = {"action": "create", "file_path": "new.md", "content": "x"}
    body = {"branch": "main", "commit_message": "M", "actions": [first, action]}
    before = stage.tip()
    refused = stage.rest("callboard", "POST", "repository/commits", body)
    assert (refused.status_code, refused.json()) == (400, {"message": message})
    assert stage.tip() == before


def test_commits_start_where_they_shall(stage: GitLabStage) -> None:
    first = stage.tip()
    actions = [
        {"action": "delete", "file_path": "README.md"},
        {"action": "chmod", "file_path": "models/fraud/catalog-info.yaml", "execute_filemode": True},
        {"action": "create", "file_path": "a.md", "content": "a"},
        {"action": "update", "file_path": "a.md", "content": "b"},
    ]
    body = {"branch": "work", "commit_message": "M", "actions": actions}

    def send(**more: object) -> tuple[int, Any]:
        answer = stage.rest("callboard", "POST", "repository/commits", body | more)
        return answer.status_code, answer.json()

    assert "when you are on a branch" in send()[1]["message"]
    status, made = send(start_sha=first, author_name="Ada", author_email="ada@example.org")
    assert (status, made["parent_ids"], made["author_name"]) == (201, [first], "Ada")
    assert made["committer_name"] == "callboard"
    assert "already exists" in send(start_branch="main")[1]["message"]
    forced = send(start_branch="main", force=True)[1]
    assert (stage.tip("work"), forced["parent_ids"]) == (forced["id"], [first])
    tree = stage.rest("robin", "GET", "repository/tree", ref="work", recursive="true").json()
    assert {each["path"]: each["mode"] for each in tree if each["type"] == "blob"} == {
        "a.md": "100644",
        "models/fraud/catalog-info.yaml": "100755",
    }
    assert stage.forge.file(REPOSITORY, "work", "a.md") == b"b"
    for wrong in (
        {"branch": "a..b", "start_branch": "main"},
        {"actions": "x"},
        {"actions": [{"action": "create"}]},
        {"actions": [{"action": "sing", "file_path": "a.md"}]},
        {"actions": [{"action": "create", "file_path": "../x", "content": ""}]},
        {"actions": [{"action": "create", "file_path": "x", "content": "a", "encoding": "base64"}]},
        {"commit_message": None},
    ):
        assert send(**wrong)[0] == 400, wrong
    assert stage.rest("mallory", "POST", "repository/commits", body).status_code == 403


def test_branches_are_made_and_deleted_by_the_rules(stage: GitLabStage) -> None:
    def create(branch: str, ref: str) -> str:
        answer = stage.rest("callboard", "POST", "repository/branches", {"branch": branch, "ref": ref})
        return str(answer.json().get("message"))

    assert create("main", "main") == "Branch already exists"
    assert create("x", "nowhere") == "Invalid reference name: nowhere"
    assert create("x..y", "main") == "Branch name is invalid"
    assert stage.rest("callboard", "GET", "repository/branches/x").json() == {
        "message": "404 Branch Not Found"
    }
    assert stage.rest("callboard", "DELETE", "repository/branches/main").status_code == 403
    assert stage.rest("callboard", "GET", "protected_branches/x").status_code == 404


def test_a_form_is_as_good_as_json(stage: GitLabStage) -> None:
    sent = httpx2.post(
        f"{stage.forge.gitlab_api_url}/projects/{PROJECT}/labels",
        data={"name": "form", "color": "#ffffff"},
        headers={"private-token": stage.tokens["robin"]},
    )
    assert (sent.status_code, sent.json()["name"]) == (201, "form")
    bad = httpx2.post(
        f"{stage.forge.gitlab_api_url}/projects/{PROJECT}/labels",
        content=b"{",
        headers={"private-token": stage.tokens["robin"], "content-type": "application/json"},
    )
    assert bad.status_code == 400


def test_issues_are_counted_apart_from_merge_requests(stage: GitLabStage) -> None:
    stage.merge_request("one")
    made = stage.rest("callboard", "POST", "issues", {"title": "Dashboard", "labels": "callboard"}).json()
    assert made["iid"] == 1
    changed = stage.rest("robin", "PUT", "issues/1", {"state_event": "close", "add_labels": "x"}).json()
    assert (changed["state"], changed["labels"]) == ("closed", ["callboard", "x"])
    assert stage.rest("robin", "GET", "issues", state="opened").json() == []
    assert stage.rest("robin", "PUT", "issues/1", {"state_event": "burn"}).status_code == 400
    assert stage.rest("mallory", "PUT", "issues/1", {"title": "x"}).status_code == 403
    assert stage.rest("robin", "POST", "issues", {"title": " "}).status_code == 400
    assert stage.rest("robin", "GET", "issues/2").status_code == 404
    assert stage.rest("robin", "PUT", "issues/1/notes/1", {"body": "x"}).status_code == 404


def test_backstage_reads_a_file_raw_and_then_conditionally(stage: GitLabStage) -> None:
    def read(**headers: str) -> httpx2.Response:
        sent = {"authorization": f"Bearer {stage.tokens['robin']}"} | headers
        address = f"{stage.forge.gitlab_api_url}/projects/{PROJECT}/{FILE}/raw?ref=main"
        return stage.client.get(address, headers=sent)

    first = read()
    assert (first.content, first.headers["x-gitlab-commit-id"]) == (CARD, stage.tip())
    again = read(**{"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    stage.branch("main", {"models/fraud/catalog-info.yaml": b"kind: API\n"})
    assert read(**{"if-none-match": first.headers["etag"]}).content == b"kind: API\n"
    assert stage.rest("robin", "GET", "repository/files/none/raw").json() == {"message": "404 File Not Found"}
    assert stage.rest("robin", "GET", f"{FILE}/raw", ref="none").status_code == 404


def test_backstage_reads_a_glob_by_project_commits_and_archive(stage: GitLabStage) -> None:
    branch = stage.rest("robin", "GET", "").json()["default_branch"]
    commits = stage.rest("robin", "GET", "repository/commits", ref_name=branch, path="models").json()
    assert commits[0]["id"] == stage.tip()
    packed = stage.rest("robin", "GET", "repository/archive", sha=branch, path="models")
    assert f"model-catalog-main-{stage.tip()}-models.tar.gz" in packed.headers["content-disposition"]
    with tarfile.open(fileobj=io.BytesIO(packed.content)) as archive:
        files = {member.name.partition("/")[2]: member for member in archive if member.isfile()}
        found = archive.extractfile(files["models/fraud/catalog-info.yaml"])
        assert found is not None
        assert found.read() == CARD
    assert stage.rest("robin", "GET", "repository/archive", sha="main", path="none").status_code == 404


def test_histories_are_compared(stage: GitLabStage) -> None:
    first, new = stage.tip(), stage.branch("one")
    ranged = stage.rest("robin", "GET", "repository/commits", ref_name="main..one").json()
    assert [each["id"] for each in ranged] == [new]
    straight = stage.rest(
        "robin", "GET", "repository/compare", **{"from": "one", "to": "main"}, straight="true"
    )
    assert straight.json()["diffs"][0]["deleted_file"] is True
    assert stage.rest("robin", "GET", "repository/compare", **{"from": "one"}).status_code == 400
    assert stage.rest("robin", "GET", "repository/merge_base", refs="x").status_code == 400
    assert stage.rest("robin", "GET", f"repository/commits/{first}").json()["stats"]["additions"] == 22
    assert stage.rest("robin", "GET", "repository/commits/nowhere").status_code == 404
    assert stage.rest("robin", "GET", "repository/tree", path="nowhere").status_code == 404
    assert stage.rest("robin", "POST", f"statuses/{'0' * 40}", {"state": "success"}).status_code == 404
    assert stage.rest("robin", "POST", f"statuses/{first}", {"state": "sad"}).status_code == 400
    assert stage.rest("robin", "GET", "pipelines/1").status_code == 404


def test_users_are_looked_up(stage: GitLabStage) -> None:
    def names(**query: str) -> list[str]:
        return [each["username"] for each in stage.rest("robin", "GET", "/users", **query).json()]

    assert names(search="ROB") == names(username="Robin") == ["robin"]
    assert "acme" not in names()
    assert stage.rest("robin", "GET", "/users/1").json() == {"message": "404 User Not Found"}
    assert stage.rest("robin", "GET", "/users/me").json() == {"error": "user is invalid"}
    bot = stage.forge.account("ci").id
    assert stage.rest("robin", "GET", f"/users/{bot}").json()["bot"] is True
