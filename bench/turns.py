"""Contenders in turns, so that what else the machine does meanwhile costs each of them alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TypeVar

_Name = TypeVar("_Name")
_Measured = TypeVar("_Measured")


def in_turns(
    contenders: Mapping[_Name, Callable[[], _Measured]], rounds: int
) -> dict[_Name, list[_Measured]]:
    """What each of them answers in each round."""
    found: dict[_Name, list[_Measured]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, measured in contenders.items():
            found[name].append(measured())
    return found


def wall(work: Callable[[], object]) -> float:
    """How many seconds it takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
