"""What is in files, read when it is asked for: those of a large tree are never in memory together."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from callboard.documents.limits import Limits
from callboard.validation.diagnostics import Diagnostic

STDIN = "-"
_MOST = Limits().bytes + 1


class Files(Mapping[str, bytes]):
    """Contents by path, read when they are asked for. What cannot be read is empty, and a problem."""

    def __init__(self, paths: Iterable[str], stdin: BinaryIO) -> None:
        self.problems: list[Diagnostic] = []
        self._paths = dict.fromkeys(paths)
        self._stdin = stdin

    def __getitem__(self, path: str) -> bytes:
        if path not in self._paths:
            raise KeyError(path)
        try:
            return self._read_stdin if path == STDIN else content(path)
        except OSError as error:
            self.problems.append(_unreadable(path, error))
            return b""

    def add(self, path: str) -> None:
        """Let a file that was found later be one of them."""
        self._paths[path] = None

    def __contains__(self, path: object) -> bool:
        return path in self._paths

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)

    @cached_property
    def _read_stdin(self) -> bytes:
        return self._stdin.read(_MOST)


def content(path: str | Path) -> bytes:
    """What is in a file; what is larger than the reader's limit is cut behind it, for the reader to refuse.

    Raises OSError for what cannot be read, or is no file: reading a pipe or a device may never end.
    """
    # Without waiting for somebody to open the other end, where it is a pipe.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        known = os.fstat(descriptor)
        if not stat.S_ISREG(known.st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file", str(path))
        # Room is made for what is asked for: ten megabytes for each small file would be most of the work.
        found = os.read(descriptor, min(known.st_size + 1, _MOST))
        if len(found) == known.st_size:
            return found
        # It is large, or has just grown.
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return found + file.read(_MOST - len(found))
    finally:
        os.close(descriptor)


def _unreadable(path: str, error: OSError) -> Diagnostic:
    """That a file cannot be read."""
    message = f"it cannot be read: {error.strerror}; make it a file that whoever checks it may read"
    return Diagnostic(path, 1, 1, "error", "unreadable-file", message, None)
