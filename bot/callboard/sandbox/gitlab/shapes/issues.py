"""Issues and labels."""

from __future__ import annotations

from typing import Any

from callboard.sandbox.forge.state import Issue, Label, Repository

from . import people
from .links import Links, at


def issue(links: Links, repository: Repository, found: Issue) -> dict[str, Any]:
    """Issue."""
    short = f"#{found.number}"
    return {
        "id": found.id,
        "iid": found.number,
        "project_id": repository.id,
        "title": found.title,
        "description": found.body,
        "state": found.state,
        "created_at": at(found.created_at),
        "updated_at": at(found.updated_at),
        "closed_at": at(found.closed_at) if found.closed_at else None,
        "closed_by": None,
        "labels": sorted(found.labels),
        "milestone": None,
        "assignees": [],
        "author": people.basic(links, found.author),
        "type": "ISSUE",
        "assignee": None,
        "user_notes_count": len(found.notes),
        "merge_requests_count": 0,
        "upvotes": 0,
        "downvotes": 0,
        "due_date": None,
        "confidential": False,
        "discussion_locked": None,
        "issue_type": "issue",
        "web_url": links.page(repository, "issues", str(found.number)),
        "references": {"short": short, "relative": short, "full": f"{repository.full_name}{short}"},
        "severity": "UNKNOWN",
        "moved_to_id": None,
        "service_desk_reply_to": None,
    }


def label(found: Label) -> dict[str, Any]:
    """ProjectLabel."""
    return {
        "id": found.id,
        "name": found.name,
        "description": found.description,
        "description_html": found.description or "",
        "text_color": "#1F1E24",
        "color": f"#{found.color}",
        "archived": False,
        "subscribed": False,
        "priority": None,
        "is_project_label": True,
    }
