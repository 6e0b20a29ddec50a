"""Merge requests, their versions, approvals and reviewers."""

from __future__ import annotations

from typing import Any

from callboard.sandbox.forge import pulls
from callboard.sandbox.forge.state import Account, Event, Pull, Repository
from callboard.sandbox.gitlab import status
from callboard.sandbox.gitlab.pipelines import basic as pipeline_basic
from callboard.sandbox.gitlab.pipelines import detail as pipeline_detail
from callboard.sandbox.gitlab.pipelines import pipeline_of

from . import people
from .links import Links, at

_DRAFT = "Draft: "
_UNDECIDED = ("checking", "unchecked")


def title(pull: Pull) -> str:
    """The title; GitLab marks drafts in it."""
    return f"{_DRAFT}{pull.title}" if pull.draft else pull.title


def state(pull: Pull) -> str:
    """opened, closed or merged."""
    return "merged" if pull.merged_at else "opened" if pull.state == "open" else "closed"


def basic(links: Links, repository: Repository, pull: Pull, told: str) -> dict[str, Any]:
    """MergeRequestBasic; ``told`` is the merge status that this read answers."""
    short = f"!{pull.number}"
    merger = people.optional(links, pull.merged_by)
    conflicts = told not in _UNDECIDED and status.has_conflicts(repository, pull)
    known = told if told in _UNDECIDED else "cannot_be_merged" if conflicts else "can_be_merged"
    merge_commit = None if pull.merge_commit in (pull.head, pull.squash_commit) else pull.merge_commit
    auto = pull.auto_merge is not None and pull.auto_merge.head == pull.head and pull.state == "open"
    comments = [each for each in repository.comments.values() if each.number == pull.number]
    return {
        "id": pull.id,
        "iid": pull.number,
        "project_id": repository.id,
        "title": title(pull),
        "description": pull.body,
        "state": state(pull),
        "created_at": at(pull.created_at),
        "updated_at": at(pull.updated_at),
        "merged_by": merger,
        "merge_user": merger,
        "merged_at": at(pull.merged_at) if pull.merged_at else None,
        "closed_by": None,
        "closed_at": at(pull.closed_at) if pull.closed_at and not pull.merged_at else None,
        "target_branch": pull.base_ref,
        "source_branch": pull.head_ref,
        "user_notes_count": len(comments),
        "upvotes": 0,
        "downvotes": 0,
        "author": people.author(links, pull.author),
        "assignees": [],
        "assignee": None,
        "reviewers": [people.basic(links, each) for each in reviewers(pull)],
        "source_project_id": (pull.fork or repository).id,
        "target_project_id": repository.id,
        "labels": sorted(pull.labels),
        "draft": pull.draft,
        "imported": False,
        "work_in_progress": pull.draft,
        "milestone": None,
        "merge_when_pipeline_succeeds": auto,
        "merge_status": known,
        "detailed_merge_status": told,
        "merge_after": None,
        "sha": pull.head,
        "merge_commit_sha": merge_commit,
        "squash_commit_sha": pull.squash_commit,
        "discussion_locked": None,
        "should_remove_source_branch": None,
        "force_remove_source_branch": pull.remove_source_branch,
        "prepared_at": at(pull.created_at),
        "reference": short,
        "references": {"short": short, "relative": short, "full": f"{repository.full_name}{short}"},
        "web_url": links.page(repository, "merge_requests", str(pull.number)),
        "time_stats": {
            "time_estimate": 0,
            "total_time_spent": 0,
            "human_time_estimate": None,
            "human_total_time_spent": None,
        },
        "squash": pull.squash,
        "squash_on_merge": pull.squash,
        "task_completion_status": {"count": 0, "completed_count": 0},
        "has_conflicts": conflicts,
        "blocking_discussions_resolved": not status.open_threads(repository, pull),
        "approvals_before_merge": None,
    }


