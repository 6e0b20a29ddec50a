"""Who may do what, what is logged of it, and what goes wrong on request."""

from __future__ import annotations

import json

import pytest

from callboard.sandbox.forge import Counts
from tests.contracts.github import Contract
from tests.sandbox.forge.conftest import REPOSITORY, Stage


def test_writes_need_somebody_signed_in(stage: Stage) -> None:
    answer = stage.api(None, "POST", "labels", {"name": "x"})
    assert (answer.status_code, answer.json()["message"]) == (401, "Requires authentication")


def test_a_wrong_token_is_refused_even_for_reads(stage: Stage) -> None:
    stage.tokens["robin"] = "not-a-token"
    answer = stage.api("robin", "GET", "")
    assert (answer.status_code, answer.json()["message"]) == (401, "Bad credentials")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "git/refs", {"ref": "refs/heads/x", "sha": "0" * 40}),
        ("POST", "git/blobs", {"content": "x"}),
        ("POST", "labels", {"name": "x"}),
        ("PUT", "pulls/1/merge", {}),
        ("GET", "collaborators", None),
        ("PUT", "branches/main/protection", {}),
    ],
)
def test_a_reader_may_not_write(stage: Stage, method: str, path: str, body: object) -> None:
    stage.opened("theirs")
    assert stage.api("mallory", method, path, body).status_code == 403


def test_taking_a_role_away_takes_effect_at_once(stage: Stage) -> None:
    stage.forge.set_role(REPOSITORY, "robin", None)
    assert stage.api("robin", "POST", "labels", {"name": "x"}).status_code == 403
    stage.forge.set_role(REPOSITORY, "robin", "triage")
    assert stage.api("robin", "POST", "labels", {"name": "x"}).status_code == 201
    told = stage.api("robin", "GET", "collaborators/robin/permission").json()
    assert (told["permission"], told["role_name"]) == ("read", "triage")


def test_an_apps_bot_is_no_user_and_has_a_suffix(stage: Stage) -> None:
    assert stage.api("ci", "GET", "/user").status_code == 403
    assert stage.api("robin", "GET", "/users/ci").json()["login"] == "ci[bot]"
    assert stage.api("robin", "GET", "/users/ci%5Bbot%5D").json()["type"] == "Bot"
    assert stage.api("robin", "GET", "/users/nobody").status_code == 404


def test_only_apps_write_check_runs_and_only_their_own(stage: Stage) -> None:
    body = {"name": "docs", "head_sha": stage.tip()}
    assert stage.api("ada", "POST", "check-runs", body).status_code == 403
    run = stage.api("ci", "POST", "check-runs", body).json()["id"]
    assert stage.api("ada", "PATCH", f"check-runs/{run}", {"status": "completed"}).status_code == 403


def test_comments_belong_to_who_wrote_them(stage: Stage) -> None:
    number = stage.opened("discussed").number
    comment = stage.api("callboard", "POST", f"issues/{number}/comments", {"body": "Mine"}).json()["id"]
    assert stage.api("robin", "PATCH", f"issues/comments/{comment}", {"body": "Ours"}).status_code == 403
    assert stage.api("ada", "DELETE", f"issues/comments/{comment}").status_code == 204
    assert stage.api("robin", "GET", f"issues/comments/{comment}").status_code == 404
    assert stage.api("robin", "POST", f"issues/{number}/comments", {"body": " "}).status_code == 422


def test_what_is_not_implemented_says_so_and_is_counted(stage: Stage, github_contract: Contract) -> None:
    github_contract.expects_unimplemented = True
    for method, path in (("GET", "/repos/acme/model-catalog/hooks"), ("POST", "/markdown"), ("GET", "/")):
        answer = stage.api("robin", method, path)
        assert answer.status_code == 501
        assert "does not implement" in answer.json()["message"]
    assert stage.forge.log.counts().unimplemented == 3


def test_the_contract_check_fails_a_test_that_did_not_expect_a_501(
    stage: Stage, github_contract: Contract
) -> None:
    stage.api("robin", "GET", "hooks")
    assert "does not implement" in github_contract.violations.pop()


