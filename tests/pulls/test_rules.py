"""What the policy asks beyond approvals: checks by source, the words of a pull request, its code owners."""

from __future__ import annotations

from typing import Any

import pytest

from callboard.config import Merge, RequiredCheck, TextRule
from callboard.forges.protocol import Check
from callboard.pulls.decide import decide
from callboard.pulls.owners import Owner, Requirement, required_owners
from callboard.pulls.report import CHECK_NAME
from callboard.pulls.verdict import Reason
from tests.pulls.examples import ANN, BEA, BOT, CYD, facts, review

BY_ACTIONS = Merge(required_checks=(RequiredCheck(name="ci", source="github-actions"),))


def reasons(policy: Merge, **changed: Any) -> list[Reason]:
    verdict = decide(facts(**changed), policy)
    assert verdict.kind == (verdict.reasons[0].calls_for if verdict.reasons else "merge")
    return list(verdict.reasons)


def codes(policy: Merge, **changed: Any) -> list[str]:
    return [one.code for one in reasons(policy, **changed)]


def test_a_required_check_counts_only_by_its_source() -> None:
    right, wrong = Check("ci", "success", "GitHub-Actions"), Check("ci", "success", "mallory")

    assert codes(BY_ACTIONS, checks=(right,)) == []
    assert codes(BY_ACTIONS, checks=(right, wrong)) == []
    (reason,) = reasons(BY_ACTIONS, checks=(wrong, Check("ci", "success", "")))
    assert (reason.calls_for, reason.code) == ("wait", "check-other-source")
    assert reason.sentence == (
        "The required check ci was reported by mallory, nobody known; only github-actions counts."
    )
    assert reason.hint == "See that github-actions runs it on this head."


def test_a_required_check_that_is_missing_or_undecided_is_named_with_its_source() -> None:
    (missing,) = reasons(BY_ACTIONS, checks=())
    (undecided,) = reasons(
        BY_ACTIONS, checks=(Check("ci", "neutral", "github-actions"), Check("ci", "success", "mallory"))
    )

    assert missing.sentence == "The required check ci by github-actions has not reported on this head."
    assert undecided.sentence == "The required check ci by github-actions was skipped or did not decide."


@pytest.mark.parametrize("state", ["failure", "pending"])
def test_a_check_of_any_source_must_not_have_failed(state: Any) -> None:
    checks = (Check("ci", "success", "github-actions"), Check("ci", state, "mallory"))

    assert len(codes(BY_ACTIONS, checks=checks)) == 1


@pytest.mark.parametrize("state", ["failure", "pending", "neutral", "success"])
def test_we_do_not_wait_for_our_own_check_unless_it_is_required(state: Any) -> None:
    own = (Check(CHECK_NAME, state, "callboard"),)

    assert codes(Merge(), checks=own) == []
    required = Merge(required_checks=(RequiredCheck(name=CHECK_NAME),))
    assert bool(codes(required, checks=own)) is (state != "success")
    assert codes(required, checks=()) == ["check-missing"]


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Fraud detector: version 4", []),
        ("fraud detector", ["title-unmatched"]),
        ("WIP: version 4", ["title-refused"]),
        ("wip", ["title-unmatched", "title-refused"]),
        ("WIP \ud800 version 4", ["title-refused"]),
    ],
)
def test_the_title_is_as_the_policy_wants_it(title: str, expected: list[str]) -> None:
    policy = Merge(title=TextRule(match=r"version \d+$", refuse="(?i)^wip"))

    found = reasons(policy, title=title)

    assert [one.code for one in found] == expected
    assert all(one.calls_for == "blocked" for one in found)


def test_what_a_title_has_to_match_is_told() -> None:
    policy = Merge(title=TextRule(match="^feat", refuse="version"))

    assert [(one.sentence, one.hint) for one in reasons(policy)] == [
        ("Its title does not match ^feat (merge: title: match).", "Change the title so that it does."),
        (
            "Its title matches version, which holds it back (merge: title: refuse).",
            "Take that out of the title when it may go on.",
        ),
    ]


def test_the_text_is_judged_as_a_whole_and_what_no_forge_takes_not_at_all() -> None:
    policy = Merge(text=TextRule(refuse="DO NOT MERGE"))

    assert codes(policy, body="x" * 900_000) == []
    assert codes(policy, body="x" * 900_000 + "DO NOT MERGE") == ["text-refused"]
    assert codes(policy, body="x" * 1_048_577) == ["text-too-long"]


OWNED = Merge(code_owners=True)


