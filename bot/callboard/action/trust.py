"""Whether the configuration in the workspace may be acted upon.

Whoever writes callboard.yaml decides which secrets are read and which hosts they are sent to, so it counts
only as people merged it. What a checkout holds follows from the event: GitHub's "Events that trigger
workflows" says, event by event, which ref that is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_ON_DEFAULT_BRANCH = ("schedule", "repository_dispatch")
_ON_ANY_REF = ("push", "workflow_dispatch")
_ON_WORDS = ("issue_comment", "issues")
_REVIEW = "pull_request_review"
EVENTS = (*_ON_ANY_REF, *_ON_DEFAULT_BRANCH, *_ON_WORDS, _REVIEW)
"""The events on which the configuration may be read."""


@dataclass(frozen=True)
class Start:
    """Why the workflow runs, and on what."""

    event: str
    """``GITHUB_EVENT_NAME``."""
    ref: str
    """``GITHUB_REF``."""
    payload: Mapping[str, Any]
    """What the event's webhook said."""
    branch: str | None
    """The branch that the workspace is on; None when it is on none, or nobody can tell."""
    commit: str | None
    """The commit that it is at."""
    origin: str | None = None
    """Where it was fetched from, as git was told; None when nobody can tell."""


def refusal(command: str, start: Start) -> str | None:
    """Why ``command`` must not read the configuration here, and what to do instead; None when it may."""
    if start.event in _ON_DEFAULT_BRANCH:
        return None
    if start.event in _ON_ANY_REF:
        return _off_default_branch(command, start)
    if start.event in _ON_WORDS:
        return _not_on_default_branch(command, start)
    if start.event == _REVIEW:
        return _not_on_base(command, start)
    return (
        f"{command} does not run on {start.event or 'no event'}: the configuration is read from the base "
        f"branch only, never from a pull request. Run it on {', '.join(EVENTS[:-1])} or {EVENTS[-1]}; "
        "on pull requests, run validate."
    )


def _off_default_branch(command: str, start: Start) -> str | None:
    default = _text(start.payload, "repository", "default_branch")
    if default and start.ref == f"refs/heads/{default}":
        return None
    return (
        f"{command} does not run on a {start.event} of {start.ref or 'no ref'}: the configuration is read "
        f"from the default branch only ({default or 'which the event does not name'}). "
        f"Limit the workflow's {start.event} to that branch."
    )


def _not_on_default_branch(command: str, start: Start) -> str | None:
    # Anybody may write a comment, and a workflow can be made to fetch the pull request that it is about.
    default = _text(start.payload, "repository", "default_branch")
    repository = _text(start.payload, "repository", "full_name").lower()
    origin = (start.origin or "").lower().removesuffix("/").removesuffix(".git")
    if default and start.branch == default and repository and origin.endswith(f"/{repository}"):
        return None
    return (
        f"{command} does not run here: on {start.event} the configuration is read from this "
        f"repository's default branch only. Check out 'ref: {default or 'BRANCH'}' with actions/checkout "
        "before this step."
    )


def _not_on_base(command: str, start: Start) -> str | None:
    base = _text(start.payload, "pull_request", "base", "ref")
    head = _text(start.payload, "pull_request", "head", "sha")
    merged = {base, _text(start.payload, "repository", "default_branch")} - {""}
    # A fork can have a branch of the same name, but then it is at the head.
    if head and start.branch in merged and start.commit != head:
        return None
    return (
        f"{command} does not run here: on {start.event} the checkout holds the pull request unless told "
        f"otherwise, and the configuration is read from the base branch only. "
        f"Check out 'ref: {base or 'BASE'}' with actions/checkout before this step."
    )


def _text(payload: Mapping[str, Any], *keys: str) -> str:
    found: Any = payload
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, str) else ""
