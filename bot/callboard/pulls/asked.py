"""What people ask for in the comments of a pull request: what waits for an answer, and what stands.

Comments are the only memory. One that has our answer is done; an answer that says "again" is not the last
word. What somebody asked for stays asked for as long as the comment is there, unedited, and the pull request
open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from callboard.forges.protocol import Account, Comment, PullRequest
from callboard.pulls.commands import MOST_COMMANDS, PERMISSION, Command, Name, commands
from callboard.pulls.times import moment

MOST_ANSWERS = 20
"""On one pull request in one pass."""

IGNORED_LABEL = "callboard-ignored"
"""On a closed pull request: its models are not proposed again, whatever the registry says."""
REOPENED_LABEL = "callboard-reopened"
"""On a closed pull request: its end is no refusal any more."""

GRANTED = "<!-- callboard:granted -->"
"""In an answer: who asked had write permission. Whoever can change our comments has it too."""
AGAIN = "<!-- callboard:again -->"
"""In an answer: something went wrong, and the next pass tries again."""


def head_marker(head: str) -> str:
    """In an answer to somebody with write permission: the head that stood there when it was given."""
    return f"<!-- callboard:head {head} -->"


CanWrite = Callable[[Account], bool]


@dataclass(frozen=True)
class Request:
    """A comment with commands that wait for an answer."""

    comment: Comment
    commands: tuple[Command, ...]
    """At most ``MOST_COMMANDS``."""
    cut: bool = False
    """There are more."""


def answer_marker(comment: Comment) -> str:
    """The hidden line that begins our answer to a comment."""
    return f"<!-- callboard:answer {comment.id} -->"


def waiting(pull: PullRequest, identity: Account, *, ours: bool) -> tuple[Request, ...]:
    """The comments of people with commands that have no final answer yet: the oldest ``MOST_ANSWERS``.

    ``ours``: whether the pull request is. On others only ``/callboard …`` is for us.
    """
    found: list[Request] = []
    for comment, given in _commanding(pull, identity):
        for_us = tuple(one for one in given if ours or one.explicit)
        if for_us and not _is_done(pull, identity, comment):
            found.append(Request(comment, for_us[:MOST_COMMANDS], cut=len(for_us) > MOST_COMMANDS))
    return tuple(found[:MOST_ANSWERS])


def needs_write(command: Command) -> bool:
    """Whether only people with write permission may give this command."""
    return command.meant in PERMISSION and PERMISSION[command.meant] == "write"


def refused(command: Command, author: Account, can_write: CanWrite) -> bool:
    """Whether this person may not give this command. Asks only where that depends on who it is."""
    return needs_write(command) and not can_write(author)


def handed_back(pull: PullRequest, identity: Account, can_write: CanWrite) -> frozenset[str]:
    """What ``/regenerate`` asks for on an open pull request of ours, as it was written: ``spec.owner``.

    ``fields_of`` says what of it is for one of its models. Asks for permission only where nobody answered.
    """
    if pull.state != "open":
        return frozenset()
    return frozenset(
        command.argument
        for _, command in _standing(pull, identity, "regenerate", can_write)
        if command.argument
    )


def fields_of(handed_back: Iterable[str], model: str) -> frozenset[str]:
    """What is handed back of one model (its entity name): ``spec.owner`` or ``fraud-detector spec.owner``."""
    asked = frozenset(handed_back)
    own = {one.removeprefix(f"{model} ") for one in asked if one.startswith(f"{model} ")}
    return asked | own


def asked_to_merge(
    pull: PullRequest, identity: Account, can_write: CanWrite, *, committed_at: str = ""
) -> Account | None:
    """Who asked by ``/merge`` to merge the head that stands there now; None when nobody did.

    A request from before the head was pushed was for something else. Our answer tells which head it was for;
    as long as there is none, times do. ``committed_at``: when the head was committed, since not every forge
    tells of every push.
    """
    known = (moment(at) for at in (pull.created_at, committed_at, *(push.at for push in pull.force_pushes)))
    pushed = max((at for at in known if at is not None), default=None)
    for comment, _ in _standing(pull, identity, "merge", lambda _account: True):
        at = moment(comment.created_at)
        answer = pull.comment_of(identity, answer_marker(comment))
        if answer is not None and head_marker(pull.head) not in answer.body:
            continue
        if pushed is None or at is None or at < pushed:
            continue
        if _may(pull, identity, comment, can_write):
            return comment.author
    return None


def is_declined(closed: PullRequest, *, same: bool) -> str | None:
    """Why what a group proposes is not proposed again, after its last pull request was closed unmerged.

    ``same``: whether that is what was refused. None: it is proposed.
    """
    if closed.state != "closed" or REOPENED_LABEL in closed.labels:
        return None
    if IGNORED_LABEL in closed.labels:
        return f"{closed.reference} was closed by /ignore; comment /callboard reopen there to have it again"
    if same:
        return f"{closed.reference} proposed the same and was closed; it comes again when it changes"
    return None


def _commanding(pull: PullRequest, identity: Account) -> Iterator[tuple[Comment, tuple[Command, ...]]]:
    for comment in sorted(pull.comments, key=lambda one: one.id):
        if comment.author_is_person and comment.author.id != identity.id:
            given = commands(comment.body)
            if given:
                yield comment, given


def _standing(
    pull: PullRequest, identity: Account, name: Name, can_write: CanWrite
) -> Iterator[tuple[Comment, Command]]:
    for comment, given in _commanding(pull, identity):
        if comment.edited:
            continue
        for command in given[:MOST_COMMANDS]:
            if command.meant == name and _may(pull, identity, comment, can_write):
                yield comment, command


def _may(pull: PullRequest, identity: Account, comment: Comment, can_write: CanWrite) -> bool:
    answer = pull.comment_of(identity, answer_marker(comment))
    return can_write(comment.author) if answer is None else GRANTED in answer.body


def _is_done(pull: PullRequest, identity: Account, comment: Comment) -> bool:
    answer = pull.comment_of(identity, answer_marker(comment))
    return answer is not None and AGAIN not in answer.body
