"""Merging and rebasing merge requests."""

from __future__ import annotations

from callboard.sandbox.forge.queueing import dequeue
from callboard.sandbox.gitlab import merging as rules
from callboard.sandbox.gitlab.refusal import Denied, unauthorized
from callboard.sandbox.gitlab.table import Answer, Call, operation

from .merge_requests import full

_ONE = "/projects/:id/merge_requests/:iid"


@operation(
    "PUT",
    f"{_ONE}/merge",
    "merge_requests/merge",
    models="real commits; squash; removal of the source branch; auto-merge while a pipeline runs; "
    "401, 405, 422, 409 in GitLab's order",
)
def accept(call: Call) -> Answer:
    """Merge one."""
    pull, settings = call.pull, call.repository.settings
    fixed = {"always": True, "never": False}
    order = rules.Order(
        sha=call.optional("sha"),
        squash=fixed.get(settings.squash_option, call.flag("squash", default=pull.squash)),
        remove_source_branch=call.flag("should_remove_source_branch", default=pull.remove_source_branch),
        when_green=call.flag("merge_when_pipeline_succeeds") or call.flag("auto_merge"),
        merge_message=call.optional("merge_commit_message"),
        squash_message=call.optional("squash_commit_message"),
    )
    rules.accept(call.world, call.repository, pull, call.signed_in, order)
    return Answer(full(call, pull))


@operation(
    "POST",
    f"{_ONE}/cancel_merge_when_pipeline_succeeds",
    "merge_requests/cancel-auto-merge",
    models="takes it off a merge train too; 405 when nothing waits",
)
def cancel(call: Call) -> Answer:
    """Call an auto-merge off."""
    if not call.repository.allows(call.actor, "write"):
        raise unauthorized()
    queue = call.repository.queues.get(call.pull.base_ref)
    if queue is not None and queue.entry(call.pull) is not None:
        dequeue(call.repository, call.pull)
    elif call.pull.auto_merge is None:
        raise Denied(405, "405 Method Not Allowed")
    call.pull.auto_merge = None
    return Answer(full(call, call.pull), 201)


@operation(
    "PUT",
    f"{_ONE}/rebase",
    "merge_requests/rebase",
    models="done at once; `merge_error` when commits conflict",
)
def rebase(call: Call) -> Answer:
    """Put the commits on top of the target branch."""
    rules.rebase(call.world, call.repository, call.pull, call.signed_in)
    return Answer({"rebase_in_progress": True}, 202)
