"""Notes: what people wrote, and what GitLab itself wrote about pushes and approvals."""

from __future__ import annotations

from html import escape
from typing import Any

from callboard.sandbox.forge.bare import GitFailed
from callboard.sandbox.forge.state import Comment, Event, Issue, Pull, Repository

from . import people
from .links import Links, at

_SAID = {
    "approved": "approved this merge request",
    "unapproved": "unapproved this merge request",
    "requested-changes": "requested changes",
}


def note(links: Links, comment: Comment, on: Pull | Issue) -> dict[str, Any]:
    """Note, by a person or a bot."""
    waits = comment.resolved is not None
    return {
        "id": comment.id,
        "type": "DiscussionNote" if waits else None,
        "body": comment.body,
        "attachment": None,
        "author": people.basic(links, comment.author),
        "created_at": at(comment.created_at),
        "updated_at": at(comment.updated_at),
        "system": False,
        "noteable_id": on.id,
        "noteable_type": "Issue" if isinstance(on, Issue) else "MergeRequest",
        "resolvable": waits,
        **({"resolved": comment.resolved} if waits else {}),
        "confidential": False,
        "internal": False,
        "noteable_iid": on.number,
        "commands_changes": {},
    }


def system_note(links: Links, repository: Repository, event: Event, pull: Pull) -> dict[str, Any]:
    """Note, by GitLab itself in the name of who did it."""
    return {
        "id": event.id,
        "type": None,
        "body": _text(repository, event, pull),
        "attachment": None,
        "author": people.basic(links, event.actor),
        "created_at": at(event.created_at),
        "updated_at": at(event.created_at),
        "system": True,
        "noteable_id": pull.id,
        "noteable_type": "MergeRequest",
        "resolvable": False,
        "confidential": False,
        "internal": False,
        "noteable_iid": pull.number,
        "commands_changes": {},
    }


def told(pull: Pull) -> list[Event]:
    """The events that GitLab writes notes about: all but the push that the request was opened with."""
    return [each for each in pull.events if each.kind != "pushed" or each.before]


def _text(repository: Repository, event: Event, pull: Pull) -> str:
    if event.kind == "pushed":
        return _pushed(repository, event, pull)
    if event.kind == "approvals-reset":
        return f"reset approvals from {_sentence(event.text.split(', '))} by pushing to the branch"
    return _SAID.get(event.kind, event.text)


def _sentence(names: list[str]) -> str:
    if len(names) < 3:
        return " and ".join(names)
    return f"{', '.join(names[:-1])}, and {names[-1]}"


def _pushed(repository: Repository, event: Event, pull: Pull) -> str:
    try:
        # What the head has and had not: also all that a rebase brought in from the target branch.
        fresh = repository.git.commits(f"{event.before}..{event.after}", oldest_first=True)
    except GitFailed:
        fresh = []
    listed = "".join(
        f"<li>{each.sha[:8]} - {escape(each.message.partition(chr(10))[0])}</li>" for each in fresh
    )
    commits = f"{len(fresh)} commit" + ("" if len(fresh) == 1 else "s")
    path = f"/{repository.full_name}/-/merge_requests/{pull.number}/diffs"
    compare = f"[Compare with previous version]({path}?diff_id={event.id}&start_sha={event.before})"
    return f"added {commits}\n\n<ul>{listed}</ul>\n\n{compare}"
