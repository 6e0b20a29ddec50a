"""Who walks when: one walk at a time for a repository, several side by side, many hints one walk.

Level-triggered: a hint only says that a repository is due, and the walk reads what is so. A hint that comes
during a walk makes one more walk after it.
"""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Literal, Protocol

from callboard.service.events import Need
from callboard.service.store import Store, Task

FIRST_RETRY = 5.0
"""Seconds; doubled with each failure in a row."""
LAST_RETRY = 900.0
"""Seconds between two tries at most."""
APART = 1.0
"""Seconds between two walks of one repository, in which what comes at once becomes one walk."""
_SLOWER_AFTER = 5
_IN_A_ROW = 10.0


class Tell(Protocol):
    """Writes a line of the log: a sentence and what it is about. It redacts."""

    def __call__(
        self, level: Literal["info", "warning", "error"], message: str, /, **about: object
    ) -> None: ...


@dataclass(frozen=True)
class Outcome:
    """What a walk came to."""

    text: str
    """A sentence, redacted."""
    done: bool = True
    """False: something is left that another try may solve."""
    synced: bool = False
    """Whether the sources were read, and all that they say was proposed."""


class Work:
    """The threads that walk, and the sweep. ``walk`` is given a repository's key and what is needed."""

    def __init__(
        self,
        store: Store,
        repositories: Collection[str],
        walk: Callable[[str, Need], Outcome],
        tell: Tell,
        *,
        at_once: int,
        sweep_every: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store, self._repositories, self._walk, self._tell = store, tuple(repositories), walk, tell
        self._sweep_every, self._clock = sweep_every, clock
        self._changed = threading.Condition()
        self._running: dict[str, float] = {}
        self._rows: dict[str, tuple[int, float]] = {}
        """How many walks came right after each other, and until when another would be one more of them."""
        self._stopping = False
        self.swept = 0.0
        """When all repositories were last asked about, in seconds since 1970."""
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(at_once)]
        self._sweeper = threading.Thread(target=self._sweep_for_ever, daemon=True)

    def start(self) -> None:
        """Begin, with a sweep."""
        self.sweep()
        for thread in (*self._threads, self._sweeper):
            thread.start()

    def stop(self, within: float) -> bool:
        """Begin no walk any more, and wait for the running ones; False when some take longer.

        They may be abandoned: what they did not come to is still due.
        """
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
            return self._changed.wait_for(lambda: not self._running, within)

    def wake(self) -> None:
        """Something has become due."""
        with self._changed:
            self._changed.notify_all()

    def sweep(self) -> None:
        """Let every repository be due, and forget old deliveries."""
        now = self._clock()
        self._store.ask(self._repositories, "sync")
        self._store.prune(now)
        self.swept = now
        self.wake()

    @property
    def running(self) -> dict[str, float]:
        """The repositories that are being walked, and since when."""
        with self._changed:
            return dict(self._running)

    def _sweep_for_ever(self) -> None:
        while True:
            # Not all services that were started at once sweep at once.
            until = time.monotonic() + self._sweep_every * random.uniform(0.9, 1.1)  # noqa: S311
            with self._changed:
                if self._changed.wait_for(lambda: self._stopping, until - time.monotonic()):
                    return
            try:
                self.sweep()
            except sqlite3.Error as error:
                self._tell("error", f"the sweep could not be written down: {error}")

    def _work(self) -> None:
        while (task := self._take()) is not None:
            self._do(task)

    def _take(self) -> Task | None:
        """The next walk, when there is one; None when the service stops."""
        with self._changed:
            while not self._stopping:
                now, wait = self._clock(), 60.0
                try:
                    if (task := self._store.next(now, self._running)) is not None:
                        self._running[task.repository] = now
                        return task
                    wakes = self._store.wakes(self._running)
                    wait = 60.0 if wakes is None else max(0.01, min(60.0, wakes - now))
                except sqlite3.Error as error:
                    self._tell("error", f"the database cannot be used: {error}")
                    wait = 5.0
                self._changed.wait(wait)
        return None

    def _apart(self, repository: str, now: float) -> float:
        """What we write comes back as webhooks: should that ever go round in circles, then slowly."""
        count, until = self._rows.get(repository, (0, 0.0))
        count = count + 1 if now < until else 0
        pause = apart(count)
        self._rows[repository] = (count, now + pause + _IN_A_ROW)
        return pause

    def _do(self, task: Task) -> None:
        started = time.monotonic()
        try:
            outcome = self._walk(task.repository, task.need)
        except Exception as error:  # a defect met in one repository must not stop the others
            outcome = Outcome(f"unexpected: {type(error).__name__}: {error}", done=False)
        seconds = round(time.monotonic() - started, 3)
        now = self._clock()
        pause = self._apart(task.repository, now) if outcome.done else retry_after(task.failures)
        try:
            self._store.finish(task, now, now + pause, outcome.text, done=outcome.done, synced=outcome.synced)
        except sqlite3.Error as error:
            # Still due, as far as anybody knows; so it is walked again.
            if not self._stopping:
                self._tell("error", f"a walk could not be written down: {error}", repository=task.repository)
        about = {"repository": task.repository, "need": task.need, "seconds": seconds}
        if outcome.done:
            self._tell("info", f"walked: {outcome.text}", **about)
        else:
            self._tell("warning", f"not done: {outcome.text}", retry_in=round(pause), **about)
        with self._changed:
            self._running.pop(task.repository, None)
            self._changed.notify_all()


def apart(in_a_row: int) -> float:
    """Seconds until the next walk, after so many that came right after each other."""
    return APART * 2.0 ** min(4, max(0, in_a_row - _SLOWER_AFTER))


def retry_after(failures: int) -> float:
    """Seconds to wait after a failure that ``failures`` others came before."""
    pause: float = min(LAST_RETRY, FIRST_RETRY * 2.0 ** min(failures, 20))
    return pause * random.uniform(0.8, 1.0)  # noqa: S311
