from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.expressions import BadExpression, checked, holds, literally


def test_an_expression_is_looked_for_anywhere_in_the_text() -> None:
    assert holds("Fraud detector: version 4", r"version \d+$")
    assert not holds("Fraud detector", r"version \d+$")


def test_no_text_makes_it_run_for_ever() -> None:
    assert not holds("a" * 100_000 + "b", "^(a+)+$")


@pytest.mark.parametrize("expression", ["(", "[", "(?=a)", r"(a)\1", "a{1000}{1000}"])
def test_what_cannot_be_used_says_why(expression: str) -> None:
    with pytest.raises(BadExpression, match=r"write a regular expression, .+ \(.+\)"):
        checked(expression)


def test_a_text_that_cannot_be_encoded_is_searched_all_the_same() -> None:
    assert holds("WIP \ud800", "WIP")


@given(st.text(), st.text())
def test_a_literal_is_found_where_it_is(text: str, other: str) -> None:
    assert holds(text, rf"\A{literally(text)}\z")
    replaced = text.encode("utf-8", "replace").decode()
    assert holds(other, literally(text)) is (replaced in other.encode("utf-8", "replace").decode())
