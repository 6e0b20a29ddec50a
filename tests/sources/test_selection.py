from __future__ import annotations

import contextlib
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.config import Select
from callboard.config_models import Words
from callboard.model import Model, Version
from callboard.sources.selection import BadExpression, parse_selection, selected, wanted


def test_everything_is_wanted_unless_something_is_said() -> None:
    assert selected("any/thing", Select())


def test_what_is_excluded_is_not_wanted_even_if_it_is_included() -> None:
    select = Select(include=("fraud-*", "churn"), exclude=("*-old",))
    assert selected("fraud-detector", select)
    assert selected("churn", select)
    assert not selected("fraud-old", select)
    assert not selected("churn-2", select)


def test_case_does_not_matter() -> None:
    assert selected("FRAUD", Select(include=("fra*",)))
    assert selected("straße", Select(include=("STRASSE",)))
    assert not selected("Fraud", Select(exclude=("FRAUD",)))


def model(**said: Any) -> Model:
    return Model.model_validate({"source": "prod", "id": "1", "name": "fraud-detector", **said})


FULL = model(
    tags=("approved",),
    properties={"team": "fraud", "Tier": "1"},
    state="LIVE",
    versions=(
        Version(name="2", state="Staging", aliases=("champion",)),
        Version(name="1", state="Archived"),
    ),
    tasks=("text-classification",),
    categories=("text",),
    owner="group:default/fraud",
    lifecycle="production",
)


@pytest.mark.parametrize(
    ("field", "glob"),
    [
        ("tags", "APPROVED"),
        ("tags", "team"),
        ("tags", "team=fr*"),
        ("stages", "live"),
        ("stages", "champion"),
        ("stages", "archived"),
        ("tasks", "text-*"),
        ("categories", "text"),
        ("owners", "*:default/fraud"),
        ("lifecycles", "production"),
    ],
)
def test_any_word_of_a_model_can_be_asked_for_and_kept_out(field: str, glob: str) -> None:
    bare = model()
    included = Select.model_validate({field: {"include": [glob]}})
    excluded = Select.model_validate({field: {"exclude": [glob]}})

    assert wanted(FULL, included)
    assert not wanted(FULL, excluded)
    assert not wanted(bare, included)
    assert wanted(bare, excluded)


def test_all_conditions_must_hold() -> None:
    select = Select(tags=Words(include=("approved",)), lifecycles=Words(exclude=("archived",)))

    assert wanted(FULL, select)
    assert not wanted(FULL.model_copy(update={"lifecycle": "archived"}), select)
    assert not wanted(FULL.model_copy(update={"tags": ()}), select)
    assert not wanted(FULL.model_copy(update={"name": "x"}), Select(include=("fraud-*",)))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("", Select()),
        ("SUPPORT-*", Select(include=("SUPPORT-*",))),
        ("a, b ,-c", Select(include=("a", "b"), exclude=("c",))),
        (
            "name=fraud-*,task=text-generation,-tag=old",
            Select(
                include=("fraud-*",),
                tasks=Words(include=("text-generation",)),
                tags=Words(exclude=("old",)),
            ),
        ),
        ("tag=team=fraud", Select(tags=Words(include=("team=fraud",)))),
        ("stage=staging,alias=champion", Select(stages=Words(include=("staging", "champion")))),
    ],
)
def test_a_command_line_says_a_selection(expression: str, expected: Select) -> None:
    assert parse_selection(expression) == expected


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("colour=red", "'colour' cannot be selected by; use one of: name, tag, stage"),
        ("task=", "'task=' says no glob"),
        ("-", "'-' says no glob"),
    ],
)
def test_a_wrong_expression_says_what_would_be_right(expression: str, said: str) -> None:
    with pytest.raises(BadExpression, match=re.escape(said)):
        parse_selection(expression)


@given(st.text())
def test_any_expression_is_a_selection_or_is_refused(expression: str) -> None:
    with contextlib.suppress(BadExpression):
        wanted(FULL, parse_selection(expression))
