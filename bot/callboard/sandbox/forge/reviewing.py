"""Reviews and comments, by GitHub's rules."""

from __future__ import annotations

from .refusal import Refused
from .state import Account, Comment, Event, Issue, Pull, Repository, Review, ReviewState, World

_EVENTS: dict[str, ReviewState] = {
    "APPROVE": "APPROVED",
    "REQUEST_CHANGES": "CHANGES_REQUESTED",
    "COMMENT": "COMMENTED",
}


def review(
    world: World,
    repository: Repository,
    pull: Pull,
    actor: Account,
    event: str,
    body: str,
    commit: str | None,
) -> Review:
    """Submit a review. Raises Refused (422): an author's own verdict, a wrong event, an unknown commit."""
    state = _EVENTS.get(event)
    if state is None:
        raise Refused(422, "Unprocessable Entity", ["Variable $event was provided invalid value"])
    if actor == pull.author and state == "APPROVED":
        raise Refused(422, "Unprocessable Entity", ["Can not approve your own pull request"])
    if actor == pull.author and state == "CHANGES_REQUESTED":
        raise Refused(422, "Unprocessable Entity", ["Can not request changes on your own pull request"])
    if not body and state != "APPROVED":
        raise Refused(422, "Unprocessable Entity", ["Body can not be blank"])
    if commit is not None and repository.git.object_type(commit) != "commit":
        raise Refused(422, "Unprocessable Entity", ["Commit could not be found"])
    submitted = Review(world.new_id(), actor, state, body, commit or pull.head, world.now())
    pull.reviews.append(submitted)
    pull.requested_reviewers = [account for account in pull.requested_reviewers if account != actor]
    pull.updated_at = submitted.submitted_at
    if state == "APPROVED":
        pull.events.append(Event(world.new_id(), "approved", actor, pull.updated_at))
    elif state == "CHANGES_REQUESTED":
        pull.events.append(Event(world.new_id(), "requested-changes", actor, pull.updated_at))
    return submitted


def dismiss(world: World, pull: Pull, review_id: int) -> Review:
    """Take a verdict back. Raises Refused (404, 422)."""
    for found in pull.reviews:
        if found.id == review_id:
            break
    else:
        raise Refused(404, "Not Found")
    if found.state not in ("APPROVED", "CHANGES_REQUESTED"):
        raise Refused(
            422, "Unprocessable Entity", [f"Can not dismiss a {found.state.lower()} pull request review"]
        )
    if found.state == "APPROVED":
        pull.events.append(Event(world.new_id(), "unapproved", found.author, world.now()))
    found.state, pull.updated_at = "DISMISSED", world.now()
    return found


def comment(world: World, repository: Repository, pull: Pull | Issue, actor: Account, body: str) -> Comment:
    """Add to the conversation. Raises Refused (422) for an empty text."""
    if not body.strip():
        raise Refused(
            422,
            "Validation Failed",
            [
                {
                    "resource": "IssueComment",
                    "code": "unprocessable",
                    "field": "data",
                    "message": "Body cannot be blank",
                }
            ],
        )
    now = world.now()
    written = Comment(world.new_id(), pull.number, actor, body, now, now)
    repository.comments[written.id] = written
    pull.updated_at = now
    return written
