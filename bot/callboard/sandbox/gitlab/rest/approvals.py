"""Approvals of merge requests."""

from __future__ import annotations

from callboard.sandbox.forge import reviewing
from callboard.sandbox.forge.state import Event, Review
from callboard.sandbox.gitlab.refusal import Denied, forbidden, missing, unauthorized
from callboard.sandbox.gitlab.shapes import merge_requests as shapes
from callboard.sandbox.gitlab.status import approvals as standing
from callboard.sandbox.gitlab.table import Answer, Call, operation

_ONE = "/projects/:id/merge_requests/:iid"


def _answer(call: Call, status: int = 200) -> Answer:
    return Answer(shapes.approvals(call.links, call.repository, call.pull, call.actor), status)


@operation(
    "GET",
    f"{_ONE}/approvals",
    "approvals/get",
    models="the free tier's fields; those required where some are",
)
def get(call: Call) -> Answer:
    """Who approves."""
    return _answer(call)


@operation(
    "POST",
    f"{_ONE}/approve",
    "approvals/approve",
    models="409 for a wrong head; 401 twice, when it is not open, and for authors where the project says so; "
    "a system note",
)
def approve(call: Call) -> Answer:
    """Approve."""
    repository, pull, actor = call.repository, call.pull, call.signed_in
    if not repository.allows(actor, "write"):
        raise forbidden()
    sha = call.optional("sha")
    if sha is not None and sha != pull.head:
        raise Denied(409, f"SHA does not match HEAD of source branch: {pull.head}")
    already = any(account == actor for account, _ in standing(repository, pull).by)
    if already or not shapes.may_approve(repository, pull, actor):
        raise unauthorized()
    now = call.world.now()
    # An author's own approval is GitLab's alone, so the review is not submitted by the shared rules.
    pull.reviews.append(Review(call.world.new_id(), actor, "APPROVED", "", pull.head, now))
    pull.events.append(Event(call.world.new_id(), "approved", actor, now))
    pull.requested_reviewers = [each for each in pull.requested_reviewers if each != actor]
    pull.updated_at = now
    return _answer(call, 201)


@operation(
    "POST", f"{_ONE}/unapprove", "approvals/unapprove", models="404 for who does not approve; a system note"
)
def unapprove(call: Call) -> Answer:
    """Take one's approval back."""
    pull, actor = call.pull, call.signed_in
    own = [each for each in pull.reviews if each.author == actor and each.state == "APPROVED"]
    if not own:
        raise missing()
    for each in own:
        reviewing.dismiss(call.world, pull, each.id)
    return _answer(call, 201)
