"""What was really approved, when branches are pushed over and forges re-point reviews."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from callboard.forges.protocol import Account, ForcePush, Review
from callboard.pulls.approvals import approvals, commits_to_read
from callboard.pulls.facts import PullFacts
from tests.pulls.examples import ANN, BEA, BOT, HEAD, OTHER, THIRD, facts, pushed, review


def counted(known: PullFacts) -> list[str]:
    return [account.login for account in approvals(known).by]


def codes(known: PullFacts) -> list[str]:
    return [one.code for one in approvals(known).uncounted]


@pytest.mark.parametrize(
    "one",
    [
        review(BOT),
        review(author_is_person=False),
        review(Account("", "ghost")),
        review(author_can_write=False),
    ],
)
def test_only_persons_with_write_permission_other_than_the_author_approve(one: Review) -> None:
    known = facts(reviews=(one,))

    assert counted(known) == []
    assert codes(known) in (["approved-by-bot-or-author"], ["approved-without-permission"])


def test_the_time_of_an_approval_is_that_of_the_first_that_counts() -> None:
    stale, first, again = review(commit=OTHER, at=1), review(at=3), review(at=9)
    found = approvals(facts(reviews=(stale, again, first, review(BEA, at=2)), content_of={OTHER: "G"}))

    assert [at.second for at in found.times] == [2, 3]
    assert found.enough_since(1) == found.times[0]
    assert found.enough_since(2) == found.times[1]
    assert found.enough_since(3) is None


def test_an_approval_at_a_time_that_cannot_be_read_has_no_turn() -> None:
    found = approvals(facts(reviews=(replace(review(), submitted_at="garbage"), review(BEA))))

    assert [account.login for account in found.by] == ["ann", "bea"]
    assert found.enough_since(1) is None


def test_one_person_counts_once() -> None:
    assert counted(facts(reviews=(review(at=1), review(at=2), review(BEA)))) == ["ann", "bea"]


@pytest.mark.parametrize("state", ["changes-requested", "dismissed"])
@pytest.mark.parametrize(("at", "counts"), [(9, True), (10, False), (11, False)])
def test_a_later_objection_of_the_same_person_takes_the_approval_away(
    state: Any, at: int, counts: bool
) -> None:
    known = facts(reviews=(review(at=10), review(state=state, at=at)))

    assert bool(counted(known)) is counts
    assert bool(approvals(known).against) is (state == "changes-requested" and not counts)


@pytest.mark.parametrize("state", ["commented", "pending"])
def test_a_comment_changes_nothing(state: Any) -> None:
    assert counted(facts(reviews=(review(at=10), review(state=state, at=11)))) == ["ann"]


def test_an_objection_stands_until_it_is_dismissed_or_its_author_approves() -> None:
    objection = review(state="changes-requested", at=5)

    assert approvals(facts(reviews=(objection,))).against == (ANN,)
    assert approvals(facts(reviews=(objection, review(state="dismissed", at=6)))).against == ()
    assert approvals(facts(reviews=(objection, review(state="dismissed", at=5)))).against == (ANN,)
    assert approvals(facts(reviews=(objection, review(at=6)))).against == ()


def test_an_objection_of_somebody_who_may_not_write_does_not_block() -> None:
    known = facts(reviews=(review(state="changes-requested", author_can_write=False),))

    assert approvals(known).against == ()


@pytest.mark.parametrize(
    ("content", "codes_then"),
    [
        ({OTHER: "F"}, []),
        ({OTHER: "G"}, ["approved-other-content"]),
        ({OTHER: None}, ["approved-unknown-content"]),
        ({}, ["approved-unknown-content"]),
    ],
)
def test_an_approval_of_an_earlier_commit_counts_for_equal_content_only(
    content: dict[str, str | None], codes_then: list[str]
) -> None:
    known = facts(reviews=(review(commit=OTHER),), content_of=content)

    assert codes(known) == codes_then
    assert bool(counted(known)) is not bool(codes_then)


def test_an_approval_outlives_a_regeneration_with_equal_content_though_the_forge_re_pointed_it() -> None:
    known = facts(
        reviews=(review(commit=HEAD, at=10),),
        force_pushes=(pushed(OTHER, HEAD, 20),),
        content_of={OTHER: "F"},
        single_commits=frozenset({OTHER}),
    )

    assert counted(known) == ["ann"]


def test_an_approval_that_the_forge_re_pointed_to_other_content_does_not_count() -> None:
    known = facts(
        reviews=(review(commit=HEAD, at=10),),
        force_pushes=(pushed(OTHER, HEAD, 20),),
        content_of={OTHER: "G"},
        single_commits=frozenset({OTHER}),
    )

    assert codes(known) == ["approved-other-content"]


def test_a_review_given_after_the_last_force_push_is_for_the_head() -> None:
    known = facts(reviews=(review(at=10),), force_pushes=(pushed(OTHER, HEAD, 9),))

    assert counted(known) == ["ann"]


def test_in_the_second_of_a_force_push_what_was_before_and_after_it_must_be_equal() -> None:
    known = facts(
        reviews=(review(at=10),),
        force_pushes=(pushed(OTHER, HEAD, 10),),
        single_commits=frozenset({OTHER}),
    )

    assert counted(replace(known, content_of={OTHER: "F"})) == ["ann"]
    assert counted(replace(known, content_of={OTHER: "G"})) == []


def test_in_the_second_of_a_force_push_that_was_undone_the_content_between_must_be_equal_too() -> None:
    known = facts(
        reviews=(review(at=10),),
        force_pushes=(pushed(OTHER, THIRD, 10), pushed(THIRD, HEAD, 20)),
        single_commits=frozenset({OTHER}),
    )

    assert counted(replace(known, content_of={OTHER: "F", THIRD: "F"})) == ["ann"]
    assert counted(replace(known, content_of={OTHER: "F", THIRD: "G"})) == []


def test_in_the_second_of_a_force_push_an_ordinary_push_after_it_does_not_hide_what_it_brought() -> None:
    known = facts(
        reviews=(review(commit=HEAD, at=10),),
        force_pushes=(pushed(OTHER, THIRD, 10),),
        content_of={OTHER: "F", THIRD: "G"},
        single_commits=frozenset({OTHER}),
    )

    assert codes(known) == ["approved-other-content"]


def test_what_counts_is_the_head_before_the_first_later_force_push() -> None:
    # Approved as G, replaced by F, and F again: only the last two are equal.
    known = facts(
        reviews=(review(commit=HEAD, at=10),),
        force_pushes=(pushed(OTHER, THIRD, 20), pushed(THIRD, HEAD, 30)),
        content_of={OTHER: "G", THIRD: "F"},
        single_commits=frozenset({OTHER, THIRD}),
    )

    assert codes(known) == ["approved-other-content"]


def test_content_slipped_in_by_an_ordinary_push_before_a_force_push_is_not_approved() -> None:
    # Ann approves OTHER (not in any event). A writer pushes THIRD on top of it, with the content of the head,
    # and then force-pushes the same content as HEAD: the forge re-points the review, and all that is left
    # says "the head before the force push was THIRD, equal to HEAD".
    known = facts(
        reviews=(review(commit=HEAD, at=10),),
        force_pushes=(pushed(THIRD, HEAD, 20),),
        content_of={THIRD: "F"},
    )

    assert codes(known) == ["approved-unknown-content"]


def test_a_head_that_stood_from_one_force_push_to_the_next_was_what_people_saw() -> None:
    known = facts(
        reviews=(review(commit=HEAD, at=10),),
        force_pushes=(pushed(OTHER, THIRD, 5), pushed(THIRD, HEAD, 20)),
        content_of={THIRD: "F"},
    )

    assert counted(known) == ["ann"]


def test_a_forge_that_leaves_the_review_at_its_commit_is_believed_when_that_is_equal_too() -> None:
    known = facts(reviews=(review(commit=OTHER, at=10),), force_pushes=(pushed(OTHER, HEAD, 20),))

    assert counted(replace(known, content_of={OTHER: "F"})) == ["ann"]
    assert counted(replace(known, content_of={OTHER: "G"})) == []


@pytest.mark.parametrize(
    ("at", "push"),
    [
        ("garbage", pushed(OTHER, HEAD, 20)),
        ("2026-01-01T00:00:10Z", ForcePush(OTHER, HEAD, "")),
        ("0001-01-01T00:00:00+23:00", pushed(OTHER, HEAD, 20)),
    ],
)
def test_a_time_that_cannot_be_read_is_a_doubt(at: str, push: ForcePush) -> None:
    known = facts(
        reviews=(replace(review(), submitted_at=at),),
        force_pushes=(push,),
        content_of={OTHER: "F"},
        single_commits=frozenset({OTHER}),
    )

    assert codes(known) == ["approved-unknown-content"]


@pytest.mark.parametrize(
    "at", ["2026-01-01T01:00:10+01:00", "2026-01-01T00:00:10.900Z", "2026-01-01T00:00:10"]
)
def test_times_are_compared_by_their_instant_to_the_second(at: str) -> None:
    known = facts(reviews=(replace(review(), submitted_at=at),), force_pushes=(pushed(OTHER, HEAD, 9),))

    assert counted(known) == ["ann"]
    assert counted(replace(known, pull=replace(known.pull, force_pushes=(pushed(OTHER, HEAD, 10),)))) == []


def test_of_several_approvals_of_a_person_one_for_equal_content_is_enough() -> None:
    known = facts(reviews=(review(at=10), review(commit=OTHER, at=11)), content_of={OTHER: "G"})

    assert counted(known) == ["ann"]


def test_what_must_be_read_to_tell_is_named_beforehand() -> None:
    pull = facts(
        reviews=(review(commit=OTHER), review(BEA, "commented", commit="d" * 40)),
        force_pushes=(pushed(OTHER, THIRD, 5), pushed(THIRD, HEAD, 20)),
    ).pull

    assert commits_to_read(pull) == {OTHER, THIRD}
    assert commits_to_read(replace(pull, reviews=())) == frozenset()
