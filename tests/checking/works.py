"""Work for other processes, apart from the tests: what loads this must be quick."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path


def same(questions: Sequence[int]) -> list[int]:
    return list(questions)


def ending(questions: Sequence[int], here: int) -> list[int]:
    """Ends any process but that which asks."""
    if os.getpid() != here:
        os._exit(9)
    return list(questions)


def failing(questions: Sequence[int], here: int) -> list[int]:
    """Fails in any process but that which asks."""
    if os.getpid() != here:
        raise RuntimeError
    return list(questions)


def waiting(questions: Sequence[int], here: int, flag: Path) -> list[int]:
    """Which process answers; slowly here, until another one has begun."""
    if os.getpid() != here:
        flag.touch()
    elif not flag.exists():
        time.sleep(0.02)
    return [os.getpid()] * len(questions)
