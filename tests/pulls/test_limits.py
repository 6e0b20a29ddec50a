from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callboard.pulls.limits import MOST_ROWS, characters, fitting, utf8


def rows(width: int, count: int) -> str:
    return ("x" * width + "\n") * min(count, 5000)


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 200_000))
@settings(max_examples=50, deadline=None)
def test_what_fits_is_as_long_as_it_can_be_and_details_go_first(
    detail: int, overview: int, limit: int
) -> None:
    def text(details: int, overviews: int) -> str:
        return rows(overview, overviews) + rows(detail, details)

    found = fitting(text, limit)

    whole = text(MOST_ROWS, MOST_ROWS)
    if len(whole) <= limit:
        assert found == whole
    elif len(text(0, MOST_ROWS)) <= limit:
        assert limit - detail - 1 <= len(found) <= limit
        assert found.startswith(rows(overview, MOST_ROWS))
    else:
        assert limit - overview - 1 <= len(found) <= limit


def test_when_nothing_fits_the_shortest_is_answered() -> None:
    assert fitting(lambda _details, overview: "always too long" + "x" * overview, 5) == "always too long"


@pytest.mark.parametrize(
    ("text", "code_points", "octets"), [("a", 1, 1), ("ä", 1, 2), ("🌈", 1, 4), ("\ud800", 1, 3)]
)
def test_a_body_is_counted_in_characters_and_a_summary_in_bytes(
    text: str, code_points: int, octets: int
) -> None:
    assert (characters(text), utf8(text)) == (code_points, octets)
