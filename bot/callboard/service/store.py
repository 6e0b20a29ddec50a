"""What must not be lost: which repositories are due, and which deliveries have been seen.

One SQLite file. A delivery and what it asks for are written in one transaction, before it is answered. What
is due is a count of what was asked and a count of what was done: whoever dies in between leaves it due. Git
and the forge are the memory of all else, so the file may be deleted while the service does not run.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from callboard.service.events import Need

KEPT_FOR = 3 * 24 * 3600.0
"""Seconds that a delivery is remembered: as long as forges send one again."""
MOST_KEPT = 50_000
"""Deliveries that are remembered at most."""
PROMPT = 5.0
"""Seconds until a repository whose walks fail is tried again after a delivery."""

_VERSION = 1
_TABLES = """
CREATE TABLE IF NOT EXISTS deliveries (
    digest BLOB PRIMARY KEY, repository TEXT NOT NULL, event TEXT NOT NULL, received REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS deliveries_by_age ON deliveries (received);
CREATE TABLE IF NOT EXISTS due (
    repository TEXT PRIMARY KEY,
    asked INTEGER NOT NULL DEFAULT 0, done INTEGER NOT NULL DEFAULT 0,
    sync_asked INTEGER NOT NULL DEFAULT 0, sync_done INTEGER NOT NULL DEFAULT 0,
    not_before REAL NOT NULL DEFAULT 0, failures INTEGER NOT NULL DEFAULT 0,
    started REAL, finished REAL, outcome TEXT
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS heartbeat (one INTEGER PRIMARY KEY CHECK (one = 1), at REAL NOT NULL);
"""


@dataclass(frozen=True)
class Task:
    """A walk that is due."""

    repository: str
    need: Need
    asked: int
    """How much had been asked when the walk began: what is asked later needs another walk."""
    failures: int
    """Walks in a row before this one that came to no end."""


@dataclass(frozen=True)
class State:
    """How a repository stands, for people."""

    repository: str
    due: bool
    not_before: float
    failures: int
    started: float | None
    finished: float | None
    outcome: str | None


class Store:
    """The database, for all threads. Raises sqlite3.Error when it cannot be written."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
        self._database.row_factory = sqlite3.Row
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")
        (version,) = self._database.execute("PRAGMA user_version").fetchone()
        if version not in (0, _VERSION):
            # Written by another release. A sweep asks for everything again.
            self._database.executescript("DROP TABLE IF EXISTS deliveries; DROP TABLE IF EXISTS due;")
        self._database.executescript(_TABLES)
        self._database.execute(f"PRAGMA user_version = {_VERSION}")

    def close(self) -> None:
        """No thread may use it any more; one that does gets sqlite3.ProgrammingError."""
        with self._lock:
            self._database.close()

    def begin(self, repositories: Collection[str]) -> None:
        """Forget what is not served any more; let nothing wait for what failed in an earlier life."""
        with self._changing() as database:
            known = {row["repository"] for row in database.execute("SELECT repository FROM due")}
            database.executemany(
                "DELETE FROM due WHERE repository = ?", [(one,) for one in known - set(repositories)]
            )
            database.execute("UPDATE due SET not_before = 0, failures = 0")

    def take_in(self, digest: bytes, repository: str, event: str, need: Need, now: float) -> bool:
        """Keep a delivery and what it asks for; False when it was here before. On disk when this returns."""
        with self._changing() as database:
            row = (digest, repository, event, now)
            if not database.execute("INSERT OR IGNORE INTO deliveries VALUES (?, ?, ?, ?)", row).rowcount:
                return False
            _ask(database, repository, need)
            # Somebody did something: what failed before may go now, and need not wait its whole time.
            database.execute(
                "UPDATE due SET not_before = MIN(not_before, ?) WHERE repository = ?",
                (now + PROMPT, repository),
            )
        return True

    def ask(self, repositories: Collection[str], need: Need) -> None:
        """Let each of them be due."""
        with self._changing() as database:
            for repository in repositories:
                _ask(database, repository, need)

    def next(self, now: float, busy: Collection[str]) -> Task | None:
        """The walk to do next: the one that has waited longest since its repository's last walk began."""
        with self._changing() as database:
            rows = database.execute(
                "SELECT * FROM due WHERE asked > done AND not_before <= ? "
                "ORDER BY COALESCE(started, 0), repository",
                (now,),
            )
            row = next((row for row in rows if row["repository"] not in busy), None)
            if row is None:
                return None
            database.execute("UPDATE due SET started = ? WHERE repository = ?", (now, row["repository"]))
        need: Need = "sync" if row["sync_asked"] > row["sync_done"] else "reconcile"
        return Task(row["repository"], need, row["asked"], row["failures"])

    def wakes(self, busy: Collection[str]) -> float | None:
        """When the next walk becomes due, of those that are asked for; None when none is."""
        with self._lock:
            rows = self._database.execute("SELECT repository, not_before FROM due WHERE asked > done")
            return min((row["not_before"] for row in rows if row["repository"] not in busy), default=None)

    def finish(
        self, task: Task, now: float, not_before: float, outcome: str, *, done: bool, synced: bool
    ) -> None:
        """A walk ended. Unless ``done``, it stays due; ``synced``: without reading the sources again."""
        with self._changing() as database:
            database.execute(
                "UPDATE due SET done = MAX(done, ?), sync_done = MAX(sync_done, ?), failures = ?,"
                " finished = ?, not_before = ?, outcome = ? WHERE repository = ?",
                (
                    task.asked if done else 0,
                    task.asked if synced else 0,
                    0 if done else task.failures + 1,
                    now,
                    not_before,
                    outcome,
                    task.repository,
                ),
            )

    def states(self) -> tuple[State, ...]:
        """How every repository stands."""
        with self._lock:
            rows = self._database.execute("SELECT * FROM due ORDER BY repository").fetchall()
        return tuple(
            State(
                row["repository"], row["asked"] > row["done"], row["not_before"], row["failures"],
                row["started"], row["finished"], row["outcome"],
            )
            for row in rows
        )  # fmt: skip

    def prune(self, now: float) -> int:
        """Forget old deliveries, and the oldest of too many; answers how many.

        What they asked for stands in the other table.
        """
        with self._changing() as database:
            old = database.execute("DELETE FROM deliveries WHERE received < ?", (now - KEPT_FOR,)).rowcount
            more = database.execute(
                "DELETE FROM deliveries WHERE digest IN "
                "(SELECT digest FROM deliveries ORDER BY received DESC LIMIT -1 OFFSET ?)",
                (MOST_KEPT,),
            ).rowcount
        return old + more

    def beat(self, now: float) -> None:
        """Write something, to know that it can be done."""
        with self._changing() as database:
            database.execute("INSERT OR REPLACE INTO heartbeat VALUES (1, ?)", (now,))

    @contextlib.contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")


def _ask(database: sqlite3.Connection, repository: str, need: Need) -> None:
    database.execute("INSERT OR IGNORE INTO due (repository) VALUES (?)", (repository,))
    more: dict[Need, Any] = {"sync": ", sync_asked = asked + 1", "reconcile": ""}
    database.execute(f"UPDATE due SET asked = asked + 1{more[need]} WHERE repository = ?", (repository,))  # noqa: S608
