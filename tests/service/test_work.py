"""Who walks when."""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from callboard.service import work as module
from callboard.service.events import Need
from callboard.service.store import Store
from callboard.service.work import LAST_RETRY, Outcome, Work, retry_after

WITHIN = 30.0


class Told:
    """The log."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def __call__(self, level: str, message: str, /, **about: object) -> None:
        self.lines.append((level, message))

    def has(self, part: str) -> bool:
        return any(part in message for _, message in self.lines)


class Walker:
    """Walks that the test holds and lets go."""

    def __init__(self) -> None:
        self.begun: list[tuple[str, Need]] = []
        self.now: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.gate = threading.Semaphore(0)
        self.changed = threading.Condition()
        self.outcome: Callable[[str], Outcome] = lambda _key: Outcome("fine", synced=True)

    def __call__(self, key: str, need: Need) -> Outcome:
        with self.changed:
            self.begun.append((key, need))
            self.now[key] += 1
            self.most[key] = max(self.most[key], self.now[key])
            self.changed.notify_all()
        self.gate.acquire(timeout=WITHIN)
        with self.changed:
            self.now[key] -= 1
            self.changed.notify_all()
        return self.outcome(key)

    def until(self, true: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(true, WITHIN), (self.begun, self.now)


@pytest.fixture(autouse=True)
def _in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "APART", 0.01)
    monkeypatch.setattr(module, "FIRST_RETRY", 0.01)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "callboard.db")


def until(true: Callable[[], bool]) -> None:
    waited = threading.Event()
    for _ in range(int(WITHIN / 0.01)):
        if true():
            return
        waited.wait(0.01)
    raise AssertionError("it did not come to pass")


def test_repositories_are_walked_side_by_side_and_each_one_at_a_time(store: Store) -> None:
    walker, told = Walker(), Told()
    work = Work(store, ["a", "b", "c"], walker, told, at_once=2, sweep_every=600)
    work.start()
    walker.until(lambda: len(walker.begun) == 2)
    assert set(work.running) == {key for key, _ in walker.begun}

    for _ in range(10):
        store.ask(["a", "b", "c"], "reconcile")
        work.wake()
    for _ in range(20):
        walker.gate.release()
    walker.until(lambda: len(walker.begun) >= 4)
    until(lambda: not any(one.due for one in store.states()))

    assert set(walker.most.values()) == {1}
    assert len(walker.begun) <= 6  # thirty hints
    assert work.stop(WITHIN)


def test_one_that_fails_for_ever_is_tried_again_and_the_others_go_on(store: Store) -> None:
    walker, told = Walker(), Told()

    def outcome(key: str) -> Outcome:
        if key == "bad":
            raise RuntimeError("it always does")
        return Outcome("fine", synced=True)

    walker.outcome = outcome
    work = Work(store, ["bad", "good"], walker, told, at_once=1, sweep_every=600)
    for _ in range(1000):
        walker.gate.release()
    work.start()

    until(lambda: any(one.repository == "good" and not one.due for one in store.states()))
    until(lambda: any(one.repository == "bad" and one.failures > 2 for one in store.states()))
    assert told.has("unexpected: RuntimeError: it always does")
    assert work.stop(WITHIN)


def test_sweeps_go_on(store: Store) -> None:
    walker = Walker()
    work = Work(store, ["a"], walker, Told(), at_once=1, sweep_every=0.05)
    for _ in range(1000):
        walker.gate.release()
    work.start()

    walker.until(lambda: len(walker.begun) >= 3)

    assert {need for _, need in walker.begun} == {"sync"}
    assert work.stop(WITHIN)


def test_a_stop_begins_nothing_and_does_not_wait_for_ever(store: Store) -> None:
    walker = Walker()
    work = Work(store, ["a", "b"], walker, Told(), at_once=1, sweep_every=600)
    work.start()
    walker.until(lambda: len(walker.begun) == 1)

    assert not work.stop(0.01)
    walker.gate.release()
    assert work.stop(WITHIN)

    assert len(walker.begun) == 1
    assert [one.repository for one in store.states() if one.due] == ["b"]


def test_a_walk_whose_end_could_not_be_written_down_is_still_due(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    walker, told = Walker(), Told()
    finish, failing = store.finish, [sqlite3.OperationalError("disk I/O error")]

    def once(*arguments: object, **named: object) -> None:
        if failing:
            raise failing.pop()
        finish(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(store, "finish", once)
    work = Work(store, ["a"], walker, told, at_once=1, sweep_every=600)
    for _ in range(10):
        walker.gate.release()
    work.start()

    walker.until(lambda: len(walker.begun) == 2)
    until(lambda: not store.states()[0].due)
    assert told.has("could not be written down: disk I/O error")
    assert work.stop(WITHIN)


def test_a_database_that_fails_for_a_while_ends_no_thread(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    walker, told = Walker(), Told()
    following, failing = store.next, [sqlite3.OperationalError("locked")]

    def once(*arguments: object) -> object:
        if failing:
            raise failing.pop()
        return following(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(store, "next", once)
    walker.gate.release()
    work = Work(store, ["a"], walker, told, at_once=1, sweep_every=600)
    work.start()
    until(lambda: told.has("the database cannot be used: locked"))
    work.wake()

    walker.until(lambda: len(walker.begun) == 1)
    assert work.stop(WITHIN)


def test_the_pause_grows_and_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_RETRY", 5.0)

    pauses = [retry_after(failures) for failures in (0, 3, 7, 1000)]

    assert pauses == sorted(pauses)
    assert 4 <= pauses[0] <= 5
    assert pauses[-1] <= LAST_RETRY


def test_walks_that_follow_each_other_for_ever_get_slower(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "APART", 1.0)
    work = Work(store, ["a"], Walker(), Told(), at_once=1, sweep_every=600)
    now, pauses = 1000.0, []
    for _ in range(20):
        pauses.append(work._apart("a", now))
        now += pauses[-1] + 2

    assert pauses[:5] == [1.0] * 5
    assert pauses == sorted(pauses)
    assert pauses[-1] == 16.0
    assert work._apart("b", now) == 1.0
    assert work._apart("a", now + 600) == 1.0
