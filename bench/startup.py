"""What ``callboard --help`` costs, against the interpreter alone and against loading everything."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from bench.report import Bound, Figure, median, ratio, seconds
from bench.turns import in_turns

_AT_MOST = 0.150
_EVERYTHING = "import callboard.cli.main, callboard.cli.sync, callboard.walk.reconcile, callboard.walk.sync"


def measure(*, rounds: int = 10) -> Figure:
    """The figure, in CPU time: what a person waits for on an idle machine, whatever else runs on this one."""
    command = Path(sys.executable).with_name("callboard")
    contenders: dict[str, Sequence[str | Path]] = {
        "callboard --help": [command, "--help"],
        "python -c pass": [sys.executable, "-c", "pass"],
        "all that a sync loads": [sys.executable, "-c", _EVERYTHING],
    }
    times = in_turns({name: partial(_cpu, arguments) for name, arguments in contenders.items()}, rounds)
    took = {name: median(found) for name, found in times.items()}
    ours = took["callboard --help"]
    return Figure(
        title="callboard --help",
        how=(
            "User and system time of the whole process, median of "
            f"{rounds}, in turns; beside the bare interpreter, and what it would be if help loaded what a "
            "sync does."
        ),
        columns=("process", "CPU time", "against --help"),
        rows=tuple((name, seconds(time), ratio(time, ours)) for name, time in took.items()),
        bounds=(
            Bound(f"at most {seconds(_AT_MOST)} of CPU: {seconds(ours)}", ours <= _AT_MOST, is_count=False),
        ),
    )


def _cpu(arguments: Sequence[str | Path]) -> float:
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, [str(one) for one in arguments])
    return used.ru_utime + used.ru_stime
