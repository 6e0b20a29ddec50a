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
    """What each of them answers in each round.

    Nobody comes after the same one again before there were as many rounds as contenders (E. J. Williams'
    design): one that fills memory and caches, or leaves a core asleep, makes the next one slower.
    """
    names = list(contenders)
    found: dict[_Name, list[_Measured]] = {name: [] for name in names}
    for number in range(rounds):
        for place in range(len(names)):
            step = place // 2 if place % 2 == 0 else -(place + 1) // 2
            name = names[(number + step) % len(names)]
            found[name].append(contenders[name]())
    return found


def wall(work: Callable[[], object]) -> float:
    """How many seconds it takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
