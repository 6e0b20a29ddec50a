"""What commands write can be read again, and does nothing but stand there."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.cli import output
from callboard.redaction import Secret

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(ANYTHING, st.sampled_from([None, 2]))
def test_json_says_exactly_what_it_was_given_and_holds_nothing_unseen(
    value: object, indent: int | None
) -> None:
    text = output.json_text(value, indent=indent)

    assert json.loads(text) == value
    unseen = {"Cc", "Cf", "Cs", "Co", "Cn"}
    assert not [char for char in text if char != "\n" and unicodedata.category(char) in unseen]
    assert indent or "\n" not in text


@given(st.text())
def test_a_line_is_one_line(text: str) -> None:
    assert len(output.line(text).splitlines()) <= 1


@pytest.mark.parametrize("written", ["json", "yaml", "table"])
def test_a_secret_is_masked_however_it_would_be_quoted(
    written: str, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = 'canary "4711"\\ with: quotes'
    Secret(secret)

    output.write(written, [{secret: [secret, f"x{secret}y"]}], (["A"], [[f"x{secret}y"]]))

    shown = capsys.readouterr().out
    assert "4711" not in shown
    assert "***" in shown


def test_a_long_row_stays_one_line_when_it_is_piped(capsys: pytest.CaptureFixture[str]) -> None:
    output.write_table(["A", "B"], [["x" * 30_000, "one\ntwo"], ["y", "z"]])

    assert len(capsys.readouterr().out.splitlines()) == 3
