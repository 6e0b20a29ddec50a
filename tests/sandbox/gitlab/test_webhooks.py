"""GitLab's webhooks are posted as GitLab posts them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from callboard.redaction import Secret
from callboard.sandbox.forge import Protection
from callboard.sandbox.loopback import serving
from callboard.service.events import read_gitlab
from callboard.service.signatures import has_token, is_signed, signing_key
from tests.contracts.gitlab_webhooks import errors
from tests.sandbox.forge.conftest import REPOSITORY
from tests.sandbox.gitlab.conftest import GitLabStage

SECRET = "a secret of the webhook"
SIGNING_TOKEN = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


@dataclass
class Heard:
    """What a server was told."""

    url: str = ""
    posts: list[tuple[Mapping[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def heard(stage: GitLabStage) -> Iterator[Heard]:
    heard = Heard()

    async def endpoint(request: Request) -> Response:
        heard.posts.append((request.headers, await request.body()))
        return Response(status_code=202)

    with serving(Starlette(routes=[Route("/hook", endpoint, methods=["POST"])])) as url:
        heard.url = f"{url}/hook"
        stage.forge.add_project_webhook(REPOSITORY, heard.url, secret=SECRET)
        yield heard


def payloads(stage: GitLabStage, since: int = 0) -> list[Any]:
    """Every body so far, each right by what GitLab's examples hold, and each a hint to the service."""
    stage.forge.deliveries.wait()
    log = stage.forge.deliveries.log[since:]
    wrong = [f"{one.event}: {error}" for one in log for error in errors(one.event, one.payload)]
    assert not wrong, "\n".join(wrong)
    hints = [read_gitlab(one.payload) for one in log]
    assert all(hint is None or hint.repository == REPOSITORY for hint in hints)
    return [one.payload for one in log]


def told(stage: GitLabStage, since: int = 0) -> list[str]:
    """What kind of thing each was."""
    return [
        f"{body['object_kind']} {body.get('object_attributes', {}).get('action', '')}".strip()
        for body in payloads(stage, since)
    ]


def test_the_life_of_a_merge_request_is_told(stage: GitLabStage, heard: Heard) -> None:
    stage.merge_request("told", labels="one")
    stage.branch("told", {"models/more.yaml": b"1"})
    edits = {"title": "Draft: New", "description": "Newer", "add_labels": "hold", "remove_labels": "one"}
    stage.rest("callboard", "PUT", "merge_requests/1", edits)
    stage.rest("callboard", "PUT", "merge_requests/1", {"title": "New"})
    stage.rest("callboard", "PUT", "merge_requests/1", {"state_event": "close"})
    stage.rest("callboard", "PUT", "merge_requests/1", {"state_event": "reopen"})
    assert stage.rest("robin", "PUT", "merge_requests/1/merge").status_code == 200

    assert told(stage) == [
        "push",
        "merge_request open",
        "push",
        "merge_request update",
        "merge_request update",
        "merge_request update",
        "merge_request close",
        "merge_request reopen",
        "push",
        "merge_request merge",
    ]
    _, opened, _, moved, edited, ready, *_, last = payloads(stage)
    assert [label["title"] for label in opened["labels"]] == ["one"]
    assert len(moved["object_attributes"]["oldrev"]) == 40
    assert "oldrev" not in edited["object_attributes"]
    changes = edited["changes"]
    assert changes["title"] == {"previous": "Add told", "current": "Draft: New"}
    assert changes["draft"] == {"previous": False, "current": True}
    assert changes["description"]["current"] == "Newer"
    assert [[one["title"] for one in changes["labels"][when]] for when in ("previous", "current")] == [
        ["one"],
        ["hold"],
    ]
    assert ready["changes"] == {
        "title": {"previous": "Draft: New", "current": "New"},
        "draft": {"previous": True, "current": False},
    }
    assert last["object_attributes"]["state"] == "merged"
    assert last["user"]["username"] == "robin"
    assert [json.loads(body) for _, body in heard.posts] == payloads(stage)
    assert stage.forge.deliveries.log[-1].answers == [202]


def test_approvals_notes_threads_and_pipelines_are_told(stage: GitLabStage, heard: Heard) -> None:
    request = stage.merge_request("discussed")
    before = len(told(stage))
    stage.rest("robin", "POST", "merge_requests/1/approve")
    stage.rest("robin", "POST", "merge_requests/1/unapprove")
    note = stage.rest("robin", "POST", "merge_requests/1/notes", {"body": "/hold"}).json()
    stage.rest("robin", "PUT", f"merge_requests/1/notes/{note['id']}", {"body": "/unhold"})
    thread = stage.rest("robin", "POST", "merge_requests/1/discussions", {"body": "Why?"}).json()
    stage.rest("robin", "PUT", f"merge_requests/1/discussions/{thread['id']}", {"resolved": True})
    for state in ("running", "failed"):
        stage.rest("ci", "POST", f"statuses/{request['sha']}", {"state": state, "name": "docs"})

    assert told(stage, before) == [
        "merge_request approved",
        "merge_request unapproved",
        "note create",
        "note update",
        "note create",
        "merge_request update",
        "pipeline",
        "pipeline",
    ]
    bodies = payloads(stage, before)
    assert bodies[3]["object_attributes"]["note"] == "/unhold"
    assert bodies[3]["merge_request"]["iid"] == 1
    assert [one["object_attributes"]["status"] for one in bodies[-2:]] == ["running", "failed"]
    assert bodies[-1]["builds"][0]["name"] == "docs"


