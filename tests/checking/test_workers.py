"""Several processes: what they answer, and how they end."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path

import pytest

from callboard.checking.workers import WORTHWHILE, WorkerEnded, begin, workers
from tests.checking.works import ending, failing, same, waiting

QUESTIONS = list(range(2 * WORTHWHILE + 1))
ENTITY = "apiVersion: backstage.io/v1alpha1\nkind: Domain\nmetadata: {name: n}\nspec: {owner: o}\n---\n"
PROGRAM = """
import signal, sys, threading, time
# However this test was started: a shell makes background jobs deaf to Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)
if sys.argv.pop(1) == "spawn":
    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
from callboard.cli.main import main
main(["validate", "--no-cache", "--jobs", "3"])
"""
HOW = pytest.mark.parametrize("how", ["fork", "spawn"])


@contextmanager
def thread() -> Iterator[None]:
    """Another thread, beside which no process may be forked."""
    ended = threading.Event()
    other = threading.Thread(target=ended.wait)
    other.start()
    try:
        yield
    finally:
        ended.set()
        other.join()


def test_answers_come_in_the_order_of_the_questions() -> None:
    with workers(3) as some:
        for many in (0, 1, WORTHWHILE, len(QUESTIONS)):
            assert some.ask(same, QUESTIONS[:many]) == QUESTIONS[:many]


def test_a_process_that_dies_is_told() -> None:
    with workers(2) as some:

        def ask_until_another_was_asked() -> None:
            for _ in range(10_000):
                some.ask(partial(ending, here=os.getpid()), QUESTIONS)

        with pytest.raises(WorkerEnded, match="--jobs 1"):
            ask_until_another_was_asked()


def test_what_fails_elsewhere_is_done_again_here() -> None:
    with workers(2) as some:
        assert some.ask(partial(failing, here=os.getpid()), QUESTIONS) == QUESTIONS
        with pytest.raises(RuntimeError):
            some.ask(partial(failing, here=0), QUESTIONS)


def test_another_process_says_that_it_is_ready_then_answers_until_the_first_is_gone() -> None:
    ours, theirs = multiprocessing.Pipe()
    serving = threading.Thread(target=begin, args=[os.dup(theirs.fileno())])
    serving.start()
    theirs.close()
    for sent, answer in ((same, None), ([1, 2], [1, 2]), (partial(failing, here=0), None), ([1], None)):
        ours.send(sent)
        assert ours.recv() == answer
    ours.close()
    serving.join(60)
    assert not serving.is_alive()


def test_where_no_process_can_begin_this_one_answers_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with thread(), workers(4) as some:
        assert some.ask(same, QUESTIONS) == QUESTIONS


def test_a_daemon_of_multiprocessing_may_ask() -> None:
    daemon = multiprocessing.get_context("fork").Process(target=ask_for_all, daemon=True)
    daemon.start()
    daemon.join(60)
    assert daemon.exitcode == 0


def ask_for_all() -> None:
    with workers(2) as some:
        assert some.ask(same, QUESTIONS) == QUESTIONS


@HOW
def test_all_processes_answer(how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    questions = [0] * 20_000
    with thread() if how == "spawn" else nullcontext(), workers(2) as some:
        for one in range(2):  # the second time of one that is there already
            answers = some.ask(partial(waiting, here=os.getpid(), flag=tmp_path / str(one)), questions)
            assert len(answers) == len(questions)
            assert len({*answers} - {os.getpid()}) == 1


def test_a_new_process_loads_nothing_from_the_checked_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("multiprocessing", "pickle", "callboard"):
        (tmp_path / f"{name}.py").write_text("open('was-run', 'w')")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    monkeypatch.chdir(tmp_path)
    with thread(), workers(2) as some:
        some.ask(partial(waiting, here=os.getpid(), flag=tmp_path / "flag"), [0] * 20_000)
    assert (tmp_path / "flag").exists()
    assert not (tmp_path / "was-run").exists()


@pytest.fixture
def running(how: str, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A check that takes long, and has begun to take long in two other processes."""
    for number in range(WORTHWHILE + 10):
        (tmp_path / f"{number}.yaml").write_text(ENTITY * 400)
    command = [sys.executable, "-c", PROGRAM, how]
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        while len(others(process)) < 2:
            assert process.poll() is None
            time.sleep(0.01)
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def others(process: subprocess.Popen[str]) -> list[int]:
    """The processes that check beside the first."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            state, _, group, *_ = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(group) == process.pid and state != "Z":
                found.append(int(folder.name))
    return [one for one in found if one != process.pid]


def wait_for_nobody(process: subprocess.Popen[str]) -> None:
    """Until no other is left."""
    deadline = time.monotonic() + 60
    while others(process):
        assert time.monotonic() < deadline
        time.sleep(0.01)


@HOW
def test_ctrl_c_ends_all_processes_without_a_word_about_code(running: subprocess.Popen[str]) -> None:
    os.killpg(running.pid, signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130
    assert said.strip() == "Error: Aborted."
    wait_for_nobody(running)


@HOW
def test_a_process_that_is_killed_ends_the_check_with_what_to_do(running: subprocess.Popen[str]) -> None:
    os.kill(others(running)[0], signal.SIGKILL)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 3
    assert "(--jobs 1)" in said
    assert "Traceback" not in said
    wait_for_nobody(running)


@HOW
def test_nobody_goes_on_once_the_first_process_is_killed(running: subprocess.Popen[str]) -> None:
    running.kill()
    running.wait()
    wait_for_nobody(running)
