"""Quiet hours: when nothing is merged, and until when.

Times of the day are those of a clock on the wall in the configured time zone. Where it is put back and a time
comes twice, quiet hours begin with its first and end with its second coming.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

from callboard.config import Day, Merge, QuietHours
from callboard.pulls.commands import spelling
from callboard.pulls.facts import PullFacts
from callboard.pulls.verdict import Reason

_DAYS: tuple[str, ...] = get_args(Day)
_NEVER = datetime.max.replace(tzinfo=UTC)
_LOOK_BACK, _LOOK_AHEAD = 2, 15
"""Days. What is quiet for two weeks on end is so for ever."""


def quiet(facts: PullFacts, policy: Merge) -> Iterator[Reason]:
    """Why it may not be merged at this time of the day or week, unless a person asked for it."""
    if not policy.quiet_hours or facts.merge_asked:
        return
    if facts.now is None or facts.now.utcoffset() is None:
        said = "There are quiet hours, and nobody looked at the clock."
        yield Reason("wait", "quiet-unknown", said, "Run callboard reconcile again.")
        return
    zone = ZoneInfo(policy.timezone)
    end = _quiet_until(facts.now.astimezone(UTC), policy.quiet_hours, zone)
    if end is None:
        return
    anyway = f"to merge it all the same, comment {spelling('merge', explicit=facts.pull.mark == '!')}."
    if end == _NEVER:
        said = "There are quiet hours at all times: they never end."
        yield Reason(
            "blocked", "quiet-hours", said, f"Shorten merge: quiet-hours in callboard.yaml; {anyway}"
        )
        return
    until = end.astimezone(zone)
    said = (
        f"Quiet hours: nothing is merged before {until:%H:%M} on "
        f"{until:%A}, {until.day} {until:%B} {until.year} ({policy.timezone})."
    )
    yield Reason("wait", "quiet-hours", said, f"Nothing to do; {anyway}")


def _quiet_until(now: datetime, hours: Iterable[QuietHours], zone: ZoneInfo) -> datetime | None:
    """When the quiet that ``now`` is in ends (``_NEVER``: it does not); None when it is in none."""
    today = now.astimezone(zone).date()
    days = [today + timedelta(days=offset) for offset in range(-_LOOK_BACK, _LOOK_AHEAD)]
    spans = sorted(_span(one, day, zone) for day in days for one in hours if _begins_on(one, day))
    end = None
    for start, finish in spans:
        if start <= (end or now) < finish:
            end = finish
    at_last = datetime.combine(days[-1], time(), UTC) - timedelta(days=1)
    return _NEVER if end is not None and end >= at_last else end


def _begins_on(hours: QuietHours, day: date) -> bool:
    return not hours.days or _DAYS[day.weekday()] in hours.days


def _span(hours: QuietHours, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    if hours.start is None or hours.end is None:
        start, end, later = time(), time(), True
    else:
        start, end = time.fromisoformat(hours.start), time.fromisoformat(hours.end)
        later = end <= start
    on = day + timedelta(days=1) if later else day
    return min(_moments(day, start, zone)), max(_moments(on, end, zone))


def _moments(day: date, at: time, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """When a clock on the wall shows this time: both times, where it is put back."""
    shown = datetime.combine(day, at, zone)
    return shown.astimezone(UTC), shown.replace(fold=1).astimezone(UTC)
