"""Whose text is it?"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from callboard.pulls.seal import is_our_body, is_our_title, sealed

_TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\r"))


@given(_TEXT, _TEXT)
def test_what_nobody_touched_is_ours(title: str, body: str) -> None:
    text = sealed(title, body)

    assert is_our_body(text)
    assert is_our_title(title, text)
    assert is_our_body(text.replace("\n", "\r\n"))


@given(_TEXT, _TEXT, st.text(min_size=1).filter(str.strip))
def test_what_a_person_added_makes_it_theirs(title: str, body: str, more: str) -> None:
    text = sealed(title, body)

    assert not is_our_body(text + more)
    assert not is_our_body(more + "x" + text)
    assert not is_our_title(f"{title}!{more}", text)


def test_a_text_without_a_seal_is_a_persons() -> None:
    assert not is_our_body("mine")
    assert not is_our_title("mine", "mine")
