"""Webhooks are posted as GitHub posts them, and fail as networks do."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from callboard.sandbox.loopback import serving
from tests.contracts.github_webhooks import errors
from tests.sandbox.forge.conftest import REPOSITORY, Stage

SECRET = "a secret of the webhook"


@dataclass
class Heard:
    """What a server was told."""

    url: str = ""
    guids: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    status: int = 202


@pytest.fixture
def heard(stage: Stage) -> Iterator[Heard]:
    heard = Heard()

    async def endpoint(request: Request) -> Response:
        body = await request.body()
        signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        if request.headers["x-hub-signature-256"] != f"sha256={signature}":
            heard.wrong.append(request.headers["x-github-delivery"])
        heard.guids.append(request.headers["x-github-delivery"])
        return Response(status_code=heard.status)

    with serving(Starlette(routes=[Route("/hook", endpoint, methods=["POST"])])) as url:
        heard.url = f"{url}/hook"
        stage.forge.add_webhook(REPOSITORY, heard.url, SECRET)
        yield heard


def told(stage: Stage) -> list[str]:
    """Every event so far, each valid by GitHub's description."""
    stage.forge.deliveries.wait()
    wrong = [
        f"{one.event} {one.payload.get('action', '')}: {error}"
        for one in stage.forge.deliveries.log
        for error in errors(one.event, one.payload)
    ]
    assert not wrong, "\n".join(wrong)
    return [f"{one.event} {one.payload.get('action', '')}".strip() for one in stage.forge.deliveries.log]


def test_the_life_of_a_pull_request_is_told(stage: Stage, heard: Heard) -> None:
    pull = stage.opened("told")
    stage.branch("told", {"models/more.yaml": b"1"})
    stage.api("callboard", "POST", f"issues/{pull.number}/labels", {"labels": ["hold"]})
    stage.api("callboard", "PATCH", f"pulls/{pull.number}", {"title": "New", "body": "Newer"})
    stage.api("callboard", "PATCH", f"pulls/{pull.number}", {"state": "closed"})
    stage.api("callboard", "PATCH", f"pulls/{pull.number}", {"state": "open"})
    stage.api("callboard", "DELETE", f"issues/{pull.number}/labels/hold")
    stage.api("robin", "PUT", f"pulls/{pull.number}/merge", {})

    assert told(stage) == [
        "push",
        "pull_request opened",
        "push",
        "pull_request synchronize",
        "pull_request labeled",
        "pull_request edited",
        "pull_request closed",
        "pull_request reopened",
        "pull_request unlabeled",
        "push",
        "pull_request closed",
    ]
    assert heard.guids == [one.guid for one in stage.forge.deliveries.log]
    assert heard.wrong == []
    last = stage.forge.deliveries.log[-1]
    assert last.payload["pull_request"]["merged"]
    assert last.payload["sender"]["login"] == "robin"
    assert last.answers == [202]


def test_reviews_comments_checks_and_issues_are_told(stage: Stage, heard: Heard) -> None:
    pull = stage.opened("discussed")
    stage.forge.deliveries.wait()
    before = len(told(stage))
    review = stage.api("robin", "POST", f"pulls/{pull.number}/reviews", {"event": "APPROVE"}).json()
    dismissal = f"pulls/{pull.number}/reviews/{review['id']}/dismissals"
    stage.api("robin", "PUT", dismissal, {"message": "Looked again", "event": "DISMISS"})
    comment = stage.api("robin", "POST", f"issues/{pull.number}/comments", {"body": "/hold"}).json()
    stage.api("robin", "PATCH", f"issues/comments/{comment['id']}", {"body": "/unhold"})
    run = {"name": "docs", "head_sha": pull.head, "status": "in_progress"}
    number = stage.api("ci", "POST", "check-runs", run).json()["id"]
    stage.api("ci", "PATCH", f"check-runs/{number}", {"conclusion": "success"})
    issue = stage.api("robin", "POST", "issues", {"title": "Dashboard", "labels": ["callboard"]}).json()
    stage.api("robin", "PATCH", f"issues/{issue['number']}", {"body": "- [x] act"})
    stage.api("robin", "PATCH", f"issues/{issue['number']}", {"state": "closed"})
    stage.api("robin", "PATCH", f"issues/{issue['number']}", {"state": "open"})

    assert told(stage)[before:] == [
        "pull_request_review submitted",
        "pull_request_review dismissed",
        "issue_comment created",
        "issue_comment edited",
        "check_run created",
        "check_run completed",
        "issues opened",
        "issues labeled",
        "issues edited",
        "issues closed",
        "issues reopened",
    ]


