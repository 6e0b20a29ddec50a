"""Pipelines: every commit that statuses were reported on has an external one, which sums them up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

from callboard.sandbox.forge.merging import latest_statuses
from callboard.sandbox.forge.state import Account, Repository, Status, World

from .refusal import Denied
from .shapes import people
from .shapes.links import Links, at

NativeState = Literal["pending", "running", "success", "failed", "canceled", "skipped"]
STATES: tuple[str, ...] = get_args(NativeState)
_SHARED: dict[str, Literal["error", "failure", "pending", "success"]] = {
    "pending": "pending",
    "running": "pending",
    "success": "success",
    "skipped": "success",
    "failed": "failure",
    "canceled": "error",
}
_NATIVE = {"pending": "pending", "success": "success", "failure": "failed", "error": "failed"}
UNFINISHED = ("pending", "running")


def word(status: Status) -> str:
    """GitLab's word for the state of a status, whichever face reported it."""
    return status.native_state or _NATIVE[status.state]


@dataclass(frozen=True)
class Pipeline:
    """All that was reported on one commit."""

    id: int
    sha: str
    ref: str
    status: str
    created_at: str
    updated_at: str
    user: Account


def pipeline_of(repository: Repository, sha: str) -> Pipeline | None:
    """The pipeline of a commit; None: nothing was reported."""
    latest = latest_statuses(repository, sha)
    if not latest:
        return None
    first = next(each for each in repository.statuses if each.sha == sha)
    states = {word(each) for each in latest}
    order = ("running", "pending", "failed", "canceled", "success", "skipped")
    if "running" in states or ("pending" in states and states != {"pending"}):
        status = "running"
    else:
        status = next(each for each in order if each in states)
    updated = max(each.created_at for each in latest)
    return Pipeline(
        first.id, sha, first.ref or _branch(repository, sha), status, first.created_at, updated, first.creator
    )


def _branch(repository: Repository, sha: str) -> str:
    heads = (name.removeprefix("refs/heads/") for name, at_ in repository.refs.items() if at_ == sha)
    return next(heads, repository.default_branch)


def all_pipelines(repository: Repository) -> list[Pipeline]:
    """Newest first."""
    shas = dict.fromkeys(each.sha for each in repository.statuses)
    found = (pipeline_of(repository, sha) for sha in shas)
    return sorted((each for each in found if each), key=lambda each: -each.id)


def report(repository: Repository, status: Status) -> Status:
    """Report on a commit: a job that is not finished goes on, a finished one is followed by another."""
    latest = {each.context: each for each in latest_statuses(repository, status.sha)}.get(status.context)
    if latest is None or word(latest) not in UNFINISHED:
        repository.statuses.append(status)
        return status
    if word(latest) == status.native_state:
        raise Denied(400, f"Cannot transition status via :enqueue from :{word(latest)}")
    latest.native_state, latest.state = status.native_state, status.state
    latest.description = status.description or latest.description
    latest.target_url = status.target_url or latest.target_url
    return latest


def new_status(
    world: World,
    actor: Account,
    sha: str,
    name: str,
    state: str,
    ref: str,
    told: tuple[str | None, str | None],
) -> Status:
    """A status that is not reported yet; ``told``: its description and address. Raises Denied (400)."""
    if state not in STATES:
        raise Denied(400, "state does not have a valid value", key="error")
    description, url = told
    return Status(
        world.new_id(),
        sha,
        name,
        _SHARED[state],
        description,
        url,
        actor,
        world.now(),
        ref,
        native_state=state,
    )


def basic(links: Links, repository: Repository, pipeline: Pipeline) -> dict[str, Any]:
    """PipelineBasic."""
    return {
        "id": pipeline.id,
        "iid": pipeline.id,
        "project_id": repository.id,
        "sha": pipeline.sha,
        "ref": pipeline.ref,
        "status": pipeline.status,
        "source": "external",
        "created_at": at(pipeline.created_at),
        "updated_at": at(pipeline.updated_at),
        "web_url": links.page(repository, "pipelines", str(pipeline.id)),
    }


def detail(links: Links, repository: Repository, pipeline: Pipeline) -> dict[str, Any]:
    """Pipeline."""
    done = None if pipeline.status in UNFINISHED else at(pipeline.updated_at)
    return basic(links, repository, pipeline) | {
        "before_sha": "0" * 40,
        "tag": False,
        "yaml_errors": None,
        "user": people.basic(links, pipeline.user),
        "started_at": at(pipeline.created_at),
        "finished_at": done,
        "committed_at": None,
        "duration": None,
        "queued_duration": None,
        "coverage": None,
        "detailed_status": None,
        "archived": False,
    }


def status_shape(links: Links, repository: Repository, status: Status) -> dict[str, Any]:
    """CommitStatus."""
    pipeline = pipeline_of(repository, status.sha)
    done = None if word(status) in UNFINISHED else at(status.created_at)
    return {
        "id": status.id,
        "sha": status.sha,
        "ref": status.ref or _branch(repository, status.sha),
        "status": word(status),
        "name": status.context,
        "target_url": status.target_url,
        "description": status.description,
        "created_at": at(status.created_at),
        "started_at": at(status.created_at),
        "finished_at": done,
        "allow_failure": False,
        "coverage": None,
        "pipeline_id": pipeline.id if pipeline else None,
        "author": people.basic(links, status.creator),
    }
