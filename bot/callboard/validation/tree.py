"""Trees: what counts as the content of a folder, and what of it is passed over."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from callboard.validation.contents import content
from callboard.validation.globs import Ignored
from callboard.validation.listing import Name

IGNORE_FILE = ".callboardignore"
SKIPPED = frozenset({".git", ".venv", "node_modules"})
"""Folders in which nobody keeps a catalog."""
_MOST_IGNORED = 64 * 1024


@dataclass(frozen=True)
class Tree:
    """A folder with all that counts as its content, such as a checkout without what git ignores."""

    top: Path
    """Without symbolic links; an ignore file stands here."""
    names: Callable[[Path], Iterable[Name]]
    """Of a folder in the tree."""


TreeOf = Callable[[Path], Tree]
"""The tree that a folder belongs to."""


def plain_tree(_folder: Path) -> Tree:
    """A folder of no checkout: everything in it counts, and the ignore file is that of where we are."""
    return Tree(Path.cwd().resolve(), _walk)


def ignore_file(folder: Path) -> Ignored:
    """What the ignore file in the top folder of a tree passes over; nothing where there is none."""
    try:
        text = content(folder / IGNORE_FILE)[:_MOST_IGNORED]
    except OSError:
        return Ignored(())
    return Ignored(text.decode("utf-8", "surrogateescape").splitlines())


def _walk(root: Path) -> Iterator[Name]:
    folders = [(str(root), "")]
    while folders:
        folder, before = folders.pop()
        with suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                name = entry.name
                if name in SKIPPED:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    folders.append((entry.path, f"{before}{name}/"))
                else:
                    yield Name(before + name, entry.is_symlink())
