"""What GitLab's webhooks say, after "Webhook events" in GitLab's documentation."""

from __future__ import annotations

from typing import Any

from callboard.sandbox.forge.bare import ZERO, Commit
from callboard.sandbox.forge.happenings import Happening
from callboard.sandbox.forge.merging import latest_statuses
from callboard.sandbox.forge.state import Account, Comment, Issue, Label, Pull, Repository, Status
from callboard.sandbox.gitlab import status
from callboard.sandbox.gitlab.pipelines import UNFINISHED, Pipeline, word

from .commits import changed
from .links import Links
from .merge_requests import reviewers, state, title

MOST_COMMITS = 20
_STATE_IDS = {"opened": 1, "closed": 2, "merged": 3}
_HIDDEN = "[REDACTED]"


def user(links: Links, account: Account) -> dict[str, Any]:
    """Who did it."""
    return {
        "id": account.id,
        "name": account.slug,
        "username": account.slug,
        "avatar_url": f"{links.root}/uploads/-/system/user/avatar/{account.id}/avatar.png",
        "email": _HIDDEN,
    }


def project(links: Links, repository: Repository) -> dict[str, Any]:
    """Where it happened."""
    page, host = links.project(repository), links.root.partition("://")[2].partition(":")[0]
    ssh, http = f"git@{host}:{repository.full_name}.git", f"{page}.git"
    return {
        "id": repository.id,
        "name": repository.name,
        "description": "",
        "web_url": page,
        "avatar_url": None,
        "git_ssh_url": ssh,
        "git_http_url": http,
        "namespace": repository.owner.login,
        "visibility_level": 0 if repository.private else 20,
        "path_with_namespace": repository.full_name,
        "default_branch": repository.default_branch,
        "ci_config_path": None,
        "homepage": page,
        "url": ssh,
        "ssh_url": ssh,
        "http_url": http,
    }


def _repository(links: Links, repository: Repository, *more: str) -> dict[str, Any]:
    told = project(links, repository)
    return {name: told[name] for name in ("name", "url", "description", "homepage", *more)}


def _utc(time: str) -> str:
    """Notes and pipelines have their times in another form than the rest."""
    return time.replace("T", " ").replace("Z", " UTC")


def _commit(links: Links, repository: Repository, commit: Commit) -> dict[str, Any]:
    return {
        "id": commit.sha,
        "message": commit.message,
        "title": commit.message.partition("\n")[0],
        "timestamp": commit.author.date,
        "url": links.page(repository, "commit", commit.sha),
        "author": {"name": commit.author.name, "email": commit.author.email},
    }


def push(links: Links, repository: Repository, told: Happening) -> dict[str, Any]:
    """A branch was made, moved or deleted."""
    ref, before, after = (told.more[key] for key in ("ref", "before", "after"))
    git = repository.git
    start = before if before != ZERO else git.resolve(repository.default_branch)
    commits = [] if after == ZERO else git.commits(f"{start}..{after}" if start else after, oldest_first=True)
    shown = []
    for each in commits[-MOST_COMMITS:]:
        paths: dict[str, list[str]] = {"added": [], "modified": [], "removed": []}
        for change in changed(repository, each):
            if change.status == "renamed":
                paths["removed"].append(change.previous or "")
            paths["added" if change.status == "renamed" else change.status].append(change.path)
        shown.append(_commit(links, repository, each) | paths)
    who = user(links, told.actor)
    return {
        "object_kind": "push",
        "event_name": "push",
        "before": before,
        "after": after,
        "ref": ref,
        "ref_protected": ref.removeprefix("refs/heads/") in repository.protections,
        "checkout_sha": None if after == ZERO else after,
        "user_id": who["id"],
        "user_name": who["name"],
        "user_username": who["username"],
        "user_email": who["email"],
        "user_avatar": who["avatar_url"],
        "project_id": repository.id,
        "project": project(links, repository),
        "repository": _repository(links, repository, "git_http_url", "git_ssh_url", "visibility_level"),
        "commits": shown,
        "total_commits_count": len(commits),
    }


def labels(repository: Repository, names: list[str]) -> list[dict[str, Any]]:
    """Labels, by their names."""
    return [_label(repository, repository.label(name) or Label(0, name)) for name in names]


def _label(repository: Repository, found: Label) -> dict[str, Any]:
    return {
        "id": found.id,
        "title": found.name,
        "color": f"#{found.color}",
        "project_id": repository.id,
        "created_at": repository.created_at,
        "updated_at": repository.created_at,
        "template": False,
        "description": found.description,
        "type": "ProjectLabel",
        "group_id": None,
    }


def merge_request(links: Links, repository: Repository, pull: Pull) -> dict[str, Any]:
    """What is told of a merge request wherever it is told of."""
    source, now = pull.fork or repository, state(pull)
    return {
        "id": pull.id,
        "iid": pull.number,
        "url": links.page(repository, "merge_requests", str(pull.number)),
        "title": title(pull),
        "description": pull.body,
        "author_id": pull.author.id,
        "state": now,
        "state_id": _STATE_IDS[now],
        "created_at": pull.created_at,
        "updated_at": pull.updated_at,
        "prepared_at": pull.created_at,
        "last_edited_at": None,
        "last_edited_by_id": None,
        "source_branch": pull.head_ref,
        "source_project_id": source.id,
        "target_branch": pull.base_ref,
        "target_project_id": repository.id,
        "source": project(links, source),
        "target": project(links, repository),
        "last_commit": _commit(links, repository, repository.git.commit(pull.head)),
        "assignee_ids": [],
        "assignee_id": None,
        "reviewer_ids": [each.id for each in reviewers(pull)],
        "milestone_id": None,
        "labels": labels(repository, sorted(pull.labels)),
        "draft": pull.draft,
        "work_in_progress": pull.draft,
        "first_contribution": False,
        "blocking_discussions_resolved": not status.open_threads(repository, pull),
        # Whether it merges is not known yet when a webhook tells of it.
        "merge_status": "can_be_merged" if pull.merged_at else "unchecked",
        "detailed_merge_status": "checking" if pull.state == "open" else "not_open",
        "total_time_spent": 0,
        "time_change": 0,
        "human_total_time_spent": None,
        "human_time_change": None,
        "human_time_estimate": None,
    }


