"""What a webhook is a hint to. It is never believed: a walk reads again what it is about.

Which events there are, and what is in them, is GitHub's "Webhook events and payloads" and GitLab's
"Webhook events".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Need = Literal["reconcile", "sync"]
"""What should be done: look at our open pull requests, or also read the sources."""


@dataclass(frozen=True)
class Hint:
    """Something happened in a repository that a walk may have to do with."""

    event: str
    repository: str
    """``owner/name``, as the forge writes it."""
    branch: str | None = None
    """Of a push: where to. A push elsewhere than to the base branch needs nothing."""

    def need(self, base: str) -> Need | None:
        """What it calls for where ``base`` is the base branch."""
        if self.branch is None:
            return "reconcile"
        return "sync" if self.branch == base else None


GITHUB: Mapping[str, tuple[str, ...] | None] = {
    "pull_request": None,
    "pull_request_review": None,
    "pull_request_review_comment": None,
    "pull_request_review_thread": None,
    "issue_comment": ("created", "edited", "deleted"),
    "issues": ("edited", "labeled", "unlabeled", "closed", "reopened", "deleted"),
    "check_run": ("completed", "rerequested", "requested_action"),
    "check_suite": ("completed",),
    "status": None,
    "merge_group": None,
    "branch_protection_rule": None,
    "repository_ruleset": None,
    "repository": ("renamed", "edited", "transferred", "unarchived"),
}
"""The events besides push, each with the actions that count; None: all."""

_GITLAB_DONE = ("success", "failed", "canceled", "skipped", "manual")
_GITLAB_NOTES = ("MergeRequest", "Issue")


def read_github(event: str, payload: Any) -> Hint | None:
    """A delivery of GitHub; None when it calls for nothing. ``event``: ``X-GitHub-Event``."""
    repository = _text(payload, "repository", "full_name")
    if repository is None:
        return None
    if event == "push":
        branch = _branch(payload)
        return Hint(event, repository, branch) if branch is not None else None
    if event not in GITHUB:
        return None
    actions, action = GITHUB[event], _text(payload, "action")
    if actions is not None and action not in actions:
        return None
    return Hint(f"{event}.{action}" if action else event, repository)


def read_gitlab(payload: Any) -> Hint | None:
    """A delivery of GitLab; None when it calls for nothing. Headers are unsigned: the body tells."""
    repository = _text(payload, "project", "path_with_namespace")
    kind = _text(payload, "object_kind")
    if repository is None or kind is None:
        return None
    if kind == "push":
        branch = _branch(payload)
        return Hint(kind, repository, branch) if branch is not None else None
    action = _text(payload, "object_attributes", "action")
    match kind:
        case "merge_request" | "issue" | "work_item" | "emoji":
            counts = True
        case "note":
            counts = _text(payload, "object_attributes", "noteable_type") in _GITLAB_NOTES
        case "pipeline":
            action = _text(payload, "object_attributes", "status")
            counts = action in _GITLAB_DONE
        case _:
            counts = False
    if not counts:
        return None
    return Hint(f"{kind}.{action}" if action else kind, repository)


def _branch(payload: Any) -> str | None:
    """The branch of a push; None for a tag."""
    reference = _text(payload, "ref") or ""
    return reference.removeprefix("refs/heads/") if reference.startswith("refs/heads/") else None


def _text(value: Any, *path: str) -> str | None:
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value[:500] if isinstance(value, str) and value else None
