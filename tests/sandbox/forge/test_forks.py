"""Pull requests from a fork, by a person who may not write to the repository."""

from __future__ import annotations

import pytest

from callboard.sandbox.forge.state import Pull
from tests.sandbox.forge.conftest import REPOSITORY, Stage

FORK = "mallory/model-catalog"


def commit(stage: Stage, files: dict[str, bytes | None], branch: str = "theirs") -> str:
    return stage.forge.commit(FORK, branch, files, "Add a model", author="mallory")


@pytest.fixture
def pull(stage: Stage) -> Pull:
    stage.forge.fork(REPOSITORY, "mallory")
    commit(stage, {"models/x/catalog-info.yaml": b"kind: Component\n"})
    body = {"title": "Add x", "body": "", "head": "mallory:theirs", "base": "main"}
    answer = stage.api("mallory", "POST", "pulls", body)
    assert answer.status_code == 201, answer.text
    return stage.forge.pull(REPOSITORY, answer.json()["number"])


def test_it_says_where_its_head_is(stage: Stage, pull: Pull) -> None:
    told = stage.api("robin", "GET", f"pulls/{pull.number}").json()
    listed = stage.api("robin", "GET", "pulls", head="mallory:theirs").json()
    query = """{ repository(owner: "acme", name: "model-catalog") { pullRequest(number: 1) {
      isCrossRepository headRepository { nameWithOwner isFork } headRepositoryOwner { login }
      headRef { name }
    } } }"""
    graphql = stage.graphql("robin", query)["data"]["repository"]["pullRequest"]

    assert (told["head"]["label"], told["head"]["repo"]["full_name"]) == ("mallory:theirs", FORK)
    assert told["base"]["repo"]["full_name"] == REPOSITORY
    assert [one["number"] for one in listed] == [pull.number]
    assert graphql == {
        "isCrossRepository": True,
        "headRepository": {"nameWithOwner": FORK, "isFork": True},
        "headRepositoryOwner": {"login": "mallory"},
        "headRef": {"name": "theirs"},
    }


def test_its_head_can_be_fetched_from_the_repository_itself(stage: Stage, pull: Pull) -> None:
    clone = stage.clone()

    stage.git("fetch", "--quiet", "origin", f"refs/pull/{pull.number}/head", cwd=clone)

    assert stage.git("rev-parse", "FETCH_HEAD", cwd=clone).stdout.strip() == pull.head


def test_it_follows_its_branch_and_merges(stage: Stage, pull: Pull) -> None:
    old = pull.head
    new = commit(stage, {"models/x/more": b"1"})
    stage.forge.commit(REPOSITORY, "theirs", {"unrelated": b"1"}, "Same name", author="robin")

    assert pull.head == new != old
    assert stage.api("callboard", "PUT", f"pulls/{pull.number}/update-branch", {}).status_code == 403
    assert stage.api("robin", "PUT", f"pulls/{pull.number}/merge", {"sha": new}).status_code == 200
    assert stage.forge.file(REPOSITORY, "main", "models/x/more") == b"1"


def test_it_is_closed_with_its_branch_and_not_reopened_without(stage: Stage, pull: Pull) -> None:
    stage.api("mallory", "DELETE", f"/repos/{FORK}/git/refs/heads/theirs")

    assert pull.state == "closed"
    assert stage.api("mallory", "PATCH", f"pulls/{pull.number}", {"state": "open"}).status_code == 422


def test_only_who_writes_to_the_fork_proposes_from_it(stage: Stage, pull: Pull) -> None:
    commit(stage, {"other": b"1"}, "other")
    body = {"title": "T", "head": "mallory:other", "base": "main"}

    assert stage.api("robin", "POST", "pulls", body).status_code == 422
    assert stage.api("mallory", "POST", "pulls", body | {"head": "nobody:other"}).status_code == 422
    assert stage.api("mallory", "POST", "pulls", body | {"head": "mallory:theirs"}).status_code == 422
