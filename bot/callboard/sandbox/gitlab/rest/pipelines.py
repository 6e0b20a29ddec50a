"""Commit statuses and pipelines."""

from __future__ import annotations

from callboard.sandbox.forge.bare import SHA
from callboard.sandbox.gitlab import pipelines as rules
from callboard.sandbox.gitlab.merging import merge_what_waited
from callboard.sandbox.gitlab.refusal import missing
from callboard.sandbox.gitlab.shapes.merge_requests import pushes
from callboard.sandbox.gitlab.table import Answer, Call, operation

from .commits import resolve


@operation(
    "POST",
    "/projects/:id/statuses/:sha",
    "statuses/create",
    needs="write",
    models="makes the commit's external pipeline; 400 for a state again; merges what waited for success",
)
def create(call: Call) -> Answer:
    """Report on a commit."""
    repository, sha = call.repository, call.path["sha"]
    if not SHA.fullmatch(sha) or repository.git.object_type(sha) != "commit":
        raise missing("Commit")
    name = call.optional("name") or call.text("context", "default")
    told = (call.optional("description"), call.optional("target_url"))
    status = rules.new_status(
        call.world, call.signed_in, sha, name, call.text("state"), call.text("ref", ""), told
    )
    reported = rules.report(repository, status)
    merge_what_waited(call.world, repository)
    return Answer(rules.status_shape(call.links, repository, reported), 201)


@operation(
    "GET",
    "/projects/:id/repository/commits/:sha/statuses",
    "statuses/list",
    models="the latest of each name, or `all`; `name`, `ref`",
)
def list_statuses(call: Call) -> Answer:
    """What was reported on a commit."""
    repository, query = call.repository, call.query
    sha = resolve(repository, call.path["sha"])
    found = [each for each in repository.statuses if each.sha == sha]
    if not call.flag("all"):
        found = list({each.context: each for each in found}.values())
    shown = [rules.status_shape(call.links, repository, each) for each in found]
    return call.page(
        [
            each
            for each in shown
            if query.get("name", each["name"]) == each["name"]
            and query.get("ref", each["ref"]) == each["ref"]
        ]
    )


@operation("GET", "/projects/:id/pipelines", "pipelines/list", models="`sha`, `ref`, `status`; newest first")
def list_pipelines(call: Call) -> Answer:
    """All pipelines."""
    found = [
        each
        for each in rules.all_pipelines(call.repository)
        if call.query.get("sha", each.sha) == each.sha
        and call.query.get("ref", each.ref) == each.ref
        and call.query.get("status", each.status) == each.status
    ]
    return call.page([rules.basic(call.links, call.repository, each) for each in found])


@operation("GET", "/projects/:id/pipelines/:pipeline", "pipelines/get")
def get(call: Call) -> Answer:
    """One pipeline."""
    number = call.number("pipeline")
    found = next((each for each in rules.all_pipelines(call.repository) if each.id == number), None)
    if found is None:
        raise missing()
    return Answer(rules.detail(call.links, call.repository, found))


@operation(
    "GET",
    "/projects/:id/merge_requests/:iid/pipelines",
    "merge_requests/pipelines",
    models="of all its heads",
)
def of_merge_request(call: Call) -> Answer:
    """The pipelines of a merge request, newest first."""
    heads = {each.after for each in pushes(call.pull)}
    found = [each for each in rules.all_pipelines(call.repository) if each.sha in heads]
    return call.page([rules.basic(call.links, call.repository, each) for each in found])
