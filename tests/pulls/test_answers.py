"""What we say to a command."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.config import Merge
from callboard.forges.protocol import Check
from callboard.pulls.answers import Answer, answer_comment, approving, explained, help_text
from callboard.pulls.asked import AGAIN, GRANTED
from callboard.pulls.commands import PERMISSION, Command, commands
from callboard.pulls.decide import decide
from callboard.pulls.facts import PullFacts
from callboard.pulls.limits import LONGEST_BODY
from tests.pulls.examples import ANN, BEA, HEAD, facts, review

HOLD = Command("hold", "hold")


def explanation(known: PullFacts) -> str:
    told = explained(known, decide(known, Merge()))
    return answer_comment(
        [Answer(Command("explain", "explain"), "So it stands.", explained=told)], head=HEAD, granted=False
    )


@given(st.text(), st.text(), st.text())
def test_nothing_that_an_answer_repeats_is_a_command_or_hidden(word: str, said: str, point: str) -> None:
    for command in (Command(word, None, said, explicit=True), Command("regenerate", "regenerate", word)):
        text = answer_comment([Answer(command, said, (point,))], head=HEAD, granted=False)

        assert commands(text) == ()
        assert not any(line.startswith("/") for line in text.splitlines())
        assert "<!--" not in text


def test_an_answer_remembers_who_might_and_what_is_not_the_last_word() -> None:
    done, again = Answer(HOLD, "Held."), Answer(HOLD, "The forge is down.", mark="❌", again=True)

    assert GRANTED not in answer_comment([done], head=HEAD, granted=False)
    assert GRANTED in answer_comment([done], head=HEAD, granted=True)
    assert AGAIN not in answer_comment([done], head=HEAD, granted=True)
    assert AGAIN in answer_comment([done, again], head=HEAD, granted=True)


def test_commands_that_are_not_read_are_said() -> None:
    assert "Only the first 5" in answer_comment([Answer(HOLD, "Held.")], head=HEAD, granted=False, cut=True)


@pytest.mark.parametrize("word", ["pull request", "merge request"])
def test_help_names_every_command_as_it_is_written_on_this_forge(word: str) -> None:
    text = help_text(word)

    for name in PERMISSION:
        assert f"`/callboard {name}" in text
    assert ("| `/rebase` |" in text) is (word == "pull request")
    assert "| `/hold` |" in text


@pytest.mark.parametrize(
    ("word", "button"), [("pull request", "Review changes"), ("merge request", "Approve")]
)
def test_who_wants_to_approve_is_sent_to_the_forge(word: str, button: str) -> None:
    assert button in approving(word)


def test_an_explanation_says_whose_approval_counts_whose_does_not_and_what_is_next() -> None:
    given_by = (review(ANN), replace(review(BEA), author_can_write=False))
    known = facts(reviews=given_by, labels=("hold",))

    text = explanation(known)

    assert "ann approved what the head holds; it counts." in text
    assert "has no write permission here" in text
    assert "The label hold holds it." in text
    assert "until the hold is taken off" in text


def test_an_explanation_of_what_is_ready_says_so() -> None:
    text = explanation(facts())

    assert "Everything is met." in text
    assert "Callboard merges it." in text


def test_an_explanation_says_who_is_against_it() -> None:
    known = facts(reviews=(replace(review(ANN), state="changes-requested"),))

    assert "ann asked for changes." in explanation(known)


@pytest.mark.no_cover
def test_five_explanations_of_very_much_fit_into_one_comment() -> None:
    many = tuple(Check("`" * 300 + str(number), "failure", "x") for number in range(300))
    known = facts(checks=many)
    told = explained(known, decide(known, Merge()))
    answers = [Answer(Command("explain", "explain"), "So it stands.", explained=told)] * 5

    text = answer_comment(answers, head=HEAD, granted=True)

    assert len(text) <= LONGEST_BODY
    assert text.count("What happens next") == 5
    assert "more" in text
