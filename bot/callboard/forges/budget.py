"""How often a forge is written to: under its limits for content, and as late as it asks for after a refusal.

GitHub's secondary limits for content are 80 requests a minute and 500 an hour (docs.github.com, "Rate limits
for the REST API"); who ignores them is blocked for longer. A few writes go out at once, many are paced.
"""

from __future__ import annotations

import email.utils
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from callboard.forges.protocol import ForgeError

LONGEST_WAIT = 60.0
"""Seconds that a write waits at most for a forge that refused it."""
_WITHOUT_A_TIME = 60.0
"""Seconds to wait when a refusal names no time ("wait for at least one minute", by GitHub)."""
_HOUR = 3600.0
_HINT = "nothing is lost: the next run goes on from there"


@dataclass(frozen=True)
class Limits:
    """What a forge allows: in no minute more than ``per_minute`` writes, of which ``burst`` go at once."""

    burst: int
    per_minute: int
    per_hour: int


GITHUB = Limits(burst=60, per_minute=80, per_hour=500)


@dataclass(frozen=True)
class Spent:
    """What was spent until now: ``left`` of the burst at ``at``, and when each write of the last hour was."""

    left: float
    at: float
    writes: tuple[float, ...] = ()


@dataclass(frozen=True)
class Wait:
    """Seconds to wait before the write; 0: none."""

    seconds: float


@dataclass(frozen=True)
class Until:
    """Nothing more can be written until this time (seconds since the epoch)."""

    time: float


def decide(limits: Limits, spent: Spent, now: float) -> tuple[Spent, Wait | Until]:
    """Whether one more write may go out, and what is spent then."""
    recent = tuple(at for at in spent.writes if now - at < _HOUR)
    if len(recent) >= limits.per_hour:
        return spent, Until(recent[-limits.per_hour] + _HOUR)
    pace = (limits.per_minute - limits.burst) / 60.0
    # Another thread may be waiting for its turn already; this one comes after it.
    start = max(now, spent.at)
    left = min(float(limits.burst), spent.left + (start - spent.at) * pace)
    missing = max(0.0, 1.0 - left)
    turn = start + missing / pace
    return Spent(left + missing - 1.0, turn, (*recent, turn)), Wait(turn - now)


def asked_to_wait(status: int, headers: Mapping[str, str], said: str, now: float) -> float | None:
    """Seconds after which a refused write may be sent again; None: it was not refused for its rate.

    ``headers``: with names in lower case.
    """
    if status not in (403, 429):
        return None
    after = headers.get("retry-after", "").strip()
    if after.isdecimal():
        return float(after)
    if after:
        at = email.utils.parsedate_tz(after)
        return max(0.0, email.utils.mktime_tz(at) - now) if at else _WITHOUT_A_TIME
    if headers.get("x-ratelimit-remaining", headers.get("ratelimit-remaining")) == "0":
        reset = headers.get("x-ratelimit-reset", headers.get("ratelimit-reset", ""))
        return max(0.0, float(reset) - now) if reset.isdecimal() else _WITHOUT_A_TIME
    if status == 429 or "rate limit" in said.lower():
        return _WITHOUT_A_TIME
    return None


class Budget:
    """The budget of one account at one forge, for all threads. ``limits`` None: only the forge sets any.

    ``clock`` tells seconds since the epoch.
    """

    def __init__(
        self,
        limits: Limits | None = GITHUB,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._limits, self._clock, self._sleep = limits, clock, sleep
        self._spent = Spent(float(limits.burst) if limits else 0.0, clock())
        self._blocked_until = 0.0
        self._lock = threading.Lock()

    def spend(self, where: str) -> None:
        """Call before each write: waits as long as pacing asks for.

        Raises ForgeError, with the time, when the hour is spent or the forge blocks us.
        """
        with self._lock:
            now = self._clock()
            if self._blocked_until > now:
                raise _out("the forge has asked for fewer writes", self._blocked_until, where)
            if self._limits is None:
                return
            spent, verdict = decide(self._limits, self._spent, now)
            if isinstance(verdict, Until):
                what = f"the {self._limits.per_hour} writes that the forge allows in an hour are spent"
                raise _out(what, verdict.time, where)
            self._spent = spent
        if verdict.seconds:
            self._sleep(verdict.seconds)

    def refused(self, status: int, headers: Mapping[str, str], said: str, where: str) -> bool:
        """Call when the forge refused a write, which it has not done then.

        True: it was for its rate, we have waited, and the write may be sent once more. Raises ForgeError,
        with the time, when that is more than a minute away.
        """
        now = self._clock()
        wait = asked_to_wait(status, {name.lower(): value for name, value in headers.items()}, said, now)
        if wait is None:
            return False
        if wait > LONGEST_WAIT:
            with self._lock:
                self._blocked_until = max(self._blocked_until, now + wait)
            raise _out("the forge has asked for fewer writes", now + wait, where)
        self._sleep(wait)
        return True


_shared: dict[object, Budget] = {}
_sharing = threading.Lock()


def shared(key: object, limits: Limits | None) -> Budget:
    """The one budget of this process for whatever ``key`` stands for, such as a server and a token."""
    with _sharing:
        return _shared.setdefault(key, Budget(limits))


def _out(what: str, until: float, where: str) -> ForgeError:
    at = datetime.fromtimestamp(until, UTC)
    # By its own status, so that nobody takes a 403 for a missing permission.
    return ForgeError(f"{what} until {at:%H:%M:%S} UTC", where=where, hint=_HINT, status=429)
