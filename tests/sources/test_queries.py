"""Expressions on answers: what they give, and that neither they nor the answers can cost without end."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.sources.queries import LONGEST_TEXT, BadQuery, checked_query, query

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)
ROW = {"a": {"b": [1, 2]}, "text": '{"x": [1]}', "metrics": {"m:1": 0.5}, "key": "m:1", "words": "a, b,c"}


@pytest.mark.parametrize(
    ("expression", "gives"),
    [
        ("a.b[1]", 2),
        ("gone.a[0].b", None),
        ("from_json(text).x[0]", 1),
        ("from_json('[1')", None),
        ("from_json('" + "[" * 900 + "')", None),
        ("lookup(metrics, key)", 0.5),
        ("pairs(metrics)", [{"key": "m:1", "value": 0.5}]),
        ("split(',', words)", ["a", "b", "c"]),
        ("to_string(a.b[0])", "1"),
        ("to_string('text')", "text"),
        ("to_string(a)", None),
        ("a == a", None),
        ("key == 'm:1' && !(a.b[0] == `true`)", True),
        ("contains(a.b, `2`)", True),
        ("contains(a.b, `true`)", False),
        ("contains(key, ':')", True),
        ("join('-', ['a', 'b'])", "a-b"),
        ("a.b[?@ > `1`]", [2]),
    ],
)
def test_expressions_give(expression: str, gives: Any) -> None:
    assert query(expression, ROW) == gives


DOUBLED = "|".join(["[@, @]"] * 60)
"""A few hundred characters; written out, what it gives would have 2 ** 60 items."""


@pytest.mark.parametrize(
    "expression",
    [
        "|".join(["[@[], @[]][]"] * 80),
        "|".join(["join('', [@[0], @[0]]) | [@]"] * 50),
        "merge(@, @)",
        "max([@[0], @])",
        "ceil(to_number('1e999'))",
        "@" + " | @" * 495,
    ],
)
def test_expressions_that_cannot_be_evaluated_are_refused(
    expression: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callboard.sources.queries.MOST_STEPS", 100_000)
    with pytest.raises(BadQuery) as refused:
        query(expression, ["secret" * 10])
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("expression", "gives"),
    [
        (f"{DOUBLED} | to_string(@)", None),
        (f"({DOUBLED}) == ({DOUBLED})", None),
        (f"[({DOUBLED}), ({DOUBLED})] | contains([@[0]], @[1])", False),
        (f"{DOUBLED} | length(@)", 2),
    ],
)
def test_nothing_walks_through_what_an_expression_doubled(expression: str, gives: Any) -> None:
    assert query(expression, ["x"]) == gives


def test_texts_that_grow_are_given_up() -> None:
    with pytest.raises(BadQuery, match="too long"):
        query("join('', @)", ["x" * LONGEST_TEXT, "y"])
    with pytest.raises(BadQuery, match="too long"):
        query("split(',', @)", "," * (LONGEST_TEXT + 1))
    with pytest.raises(BadQuery, match="too many keys"):
        query("pairs(@)", dict.fromkeys(map(str, range(100_001))))
    assert query("from_json(@)", "[" + " " * LONGEST_TEXT + "]") is None


def test_steps_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callboard.sources.queries.MOST_STEPS", 10_000)
    with pytest.raises(BadQuery, match="too many steps"):
        query("|".join(["[@, @][]"] * 30), list(range(100)))


@pytest.mark.parametrize("expression", ["", "a[", "a..b", "(" * 400, "a b", "[?]", "\ud800"])
def test_what_is_no_expression_is_refused_in_words(expression: str) -> None:
    with pytest.raises(ValueError, match="JMESPath"):
        checked_query(expression)


@pytest.mark.filterwarnings("ignore:deprecated string literal syntax")
@given(st.text(alphabet="ab.[]()*&|?!=@`'\",:{}0 sum", max_size=30), JSON)
def test_no_expression_does_anything_but_give_or_be_refused(expression: str, value: Any) -> None:
    try:
        checked_query(expression)
    except ValueError:
        return
    try:
        query(expression, value)
    except BadQuery:
        return
