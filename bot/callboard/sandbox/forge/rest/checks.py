"""Statuses and check runs of commits. These stand before single commits, whose refs may hold slashes."""

from __future__ import annotations

from typing import Any

from callboard.sandbox.forge import merging
from callboard.sandbox.forge.bare import SHA
from callboard.sandbox.forge.refusal import Refused, invalid, not_found
from callboard.sandbox.forge.shapes import pulls as shapes
from callboard.sandbox.forge.shapes import repositories
from callboard.sandbox.forge.state import CheckRun, Status

from .repositories import resolve
from .table import Answer, Call, operation

_MOST_ANNOTATIONS = 50
_COMMIT = "/repos/{owner}/{repo}/commits/{ref:path}"
_RUN = "/repos/{owner}/{repo}/check-runs/{number}"


@operation(
    "GET",
    f"{_COMMIT}/status",
    "repos/get-combined-status-for-ref",
    models="what Backstage's reader starts from",
)
def combined_status(call: Call) -> Answer:
    """The newest status of each context, and what they come to."""
    repository, sha = call.repository, resolve(call, call.path["ref"])
    statuses = merging.latest_statuses(repository, sha)
    states = {status.state for status in statuses}
    state = "failure" if states & {"error", "failure"} else "success" if states == {"success"} else "pending"
    commit_url = f"{call.links.repository(repository)}/commits/{sha}"
    return Answer(
        {
            "state": state,
            "statuses": [shapes.status(call.links, repository, each) for each in statuses],
            "sha": sha,
            "total_count": len(statuses),
            "repository": repositories.full(call.links, repository),
            "commit_url": commit_url,
            "url": f"{commit_url}/status",
        }
    )


@operation("GET", f"{_COMMIT}/statuses", "repos/list-commit-statuses-for-ref")
def list_statuses(call: Call) -> Answer:
    """All statuses, newest first."""
    repository, sha = call.repository, resolve(call, call.path["ref"])
    found = [status for status in reversed(repository.statuses) if status.sha == sha]
    return call.page([shapes.status(call.links, repository, each) for each in found])


@operation("POST", "/repos/{owner}/{repo}/statuses/{sha}", "repos/create-commit-status", needs="write")
def create_status(call: Call) -> Answer:
    """Report on a commit."""
    repository, sha = call.repository, call.path["sha"]
    if not SHA.fullmatch(sha) or repository.git.object_type(sha) != "commit":
        raise Refused(422, f"No commit found for SHA: {sha}")
    state = call.text("state")
    if state not in ("error", "failure", "pending", "success"):
        raise invalid("Status", "state")
    status = Status(
        id=call.world.new_id(),
        sha=sha,
        context=call.text("context", "default"),
        state=state,  # type: ignore[arg-type]
        description=call.optional("description"),
        target_url=call.optional("target_url"),
        creator=call.signed_in,
        created_at=call.world.now(),
    )
    repository.statuses.append(status)
    return Answer(shapes.status(call.links, repository, status), 201)


@operation("GET", f"{_COMMIT}/check-runs", "checks/list-for-ref")
def list_runs(call: Call) -> Answer:
    """The newest check run of each name."""
    repository, sha = call.repository, resolve(call, call.path["ref"])
    runs = merging.check_runs(repository, sha)
    if "check_name" in call.query:
        runs = [run for run in runs if run.name == call.query["check_name"]]
    return call.page([shapes.check_run(call.links, repository, run) for run in runs], "check_runs")


def _output(call: Call) -> dict[str, Any]:
    output = call.body.get("output") or {}
    if not isinstance(output, dict):
        raise invalid("CheckRun", "output")
    return output


def _annotations(output: dict[str, Any]) -> list[dict[str, Any]]:
    annotations = output.get("annotations", [])
    if len(annotations) > _MOST_ANNOTATIONS:
        raise Refused(422, f"Invalid request.\n\nNo more than {_MOST_ANNOTATIONS} items are allowed.")
    return list(annotations)


@operation(
    "POST", "/repos/{owner}/{repo}/check-runs", "checks/create", needs="write", models="403 for who is no app"
)
def create_run(call: Call) -> Answer:
    """Report on a commit, as an app."""
    repository, sha = call.repository, call.text("head_sha")
    if call.signed_in.kind != "Bot":
        raise Refused(403, "You must authenticate via a GitHub App.")
    if not SHA.fullmatch(sha) or repository.git.object_type(sha) != "commit":
        raise Refused(422, f"No commit found for SHA: {sha}")
    now, output = call.world.now(), _output(call)
    conclusion = call.optional("conclusion")
    run = CheckRun(
        id=call.world.new_id(),
        sha=sha,
        name=call.text("name"),
        status="completed" if conclusion else call.text("status", "queued"),
        conclusion=conclusion,
        app=call.signed_in,
        external_id=call.text("external_id"),
        details_url=call.optional("details_url"),
        title=output.get("title"),
        summary=output.get("summary"),
        text=output.get("text"),
        started_at=now,
        completed_at=now if conclusion else None,
        annotations=_annotations(output),
    )
    repository.check_runs[run.id] = run
    return Answer(shapes.check_run(call.links, repository, run), 201)


def _run(call: Call) -> CheckRun:
    run = call.repository.check_runs.get(call.number("number"))
    if run is None:
        raise not_found()
    return run


@operation("GET", _RUN, "checks/get")
def get_run(call: Call) -> Answer:
    """One check run."""
    return Answer(shapes.check_run(call.links, call.repository, _run(call)))


@operation("GET", f"{_RUN}/annotations", "checks/list-annotations")
def list_annotations(call: Call) -> Answer:
    """What a check run says about lines."""
    run = _run(call)
    return call.page(
        [shapes.annotation(call.links, call.repository, run.sha, each) for each in run.annotations]
    )


@operation("PATCH", _RUN, "checks/update", needs="write", models="403 for other apps")
def update_run(call: Call) -> Answer:
    """Report progress."""
    run, output = _run(call), _output(call)
    if call.signed_in != run.app:
        raise Refused(
            403, "Invalid app_id - check run can only be modified by the GitHub App that created it."
        )
    run.conclusion = call.optional("conclusion") or run.conclusion
    run.status = "completed" if run.conclusion else call.text("status", run.status)
    if run.conclusion and run.completed_at is None:
        run.completed_at = call.world.now()
    run.title = output.get("title", run.title)
    run.summary = output.get("summary", run.summary)
    run.text = output.get("text", run.text)
    run.annotations += _annotations(output)
    return Answer(shapes.check_run(call.links, call.repository, run))


@operation("GET", _COMMIT, "repos/get-commit", models="files; 422 for what is no commit")
def get_commit(call: Call) -> Answer:
    """One commit with its files."""
    repository, git = call.repository, call.repository.git
    sha = git.resolve(call.path["ref"])
    if sha is None:
        raise Refused(422, f"No commit found for SHA: {call.path['ref']}")
    found = git.commit(sha)
    empty = git.write_tree(None, [])
    changes = git.changes(found.parents[0] if found.parents else empty, sha)
    counts = {
        "additions": sum(change.additions for change in changes),
        "deletions": sum(change.deletions for change in changes),
    }
    body = repositories.commit(call.links, repository, found)
    files = [repositories.diff_entry(call.links, repository, change, sha) for change in changes]
    return Answer(body | {"stats": counts | {"total": sum(counts.values())}, "files": files})