def test_with_required_approvals_each_says_whether_it_was_the_last_one(
    stage: GitLabStage, heard: Heard
) -> None:
    stage.forge.protect(REPOSITORY, "main", Protection(approvals=2, dismiss_stale_reviews=True))
    stage.merge_request("counted")
    before = len(told(stage))
    for login, deed in (
        ("robin", "approve"),
        ("ada", "approve"),
        ("ada", "unapprove"),
        ("robin", "unapprove"),
    ):
        stage.rest(login, "POST", f"merge_requests/1/{deed}")
    stage.rest("robin", "POST", "merge_requests/1/approve")
    reset = len(told(stage))
    stage.branch("counted", {"models/more.yaml": b"1"})

    assert told(stage, before)[:4] == [
        f"merge_request {word}" for word in ("approval", "approved", "unapproved", "unapproval")
    ]
    assert told(stage, reset) == ["push", "merge_request update", "merge_request unapproval"]
    last = payloads(stage)[-1]["object_attributes"]
    assert last["system_action"] == "approvals_reset_on_push"


def test_issues_and_their_notes_are_told(stage: GitLabStage, heard: Heard) -> None:
    stage.merge_request("of-the-same-number")
    before = len(told(stage))
    stage.rest("robin", "POST", "issues", {"title": "Dashboard", "labels": "callboard"})
    stage.rest("robin", "PUT", "issues/1", {"description": "- [x] act", "title": "Board"})
    stage.rest("robin", "POST", "issues/1/notes", {"body": "Well."})
    stage.rest("robin", "PUT", "issues/1", {"state_event": "close"})
    stage.rest("robin", "PUT", "issues/1", {"state_event": "reopen"})

    assert told(stage, before) == ["issue open", "issue update", "note create", "issue close", "issue reopen"]
    bodies = payloads(stage, before)
    assert set(bodies[1]["changes"]) == {"title", "description"}
    assert bodies[2]["issue"]["iid"] == 1


def test_pushes_tell_what_they_did_and_too_many_branches_nothing(stage: GitLabStage, heard: Heard) -> None:
    stage.branch("pushed")
    clone = stage.clone()
    stage.git("mv", "README.md", "LIESMICH.md", cwd=clone)
    stage.git("commit", "--quiet", "--message", "Move", cwd=clone)
    stage.git("push", "--quiet", "origin", "HEAD:refs/heads/main", login="callboard", cwd=clone)
    stage.git("push", "--quiet", "origin", ":refs/heads/pushed", login="callboard", cwd=clone)
    names = [f"HEAD:refs/heads/many-{number}" for number in range(4)]
    stage.git("push", "--quiet", "origin", *names, login="callboard", cwd=clone)

    assert told(stage) == ["push", "push", "push"]
    made, moved, deleted = payloads(stage)
    assert made["commits"][0]["added"] == ["models/pushed.yaml"]
    (commit,) = moved["commits"]
    assert (commit["title"], commit["added"], commit["removed"]) == ("Move", ["LIESMICH.md"], ["README.md"])
    assert (deleted["checkout_sha"], deleted["commits"], deleted["total_commits_count"]) == (None, [], 0)


def test_what_was_refused_or_only_read_is_not_told(stage: GitLabStage, heard: Heard) -> None:
    stage.merge_request("quiet")
    before = len(told(stage))
    stage.read(1)
    assert stage.rest("mallory", "PUT", "merge_requests/1/merge").status_code == 401

    assert told(stage, before) == []


def test_a_secret_is_sent_and_a_signing_token_signs_each_attempt(stage: GitLabStage, heard: Heard) -> None:
    stage.forge.add_project_webhook(REPOSITORY, heard.url, signing_token=SIGNING_TOKEN)
    stage.branch("signed")
    stage.forge.deliveries.wait()
    stage.forge.deliveries.send(1)

    (plain, _), (first, body), (again, same) = heard.posts
    assert has_token(Secret(SECRET), plain["x-gitlab-token"].encode())
    assert "webhook-signature" not in plain
    assert "x-gitlab-token" not in first
    key = signing_key(Secret(SIGNING_TOKEN))
    for sent in (first, again):
        names = ("webhook-id", "webhook-timestamp", "webhook-signature")
        identity, timestamp, signature = (sent[name].encode() for name in names)
        assert is_signed(key, body, identity, timestamp, signature, float(timestamp))
        assert not is_signed(key, body + b" ", identity, timestamp, signature, float(timestamp))
        assert sent["x-gitlab-event"] == "Push Hook"
        assert sent["idempotency-key"] == sent["webhook-id"] == sent["x-gitlab-event-uuid"]
        assert sent["x-gitlab-instance"] == stage.forge.url
    assert (first["webhook-id"], body) == (again["webhook-id"], same)
    assert plain["webhook-id"] != first["webhook-id"]  # a key is made for each webhook
    assert first["x-gitlab-webhook-uuid"] != again["x-gitlab-webhook-uuid"]


def test_what_no_example_of_gitlabs_has_is_a_violation(stage: GitLabStage, heard: Heard) -> None:
    stage.branch("wrong")
    (right,) = payloads(stage)

    assert "unexpected" in errors("Push Hook", right | {"sender": 1})[0]
    assert "required" in errors("Push Hook", {key: right[key] for key in right if key != "project"})[0]
    assert errors("Tag Push Hook", right) == ["Tag Push Hook is not described"]
