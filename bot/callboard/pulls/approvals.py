"""Who approved what is really in the head, and who stands against it.

A forge's word for "approved" is not enough: after a force push GitHub may name the new head as the commit of
an older review. What counts is the content that was the head when the review was submitted. In doubt a
review does not count, and says why.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from callboard.forges.protocol import Account, ForcePush, PullRequest, Review
from callboard.pulls.facts import PullFacts
from callboard.pulls.times import moment


@dataclass(frozen=True)
class Approvals:
    """What the reviews of a pull request come to."""

    by: tuple[Account, ...] = ()
    """The persons whose approval counts, by login."""
    against: tuple[Account, ...] = ()
    """Those with write permission who asked for changes and have not taken it back, by login."""
    uncounted: tuple[Uncounted, ...] = ()
    """Standing approvals that do not count."""
    times: tuple[datetime, ...] = ()
    """When each of ``by`` first gave an approval that counts, earliest first; without those whose time cannot
    be read."""

    def enough_since(self, needed: int) -> datetime | None:
        """When so many had approved; None when they have not, or nobody can tell."""
        return self.times[needed - 1] if needed <= len(self.times) == len(self.by) else None


@dataclass(frozen=True)
class Uncounted:
    """An approval that does not count: whose, why, and what would make it count."""

    author: Account
    code: str
    sentence: str
    hint: str


def approvals(facts: PullFacts) -> Approvals:
    """The approvals that count for the head's content, the objections, and what does not count and why.

    A person's approvals stand until the same person asks for changes or has a review dismissed at the same
    time or later. A comment changes nothing.
    """
    by: list[Account] = []
    against: list[Account] = []
    uncounted: list[Uncounted] = []
    since: list[datetime] = []
    for author, reviews in _by_author(facts.pull.reviews):
        objections = [review for review in reviews if review.state in ("changes-requested", "dismissed")]
        standing = [
            review
            for review in reviews
            if review.state == "approved"
            and not any(_not_before(objection, review) for objection in objections)
        ]
        if standing:
            problems = [_problem(facts, review) for review in standing]
            if None in problems:
                by.append(author)
                counting = zip(standing, problems, strict=True)
                since += sorted(
                    at
                    for review, problem in counting
                    if problem is None and (at := _second(review.submitted_at))
                )[:1]
            else:
                uncounted.extend(problem for problem in problems[-1:] if problem)
        elif any(_stands(objection, objections) for objection in objections):
            against.append(author)
    return Approvals(
        _sorted(by),
        _sorted(against),
        tuple(sorted(uncounted, key=lambda one: one.author.login)),
        tuple(sorted(since)),
    )


def commits_to_read(pull: PullRequest) -> frozenset[str]:
    """The commits whose content must be known to tell what was approved. They may no longer exist."""
    if not any(review.state == "approved" for review in pull.reviews):
        return frozenset()
    reviewed = {review.commit for review in pull.reviews if review.state == "approved"}
    pushed = {commit for push in pull.force_pushes for commit in (push.before, push.after)}
    return frozenset((reviewed | pushed) - {pull.head, ""})


def _by_author(reviews: Iterable[Review]) -> Iterable[tuple[Account, list[Review]]]:
    grouped: dict[str, list[Review]] = {}
    for review in reviews:
        grouped.setdefault(review.author.id, []).append(review)
    for same in grouped.values():
        yield same[-1].author, same


def _stands(objection: Review, objections: list[Review]) -> bool:
    withdrawn = any(other.state == "dismissed" and not _not_before(objection, other) for other in objections)
    return objection.state == "changes-requested" and objection.author_can_write and not withdrawn


def _problem(facts: PullFacts, review: Review) -> Uncounted | None:
    who = review.author
    own = ("", facts.pull.author.id, facts.identity.id)
    if who.id in own or not review.author_is_person:
        return Uncounted(
            who,
            "approved-by-bot-or-author",
            f"{who.login} approved, but is not a person other than the author.",
            "Ask a person who did not open it to review it.",
        )
    if not review.author_can_write:
        return Uncounted(
            who,
            "approved-without-permission",
            f"{who.login} approved, but has no write permission here.",
            "Ask somebody with write permission to review it.",
        )
    submitted = _second(review.submitted_at)
    changes = [_second(at) for at in facts.pull.retargeted_at]
    if changes and (submitted is None or any(at is None or at >= submitted for at in changes)):
        return Uncounted(
            who,
            "approved-other-base",
            f"{who.login} approved before the base branch was changed, and so another difference.",
            f"Ask {who.login} to look at it again and approve.",
        )
    return _other_content(facts, review)


def _other_content(facts: PullFacts, review: Review) -> Uncounted | None:
    """None when what ``review`` was given for is, beyond doubt, what the head holds."""
    who, hint = review.author, f"Ask {review.author.login} to look at it again and approve."
    reviewed = _reviewed(facts, review)
    if reviewed is None:
        said = f"{who.login} approved, but the branch was force-pushed so that nobody can tell which content."
        return Uncounted(who, "approved-unknown-content", said, hint)
    for commit in sorted(reviewed):
        if commit == facts.pull.head:
            continue
        content = facts.content_of.get(commit)
        if content is None or facts.content is None:
            said = f"{who.login} approved {commit[:10]}, whose content is not known any more."
            return Uncounted(who, "approved-unknown-content", said, hint)
        if content != facts.content:
            said = f"{who.login} approved {commit[:10]}, and the content has changed since."
            return Uncounted(who, "approved-other-content", said, hint)
    return None


def _reviewed(facts: PullFacts, review: Review) -> frozenset[str] | None:
    """The commits that may have been the head when the review was submitted; None when that is not known."""
    at = _second(review.submitted_at)
    times = [_second(push.at) for push in facts.pull.force_pushes]
    if not times:
        return frozenset({review.commit})
    if at is None or None in times:
        return None
    pushes = sorted(facts.pull.force_pushes, key=lambda push: _second(push.at) or at)
    later = [position for position, push in enumerate(pushes) if (_second(push.at) or at) >= at]
    if not later:
        return frozenset({review.commit})
    candidates: set[str] = set()
    if review.commit not in {facts.pull.head, *(push.after for push in pushes)}:
        candidates.add(review.commit)  # the forge left it as it was
    for position in later:
        push = pushes[position]
        if not candidates and not _was_head_alone(facts, push, pushes[position - 1] if position else None):
            return None
        candidates.add(push.before)
        if _second(push.at) != at:
            return frozenset(candidates)
        # In the same second the review may have come after the push just as well.
        candidates.add(push.after)
    return frozenset({*candidates, review.commit})


def _was_head_alone(facts: PullFacts, push: ForcePush, previous: ForcePush | None) -> bool:
    # An ordinary push has no time that can be trusted. If one came between two force pushes, the review may
    # have been for what was there before it.
    return push.before in facts.single_commits or (previous is not None and previous.after == push.before)


def _not_before(review: Review, other: Review) -> bool:
    mine, others = _second(review.submitted_at), _second(other.submitted_at)
    return mine is None or others is None or mine >= others


def _second(time: str) -> datetime | None:
    """The full second of an ISO time: forges round, so the same second may be either order."""
    told = moment(time)
    try:
        return told and told.astimezone(UTC).replace(microsecond=0)
    except OverflowError:
        return None


def _sorted(accounts: Iterable[Account]) -> tuple[Account, ...]:
    return tuple(sorted(accounts, key=lambda account: (account.login, account.id)))