def owned(*owners: Owner, approvals: int = 1, section: str = "", paths: Any = ("models/a",)) -> Any:
    return (Requirement(paths, owners, approvals, section),)


ANN_OWNS, BEA_OWNS = Owner("user", "ann"), Owner("user", "bea")
TEAM = Owner("group", "acme/ml")


def test_a_path_needs_the_approval_of_one_of_its_owners() -> None:
    assert codes(OWNED, owned=owned(ANN_OWNS, BEA_OWNS)) == []
    (reason,) = reasons(
        OWNED,
        owned=owned(BEA_OWNS, TEAM, paths=("models/a", "models/b", "models/c")),
        members={"acme/ml": frozenset({"cyd"})},
    )
    assert (reason.calls_for, reason.code) == ("wait", "owner-approval-missing")
    assert reason.sentence == "Approvals by code owners for models/a and 2 more: 0 of 1 (@bea, @acme/ml)."
    assert reason.hint.startswith("Ask one of them")


def test_owners_are_not_asked_where_the_policy_does_not_say_so() -> None:
    assert codes(Merge(), owned=owned(BEA_OWNS)) == []


def test_an_owners_file_that_could_not_be_read_lets_nothing_pass() -> None:
    assert codes(OWNED, owned=None) == ["owners-unknown"]
    assert codes(OWNED, owned=()) == []


def test_an_approval_counts_for_an_owner_only_if_it_counts_at_all() -> None:
    stale = review(BEA, commit="b" * 40)

    assert codes(OWNED, owned=owned(BEA_OWNS), reviews=(review(), stale)) == ["owner-approval-missing"]
    assert codes(OWNED, owned=owned(Owner("user", "callboard[bot]")), reviews=(review(), review(BOT))) == [
        "owner-approval-missing"
    ]


def test_who_is_in_a_group_counts_for_it() -> None:
    members = {"acme/ml": frozenset({"ann"})}

    assert codes(OWNED, owned=owned(TEAM), members=members) == []
    assert (
        codes(OWNED, owned=owned(Owner("user-or-group", "acme")), members={"acme": frozenset({"ann"})}) == []
    )
    assert codes(OWNED, owned=owned(Owner("user-or-group", "ann"))) == []


@pytest.mark.parametrize(
    ("owner", "said"),
    [
        (TEAM, "The forge does not tell who is in @acme/ml, so no approval counts as theirs."),
        (Owner("email", "ann@acme.example"), "The code owner ann@acme.example is an e-mail address,"),
        (Owner("role", "maintainer"), "The code owner @@maintainer is a role,"),
    ],
)
def test_an_owner_whom_the_forge_does_not_tell_never_counts_and_that_is_said(owner: Owner, said: str) -> None:
    alone = reasons(OWNED, owned=owned(owner), members={"acme/ml": None})
    beside = reasons(OWNED, owned=owned(owner, BEA_OWNS))

    assert [one.calls_for for one in alone] == ["blocked", "blocked"]
    assert [one.calls_for for one in beside] == ["wait", "wait"]
    assert said in alone[1].sentence
    assert said in beside[1].sentence
    assert codes(OWNED, owned=owned(owner, ANN_OWNS)) == []


def test_a_role_or_an_address_is_no_group_of_the_same_name() -> None:
    for owner in (Owner("role", "maintainer"), Owner("email", "maintainer"), Owner("user", "maintainer")):
        known = {"owned": owned(owner, BEA_OWNS), "members": {"maintainer": frozenset({"ann"})}}
        assert "owner-approval-missing" in codes(OWNED, **known)


def test_a_section_may_need_several_of_its_owners() -> None:
    two = owned(ANN_OWNS, BEA_OWNS, Owner("user", "cyd"), approvals=2, section="Docs")
    (reason,) = reasons(OWNED, owned=two)

    assert reason.sentence == (
        "Approvals by code owners for models/a, section Docs: 1 of 2 (@ann, @bea, @cyd)."
    )
    assert codes(OWNED, owned=two, reviews=(review(), review(CYD))) == []


def test_every_path_with_owners_has_to_be_approved() -> None:
    text = "* @ann\nmodels/fraud/ @bea\nmodels/free/\n"
    paths = ("models/fraud/a", "models/churn/a", "models/free/a")
    known = {"paths": paths, "owned": required_owners(text, "github", paths)}

    assert codes(OWNED, **known, reviews=(review(ANN),)) == ["owner-approval-missing"]
    assert codes(OWNED, **known, reviews=(review(BEA),)) == ["owner-approval-missing"]
    assert codes(OWNED, **known, reviews=(review(ANN), review(BEA))) == []
