"""Reviews, and who is asked for one."""

from __future__ import annotations

from callboard.sandbox.forge.refusal import Refused
from callboard.sandbox.forge.reviewing import dismiss, review
from callboard.sandbox.forge.shapes import people
from callboard.sandbox.forge.shapes import pulls as shapes
from callboard.sandbox.forge.state import Account

from .table import Answer, Call, operation

_REVIEWS = "/repos/{owner}/{repo}/pulls/{number}/reviews"
_REQUESTED = "/repos/{owner}/{repo}/pulls/{number}/requested_reviewers"


@operation("GET", _REVIEWS, "pulls/list-reviews", models="approvals re-pointed after a force push")
def list_reviews(call: Call) -> Answer:
    """All, in the order of their submission."""
    repository, pull = call.repository, call.pull
    return call.page([shapes.review(call.links, repository, pull, each) for each in pull.reviews])


@operation(
    "POST",
    _REVIEWS,
    "pulls/create-review",
    models="422 for an author's own verdict; pending reviews and line comments are refused as unimplemented",
)
def create(call: Call) -> Answer:
    """Submit one."""
    if call.body.get("comments") or "event" not in call.body:
        raise Refused(501, "The sandbox forge has no pending reviews and no comments on lines.")
    commit = call.optional("commit_id")
    repository, pull = call.repository, call.pull
    submitted = review(
        call.world, repository, pull, call.signed_in, call.text("event"), call.text("body"), commit
    )
    return Answer(shapes.review(call.links, repository, pull, submitted))


@operation("GET", f"{_REVIEWS}/{{review}}", "pulls/get-review")
def get(call: Call) -> Answer:
    """One review."""
    number = call.number("review")
    for each in call.pull.reviews:
        if each.id == number:
            return Answer(shapes.review(call.links, call.repository, call.pull, each))
    raise Refused(404, "Not Found")


@operation(
    "PUT",
    f"{_REVIEWS}/{{review}}/dismissals",
    "pulls/dismiss-review",
    needs="write",
    models="422 unless it stands",
)
def dismiss_review(call: Call) -> Answer:
    """Take a verdict back."""
    dismissed = dismiss(call.world, call.pull, call.number("review"))
    return Answer(shapes.review(call.links, call.repository, call.pull, dismissed))


def _named(call: Call) -> list[Account]:
    return [call.world.account(login) for login in call.texts("reviewers")]


@operation("GET", _REQUESTED, "pulls/list-requested-reviewers")
def list_requested(call: Call) -> Answer:
    """Who is asked."""
    users = [people.account(call.links, who) for who in call.pull.requested_reviewers]
    return Answer({"users": users, "teams": []})


@operation(
    "POST",
    _REQUESTED,
    "pulls/request-reviewers",
    needs="write",
    models="422 for the author and for strangers",
)
def request(call: Call) -> Answer:
    """Ask people."""
    pull, repository = call.pull, call.repository
    for who in _named(call):
        if who == pull.author:
            raise Refused(422, "Review cannot be requested from pull request author.")
        if repository.role(who) is None:
            raise Refused(
                422,
                "Reviews may only be requested from collaborators. One or more of the users or teams you "
                f"specified is not a collaborator of the {repository.full_name} repository.",
            )
        if who not in pull.requested_reviewers:
            pull.requested_reviewers.append(who)
    return Answer(shapes.simple(call.links, repository, pull), 201)


@operation("DELETE", _REQUESTED, "pulls/remove-requested-reviewers", needs="write")
def remove(call: Call) -> Answer:
    """Ask people no more."""
    pull, named = call.pull, _named(call)
    pull.requested_reviewers = [who for who in pull.requested_reviewers if who not in named]
    return Answer(shapes.simple(call.links, call.repository, pull))
