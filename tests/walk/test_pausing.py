"""Who may stop all writes, and how it is said."""

from __future__ import annotations

import pytest

from callboard.config import Config
from callboard.forges.protocol import About, Account, Issue
from callboard.walk.pausing import pause_reason


def about(*labels: str) -> About:
    issue = Issue(7, "https://forge.example/issues/7", "Dashboard", "", labels)
    return About(Account("1", "callboard[bot]"), "acme/catalog", "main", dashboard=issue)


@pytest.mark.parametrize("value", ["1", "true", "yes", "please", " ON "])
def test_whatever_the_variable_says_pauses(value: str) -> None:
    assert pause_reason(Config(), {"CALLBOARD_PAUSED": value}, None) == "CALLBOARD_PAUSED in the environment"


@pytest.mark.parametrize("value", ["", " ", "0", "false", "No", "OFF"])
def test_a_variable_that_says_no_does_not(value: str) -> None:
    assert pause_reason(Config(), {"CALLBOARD_PAUSED": value}, about("other")) is None


def test_the_label_on_the_dashboard_pauses_in_any_case() -> None:
    said = pause_reason(Config(), {}, about("Callboard-Paused"))

    assert said == "the label callboard-paused on the dashboard, https://forge.example/issues/7"


def test_the_configuration_pauses_whatever_else_is_said() -> None:
    assert pause_reason(Config(pause=True), {"CALLBOARD_PAUSED": "0"}, about()) is not None
