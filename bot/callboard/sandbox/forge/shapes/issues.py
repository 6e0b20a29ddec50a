"""Issues; GitHub shows a pull request as one, too."""

from __future__ import annotations

from typing import Any

from callboard.sandbox.forge.state import Issue, Pull, Repository

from .links import Links, node_id
from .people import account, association
from .pulls import labels


def issue(links: Links, repository: Repository, found: Pull | Issue) -> dict[str, Any]:
    """issue."""
    is_pull = isinstance(found, Pull)
    place = links.repository(repository)
    url = f"{place}/issues/{found.number}"
    html = links.page(repository, "pull" if is_pull else "issues", str(found.number))
    said = sum(comment.number == found.number for comment in repository.comments.values())
    body: dict[str, Any] = {
        "id": found.id,
        "node_id": node_id("PullRequest" if is_pull else "Issue", found.id),
        "url": url,
        "repository_url": place,
        "labels_url": f"{url}/labels{{/name}}",
        "comments_url": f"{url}/comments",
        "events_url": f"{url}/events",
        "html_url": html,
        "number": found.number,
        "state": "closed" if found.state == "closed" else "open",
        "state_reason": None,
        "title": found.title,
        "body": found.body,
        "user": account(links, found.author),
        "labels": labels(links, repository, found.labels),
        "assignee": None,
        "assignees": [],
        "milestone": None,
        "locked": False,
        "active_lock_reason": None,
        "comments": said,
        "closed_at": found.closed_at,
        "created_at": found.created_at,
        "updated_at": found.updated_at,
        "author_association": association(repository, found.author),
    }
    if is_pull:
        pull = f"{place}/pulls/{found.number}"
        body["pull_request"] = {
            "url": pull,
            "html_url": html,
            "diff_url": f"{html}.diff",
            "patch_url": f"{html}.patch",
        }
    return body
