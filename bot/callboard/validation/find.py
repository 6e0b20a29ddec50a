"""Catalog files on disk: which files are meant by the paths that somebody gave."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from callboard.validation.contents import STDIN
from callboard.validation.diagnostics import Diagnostic, shown
from callboard.validation.globs import Ignored, is_glob, matches, split_glob
from callboard.validation.recognition import is_catalog_file, is_meant, is_yaml
from callboard.validation.together import can_hold_entities
from callboard.validation.tree import SKIPPED, Tree, TreeOf, ignore_file, plain_tree


@dataclass(frozen=True)
class Found:
    """What the given paths name."""

    paths: tuple[str, ...]
    """As given, or below what was given; each file once, in the order of what was given, then by name."""
    empty: tuple[str, ...]
    """What was given and names nothing to check."""
    passed_over: tuple[str, ...]
    """Files that were named, and that the ignore file passes over."""
    problems: tuple[Diagnostic, ...]
    """Links that were not followed."""
    real: tuple[str, ...] = field(default=(), compare=False)
    """Each of ``paths`` without symbolic links, by which one file is known whatever it is called."""


def find_catalog_files(paths: Sequence[str], tree_of: TreeOf = plain_tree) -> Found:
    """The catalog files that ``paths`` name.

    A YAML or JSON file that is named is taken, whatever it is called, and so is every one that a pattern
    with ``*``, ``?``, ``[…]`` or ``**`` matches, unless it is hidden; ``-`` is standard input. Of a folder,
    those files are taken that are called ``catalog-info.yaml`` (or ``.yml``, or with something before or
    after it, such as ``catalog-info.prod.yaml``), and those other YAML files that have a document whose
    ``apiVersion`` begins with ``backstage.io/``, as far as one sees it without reading YAML: the key stands
    at the beginning of a line, or in a mapping in braces that begins there and has no other collection
    before it. ``.git``, ``.venv`` and ``node_modules`` are left out, and so is what the ignore file
    ``.callboardignore`` names. Symbolic links that lead out of the folder are not followed; of a file and
    the links to it, one is taken.

    Raises FileNotFoundError for a path that is not there.
    """
    search = _Search(tree_of)
    for path in paths:
        search.look(path)
    # A shell that expands dir/* names other files, too; but a check that looks at nothing must not pass.
    empty = search.empty if search.found else [*search.empty, *search.others]
    return Found(
        tuple(search.found.values()),
        tuple(empty),
        tuple(search.passed_over),
        tuple(search.problems),
        tuple(search.found),
    )


class _Inside(NamedTuple):
    called: str
    real: str
    is_link: bool = False


class _Search:
    def __init__(self, tree_of: TreeOf) -> None:
        self.found: dict[str, str] = {}
        """By the real path, so that a file is one under all its names."""
        self.empty: list[str] = []
        self.others: list[str] = []
        """What was named and cannot be a catalog file."""
        self.passed_over: list[str] = []
        self.problems: list[Diagnostic] = []
        self._tree_of = tree_of
        self._ignored: dict[Path, Ignored] = {}

    def look(self, text: str) -> None:
        path = Path(text)
        if text == STDIN:
            taken = [_Inside(STDIN, STDIN)]
        elif path.is_dir():
            inside = self._in_folder(path, is_yaml)
            taken = [one for one in inside if is_catalog_file(one.called)]
        elif not os.path.lexists(path) and is_glob(text):
            folder, pattern = split_glob(path.as_posix())
            root = Path(folder)
            inside = self._in_folder(root, can_hold_entities) if root.is_dir() else iter(())
            taken = [
                one
                for one in inside
                if is_meant(one.called, pattern) and matches(pattern, one.called.removeprefix(_before(root)))
            ]
        elif not os.path.lexists(path):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), text)
        elif not can_hold_entities(path.as_posix()):
            self.others.append(text)
            return
        else:
            taken = [_Inside(path.as_posix(), os.path.realpath(path))]
            real = path.parent.resolve() / path.name
            if self._is_ignored(str(real), self._tree_of(path.parent)):
                self.passed_over.append(path.as_posix())
                return
        # Of a file and links to it, it is the file that is told of.
        new: dict[str, str] = {}
        for one in sorted(taken, key=lambda one: one.is_link):
            if one.real not in self.found:
                new.setdefault(one.real, one.called)
        self.found |= dict(sorted(new.items(), key=lambda item: item[1]))
        if not taken:
            self.empty.append(text)

    def _in_folder(self, folder: Path, is_wanted: Callable[[str], bool]) -> Iterator[_Inside]:
        """The files of a folder that may be wanted, by their paths.

        Files that links lead to are among them, whatever their names.
        """
        root, tree, before = folder.resolve(), self._tree_of(folder), _before(folder)
        beside = _before(root)
        names = [one for one in tree.names(root) if one.is_link or one.is_tree or is_wanted(one.path)]
        for path, is_link, is_tree in sorted(names):
            called, real = before + path, beside + path
            if not SKIPPED.isdisjoint(path.split("/")) or self._is_ignored(real, tree):
                continue
            if is_tree:
                if Path(real).is_dir() and not Path(real).is_symlink():
                    yield from self._in_folder(Path(called), is_wanted)
            elif not is_link:
                # Git knows of files that were deleted here, or are not checked out.
                if os.path.lexists(real):
                    yield _Inside(called, real)
            elif self._may_follow(Path(real), called, root):
                yield _Inside(called, os.path.realpath(real), is_link=True)

    def _may_follow(self, link: Path, called: str, root: Path) -> bool:
        # Not resolve(), which has no answer where links lead to each other.
        target = Path(os.path.realpath(link))
        if target.is_relative_to(root):
            return target.is_file()
        if is_yaml(link.name) or target.is_dir():
            message = (
                f"it is a link to {shown(str(link.readlink()))}, which is outside of the checked folder, "
                "so it is not followed; put the file itself here, or name the file that it leads to"
            )
            self.problems.append(Diagnostic(called, 1, 1, "warning", "link-not-followed", message, None))
        return False

    def _is_ignored(self, real: str, tree: Tree) -> bool:
        if tree.top not in self._ignored:
            self._ignored[tree.top] = ignore_file(tree.top)
        ignored = self._ignored[tree.top]
        if not ignored:
            return False
        top = _before(tree.top)
        return real.startswith(top) and real.removeprefix(top) in ignored


def _before(folder: Path) -> str:
    """What stands before the names in a folder."""
    path = folder.as_posix()
    return "" if path == "." else path if path.endswith("/") else f"{path}/"
