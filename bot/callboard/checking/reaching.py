"""What Locations lead to on disk, where nothing else would find it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from functools import cached_property, lru_cache
from pathlib import Path

from callboard.validation.contents import STDIN
from callboard.validation.globs import is_glob, matches, split_glob
from callboard.validation.together import whole_target
from callboard.validation.tree import SKIPPED, Tree, TreeOf, ignore_file

_MOST_LOOKED_AT = 20_000
"""Files below the folder that a pattern begins with."""


class Reached:
    """On disk: plain files of the same tree, without those ``taken``.

    What lies outside of the tree, behind a link out of it, or what the ignore file passes over is never read.
    """

    def __init__(self, taken: Iterable[str], tree_of: TreeOf) -> None:
        self._names = frozenset(taken)
        self._tree_of = lru_cache(maxsize=1024)(tree_of)
        self._below = lru_cache(maxsize=16)(_below)
        self._ignored = lru_cache(maxsize=16)(ignore_file)

    def __call__(self, file: str, target: str) -> list[str]:
        whole = whole_target(file, target)
        try:
            tree = self._tree_of(Path(file).parent)
            if is_glob(whole) and not os.path.lexists(whole):
                found = self._matching(whole, tree, file)
            else:
                found = (one for one in (whole,) if Path(one).is_file())
            return [one for one in found if self._may_be_read(one, tree, file)]
        except (OSError, ValueError):  # no path of this system
            return []

    def _matching(self, pattern: str, tree: Tree, file: str) -> Iterator[str]:
        folder, rest = split_glob(pattern)
        root = Path(folder)
        real = root.resolve()
        if not any(real.is_relative_to(top) for top in _tops(tree, file)):
            return
        for name in self._below(real, tree) if real.is_dir() else ():
            if matches(rest, name) and (path := root / name).is_file():
                yield path.as_posix()

    def _may_be_read(self, path: str, tree: Tree, file: str) -> bool:
        if path in self._names:
            return False
        real = Path(os.path.realpath(path))
        top = next((one for one in _tops(tree, file) if real.is_relative_to(one)), None)
        if top is None:
            return False
        name = real.relative_to(top)
        ignored = self._ignored(top)
        return SKIPPED.isdisjoint(name.parts) and name.as_posix() not in ignored and real not in self._real

    @cached_property
    def _real(self) -> frozenset[Path]:
        return frozenset(Path(os.path.realpath(path)) for path in self._names if path != STDIN)


def _tops(tree: Tree, file: str) -> tuple[Path, Path]:
    """Where there is no checkout, what is beside a file and below it belongs to it, wherever we are."""
    return tree.top, Path(file).parent.resolve()


def _below(root: Path, tree: Tree) -> list[str]:
    names = (name.path for name in tree.names(root) if not name.is_tree)
    return sorted(name for name, _ in zip(names, range(_MOST_LOOKED_AT), strict=False))
