"""Owners as registries write them, by a table of people's."""

from __future__ import annotations

import pytest

from callboard.sources.owners import owner_of

OWNERS = {
    "*@acme.example": "group:default/everybody",
    "*@fraud.acme.example": "group:default/never-reached",
    "Alice@acme.example": "user:default/alice",
    "fraud team": "group:default/fraud",
    "[x]": "group:default/brackets",
}


@pytest.mark.parametrize(
    ("said", "owner"),
    [
        ("alice@ACME.example", "user:default/alice"),
        (" bob@acme.example ", "group:default/everybody"),
        ("Fraud Team", "group:default/fraud"),
        ("[x]", "group:default/brackets"),
        ("bob@elsewhere.example", None),
        ("", None),
    ],
)
def test_the_literal_entry_counts_before_the_first_glob_that_fits(said: str, owner: str | None) -> None:
    assert owner_of(said, OWNERS) == owner
