"""Pull requests and all that hangs on them."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from callboard.sandbox.forge import pulls as rules
from callboard.sandbox.forge.merging import Mergeability
from callboard.sandbox.forge.state import Account, CheckRun, Comment, Label, Pull, Repository, Review, Status

from . import repositories
from .links import Links, node_id
from .people import account, association


def label(links: Links, repository: Repository, found: Label) -> dict[str, Any]:
    """label."""
    return {
        "id": found.id,
        "node_id": node_id("Label", found.id),
        "url": f"{links.repository(repository)}/labels/{quote(found.name)}",
        "name": found.name,
        "description": found.description,
        "color": found.color,
        "default": False,
    }


def labels(links: Links, repository: Repository, names: list[str]) -> list[dict[str, Any]]:
    """The labels of these names."""
    found = (repository.label(name) for name in names)
    return [label(links, repository, each) for each in found if each]


def _side(links: Links, repository: Repository, reference: str, sha: str) -> dict[str, Any]:
    return {
        "label": f"{repository.owner.login}:{reference}",
        "ref": reference,
        "sha": sha,
        "user": account(links, repository.owner),
        "repo": repositories.full(links, repository),
    }


def simple(links: Links, repository: Repository, pull: Pull) -> dict[str, Any]:
    """pull-request-simple."""
    url = f"{links.repository(repository)}/pulls/{pull.number}"
    issue = f"{links.repository(repository)}/issues/{pull.number}"
    html = links.page(repository, "pull", str(pull.number))
    statuses = f"{links.repository(repository)}/statuses/{pull.head}"
    review_comment = f"{links.repository(repository)}/pulls/comments{{/number}}"
    hrefs = {
        "self": url,
        "html": html,
        "issue": issue,
        "comments": f"{issue}/comments",
        "review_comments": f"{url}/comments",
        "review_comment": review_comment,
        "commits": f"{url}/commits",
        "statuses": statuses,
    }
    return {
        "url": url,
        "id": pull.id,
        "node_id": node_id("PullRequest", pull.id),
        "html_url": html,
        "diff_url": f"{html}.diff",
        "patch_url": f"{html}.patch",
        "issue_url": issue,
        "commits_url": f"{url}/commits",
        "review_comments_url": f"{url}/comments",
        "review_comment_url": review_comment,
        "comments_url": f"{issue}/comments",
        "statuses_url": statuses,
        "number": pull.number,
        "state": pull.state,
        "locked": False,
        "active_lock_reason": None,
        "title": pull.title,
        "user": account(links, pull.author),
        "body": pull.body,
        "labels": labels(links, repository, pull.labels),
        "milestone": None,
        "created_at": pull.created_at,
        "updated_at": pull.updated_at,
        "closed_at": pull.closed_at,
        "merged_at": pull.merged_at,
        "merge_commit_sha": pull.merge_commit,
        "assignee": None,
        "assignees": [],
        "requested_reviewers": [account(links, who) for who in pull.requested_reviewers],
        "requested_teams": [],
        "head": _side(links, pull.fork or repository, pull.head_ref, pull.head),
        "base": _side(links, repository, pull.base_ref, pull.base),
        "_links": {name: {"href": href} for name, href in hrefs.items()},
        "author_association": association(repository, pull.author),
        "auto_merge": None,
        "draft": pull.draft,
    }


def full(links: Links, repository: Repository, pull: Pull, decided: Mergeability) -> dict[str, Any]:
    """pull-request."""
    files = rules.changed_files(repository, pull)
    comments = sum(comment.number == pull.number for comment in repository.comments.values())
    return simple(links, repository, pull) | {
        "merged": pull.merged_at is not None,
        "mergeable": decided.mergeable,
        "rebaseable": decided.mergeable,
        "mergeable_state": decided.state.lower(),
        "merged_by": account(links, pull.merged_by) if pull.merged_by else None,
        "comments": comments,
        "review_comments": 0,
        "maintainer_can_modify": False,
        "commits": len(rules.commits(repository, pull)),
        "additions": sum(change.additions for change in files),
        "deletions": sum(change.deletions for change in files),
        "changed_files": len(files),
    }


def review(links: Links, repository: Repository, pull: Pull, found: Review) -> dict[str, Any]:
    """pull-request-review."""
    url = f"{links.repository(repository)}/pulls/{pull.number}"
    html = f"{links.page(repository, 'pull', str(pull.number))}#pullrequestreview-{found.id}"
    return {
        "id": found.id,
        "node_id": node_id("PullRequestReview", found.id),
        "user": account(links, found.author),
        "body": found.body,
        "state": found.state,
        "html_url": html,
        "pull_request_url": url,
        "_links": {"html": {"href": html}, "pull_request": {"href": url}},
        "submitted_at": found.submitted_at,
        "commit_id": found.commit,
        "author_association": association(repository, found.author),
    }


def comment(links: Links, repository: Repository, found: Comment) -> dict[str, Any]:
    """issue-comment."""
    issues = f"{links.repository(repository)}/issues"
    return {
        "id": found.id,
        "node_id": node_id("IssueComment", found.id),
        "url": f"{issues}/comments/{found.id}",
        "html_url": f"{links.page(repository, 'pull', str(found.number))}#issuecomment-{found.id}",
        "issue_url": f"{issues}/{found.number}",
        "user": account(links, found.author),
        "body": found.body,
        "created_at": found.created_at,
        "updated_at": found.updated_at,
        "author_association": association(repository, found.author),
    }


def status(links: Links, repository: Repository, found: Status) -> dict[str, Any]:
    """status, which holds simple-commit-status."""
    return {
        "url": f"{links.repository(repository)}/statuses/{found.sha}",
        "avatar_url": f"{links.root}/avatars/{found.creator.id}",
        "id": found.id,
        "node_id": node_id("StatusContext", found.id),
        "state": found.state,
        "description": found.description,
        "target_url": found.target_url,
        "context": found.context,
        "created_at": found.created_at,
        "updated_at": found.created_at,
        "creator": account(links, found.creator),
    }


def _app(links: Links, who: Account) -> dict[str, Any]:
    return {
        "id": who.id,
        "slug": who.slug,
        "node_id": node_id("App", who.id),
        "owner": account(links, who),
        "name": who.slug,
        "description": None,
        "external_url": links.account(who),
        "html_url": links.account(who),
        "created_at": who.created_at,
        "updated_at": who.created_at,
        "permissions": {"checks": "write", "metadata": "read"},
        "events": [],
    }


def annotation(links: Links, repository: Repository, sha: str, sent: dict[str, Any]) -> dict[str, Any]:
    """check-annotation."""
    optional = ("start_column", "end_column", "title", "raw_details")
    return (
        dict.fromkeys(optional)
        | {key: sent[key] for key in sent if key in optional}
        | {key: sent[key] for key in ("path", "start_line", "end_line", "annotation_level", "message")}
        | {"blob_href": links.page(repository, "blob", sha, sent["path"])}
    )


def check_run(links: Links, repository: Repository, run: CheckRun) -> dict[str, Any]:
    """check-run."""
    url = f"{links.repository(repository)}/check-runs/{run.id}"
    return {
        "id": run.id,
        "name": run.name,
        "node_id": node_id("CheckRun", run.id),
        "head_sha": run.sha,
        "external_id": run.external_id,
        "url": url,
        "html_url": links.page(repository, "runs", str(run.id)),
        "details_url": run.details_url or links.account(run.app),
        "status": run.status,
        "conclusion": run.conclusion,
        "started_at": run.started_at,
        "completed_at": run.completed_at,
        "output": {
            "title": run.title,
            "summary": run.summary,
            "text": run.text,
            "annotations_count": len(run.annotations),
            "annotations_url": f"{url}/annotations",
        },
        "check_suite": {"id": run.app.id},
        "app": _app(links, run.app),
        "pull_requests": [],
    }
