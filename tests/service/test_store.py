"""What is due stays due until it was done, whoever dies in between."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.service import store as module
from callboard.service.store import KEPT_FOR, PROMPT, Store, Task


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "callboard.db")


def done(store: Store, task: Task, now: float = 0.0) -> None:
    store.finish(task, now, now, "fine", done=True, synced=task.need == "sync")


def test_it_is_written_through_to_the_disk(store: Store) -> None:
    database = store._database

    assert database.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert database.execute("PRAGMA synchronous").fetchone()[0] == 2  # FULL


def test_a_delivery_makes_its_repository_due_once(store: Store) -> None:
    assert store.take_in(b"1", "a", "push", "sync", 1.0)
    assert not store.take_in(b"1", "a", "push", "sync", 2.0)

    task = store.next(3.0, ())
    assert task == Task("a", "sync", 1, 0)
    done(store, task)
    assert store.next(4.0, ()) is None


def test_what_is_asked_during_a_walk_is_due_after_it(store: Store) -> None:
    store.ask(["a"], "reconcile")
    task = store.next(1.0, ())
    assert task is not None
    store.ask(["a"], "sync")
    store.ask(["a"], "reconcile")

    done(store, task)

    more = store.next(2.0, ())
    assert more is not None
    assert (more.need, more.asked) == ("sync", 3)
    done(store, more)
    assert store.next(3.0, ()) is None


def test_whoever_opens_it_after_a_death_finds_the_same(tmp_path: Path) -> None:
    first = Store(tmp_path / "callboard.db")
    first.take_in(b"1", "a", "push", "sync", 1.0)
    assert first.next(1.0, ()) is not None  # and it dies

    second = Store(tmp_path / "callboard.db")

    assert second.next(2.0, ()) == Task("a", "sync", 1, 0)
    assert not second.take_in(b"1", "a", "push", "sync", 1.0)


def test_the_one_that_waited_longest_is_next_and_none_twice_at_once(store: Store) -> None:
    store.ask(["a", "b", "c"], "sync")

    order: list[str] = []
    for now in (1.0, 2.0, 3.0):
        task = store.next(now, order)
        assert task is not None
        order.append(task.repository)
    assert sorted(order) == ["a", "b", "c"]
    assert store.next(4.0, order) is None
    again = store.next(5.0, ())
    assert again is not None
    assert again.repository == order[0]


def test_what_failed_waits_and_a_delivery_makes_it_wait_less(store: Store) -> None:
    store.ask(["a"], "sync")
    task = store.next(0.0, ())
    assert task is not None
    store.finish(task, 0.0, 900.0, "no answer", done=False, synced=False)

    assert store.next(10.0, ()) is None
    assert store.wakes(()) == 900.0
    assert store.wakes(("a",)) is None
    store.take_in(b"1", "a", "push", "reconcile", 10.0)
    assert store.wakes(()) == 10.0 + PROMPT
    again = store.next(20.0, ())
    assert again is not None
    assert (again.need, again.failures) == ("sync", 1)


def test_sources_that_were_read_are_not_read_again_for_what_failed_after_them(store: Store) -> None:
    store.ask(["a"], "sync")
    task = store.next(0.0, ())
    assert task is not None

    store.finish(task, 0.0, 0.0, "could not merge", done=False, synced=True)

    assert store.next(1.0, ()) == Task("a", "reconcile", 1, 1)


def test_a_start_forgets_what_is_not_served_and_lets_nothing_wait(store: Store) -> None:
    store.ask(["a", "b"], "sync")
    task = store.next(0.0, ("b",))
    assert task is not None
    store.finish(task, 0.0, 900.0, "no answer", done=False, synced=False)

    store.begin(["a", "c"])

    assert [one.repository for one in store.states()] == ["a"]
    assert store.next(0.0, ()) == Task("a", "sync", 1, 0)


def test_deliveries_are_forgotten_in_time_and_work_is_not(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_KEPT", 3)
    for number in range(6):
        store.take_in(bytes([number]), "a", "push", "sync", float(number))

    assert store.prune(1.5 + KEPT_FOR) == 3  # two too old, one too many

    assert not store.take_in(bytes([5]), "a", "push", "sync", 9.0)
    assert store.take_in(bytes([0]), "a", "push", "sync", 9.0)
    assert store.next(9.0, ()) is not None


def test_a_write_that_fails_leaves_nothing_half_done(store: Store) -> None:
    store._database.execute("CREATE TRIGGER full BEFORE UPDATE ON due BEGIN SELECT RAISE(ABORT, 'full'); END")

    with pytest.raises(sqlite3.Error, match="full"):
        store.take_in(b"1", "a", "push", "sync", 1.0)

    store._database.execute("DROP TRIGGER full")
    assert store.states() == ()
    assert store.take_in(b"1", "a", "push", "sync", 1.0)


def test_a_database_of_another_release_is_begun_anew(tmp_path: Path) -> None:
    old = Store(tmp_path / "callboard.db")
    old.ask(["a"], "sync")
    old._database.execute("PRAGMA user_version = 99")
    old.close()

    assert Store(tmp_path / "callboard.db").states() == ()


@given(
    steps=st.lists(
        st.sampled_from(["ask", "sync", "take", "done", "failed", "died"]), min_size=1, max_size=40
    )
)
def test_whatever_happens_the_last_thing_asked_is_done_after_it_was_asked(steps: list[str]) -> None:
    store = Store(Path(":memory:"))
    running: Task | None = None
    asked_at = synced_asked_at = 0
    walked: list[tuple[str, int]] = []
    begun = 0
    for moment, step in enumerate([*steps, "died", "take", "done", "take", "done"], 1):
        if step in ("ask", "sync"):
            store.ask(["a"], "sync" if step == "sync" else "reconcile")
            asked_at = moment
            synced_asked_at = moment if step == "sync" else synced_asked_at
        elif step == "take" and running is None:
            running, begun = store.next(float(moment), ()), moment
        elif step == "died":
            running = None
        elif running is not None:
            if step == "done":
                done(store, running)
                walked.append((running.need, begun))
            else:
                store.finish(running, 0.0, 0.0, "", done=False, synced=False)
            running = None

    assert not asked_at or max(begun for _, begun in walked) > asked_at
    assert not synced_asked_at or max(begun for need, begun in walked if need == "sync") > synced_asked_at
    assert store.next(1e9, ()) is None
