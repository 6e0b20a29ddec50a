"""What GitLab's GraphQL API answers, in the words of its REST API, which ``gitlab_facts`` reads.

GraphQL tells less: no version of a merge request for each push, no old names of renamed files, no reporter
of a status. It tells times by the second.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from callboard.forges.gitlab_facts import Answer, Around
from callboard.forges.protocol import Account, Issue

_UNSAID = frozenset(
    {"", "passed", "failed", "pending", "running", "skipped", "canceled", "created", "success"}
)
"""Labels of a status that has no description of its own."""


def number_of(global_id: str) -> int:
    """The number in ``gid://gitlab/User/7``."""
    return int(global_id.rpartition("/")[2])


def dashboard(nodes: Sequence[Answer], mine: Account) -> Issue | None:
    """The first of these issues that is ours."""
    for node in nodes:
        if node["author"] and str(number_of(node["author"]["id"])) == mine.id:
            return Issue(
                number=int(node["iid"]),
                url=node["webUrl"],
                title=node["title"],
                body=node["description"] or "",
                labels=tuple(sorted(label["title"] for label in node["labels"]["nodes"])),
            )
    return None


def user(node: Answer | None) -> Answer | None:
    """A user; None for one that was deleted."""
    if not node:
        return None
    return {
        "id": number_of(node["id"]),
        "username": node["username"],
        "bot": node.get("bot"),
        "commit_email": node.get("commitEmail"),
    }


def merge_request(node: Answer) -> Answer:
    """A merge request by itself."""
    refs, pipeline, summary = node.get("diffRefs"), node.get("headPipeline"), node["diffStatsSummary"]
    return {
        "iid": int(node["iid"]),
        "web_url": node["webUrl"],
        "title": node["title"],
        "description": node["description"],
        "author": user(node["author"]),
        "state": node["state"],
        "draft": node["draft"],
        "source_branch": node["sourceBranch"],
        "target_branch": node["targetBranch"],
        "source_project_id": node["sourceProjectId"],
        "target_project_id": node["targetProjectId"],
        "sha": node["diffHeadSha"],
        "diff_refs": {"head_sha": refs["headSha"], "start_sha": refs["startSha"]} if refs else None,
        "changes_count": str(summary["fileCount"]) if summary else None,
        "labels": [label["title"] for label in node["labels"]["nodes"]],
        "detailed_merge_status": str(node.get("detailedMergeStatus") or "").lower(),
        "has_conflicts": node.get("conflicts"),
        "head_pipeline": {"status": pipeline["status"].lower(), "source": pipeline["source"]}
        if pipeline
        else None,
        "merge_commit_sha": node.get("mergeCommitSha"),
        "created_at": node["createdAt"],
        "updated_at": node["updatedAt"],
    }


def source_path(node: Answer) -> str:
    """The path of the project that its branch is in; empty when that was deleted."""
    project, number = node["sourceProject"], node["sourceProjectId"]
    if project:
        return str(project["fullPath"])
    return "" if number is None else f"project {number}"


def around(node: Answer) -> Around:
    """What stands around it."""
    return Around(
        notes=[_note(note) for note in node["notes"]["nodes"]],
        approved_by=[{"user": user(one)} for one in _nodes(node, "approvedBy")],
        reviewers=[{"user": user(one), "state": _verdict(one).lower()} for one in _nodes(node, "reviewers")],
        statuses=[_status(job, one["id"]) for one in _of_head(node) for job in one["jobs"]["nodes"]],
        diffs=[{"old_path": one["path"], "new_path": one["path"]} for one in node["diffStats"] or ()],
    )


def lacks_notes(node: Answer) -> bool:
    """Whether there are more notes than were told."""
    return bool(node["notes"]["pageInfo"]["hasPreviousPage"])


def lacks_statuses(node: Answer) -> bool:
    """Whether there may be more jobs and statuses on its head than were told."""
    cut = [one["jobs"] for one in _of_head(node)] + [node["pipelines"]]
    return any(one["pageInfo"]["hasNextPage"] for one in cut)


def _of_head(node: Answer) -> list[Answer]:
    """The pipelines on its head; those of merged results have a commit of their own."""
    head, known = node["diffHeadSha"], node.get("headPipeline") or {}
    return [one for one in _nodes(node, "pipelines") if one["sha"] == head or one["id"] == known.get("id")]


def _nodes(node: Answer, name: str) -> list[Mapping[str, Any]]:
    return [one for one in (node.get(name) or {}).get("nodes") or () if one]


def _verdict(reviewer: Answer) -> str:
    return str((reviewer["mergeRequestInteraction"] or {}).get("reviewState") or "")


def _note(node: Answer) -> Answer:
    return {
        "id": number_of(node["id"]),
        "body": node["body"],
        "system": node["system"],
        "author": user(node["author"]),
        "created_at": node["createdAt"],
        "updated_at": node["lastEditedAt"] or node["createdAt"],
        "edited": node["lastEditedAt"] is not None,
    }


def _status(job: Answer, pipeline: str) -> Answer:
    said = str((job["detailedStatus"] or {}).get("label") or "")
    return {
        "id": number_of(job["id"]),
        "name": job["name"],
        "ref": pipeline,
        "status": str(job["status"] or "").lower(),
        "allow_failure": job["allowFailure"],
        "description": "" if said in _UNSAID else said,
        "author": None,
    }
