from __future__ import annotations

from callboard.config import Select
from callboard.sources.selection import selected


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
