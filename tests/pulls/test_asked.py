"""What waits for an answer in the comments of a pull request, and what stands."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from callboard.forges.protocol import Account, Comment, ForcePush, PullRequest
from callboard.pulls.asked import (
    AGAIN,
    GRANTED,
    IGNORED_LABEL,
    MOST_ANSWERS,
    REOPENED_LABEL,
    answer_marker,
    asked_to_merge,
    fields_of,
    handed_back,
    head_marker,
    is_declined,
    refused,
    waiting,
)
from callboard.pulls.commands import MOST_COMMANDS, PERMISSION, Command
from tests.pulls.examples import ANN, BOT, CYD, facts


def _pull(*comments: Comment, **changed: Any) -> PullRequest:
    return replace(facts().pull, comments=comments, **changed)


def _said(body: str, number: int = 7, author: Account = ANN, **changed: Any) -> Comment:
    return Comment(
        **{
            "id": number,
            "author": author,
            "body": body,
            "created_at": "2026-05-01T12:00:00Z",
            "author_is_person": True,
            **changed,
        }
    )


def _answer(to: Comment, *, hidden: str = "", author: Account = BOT) -> Comment:
    return Comment(id=to.id + 100, author=author, body=f"{answer_marker(to)}\n{hidden}\nDone.")


def _everybody(_account: Account) -> bool:
    return True


def _nobody(_account: Account) -> bool:
    return False


def _not_asked(_account: Account) -> bool:
    raise AssertionError("nobody needed to ask")


def test_a_command_waits_until_it_has_our_answer() -> None:
    asked = _said("/hold")

    assert [one.comment for one in waiting(_pull(asked), BOT, ours=True)] == [asked]
    assert waiting(_pull(asked, _answer(asked)), BOT, ours=True) == ()


def test_an_answer_to_another_comment_or_by_somebody_else_is_none() -> None:
    asked = _said("/hold", 12)

    for other in (_answer(_said("", 123)), _answer(_said("", 1)), _answer(asked, author=CYD)):
        assert len(waiting(_pull(asked, other), BOT, ours=True)) == 1


def test_what_went_wrong_waits_on() -> None:
    asked = _said("/hold")

    assert len(waiting(_pull(asked, _answer(asked, hidden=AGAIN)), BOT, ours=True)) == 1


def test_bots_and_we_ourselves_command_nothing() -> None:
    bots, own = _said("/hold", author_is_person=False), _said("/hold", author=BOT)

    assert waiting(_pull(bots, own), BOT, ours=True) == ()


def test_on_a_pull_request_of_somebody_else_only_our_own_spelling_counts() -> None:
    pull = _pull(_said("/hold\n/lgtm", 1), _said("/callboard hold\n/explain", 2))

    (request,) = waiting(pull, BOT, ours=False)

    assert (request.comment.id, [one.meant for one in request.commands]) == (2, ["hold"])


def test_the_oldest_come_first_and_no_more_than_one_pass_answers() -> None:
    pull = _pull(*(_said("/help", number) for number in range(50, 0, -1)))

    assert [one.comment.id for one in waiting(pull, BOT, ours=True)] == list(range(1, MOST_ANSWERS + 1))


def test_of_one_comment_only_so_many_commands_are_read() -> None:
    (request,) = waiting(_pull(_said("/help\n" * 9)), BOT, ours=True)

    assert (len(request.commands), request.cut) == (MOST_COMMANDS, True)


@pytest.mark.parametrize("name", PERMISSION)
def test_permission_is_asked_for_only_where_it_is_needed(name: str) -> None:
    command = Command(name, name)  # type: ignore[arg-type]
    free = PERMISSION[command.meant] == "comment"  # type: ignore[index]

    assert refused(command, ANN, _not_asked if free else _nobody) is not free
    assert not refused(command, ANN, _everybody)


def test_approval_and_unknown_words_need_no_permission() -> None:
    assert not refused(Command("lgtm", "approve"), ANN, _not_asked)
    assert not refused(Command("dance", None), ANN, _not_asked)


def test_a_field_stays_handed_back_while_the_comment_stands() -> None:
    asked = _said("/regenerate spec.owner")

    assert handed_back(_pull(asked), BOT, _everybody) == {"spec.owner"}
    assert handed_back(_pull(asked), BOT, _nobody) == frozenset()
    assert handed_back(_pull(asked, _answer(asked, hidden=GRANTED)), BOT, _not_asked) == {"spec.owner"}
    assert handed_back(_pull(asked, _answer(asked)), BOT, _not_asked) == frozenset()
    assert handed_back(_pull(replace(asked, edited=True)), BOT, _everybody) == frozenset()
    assert handed_back(_pull(asked, state="closed"), BOT, _everybody) == frozenset()
    assert handed_back(_pull(_said("/regenerate")), BOT, _everybody) == frozenset()


def test_a_field_is_of_every_model_or_of_the_one_that_is_named() -> None:
    asked = {"spec.owner", "one spec.lifecycle"}

    assert "spec.lifecycle" in fields_of(asked, "one")
    assert "spec.lifecycle" not in fields_of(asked, "two")
    assert "spec.owner" in fields_of(asked, "one") & fields_of(asked, "two")


def test_a_merge_is_asked_for_the_head_that_stood_there() -> None:
    asked = _said("/merge", created_at="2026-05-01T12:00:00Z")
    pull = _pull(asked, created_at="2026-05-01T08:00:00Z")
    pushed = replace(pull, force_pushes=(ForcePush("a", "b", "2026-05-01T12:30:00Z"),))

    assert asked_to_merge(pull, BOT, _everybody) == ANN
    assert asked_to_merge(pull, BOT, _nobody) is None
    assert asked_to_merge(pushed, BOT, _not_asked) is None
    assert asked_to_merge(pull, BOT, _not_asked, committed_at="2026-05-01T14:00:00+01:00") is None
    assert asked_to_merge(pull, BOT, _everybody, committed_at="2026-05-01T13:00:00+02:00") == ANN
    for head, by in ((pull.head, ANN), ("b" * 40, None)):
        answered = _answer(asked, hidden=f"{GRANTED}\n{head_marker(head)}")
        known = replace(pull, comments=(asked, answered))
        assert asked_to_merge(known, BOT, _not_asked) == by
    assert asked_to_merge(_pull(asked, created_at=""), BOT, _not_asked) is None
    assert asked_to_merge(_pull(replace(asked, created_at="soon")), BOT, _not_asked) is None


def test_what_was_closed_comes_again_when_it_changes_or_somebody_says_so() -> None:
    closed = _pull(state="closed", labels=())
    ignored = replace(closed, labels=(IGNORED_LABEL,))
    reopened = replace(closed, labels=(IGNORED_LABEL, REOPENED_LABEL))

    assert is_declined(closed, same=True)
    assert is_declined(closed, same=False) is None
    assert is_declined(ignored, same=False)
    assert is_declined(reopened, same=True) is None
    assert is_declined(replace(ignored, state="merged"), same=True) is None
