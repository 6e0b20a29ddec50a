"""Webhooks of GitLab: which hooks fire for what happened, and the headers that they come with."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import hmac
import time
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from callboard.sandbox.forge.deliveries import Headers, Payload, Webhook
from callboard.sandbox.forge.happenings import Happening
from callboard.sandbox.forge.state import Issue, Pull, Repository

from . import status
from .pipelines import pipeline_of
from .shapes import webhooks as shapes
from .shapes.links import Links
from .shapes.merge_requests import title

PUSH_HOOKS_LIMIT = 3
"""A push to more branches fires no hook at all."""
_ENDS = {"closed": "close", "reopened": "reopen"}
_DRAFTS = ("converted_to_draft", "ready_for_review")


def headers(webhook: Webhook, instance: str, event: str) -> Headers:
    """What GitLab sends beside the body: the secret, and with a signing token the signed form."""

    def made(guid: str, body: bytes) -> dict[str, str]:
        found = {
            "Content-Type": "application/json",
            "User-Agent": "GitLab/sandbox",
            "X-Gitlab-Event": event,
            "X-Gitlab-Event-UUID": guid,
            "X-Gitlab-Webhook-UUID": str(uuid.uuid4()),
            "X-Gitlab-Instance": instance,
            "Idempotency-Key": guid,
            "webhook-id": guid,
            "webhook-timestamp": str(int(time.time())),
        }
        if webhook.secret:
            found["X-Gitlab-Token"] = webhook.secret
        if webhook.signing_token:
            key = base64.b64decode(webhook.signing_token.removeprefix("whsec_"))
            signed = f"{guid}.{found['webhook-timestamp']}.".encode() + body
            digest = hmac.new(key, signed, hashlib.sha256).digest()
            found["webhook-signature"] = f"v1,{base64.b64encode(digest).decode()}"
        return found

    return made


def events(instance: str, repository: Repository, told: Sequence[Happening]) -> Iterator[tuple[str, Payload]]:
    """The hooks that fire for what was done at once, each with its ``X-Gitlab-Event``."""
    links = Links(instance)
    pushed = [one for one in told if one.kind == "push"]
    if len(pushed) <= PUSH_HOOKS_LIMIT:
        for one in pushed:
            yield "Push Hook", shapes.push(links, repository, one)
    for about in {id(one.about): one.about for one in told if one.about is not None}.values():
        group = [one for one in told if one.about is about]
        fired = (
            _of_merge_request(links, repository, about, group)
            if isinstance(about, Pull)
            else _of_issue(links, repository, about, group)
        )
        yield from fired
        for one in group:
            if one.kind == "issue_comment":
                action = "create" if one.action == "created" else "update"
                comment = one.more["comment"]
                yield "Note Hook", shapes.note(links, repository, about, comment, one.actor, action)
    for sha in {one.more["status"].sha: None for one in told if one.kind == "status"}:
        pipeline = pipeline_of(repository, sha)
        assert pipeline is not None
        yield "Pipeline Hook", shapes.of_pipeline(links, repository, pipeline)


def _of_merge_request(
    links: Links, repository: Repository, pull: Pull, group: Sequence[Happening]
) -> Iterator[tuple[str, Payload]]:
    actor = group[0].actor

    def hook(action: str, changes: Any = None, **more: Any) -> tuple[str, Payload]:
        told = {"action": action, **more}
        body = shapes.of_merge_request(links, repository, pull, actor, told, changes or {})
        return "Merge Request Hook", body

    own = {one.action: one for one in group if one.kind == "pull_request"}
    moved = own.get("synchronize")
    if "opened" in own:
        yield hook("open")
    else:
        if moved is not None:
            yield hook("update", oldrev=moved.more["before"])
        changes = _changes(repository, pull, group)
        if changes:
            yield hook("update", changes)
    for action in _verdicts(repository, pull, group):
        # Approvals that a push reset are taken back by GitLab itself.
        reset = moved is not None and action.startswith("un")
        yield hook(action, **({"system": True, "system_action": "approvals_reset_on_push"} if reset else {}))
    threads = [one for one in group if one.kind == "pull_request_review_thread"]
    if threads and not status.open_threads(repository, pull):
        yield hook("update")
    for action in own:
        if action in _ENDS:
            yield hook("merge" if pull.merged_at else _ENDS[action])


def _verdicts(repository: Repository, pull: Pull, group: Sequence[Happening]) -> Iterator[str]:
    """The actions for what reviewers said, or took back: one for each of them."""
    standing = status.approvals(repository, pull)
    said: dict[int, str] = {}
    for one in group:
        if one.kind == "pull_request_review":
            review = one.more["review"]
            verdict = one.more.get("was", review.state)
            # All that is needed is there, or was before this one; without a number, one is enough.
            lacks = standing.left > (one.action == "dismissed")
            word = ("approval" if lacks else "approved") if verdict == "APPROVED" else "update"
            said[review.author.id] = f"un{word}" if one.action == "dismissed" and word != "update" else word
    yield from said.values()


def _changes(
    repository: Repository, about: Pull | Issue, group: Sequence[Happening]
) -> dict[str, dict[str, Any]]:
    """What was edited, from what to what."""
    own = [one for one in group if one.kind in ("pull_request", "issues")]
    was = {name: told for one in own if one.action == "edited" for name, told in one.more["changes"].items()}
    found: dict[str, dict[str, Any]] = {}
    redrafted = any(one.action in _DRAFTS for one in own)
    if isinstance(about, Pull) and (redrafted or "title" in was):
        before = dataclasses.replace(
            about,
            title=was["title"]["from"] if "title" in was else about.title,
            draft=about.draft is not redrafted,
        )
        found["title"] = {"previous": title(before), "current": title(about)}
        if redrafted:
            found["draft"] = {"previous": before.draft, "current": about.draft}
    elif "title" in was:
        found["title"] = {"previous": was["title"]["from"], "current": about.title}
    if "body" in was:
        found["description"] = {"previous": was["body"]["from"], "current": about.body}
    if isinstance(about, Pull) and "base" in was:
        found["target_branch"] = {"previous": was["base"]["ref"]["from"], "current": about.base_ref}
    added = {one.more["label"] for one in own if one.action == "labeled"}
    removed = {one.more["label"] for one in own if one.action == "unlabeled"}
    if added or removed:
        sets = {"previous": {*about.labels} - added | removed, "current": {*about.labels}}
        found["labels"] = {name: shapes.labels(repository, sorted(names)) for name, names in sets.items()}
    return found


def _of_issue(
    links: Links, repository: Repository, found: Issue, group: Sequence[Happening]
) -> Iterator[tuple[str, Payload]]:
    actions = [one.action for one in group if one.kind == "issues"]
    edited = {} if "opened" in actions else _changes(repository, found, group)
    fired: list[tuple[str, dict[str, Any]]] = [("open", {})] if "opened" in actions else []
    fired += [("update", edited)] if edited else []
    fired += [(_ENDS[action], {}) for action in actions if action in _ENDS]
    for action, changes in fired:
        yield "Issue Hook", shapes.of_issue(links, repository, found, group[0].actor, action, changes)
