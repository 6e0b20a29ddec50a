"""Something happens before or after one write of a walk; the walk may die there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from callboard.walk.workplace import Workplace

WRITES = ("merge", "open", "edit", "comment", "label", "close", "edit_issue", "push")
"""What a walk does that others see, by the names of the forge's methods and the repository's."""


class Killed(BaseException):
    """The process is gone: nothing of the product may catch this."""


@dataclass
class Boundary:
    """One write of a walk, counted from 1, before or after which something happens."""

    at: int
    after: bool
    happens: Callable[[], None]
    what: str | None = None
    """Which writes count, of ``WRITES``; None: every request that writes, and pushes."""

    def around(self, write: Callable[[], Any]) -> Any:
        self.at -= 1
        due = self.at == 0
        if due and not self.after:
            self.happens()
        done = write()
        if due and self.after:
            self.happens()
        return done


def at_each_write(place: Workplace, boundary: Boundary) -> None:
    """Have the boundary count the writes of a walk from now on."""
    forge: Any = place.forge
    if boundary.what is None:
        by, name = (forge._writer, "send") if hasattr(forge, "_writer") else (forge._api, "write")
        _count(by, name, boundary)
    elif boundary.what != "push":
        _count(forge, boundary.what, boundary)
    if boundary.what in (None, "push"):
        _count(place.repository, "push", boundary)


def _count(by: Any, name: str, boundary: Boundary) -> None:
    write = getattr(by, name)
    vars(by)[name] = lambda *asked, **more: boundary.around(lambda: write(*asked, **more))
