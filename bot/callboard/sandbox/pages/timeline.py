"""What happened to a pull request, in order."""

from __future__ import annotations

from dataclasses import dataclass

from callboard.sandbox.forge.state import Pull, Repository

_VERDICTS = {
    "APPROVED": "approved",
    "CHANGES_REQUESTED": "asked for changes",
    "COMMENTED": "reviewed",
    "DISMISSED": "approved, since dismissed",
}


@dataclass(frozen=True)
class Event:
    """One thing that somebody did; ``body`` is Markdown, ``kind`` is for the style."""

    at: str
    who: str
    what: str
    kind: str
    body: str = ""


def timeline(repository: Repository, pull: Pull) -> list[Event]:
    """Comments, reviews, force pushes, and the end; oldest first."""
    events = [
        Event(comment.created_at, comment.author.login, "commented", "comment", comment.body)
        for comment in repository.comments.values()
        if comment.number == pull.number
    ]
    events += [
        Event(
            review.submitted_at,
            review.author.login,
            f"{_VERDICTS[review.state]} ({review.commit[:7]})",
            review.state.lower().replace("_", "-"),
            review.body,
        )
        for review in pull.reviews
    ]
    events += [
        Event(
            push.created_at,
            push.actor.login,
            f"force-pushed from {push.before[:7]} to {push.after[:7]}",
            "push",
        )
        for push in pull.force_pushes
    ]
    if pull.merged_at and pull.merged_by:
        what = f"merged it as {(pull.merge_commit or '')[:7]}"
        events.append(Event(pull.merged_at, pull.merged_by.login, what, "merged"))
    return sorted(events, key=lambda event: event.at)
