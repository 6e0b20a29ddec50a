from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from callboard.forges.protocol import Comment, ForcePush
from callboard.pulls.staleness import is_stale
from tests.pulls.examples import ANN, BOT, facts, review

NOW = datetime(2026, 2, 1, tzinfo=UTC)
OLD, LATELY = "2026-01-01T00:00:00Z", "2026-01-30T00:00:00Z"


def stale(days: int = 14, **changed: Any) -> bool:
    pull = replace(facts(reviews=()).pull, **{"created_at": OLD, **changed})
    return is_stale(pull, NOW, days)


def test_a_pull_request_that_nobody_touched_is_stale_after_the_days() -> None:
    assert stale()
    assert stale(31)
    assert not stale(32)
    assert not stale(created_at=LATELY)


@pytest.mark.parametrize(
    "touch",
    [
        {"comments": (Comment(1, ANN, "soon", LATELY, author_is_person=True),)},
        {"reviews": (replace(review(state="commented"), submitted_at=LATELY),)},
        {"force_pushes": (ForcePush("a", "b", LATELY),)},
        {"retargeted_at": (LATELY,)},
    ],
)
def test_whoever_touches_it_starts_the_time_anew(touch: dict[str, Any]) -> None:
    assert not stale(**touch)


def test_what_we_say_ourselves_is_no_touch() -> None:
    assert stale(comments=(Comment(1, BOT, "verdict", LATELY),))


def test_where_the_forge_tells_no_time_nothing_is_stale() -> None:
    assert not stale(created_at="")
    assert not stale(created_at="long ago")


def test_a_time_without_a_zone_is_taken_for_utc() -> None:
    just = (NOW - timedelta(days=14)).replace(tzinfo=None).isoformat()

    assert stale(created_at=just)