def test_pushes_tell_what_they_did(stage: Stage, heard: Heard) -> None:
    stage.branch("pushed")
    clone = stage.clone()
    stage.git("commit", "--quiet", "--allow-empty", "--message", "More", cwd=clone)
    stage.git("push", "--quiet", "origin", "HEAD:refs/heads/main", login="callboard", cwd=clone)
    stage.rewritten("pushed")
    stage.api("callboard", "DELETE", "git/refs/heads/pushed")

    assert set(told(stage)) == {"push"}
    pushes = [one.payload for one in stage.forge.deliveries.log]
    assert [(one["created"], one["forced"], one["deleted"]) for one in pushes] == [
        (True, False, False),
        (False, False, False),
        (False, True, False),
        (False, False, True),
    ]
    assert pushes[0]["commits"][0]["added"] == ["models/pushed.yaml"]
    assert pushes[1]["head_commit"]["message"] == "More"
    assert pushes[3]["head_commit"] is None


def test_a_merge_queue_tells_of_its_merges(stage: Stage, heard: Heard) -> None:
    pull = stage.opened("queued")
    stage.forge.set_queue(REPOSITORY)
    mutation = "mutation($id: ID!) { enqueuePullRequest(input: {pullRequestId: $id}) { clientMutationId } }"
    node = stage.api("robin", "GET", f"pulls/{pull.number}").json()["node_id"]
    assert "errors" not in stage.graphql("robin", mutation, id=node)

    stage.forge.process_queue(REPOSITORY)

    assert told(stage)[-2:] == ["push", "pull_request closed"]


def test_what_is_held_comes_when_and_as_often_as_told(stage: Stage, heard: Heard) -> None:
    deliveries = stage.forge.deliveries
    deliveries.hold()
    for name in ("a", "b", "c"):
        stage.branch(name)
    deliveries.wait()
    quiet = list(heard.guids)
    guids = [one.guid for one in deliveries.log]

    statuses = deliveries.send(2, 0, 2)
    deliveries.release()
    deliveries.wait()

    assert quiet == []
    assert statuses == [202, 202, 202]
    assert heard.guids == [guids[2], guids[0], guids[2], guids[1]]


def test_what_was_dropped_never_comes_by_itself(stage: Stage, heard: Heard) -> None:
    deliveries = stage.forge.deliveries
    deliveries.hold()
    stage.branch("lost")
    dropped = deliveries.drop()
    deliveries.release()
    stage.branch("found")
    deliveries.wait()

    assert dropped == 1
    assert heard.guids == [deliveries.log[1].guid]


def test_a_server_that_fails_or_is_not_there_is_remembered(stage: Stage, heard: Heard) -> None:
    heard.status = 500
    stage.forge.add_webhook(REPOSITORY, "http://127.0.0.1:9/", SECRET)
    stage.branch("failing")
    stage.forge.deliveries.wait()

    assert [one.answers for one in stage.forge.deliveries.log] == [[500], [0]]


def test_nothing_is_posted_to_another_machine(stage: Stage) -> None:
    with pytest.raises(ValueError, match="this machine only"):
        stage.forge.add_webhook(REPOSITORY, "https://hooks.example/", SECRET)