def of_merge_request(
    links: Links, repository: Repository, pull: Pull, actor: Account, more: dict[str, Any], changes: Any
) -> dict[str, Any]:
    """Something happened to a merge request; ``more``: its ``action``, and what goes with that."""
    told = merge_request(links, repository, pull) | more
    asked = [user(links, each) for each in reviewers(pull)]
    return _about(links, repository, actor, "merge_request", told) | {
        "labels": told["labels"],
        "changes": changes,
        "assignees": [],
        "reviewers": [{name: one[name] for name in one if name != "email"} for one in asked],
    }


def _about(
    links: Links, repository: Repository, actor: Account, kind: str, told: dict[str, Any]
) -> dict[str, Any]:
    return {
        "object_kind": kind,
        "event_type": kind,
        "user": user(links, actor),
        "project": project(links, repository),
        "repository": _repository(links, repository),
        "object_attributes": told,
    }


def note(
    links: Links, repository: Repository, on: Pull | Issue, comment: Comment, actor: Account, action: str
) -> dict[str, Any]:
    """Somebody wrote a note, or wrote it anew."""
    is_issue = isinstance(on, Issue)
    place = links.page(repository, "issues" if is_issue else "merge_requests", str(on.number))
    written = {
        "id": comment.id,
        "note": comment.body,
        "noteable_type": "Issue" if is_issue else "MergeRequest",
        "author_id": comment.author.id,
        "created_at": _utc(comment.created_at),
        "updated_at": _utc(comment.updated_at),
        "project_id": repository.id,
        "attachment": None,
        "line_code": None,
        "commit_id": "",
        "noteable_id": on.id,
        "system": False,
        "st_diff": None,
        "action": action,
        "url": f"{place}#note_{comment.id}",
    }
    body = _about(links, repository, actor, "note", written) | {"project_id": repository.id}
    if isinstance(on, Issue):
        return body | {"issue": issue(links, repository, on)}
    return body | {"merge_request": merge_request(links, repository, on)}


def issue(links: Links, repository: Repository, found: Issue) -> dict[str, Any]:
    """What is told of an issue wherever it is told of."""
    return {
        "id": found.id,
        "iid": found.number,
        "url": links.page(repository, "issues", str(found.number)),
        "title": found.title,
        "description": found.body,
        "author_id": found.author.id,
        "project_id": repository.id,
        "state": found.state,
        "state_id": _STATE_IDS[found.state],
        "created_at": found.created_at,
        "updated_at": found.updated_at,
        "assignee_ids": [],
        "assignee_id": None,
        "milestone_id": None,
        "confidential": False,
        "labels": labels(repository, sorted(found.labels)),
    }


def of_issue(
    links: Links, repository: Repository, found: Issue, actor: Account, action: str, changes: Any
) -> dict[str, Any]:
    """Something happened to an issue."""
    told = issue(links, repository, found) | {"type": "Issue", "action": action}
    more = {"labels": told["labels"], "changes": changes, "assignees": []}
    return _about(links, repository, actor, "issue", told) | more


def of_pipeline(links: Links, repository: Repository, pipeline: Pipeline) -> dict[str, Any]:
    """The state of a pipeline changed."""
    who = user(links, pipeline.user)
    return {
        "object_kind": "pipeline",
        "object_attributes": {
            "id": pipeline.id,
            "iid": pipeline.id,
            "name": None,
            "ref": pipeline.ref,
            "tag": False,
            "sha": pipeline.sha,
            "before_sha": ZERO,
            "source": "external",
            "status": pipeline.status,
            "stages": ["external"],
            "created_at": _utc(pipeline.created_at),
            "finished_at": None if pipeline.status in UNFINISHED else _utc(pipeline.updated_at),
            "duration": None,
            "variables": [],
            "url": links.page(repository, "pipelines", str(pipeline.id)),
        },
        "merge_request": None,
        "user": who,
        "project": project(links, repository),
        "commit": _commit(links, repository, repository.git.commit(pipeline.sha)),
        "builds": [_build(links, each) for each in latest_statuses(repository, pipeline.sha)],
    }


def _build(links: Links, reported: Status) -> dict[str, Any]:
    now = word(reported)
    return {
        "id": reported.id,
        "stage": "external",
        "name": reported.context,
        "status": now,
        "created_at": _utc(reported.created_at),
        "started_at": None,
        "finished_at": None if now in UNFINISHED else _utc(reported.created_at),
        "duration": None,
        "queued_duration": None,
        "failure_reason": None,
        "when": "on_success",
        "manual": False,
        "allow_failure": False,
        "user": user(links, reported.creator),
        "runner": None,
        "artifacts_file": {"filename": None, "size": None},
        "environment": None,
    }
