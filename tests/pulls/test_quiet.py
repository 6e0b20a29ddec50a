"""When nothing is merged: days and nights in the zone of the people, also when their clocks are changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callboard.config import Day, Merge, QuietHours
from callboard.pulls.decide import decide
from callboard.pulls.quiet import _NEVER, _quiet_until
from callboard.pulls.verdict import Reason
from tests.pulls.examples import facts

BERLIN = "Europe/Berlin"


def quiet(*days: Day, start: str | None = None, end: str | None = None) -> QuietHours:
    return QuietHours(days=days, start=start, end=end)


def reason(now: str | None, *hours: QuietHours, zone: str = BERLIN, **more: Any) -> Reason | None:
    """Why it is not merged at this local time, as fold 1 with an ``*`` behind it."""
    at = None
    if now is not None:
        local = datetime.fromisoformat(now.removesuffix("*")).replace(tzinfo=ZoneInfo(zone))
        at = local.replace(fold=int(now.endswith("*"))).astimezone(UTC)
    verdict = decide(facts(now=at, **more), Merge(quiet_hours=hours, timezone=zone))
    assert verdict.kind == (verdict.reasons[0].calls_for if verdict.reasons else "merge")
    return verdict.reasons[0] if verdict.reasons else None


WEEKEND = quiet("sat", "sun")
NIGHT = quiet(start="18:00", end="08:00")
FRIDAY_NIGHT = quiet("fri", start="22:00", end="06:00")
LUNCH = quiet("mon", "tue", start="12:00", end="13:00")


@pytest.mark.parametrize(
    ("now", "hours", "until"),
    [
        ("2026-11-20T12:00", [WEEKEND], None),
        ("2026-11-20T23:59:59", [WEEKEND], None),
        ("2026-11-21T00:00", [WEEKEND], "00:00 on Monday, 23 November 2026"),
        ("2026-11-22T23:59:59", [WEEKEND], "00:00 on Monday, 23 November 2026"),
        ("2026-11-23T00:00", [WEEKEND], None),
        ("2026-11-19T17:59", [NIGHT], None),
        ("2026-11-19T18:00", [NIGHT], "08:00 on Friday, 20 November 2026"),
        ("2026-11-20T07:59:59", [NIGHT], "08:00 on Friday, 20 November 2026"),
        ("2026-11-20T08:00", [NIGHT], None),
        ("2026-11-20T19:00", [NIGHT, WEEKEND], "08:00 on Monday, 23 November 2026"),
        ("2026-11-20T23:00", [FRIDAY_NIGHT], "06:00 on Saturday, 21 November 2026"),
        ("2026-11-21T05:00", [FRIDAY_NIGHT], "06:00 on Saturday, 21 November 2026"),
        ("2026-11-20T05:00", [FRIDAY_NIGHT], None),
        ("2026-11-23T12:30", [LUNCH], "13:00 on Monday, 23 November 2026"),
        ("2026-11-25T12:30", [LUNCH], None),
        # Clocks are put forward on 29 March at 02:00 and back on 25 October 2026 at 03:00.
        ("2026-03-28T19:00", [NIGHT], "08:00 on Sunday, 29 March 2026"),
        ("2026-03-29T01:30", [quiet(start="01:00", end="02:30")], "03:30 on Sunday, 29 March 2026"),
        ("2026-10-25T02:15", [quiet(start="01:00", end="02:30")], "02:30 on Sunday, 25 October 2026"),
        ("2026-10-25T02:45", [quiet(start="01:00", end="02:30")], "02:30 on Sunday, 25 October 2026"),
        ("2026-10-25T02:29*", [quiet(start="01:00", end="02:30")], "02:30 on Sunday, 25 October 2026"),
        ("2026-10-25T02:30*", [quiet(start="01:00", end="02:30")], None),
        ("2026-10-25T02:29", [quiet(start="02:30", end="04:00")], None),
        ("2026-10-25T02:30", [quiet(start="02:30", end="04:00")], "04:00 on Sunday, 25 October 2026"),
        ("2026-10-25T02:15*", [quiet(start="02:30", end="04:00")], "04:00 on Sunday, 25 October 2026"),
        ("2026-10-24T12:00", [WEEKEND], "00:00 on Monday, 26 October 2026"),
    ],
)  # fmt: skip
def test_quiet_hours_end_when_the_clock_on_the_wall_says_so(
    now: str, hours: list[QuietHours], until: str | None
) -> None:
    found = reason(now, *hours)

    if until is None:
        assert found is None
    else:
        assert found is not None
        assert (found.calls_for, found.code) == ("wait", "quiet-hours")
        assert found.sentence == f"Quiet hours: nothing is merged before {until} (Europe/Berlin)."
        assert found.hint == "Nothing to do; to merge it all the same, comment /merge."


def test_gitlab_people_write_merge_in_our_name() -> None:
    found = reason("2026-11-21T12:00", WEEKEND, mark="!")

    assert found is not None
    assert found.hint.endswith("comment /callboard merge.")


def test_the_zone_says_which_day_it_is() -> None:
    at = datetime(2026, 11, 20, 20, tzinfo=UTC)

    tokyo = Merge(quiet_hours=(WEEKEND,), timezone="Asia/Tokyo")
    assert decide(facts(now=at), tokyo).kind == "wait"
    assert decide(facts(now=at), Merge(quiet_hours=(WEEKEND,))).kind == "merge"


def test_who_asks_for_the_merge_lifts_quiet_hours_and_nothing_else() -> None:
    assert reason("2026-11-21T12:00", WEEKEND, merge_asked="ann") is None
    found = reason("2026-11-21T12:00", WEEKEND, merge_asked="ann", reviews=())
    assert found is not None
    assert found.code == "approvals-missing"


@pytest.mark.parametrize("now", [None, datetime(2026, 11, 25, 12)])  # noqa: DTZ001 - that is the point
def test_without_a_clock_or_its_zone_nothing_is_merged(now: datetime | None) -> None:
    verdict = decide(facts(now=now), Merge(quiet_hours=(WEEKEND,)))

    assert [one.code for one in verdict.reasons] == ["quiet-unknown"]
    assert decide(facts(now=now), Merge()).kind == "merge"


def test_quiet_hours_that_never_end_are_for_a_person_to_change() -> None:
    always = quiet("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    found = reason("2026-11-21T12:00", always)

    assert found is not None
    assert (found.calls_for, found.code) == ("blocked", "quiet-hours")
    assert found.sentence == "There are quiet hours at all times: they never end."


times = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))
hours = st.builds(
    lambda days, span: QuietHours(days=days, start=span[0], end=span[1]),
    st.lists(st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]), min_size=1, max_size=5),
    st.none().map(lambda _: (None, None)) | st.tuples(times, times).filter(lambda span: span[0] != span[1]),
)
zones = st.sampled_from([BERLIN, "UTC", "America/St_Johns", "Australia/Lord_Howe", "Africa/Cairo"])


moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


@given(moments, st.lists(hours, min_size=1, max_size=3))
@settings(max_examples=300, deadline=None)
def test_it_is_quiet_when_the_clock_shows_a_time_in_one_of_the_spans(
    now: datetime, spans: list[QuietHours]
) -> None:
    clock, today = now.strftime("%H:%M"), now.strftime("%a").lower()
    yesterday = (now - timedelta(days=1)).strftime("%a").lower()

    def holds(one: QuietHours) -> bool:
        start, end = one.start or "00:00", one.end or "24:00"
        if start < end:
            return today in one.days and start <= clock < end
        return (today in one.days and clock >= start) or (yesterday in one.days and clock < end)

    assert bool(reason_at(now, spans, "UTC")) is any(map(holds, spans))


@given(moments, st.lists(hours, min_size=1, max_size=3), zones, st.floats(0, 0.999))
@settings(max_examples=300, deadline=None)
def test_it_is_quiet_until_the_end_that_is_told_and_not_then(
    now: datetime, spans: list[QuietHours], zone: str, part: float
) -> None:
    end = _quiet_until(now, spans, ZoneInfo(zone))
    if end is None or end == _NEVER:
        return

    assert now < end
    assert _quiet_until(now + (end - now) * part, spans, ZoneInfo(zone)) == end
    assert _quiet_until(end, spans, ZoneInfo(zone)) is None


def reason_at(now: datetime, spans: list[QuietHours], zone: str) -> tuple[Reason, ...]:
    return decide(facts(now=now), Merge(quiet_hours=tuple(spans), timezone=zone)).reasons