def test_the_log_counts_reads_writes_and_pushes_since_a_mark(stage: Stage) -> None:
    stage.api("robin", "GET", "")
    mark = stage.forge.log.mark()
    stage.api("robin", "GET", "branches")
    stage.graphql("robin", "{ viewer { login } }")
    stage.api("robin", "POST", "labels", {"name": "x"})
    stage.clone()
    assert stage.forge.log.counts(mark) == Counts(reads=2, writes=1, fetches=2, pushes=0, unimplemented=0)
    first = stage.forge.log.since(mark)[0]
    assert (first.operation, first.user, first.status, first.is_write) == (
        "repos/list-branches",
        "robin",
        200,
        False,
    )


def test_no_token_stands_in_the_log_or_in_an_answer(stage: Stage) -> None:
    number = stage.opened("secret").number
    shown = [
        stage.api("callboard", "GET", f"pulls/{number}").text,
        stage.api("callboard", "GET", "/user").text,
        json.dumps(stage.graphql("callboard", "{ viewer { login url } }")),
        stage.api("callboard", "PUT", f"pulls/{number}/merge", {"sha": "0" * 40}).text,
    ]
    stage.git("push", "origin", "HEAD:refs/heads/new", cwd=stage.clone(), login="callboard")
    shown += [repr(request) for request in stage.forge.log.since()]
    shown += [
        path.read_bytes().decode(errors="replace")
        for path in stage.forge.world.root.rglob("*")
        if path.is_file()
    ]
    for token in stage.tokens.values():
        assert not any(token in text for text in shown)


def test_a_write_may_be_done_and_its_answer_lost(stage: Stage) -> None:
    stage.forge.fail_next("issues/create-label", 502, after_applying=True)
    assert stage.api("robin", "POST", "labels", {"name": "x"}).status_code == 502
    assert stage.api("robin", "GET", "labels/x").status_code == 200


def test_a_request_may_fail_before_anything_is_done(stage: Stage) -> None:
    stage.forge.fail_next("issues/create-label", 500)
    assert stage.api("robin", "POST", "labels", {"name": "x"}).status_code == 500
    assert stage.api("robin", "GET", "labels/x").status_code == 404
    assert stage.api("robin", "POST", "labels", {"name": "x"}).status_code == 201
    assert stage.api("robin", "POST", "labels", {"name": "X"}).status_code == 422


def test_a_secondary_rate_limit_says_when_to_come_back(stage: Stage) -> None:
    stage.forge.faults.secondary_rate_limit("graphql", retry_after=7)
    answer = stage.client.post(
        f"{stage.forge.url}/graphql",
        json={"query": "{ viewer { login } }"},
        headers={"authorization": f"Bearer {stage.tokens['robin']}"},
    )
    assert (answer.status_code, answer.headers["retry-after"]) == (403, "7")
    assert "secondary rate limit" in answer.json()["message"]
    assert stage.graphql("robin", "{ viewer { login } }") == {"data": {"viewer": {"login": "robin"}}}


@pytest.mark.parametrize("sent", [b"{", b'"text"', b"1"])
def test_a_body_that_is_no_json_object_is_refused(stage: Stage, sent: bytes) -> None:
    answer = stage.client.post(
        f"{stage.forge.api_url}/repos/{REPOSITORY}/labels",
        content=sent,
        headers={"authorization": f"token {stage.tokens['robin']}"},
    )
    assert answer.status_code == 400


@pytest.mark.parametrize("body", [{"name": 1}, {"name": ""}, {"name": "x" * 51}])
def test_a_field_of_the_wrong_type_or_size_is_refused(stage: Stage, body: dict[str, object]) -> None:
    assert stage.api("robin", "POST", "labels", body).status_code == 422


def test_the_same_account_cannot_be_made_twice(stage: Stage) -> None:
    with pytest.raises(ValueError, match="already has an account"):
        stage.forge.add_user("Robin")
