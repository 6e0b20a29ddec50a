from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callboard.documents.edits import (
    InsertItem,
    InsertKey,
    RemoveItem,
    RemoveKey,
    SetValue,
    applied,
    edits_between,
)
from callboard.documents.values import same

WORDS = st.sampled_from("abcde")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from([0.0, -0.0, 1.0, float("nan")]) | WORDS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(WORDS, inner, max_size=5),
    max_leaves=20,
)


@settings(max_examples=500, deadline=None)
@given(VALUES, VALUES)
def test_edits_lead_from_any_value_to_any_other(current: Any, wanted: Any) -> None:
    before = copy.deepcopy(current)
    value = current
    for one in edits_between(current, wanted):
        value = applied(value, one)
    assert same(value, wanted)
    assert same(current, before)


@given(VALUES)
def test_nothing_is_done_where_nothing_is_to_do(value: Any) -> None:
    assert edits_between(value, copy.deepcopy(value)) == []


def test_numbers_of_another_type_are_another_value() -> None:
    assert edits_between({"a": 1}, {"a": True}) == [SetValue(("a",), True)]


def test_the_smallest_parts_are_edited() -> None:
    current = {"tags": ["a", "b"], "links": [{"url": "u", "title": "t"}], "gone": 1, "spec": {"owner": "o"}}
    wanted = {"tags": ["a", "c"], "links": [{"url": "u", "title": "n"}], "new": 2, "spec": {"owner": "p"}}
    assert edits_between(current, wanted) == [
        RemoveKey(("gone",)),
        RemoveItem(("tags",), 1),
        InsertItem(("tags",), 1, "c"),
        SetValue(("links", 0, "title"), "n"),
        InsertKey((), "new", 2, "links"),
        SetValue(("spec", "owner"), "p"),
    ]


def test_what_changes_in_hundreds_of_places_is_written_as_a_whole() -> None:
    wanted = [str(number) for number in range(300)]
    assert edits_between({"a": ["0", "x"]}, {"a": wanted}) == [SetValue(("a",), wanted)]
    assert edits_between({"a": ["x"] * 3000}, {"a": ["x"]}) == [SetValue(("a",), ["x"])]


@pytest.mark.parametrize(
    "one",
    [
        SetValue(("b",), 1),
        RemoveKey(("b",)),
        RemoveItem(("a",), 5),
        InsertKey((), "x", 1, "b"),
        SetValue(("a", "b"), 1),
        InsertKey(("a",), "x", 1),
    ],
)
def test_an_edit_that_leads_nowhere_is_refused(one: Any) -> None:
    with pytest.raises((LookupError, TypeError, ValueError)):
        applied({"a": [1]}, one)