def simple(links: Links, repository: Repository, pull: Pull) -> dict[str, Any]:
    """MergeRequestSimple, for ``view=simple``."""
    full = basic(links, repository, pull, "unchecked")
    names = (
        "id", "iid", "project_id", "title", "description", "state", "created_at", "updated_at", "web_url",
    )  # fmt: skip
    return {name: full[name] for name in names}


def full(
    links: Links, repository: Repository, pull: Pull, told: str, actor: Account | None
) -> dict[str, Any]:
    """MergeRequest."""
    pipeline = pipeline_of(repository, pull.head)
    count, most = len(pulls.changed_files(repository, pull)), repository.settings.most_diff_files
    last = pushes(pull)[-1]
    return basic(links, repository, pull, told) | {
        "subscribed": actor == pull.author,
        "changes_count": f"{most}+" if count > most else str(count),
        "latest_build_started_at": None,
        "latest_build_finished_at": None,
        "first_deployed_to_production_at": None,
        "pipeline": pipeline_basic(links, repository, pipeline) if pipeline else None,
        "head_pipeline": pipeline_detail(links, repository, pipeline) if pipeline else None,
        "diff_refs": {"base_sha": last.base, "head_sha": last.after, "start_sha": last.start},
        "merge_error": pull.merge_error,
        "first_contribution": False,
        "user": {"can_merge": actor is not None and repository.allows(actor, "write")},
    }


def pushes(pull: Pull) -> list[Event]:
    """The pushes to the head, the first one as it was opened with."""
    return [each for each in pull.events if each.kind == "pushed"]


def version(pull: Pull, push: Event, overflows: bool, repository: Repository) -> dict[str, Any]:
    """MergeRequestDiff: GitLab makes one for each push."""
    return {
        "id": push.id,
        "head_commit_sha": push.after,
        "base_commit_sha": push.base,
        "start_commit_sha": push.start,
        "created_at": at(push.created_at),
        "merge_request_id": pull.id,
        "state": "overflow" if overflows else "collected",
        "real_size": str(len(repository.git.changes(push.base, push.after))),
        "patch_id_sha": None,
    }


def approvals(links: Links, repository: Repository, pull: Pull, actor: Account | None) -> dict[str, Any]:
    """MergeRequestApprovals. What is required is told only where something is: that takes a paid tier."""
    found = status.approvals(repository, pull)
    mine = any(account == actor for account, _ in found.by)
    told: dict[str, Any] = {
        "user_has_approved": mine,
        "user_can_approve": may_approve(repository, pull, actor) and not mine,
        "approved": not found.left if found.required else bool(found.by),
        "approved_by": [
            {"user": people.basic(links, account), "approved_at": at(since)} for account, since in found.by
        ],
    }
    if found.required:
        told |= {
            "id": pull.id,
            "iid": pull.number,
            "project_id": repository.id,
            "approvals_required": found.required,
            "approvals_left": found.left,
        }
    return told


def may_approve(repository: Repository, pull: Pull, actor: Account | None) -> bool:
    """Whether somebody's approval would be taken."""
    if actor is None or pull.state != "open" or not repository.allows(actor, "write"):
        return False
    return actor != pull.author or repository.settings.author_may_approve


def reviewers(pull: Pull) -> list[Account]:
    """Who was asked to review, and who did."""
    asked = {each.id: each for each in pull.requested_reviewers}
    asked |= {each.author.id: each.author for each in pull.reviews if each.author != pull.author}
    return list(asked.values())


_VERDICTS = {"APPROVED": "approved", "CHANGES_REQUESTED": "requested_changes", "COMMENTED": "reviewed"}


def reviewer(links: Links, pull: Pull, account: Account) -> dict[str, Any]:
    """MergeRequestReviewer."""
    last = next((each for each in reversed(pull.reviews) if each.author == account), None)
    verdict = _VERDICTS.get(last.state, "unapproved") if last else "unreviewed"
    since = last.submitted_at if last else pull.created_at
    return {"user": people.basic(links, account), "state": verdict, "created_at": at(since)}
