"""Whether files are as they were, by what the system knows of them: much sooner told than by their contents.

As in git's index: a file that was changed a moment ago may be changed again within the same tick of the
clock, so nothing is said of it until it is older.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterable

_RECENT = 2_000_000_000
"""Nanoseconds: the coarsest clock of a file system in use, which is FAT's."""


def signatures(paths: Iterable[str]) -> dict[str, str]:
    """What differs whenever a file's content differs, by path. Without what may still change unnoticed.

    That is what changed just now, what cannot be told, and links, whose targets may change.
    """
    latest = time.time_ns() - _RECENT
    found = {}
    for path in paths:
        try:
            one = os.lstat(path)
        except (OSError, ValueError):
            continue
        changed, mode = one.st_ctime_ns, one.st_mode
        if stat.S_ISREG(mode) and changed < latest and one.st_mtime_ns < latest:
            found[path] = f"{one.st_mtime_ns} {changed} {one.st_size} {one.st_ino} {one.st_dev}"
    return found
