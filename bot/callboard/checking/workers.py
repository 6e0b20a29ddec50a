"""Looks at files in several processes; the answers come in the order of the questions.

A worker is given paths and reads the files itself, so that contents are never in two processes.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

Question = TypeVar("Question")
Answer = TypeVar("Answer")

CHUNK = 48
"""Questions that are sent at once: few enough for all workers to end together, enough to make up for it."""
WORTHWHILE = 4 * CHUNK
"""Questions from which on several processes are sooner done than one, their start included."""


class WorkerEnded(OSError):
    """A process of the check ended before it answered; the message says what to do."""


class Workers:
    """Answers questions in other processes, where that is worthwhile, and here otherwise.

    ``jobs`` is the number of processes; by default, one for each core that this one may use.
    """

    def __init__(self, jobs: int | None = None) -> None:
        self._jobs = jobs or cores()
        self._executor: ProcessPoolExecutor | None = None

    def ask(
        self, work: Callable[[Sequence[Question]], list[Answer]], questions: Sequence[Question]
    ) -> Iterator[Answer]:
        """What ``work`` answers to the questions, in their order. Both must be able to travel (pickle).

        Raises WorkerEnded when a process was ended from outside, as a system without memory does.
        """
        chunks = [questions[at : at + CHUNK] for at in range(0, len(questions), CHUNK)]
        if self._jobs == 1 or len(questions) < WORTHWHILE:
            for chunk in chunks:
                yield from work(chunk)
            return
        from concurrent.futures.process import BrokenProcessPool

        self._executor = self._executor or _executor(min(self._jobs, len(chunks)))
        futures = [self._executor.submit(work, chunk) for chunk in chunks]
        try:
            for future in futures:
                yield from future.result()
        except BrokenProcessPool:
            raise WorkerEnded(
                f"one of {self._jobs} processes ended while it checked files, perhaps for lack of memory; "
                "check again with fewer at a time (--jobs 1)"
            ) from None

    def close(self) -> None:
        """End the processes, without waiting for answers that nobody wants any more."""
        if self._executor is not None:
            self._executor.shutdown(cancel_futures=True)


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


def _executor(jobs: int) -> ProcessPoolExecutor:
    import gc
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    # A fork has everything loaded; but where other threads run, or on a Mac, only a new process is safe.
    forks = sys.platform == "linux" and threading.active_count() == 1
    if forks:
        gc.freeze()
    context = multiprocessing.get_context("fork" if forks else "spawn")
    return ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin)


def _begin() -> None:
    # Ctrl-C reaches every process of a terminal; the first one tells the others to end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
