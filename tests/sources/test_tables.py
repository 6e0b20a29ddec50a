"""The tables that ship are valid, and their words are what they are compared as."""

from __future__ import annotations

import pytest

from callboard.config_models import Lifecycles, Tasks
from callboard.sources.tables import folded, shipped_table


@pytest.mark.parametrize(("name", "kind"), [("tasks", Tasks), ("lifecycles", Lifecycles)])
def test_a_shipped_table_says_each_word_once_as_it_is_compared(
    name: str, kind: type[Tasks] | type[Lifecycles]
) -> None:
    words = shipped_table(name, kind).words

    assert words
    assert [word for word in words if word != folded(word)] == []


def test_words_are_compared_without_case_blanks_and_underscores() -> None:
    assert folded("  Text_Generation \t2 ") == "text-generation-2"
