"""What a promotion asks for beyond other pull requests, decided from facts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.catalog.promotion import Gate, Move
from callboard.config import ForgeKind, Merge
from callboard.config_promotion import Stage, Threshold
from callboard.model import Evaluation, Model, Promotion, Version
from callboard.pulls.decide import decide
from callboard.pulls.facts import Promoting
from callboard.pulls.owners import Owner
from callboard.pulls.promoting import promotions, unmet
from tests.pulls.examples import ANN, BEA, facts, review

MET = Gate("f1", "at least 0.9", "0.95", met=True)
NOT_MET = Gate("f1", "at least 0.9", "0.8", met=False)
MOVE = Move("production", "1", "2")
ANNS = Owner("user", "ann")


def _codes(promoting: Promoting, **more: object) -> list[str]:
    found = decide(facts(promotions=(promoting,), **more), Merge())
    return [reason.code for reason in found.reasons]


def test_a_promotion_is_landed_when_all_is_met_and_a_person_says_so() -> None:
    promoting = Promoting("Fraud", MOVE, (MET,), approvers=(ANNS,))

    assert _codes(promoting) == ["promotion-by-people"]
    assert _codes(promoting, merge_asked="bea") == []


def test_each_thing_that_is_missing_stands_in_the_way_whoever_asks_for_the_merge() -> None:
    asked = {"merge_asked": "bea"}

    assert _codes(Promoting("Fraud", MOVE, (NOT_MET,)), **asked) == ["promotion-gate"]
    assert _codes(Promoting("Fraud", MOVE, approvals=2), **asked) == ["approvals-missing"]
    assert _codes(Promoting("Fraud", MOVE, approvers=(ANNS,)), reviews=(review(BEA),), **asked) == [
        "promotion-approver-missing"
    ]


def test_a_member_of_a_team_of_approvers_is_an_approver() -> None:
    promoting = Promoting("Fraud", MOVE, approvers=(Owner("group", "acme/leads"),))
    members = {"acme/leads": frozenset({"ann"})}

    assert _codes(promoting, merge_asked="bea") == ["promotion-approver-missing"]
    assert _codes(promoting, merge_asked="bea", members=members) == []


@given(
    st.lists(st.booleans(), max_size=3),
    st.integers(1, 3),
    st.lists(st.sampled_from([ANN, BEA]), unique=True),
    st.sampled_from([(), (ANNS,)]),
    st.booleans(),
)
def test_no_promotion_is_merged_without_its_gates_its_approvers_and_a_person(
    met: list[bool], approvals: int, approved: list[object], approvers: tuple[Owner, ...], asked: bool
) -> None:
    promoting = Promoting("Fraud", MOVE, tuple(replace(MET, met=one) for one in met), approvals, approvers)
    known = facts(
        promotions=(promoting,),
        merge_asked="bea" if asked else None,
        reviews=tuple(review(one) for one in approved),  # type: ignore[arg-type]
    )

    merges = decide(known, Merge()).kind == "merge"

    assert merges == (
        all(met) and asked and len(approved) >= approvals and (not approvers or ANN in approved)
    )


@pytest.mark.parametrize(
    ("kind", "owners"),
    [
        ("github", (Owner("user", "ann"), Owner("group", "acme/leads"))),
        ("gitlab", (Owner("user-or-group", "ann"), Owner("group", "acme/leads"))),
    ],
)
def test_what_a_change_promotes_is_read_from_its_two_records(
    kind: ForgeKind, owners: tuple[Owner, ...]
) -> None:
    stage = Stage(
        name="production",
        approvers=("@Ann", "@acme/leads"),
        approvals=2,
        evaluations=(Threshold(metric="f1", at_least=0.9),),
    )
    model = Model(source="s", id="m", name="m", versions=(Version(name="2"), Version(name="1")))
    after = model.model_copy(
        update={
            "promotions": (Promotion(stage="gone", version="1"), Promotion(stage="production", version="2"))
        }
    )

    gone, found = promotions("Fraud", model, after, (stage,), kind)

    assert gone == Promoting("Fraud", Move("gone", None, "1"))
    assert found == Promoting(
        "Fraud",
        Move("production", None, "2"),
        (Gate("f1", "at least 0.9", "not measured", met=False),),
        2,
        owners,
    )


def test_what_is_not_met_is_said_in_one_short_line_whatever_a_registry_calls_things() -> None:
    hostile = "x\x1b[2J\n" * 2000

    (said,) = unmet(Move("production", None, hostile), [Gate(hostile, "at least 0.9", "0.8", met=False)])

    assert said.isprintable()
    assert len(said) < 220


def test_what_counts_as_measured_stands_on_the_base_branch_whatever_a_commit_to_the_head_says() -> None:
    stage = Stage(name="production", evaluations=(Threshold(metric="f1", at_least=0.9, not_worse=True),))
    poor, good = (
        Version(name=name, evaluations=(Evaluation(metric="f1", value=value),))
        for name, value in (("2", 0.1), ("1", 0.95))
    )
    base = Model(
        source="s",
        id="m",
        name="m",
        versions=(poor, good),
        promotions=(Promotion(stage="production", version="1"),),
    )
    forged = (good, Version(name="2", evaluations=(Evaluation(metric="f1", value=1.0),)), Version(name="9"))
    head = base.model_copy(
        update={"versions": forged, "promotions": (Promotion(stage="production", version="2"),)}
    )

    (found,) = promotions("M", base, head, (stage,), "github")

    assert (found.move.back, [(gate.measured, gate.met) for gate in found.gates]) == (False, [("0.1", False)])
    assert promotions("M", base, None, (stage,), "github") == ()
