"""Patterns of paths: what people name as ``**/catalog-info.yaml``, and the lines of an ignore file.

Matched part by part and without backtracking over parts, because an ignore file comes with a pull request:
no pattern may take more than a moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

_ANY_DEPTH = "**"


def is_glob(text: str) -> bool:
    """Whether a shell would take it for a pattern."""
    return any(character in text for character in "*?[")


def split_glob(pattern: str) -> tuple[str, str]:
    """The folder that a pattern surely begins with (empty for here), and the rest."""
    parts = pattern.split("/")
    fixed = next(number for number, part in enumerate(parts) if is_glob(part))
    folder = "/".join(parts[:fixed])
    return folder if folder or not fixed else "/", "/".join(parts[fixed:])


def matches(pattern: str, path: str) -> bool:
    """Whether all of ``path`` is as ``pattern`` says: ``*``, ``?`` and ``[…]`` within a name, ``**`` for any
    number of folders."""
    return _ends(pattern.split("/"), path.split("/"))[-1]


def _ends(pattern: Sequence[str], path: Sequence[str]) -> list[bool]:
    """For each number of leading names of ``path``, whether the whole pattern matches just those."""
    reached = [True, *[False] * len(path)]
    for part in pattern:
        if part == _ANY_DEPTH:
            first = reached.index(True) if True in reached else len(reached)
            reached = [number >= first for number in range(len(reached))]
        else:
            reached = [False] + [
                reached[number] and fnmatchcase(name, part) for number, name in enumerate(path)
            ]
    return reached


@dataclass(frozen=True)
class _Line:
    parts: tuple[str, ...]
    only_folders: bool
    ignores: bool


class Ignored:
    """What an ignore file passes over, written like a ``.gitignore``: the last line that matches decides."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = [line for text in lines if (line := _line(text)) is not None]

    def __bool__(self) -> bool:
        """Whether anything can be passed over."""
        return bool(self._lines)

    def __contains__(self, path: object) -> bool:
        """Whether a file is passed over; ``path`` is relative to the ignore file's folder, with ``/``."""
        names = str(path).split("/")
        ignored = False
        for line in self._lines:
            if line.ignores is not ignored:
                ends = _ends(line.parts, names)
                # What matches a folder matches everything in it.
                if any(ends[1:-1]) or (ends[-1] and not line.only_folders):
                    ignored = line.ignores
        return ignored


def _line(text: str) -> _Line | None:
    pattern = text.rstrip()
    if not pattern or pattern.startswith("#"):
        return None
    ignores = not pattern.startswith("!")
    pattern = pattern.removeprefix("!")
    anchored = "/" in pattern.rstrip("/")
    parts = pattern.strip("/").split("/")
    if parts[-1] == _ANY_DEPTH:
        parts.append("*")  # what is in a folder, and not the folder itself
    return _Line(tuple(parts if anchored else [_ANY_DEPTH, *parts]), pattern.endswith("/"), ignores)
