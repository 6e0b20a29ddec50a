"""Writes stay under the forge's limits, and wait for it when it asks for that."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from callboard.forges.budget import GITHUB, Budget, Limits, Spent, Until, asked_to_wait, decide
from callboard.forges.protocol import ForgeError

HERE = "acme/catalog on github.com"


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def budget(time: Time, limits: Limits | None = GITHUB) -> Budget:
    return Budget(limits, clock=lambda: time.now, sleep=time.sleep)


def test_a_few_writes_go_out_at_once_and_many_are_paced() -> None:
    time = Time()
    spending = budget(time)

    for _ in range(60):
        spending.spend(HERE)
    at_once = list(time.slept)
    spending.spend(HERE)

    assert at_once == []
    assert time.slept == [pytest.approx(3.0)]


def test_a_spent_hour_says_until_when_and_that_the_next_run_goes_on() -> None:
    time = Time()
    spending = budget(time, Limits(burst=5, per_minute=10, per_hour=5))
    for _ in range(5):
        spending.spend(HERE)

    with pytest.raises(ForgeError, match=r"until 14:46:40 UTC.*the next run goes on") as refused:
        spending.spend(HERE)
    time.now += 3600
    spending.spend(HERE)

    assert refused.value.where == HERE
    assert time.slept == []


@given(
    gaps=some.lists(some.floats(0, 200), min_size=1, max_size=150),
    burst=some.integers(1, 10),
    more=some.integers(1, 20),
    per_hour=some.integers(1, 60),
)
def test_no_minute_and_no_hour_ever_has_more_than_its_limit(
    gaps: list[float], burst: int, more: int, per_hour: int
) -> None:
    limits = Limits(burst, burst + more, per_hour)
    now, spent, sent = 0.0, Spent(float(burst), 0.0), list[float]()
    for gap in gaps:
        now += gap
        spent, verdict = decide(limits, spent, now)
        if isinstance(verdict, Until):
            assert now < verdict.time <= now + 3600
        else:
            now += verdict.seconds
            sent.append(now)
    for at in sent:
        assert sum(at <= other < at + 59.999 for other in sent) <= limits.per_minute
        assert sum(at <= other < at + 3599.999 for other in sent) <= per_hour


def test_threads_that_wait_come_one_after_the_other() -> None:
    limits = Limits(burst=1, per_minute=2, per_hour=100)
    spent = Spent(1.0, 0.0)
    waits = []
    for _ in range(3):
        spent, verdict = decide(limits, spent, 0.0)
        assert not isinstance(verdict, Until)
        waits.append(verdict.seconds)

    assert waits == pytest.approx([0.0, 60.0, 120.0])


def test_without_limits_of_its_own_only_the_forge_slows_it_down() -> None:
    time = Time()
    spending = budget(time, None)

    for _ in range(1000):
        spending.spend(HERE)

    assert time.slept == []


@pytest.mark.parametrize(
    ("status", "headers", "said", "seconds"),
    [
        (403, {"retry-after": "20"}, "", 20.0),
        (429, {"retry-after": "Thu, 01 Jan 1970 00:02:00 GMT"}, "", 20.0),
        (429, {"retry-after": "soon"}, "", 60.0),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "130"}, "", 30.0),
        (429, {"ratelimit-remaining": "0", "ratelimit-reset": "101"}, "", 1.0),
        (403, {"x-ratelimit-remaining": "0"}, "", 60.0),
        (403, {}, "You have exceeded a secondary rate limit.", 60.0),
        (429, {}, "", 60.0),
        (403, {"x-ratelimit-remaining": "12"}, "Resource not accessible by integration", None),
        (422, {"retry-after": "20"}, "", None),
    ],
)
def test_a_refusal_tells_how_long_to_wait(
    status: int, headers: dict[str, str], said: str, seconds: float | None
) -> None:
    assert asked_to_wait(status, headers, said, 100.0) == seconds


def test_a_short_wait_is_waited_for_and_a_long_one_ends_the_pass() -> None:
    time = Time()
    spending = budget(time)

    assert spending.refused(403, {"Retry-After": "7"}, "", HERE)
    assert not spending.refused(403, {}, "Not yours", HERE)
    with pytest.raises(ForgeError, match="fewer writes until"):
        spending.refused(403, {"Retry-After": "600"}, "", HERE)
    with pytest.raises(ForgeError, match="fewer writes until"):
        spending.spend(HERE)
    time.now += 600
    spending.spend(HERE)

    assert time.slept == [7.0]
