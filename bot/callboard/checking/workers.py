"""Looks at files in several processes at once, this one among them.

Another process is given paths and reads the files itself, so that contents are never in two processes. It is
given little at a time, and only when it has nothing to do: so all end together, none waits for another, and
neither side can be stuck with something that the other does not take.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

Question = TypeVar("Question")
Answer = TypeVar("Answer")
_Ending = tuple[Callable[[], object], Callable[[], object]]

CHUNK = 48
"""Questions that are sent at once, at most: so many that the sending does not matter."""
WORTHWHILE = 4 * CHUNK
"""Questions from which on several processes are sooner done than one, their start included."""
_LEAST = 4
"""Questions that are answered at once here, and elsewhere when few are left, so that nobody waits long."""


class WorkerEnded(OSError):
    """A process of the check ended before it answered; the message says what to do."""


class Workers:
    """Answers questions in several processes, where that is worthwhile, and here otherwise.

    ``jobs`` is the number of processes; by default, one for each core that this one may use.
    """

    def __init__(self, jobs: int | None = None) -> None:
        self._jobs = jobs or cores()
        self._others: list[_Other] = []

    def ask(
        self, work: Callable[[Sequence[Question]], list[Answer]], questions: Sequence[Question]
    ) -> list[Answer]:
        """What ``work`` answers to the questions, in their order. All of it must be able to travel (pickle).

        Raises WorkerEnded when a process was ended from outside, as a system without memory does.
        """
        if self._jobs == 1 or len(questions) < WORTHWHILE:
            return work(questions)
        # Before there are others: what it loads and prepares for the first ones, a fork has.
        first = work(questions[:_LEAST])
        # Where the system lets nobody begin another process, those that there are have to do.
        with suppress(OSError):
            while len(self._others) < self._jobs - 1:
                self._others.append(_Other([one.connection for one in self._others]))
        return first + _answers(work, questions[_LEAST:], self._others)

    def close(self) -> None:
        """End the other processes, without waiting for answers that nobody wants any more."""
        for one in self._others:
            one.end()


@contextmanager
def workers(jobs: int | None = None) -> Iterator[Workers]:
    """Workers for as long as the ``with`` lasts."""
    some = Workers(jobs)
    try:
        yield some
    finally:
        some.close()


def cores() -> int:
    """How many processes this one may have run at once."""
    may_use = getattr(os, "sched_getaffinity", None)
    return len(may_use(0)) if may_use else os.cpu_count() or 1


def _answers(
    work: Callable[[Sequence[Question]], list[Answer]], questions: Sequence[Question], others: list[_Other]
) -> list[Answer]:
    """The answers of this process and of others: each takes the next questions when it has nothing to do."""
    found: dict[int, list[Answer]] = {}
    at = 0
    answering = select.poll()
    by_number = {one.connection.fileno(): one for one in others}
    for number, one in by_number.items():
        one.send(work)
        answering.register(number, select.POLLIN)
    while at < len(questions) or any(one.given is not None for one in others):
        for number, _ in answering.poll(0 if at < len(questions) else None):
            one = by_number[number]
            answers, given = one.receive()
            if given is not None:
                # What went wrong there is done again here, where it can be told.
                found[given.start] = work(questions[given]) if answers is None else answers
            if at < len(questions) and one.is_ready:
                share = (len(questions) - at) // (2 * len(others) + 2)
                given = slice(at, at + min(max(share, _LEAST), CHUNK))
                one.send(questions[given], given)
                at = given.stop
        if at < len(questions):
            found[at] = work(questions[at : at + _LEAST])
            at += _LEAST
    return [answer for start in sorted(found) for answer in found[start]]


class _Other:
    """Another process, which answers what it is sent: None to work, to say that it is ready; or answers."""

    def __init__(self, siblings: list[Connection]) -> None:
        from multiprocessing import current_process
        from multiprocessing.connection import Pipe

        self.connection, theirs = Pipe()
        self.given: slice | None = None
        self._unanswered = 0
        # Ctrl-C reaches every process of a terminal; the first one ends the others.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            # A fork has everything loaded; but beside other threads, or on a Mac, only a new process is safe,
            # and multiprocessing's own daemons may not fork by it.
            may_fork = threading.active_count() == 1 and not current_process().daemon
            if sys.platform == "linux" and may_fork:
                self._kill, self._wait = _forked(theirs, [*siblings, self.connection])
            else:
                self._kill, self._wait = _spawned(theirs)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            theirs.close()

    @property
    def is_ready(self) -> bool:
        """Whether it waits for something to do."""
        return not self._unanswered

    def send(self, message: object, given: slice | None = None) -> None:
        """Send work, or questions, which are those that are ``given``."""
        self.given = given
        self._unanswered += 1
        with _told():
            self.connection.send(message)

    def receive(self) -> tuple[Any, slice | None]:
        """The next answer, and which questions it answers."""
        with _told():
            answer = self.connection.recv()
        self._unanswered -= 1
        given, self.given = self.given, None
        return answer, given

    def end(self) -> None:
        """End it at once: it holds nothing that anybody misses."""
        self._kill()
        self._wait()
        self.connection.close()


def _forked(theirs: Connection, inherited: list[Connection]) -> _Ending:
    """Begin a process that has all that this one has; answer what kills it, and what waits for that."""
    import gc
    from multiprocessing import get_context

    gc.freeze()
    process = get_context("fork").Process(target=_serve, args=(theirs, inherited), daemon=True)
    process.start()
    return process.kill, process.join


def _spawned(theirs: Connection) -> _Ending:
    """Begin a process of its own; answer what kills it, and what waits for that.

    Not by multiprocessing, which looks for modules in the checked folder first, runs the program once more
    that called for a check, and leaves new processes open to Ctrl-C.
    """
    import subprocess

    program = f"from callboard.checking.workers import begin; begin({theirs.fileno()})"
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", program], stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()]
    )
    return process.kill, process.wait


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (EOFError, OSError) as error:
        raise WorkerEnded(
            "one of the processes ended while it checked files, perhaps for lack of memory; "
            "check again with fewer at a time (--jobs 1)"
        ) from error


def begin(number: int) -> None:
    """Serve the process that began this one, by a connection with this number."""
    from multiprocessing.connection import Connection

    _serve(Connection(number), [])


def _serve(connection: Connection, inherited: Sequence[Connection]) -> None:
    for one in inherited:
        # Else nobody would be told when the first process is gone.
        one.close()
    work: Callable[[Any], object] = len
    # Until the other side is gone.
    with suppress(EOFError, OSError):
        while True:
            message = connection.recv()
            if callable(message):
                work, answer = message, None
            else:
                answer = _answer(work, message)
            connection.send(answer)


def _answer(work: Callable[[Any], object], questions: object) -> object:
    try:
        return work(questions)
    except Exception:
        return None
