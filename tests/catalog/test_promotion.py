"""Promotion decided from values alone: what stands where, what is held back, and what a version measured."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.catalog.promotion import Move, gates, held_back, kept, moves, promoted, standing
from callboard.config_promotion import Stage, Threshold
from callboard.model import Evaluation, Model, Promotion, Version

STAGES = (Stage(name="staging"), Stage(name="production", aliases=("champion", "Live")))
BARE: dict[str, object] = {"promotions": (), "lifecycle": None, "said": {}}
_NAMES = st.sampled_from(["1", "2", "3"])


def _model(*versions: Version, **fields: object) -> Model:
    return Model.model_validate({"source": "s", "id": "m", "name": "m", "versions": versions, **fields})


def _measured(name: str, **values: float) -> Version:
    found = (Evaluation(metric=metric, value=value) for metric, value in values.items())
    return Version(name=name, evaluations=tuple(found))


def _promotions(**versions: str) -> tuple[Promotion, ...]:
    return tuple(Promotion(stage=stage, version=version) for stage, version in versions.items())


@st.composite
def models(draw: st.DrawFn) -> Model:
    names = draw(st.lists(_NAMES, unique=True, max_size=3))
    aliases = st.lists(st.sampled_from(["staging", "champion", "other"]), max_size=2).map(tuple)
    versions = [
        Version(name=name, aliases=draw(aliases), state=draw(st.sampled_from([None, "STAGING", "x"])))
        for name in names
    ]
    return standing(
        _model(*versions, lifecycle=draw(st.sampled_from([None, "staging", "production", "archived"]))),
        STAGES,
    )


def test_the_newest_version_with_the_alias_the_state_or_the_tag_stands_in_a_stage() -> None:
    stages = (
        Stage(name="production"),
        Stage(name="canary", tags={"deploy": "canary"}),
        Stage(name="trial", states=("Candidate",)),
    )
    found = standing(
        _model(
            Version(name="5", state="candidate"),
            Version(name="4", aliases=("PRODUCTION",)),
            Version(name="3", state="Production", tags={"deploy": "canary"}),
        ),
        stages,
    )

    assert found.promotions == _promotions(production="4", canary="3", trial="5")


def test_an_empty_state_asks_for_no_stage() -> None:
    assert standing(_model(Version(name="1")), (Stage(name="production", states=("",)),)).promotions == ()


@given(models(), models())
def test_what_is_held_back_promotes_nothing_and_what_is_promoted_is_nothing_else(
    old: Model, new: Model
) -> None:
    held = held_back(new, old)
    then = promoted(old, new)

    assert moves(old, held) == ()
    assert held.model_copy(update=BARE) == new.model_copy(update=BARE)
    assert then.model_copy(update=BARE) == old.model_copy(update=BARE)
    had = {version.name for version in old.versions}
    assert {move.now for move in moves(old, then)} <= had
    waiting = {move.stage for move in moves(old, new)}
    assert held.lifecycle == (old.lifecycle if new.lifecycle in waiting else new.lifecycle)


@given(models(), models())
def test_after_the_update_and_the_promotion_nothing_is_left(old: Model, new: Model) -> None:
    updated = held_back(new, old)

    assert promoted(updated, new) == new
    assert held_back(new, promoted(updated, new)) == new


@given(models())
def test_a_new_model_comes_without_promotions(new: Model) -> None:
    assert held_back(new, None).promotions == ()


def test_a_stage_that_no_version_asks_for_any_more_needs_nobodys_approval() -> None:
    old = _model(Version(name="1"), promotions=_promotions(production="1"))

    assert moves(old, _model(Version(name="1"))) == ()
    assert held_back(_model(Version(name="1")), old).promotions == ()


def test_back_to_an_older_version_is_a_rollback() -> None:
    versions = Version(name="2"), Version(name="1")
    one, two = (_model(*versions, promotions=_promotions(production=name)) for name in ("1", "2"))

    assert moves(two, one) == (Move("production", "2", "1", back=True),)
    assert moves(one, two) == (Move("production", "1", "2"),)
    assert moves(None, one) == (Move("production", None, "1"),)
    assert moves(one, None) == ()


def test_what_a_stage_keeps_is_the_catalogs_word_or_nothing() -> None:
    old = _model(Version(name="1"), promotions=_promotions(staging="1"), lifecycle="staging")
    new = _model(
        Version(name="2"), promotions=_promotions(staging="2", production="2"), lifecycle="production"
    )

    found = kept(new, old, {"staging", "production"})

    assert found.promotions == _promotions(staging="1")
    assert found.lifecycle == "staging"


@pytest.mark.parametrize(
    ("threshold", "now", "was", "met", "asked"),
    [
        (Threshold(metric="F1", at_least=0.9), 0.9, 0.0, True, "at least 0.9"),
        (Threshold(metric="f1", at_least=0.9), 0.899, 0.0, False, "at least 0.9"),
        (Threshold(metric="f1", at_most=0.5), 0.6, 0.0, False, "at most 0.5"),
        (Threshold(metric="f1", not_worse=True), 0.6, 0.7, False, "not worse than before (0.7)"),
        (Threshold(metric="f1", not_worse=True), 0.7, 0.7, True, "not worse than before (0.7)"),
        (Threshold(metric="f1", at_least=0.1, not_worse=True), 0.8, 0.7, True,
         "at least 0.1, not worse than before (0.7)"),
    ],
)  # fmt: skip
def test_a_gate_is_met_as_its_threshold_says(
    threshold: Threshold, now: float, was: float, met: bool, asked: str
) -> None:
    model = _model(_measured("2", f1=now), _measured("1", f1=was))

    (gate,) = gates(model, Move("production", "1", "2"), Stage(name="production", evaluations=(threshold,)))

    assert (gate.met, gate.asked, gate.measure) == (met, asked, "f1")


def test_lower_is_better_where_it_is_and_an_unknown_metric_must_stay_what_it_was() -> None:
    stage = Stage(
        name="p",
        evaluations=(
            Threshold(metric="log_loss", at_most=0.5, not_worse=True),
            Threshold(metric="zeal", not_worse=True),
        ),
    )
    model = _model(_measured("2", log_loss=0.1, zeal=2), _measured("1", log_loss=0.2, zeal=1))

    assert [gate.met for gate in gates(model, Move("p", "1", "2"), stage)] == [True, False]
    assert [(gate.asked, gate.met) for gate in gates(model, Move("p", "1", "2", back=True), stage)] == [
        ("at most 0.5", True)
    ]


def test_what_was_not_measured_meets_nothing_and_every_dataset_counts() -> None:
    stage = Stage(name="p", evaluations=(Threshold(metric="f1", at_least=0.9),))
    two = tuple(
        Evaluation(metric="f1", value=value, dataset=name) for name, value in (("a", 0.95), ("b", 0.5))
    )
    model = _model(Version(name="2", evaluations=two), Version(name="1"))

    assert [(gate.measured, gate.met) for gate in gates(model, Move("p", "2", "1"), stage)] == [
        ("not measured", False)
    ]
    assert [(gate.measure, gate.met) for gate in gates(model, Move("p", "1", "2"), stage)] == [
        ("f1 (a)", True),
        ("f1 (b)", False),
    ]


@pytest.mark.parametrize(
    "wrong", [{}, {"at_least": 2, "at_most": 1}, {"at_least": math.nan}, {"at_most": math.inf}]
)
def test_a_threshold_that_asks_nothing_or_the_impossible_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"at-least|finite"):
        Threshold.model_validate({"metric": "f1", **wrong})


def test_no_stage_is_called_as_what_the_catalog_says_of_a_version_already() -> None:
    with pytest.raises(ValueError, match="deployment-version says which version is served"):
        Stage(name="deployment")
