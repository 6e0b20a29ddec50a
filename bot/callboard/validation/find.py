"""Catalog files on disk: which files are meant, and what is in them.

Nothing is read before it is asked for, so that the files of a large tree are never in memory together.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from callboard.documents.limits import Limits
from callboard.validation.diagnostics import Diagnostic, shown
from callboard.validation.globs import Ignored, is_glob, matches, split_glob
from callboard.validation.together import can_hold_entities

STDIN = "-"
IGNORE_FILE = ".callboardignore"
_NAMED = re.compile(r"(?:.*[-._])?catalog-info(?:[-._].*)?\.ya?ml|catalog-info\.ya?ml")
_SAYS_SO = re.compile(rb"^[ \t]*[\"']?apiVersion[\"']?[ \t]*:[ \t]*[\"']?backstage\.io/", re.MULTILINE)
_SKIPPED = frozenset({".git", ".venv", "node_modules"})
_MOST = Limits().bytes + 1
_MOST_IGNORED = 64 * 1024


@dataclass(frozen=True, slots=True)
class Name:
    """Something that stands in a folder or below it, and is no folder."""

    path: Path
    """With no symbolic link but, perhaps, the last name."""
    is_link: bool = False
    is_tree: bool = False
    """A folder after all, which has to be looked into by itself: a submodule."""


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
            return self._read_stdin if path == STDIN else content(Path(path))
        except OSError as error:
            self.problems.append(unreadable(path, error))
            return b""

    def __contains__(self, path: object) -> bool:
        return path in self._paths

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)

    @cached_property
    def _read_stdin(self) -> bytes:
        return self._stdin.read(_MOST)


@dataclass(frozen=True)
class Found:
    """What the given paths name."""

    paths: tuple[str, ...]
    """As given, or below what was given; each once, in the order of what was given, then by name."""
    empty: tuple[str, ...]
    """What was given and names nothing to check."""
    passed_over: tuple[str, ...]
    """Files that were named, and that the ignore file passes over."""
    problems: tuple[Diagnostic, ...]
    """Links that were not followed."""


def find_catalog_files(paths: Sequence[str], tree_of: TreeOf = plain_tree) -> Found:
    """The catalog files that ``paths`` name.

    A YAML or JSON file that is named is taken, whatever it is called, and so is every one that a pattern
    with ``*``, ``?``, ``[…]`` or ``**`` matches; ``-`` is standard input. Of a folder, those files are taken
    that are called ``catalog-info.yaml`` (or ``.yml``, or with something before or after it, such as
    ``catalog-info.prod.yaml``), and those other YAML files in which an ``apiVersion`` begins with
    ``backstage.io/``. ``.git``, ``.venv`` and ``node_modules`` are left out, and so is what the ignore file
    ``.callboardignore`` names. Symbolic links that lead out of the folder are not followed.

    Raises FileNotFoundError for a path that is not there.
    """
    search = _Search(tree_of)
    for path in paths:
        search.look(path)
    # A shell that expands dir/* names other files, too; but a check that looks at nothing must not pass.
    empty = search.empty if search.found else [*search.empty, *search.others]
    return Found(tuple(search.found), tuple(empty), tuple(search.passed_over), tuple(search.problems))


def content(path: Path) -> bytes:
    """What is in a file; what is larger than the reader's limit is cut behind it, for the reader to refuse.

    Raises OSError for what cannot be read, or is no file: reading a pipe or a device may never end.
    """
    # Without waiting for somebody to open the other end, where it is a pipe.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file", str(path))
        return file.read(_MOST)


def unreadable(path: str, error: OSError) -> Diagnostic:
    """That a file cannot be read."""
    message = f"it cannot be read: {error.strerror}; make it a file that whoever checks it may read"
    return Diagnostic(path, 1, 1, "error", "unreadable-file", message, None)


class _Search:
    def __init__(self, tree_of: TreeOf) -> None:
        self.found: dict[str, None] = {}
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
            taken = [STDIN]
        elif path.is_dir():
            taken = [found for found, name in self._in_folder(path) if _is_catalog_file(name.path)]
        elif not os.path.lexists(path) and is_glob(text):
            folder, pattern = split_glob(path.as_posix())
            root = Path(folder)
            inside = self._in_folder(root) if root.is_dir() else ()
            taken = [
                found
                for found, _ in inside
                if can_hold_entities(found) and matches(pattern, Path(found).relative_to(root).as_posix())
            ]
        elif not os.path.lexists(path):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), text)
        elif not can_hold_entities(path.as_posix()):
            self.others.append(text)
            return
        else:
            taken = [path.as_posix()]
            real = path.parent.resolve() / path.name
            if self._is_ignored(real, self._tree_of(path.parent)):
                self.passed_over += taken
                return
        self.found |= dict.fromkeys(taken)
        if not taken:
            self.empty.append(text)

    def _in_folder(self, folder: Path) -> Iterator[tuple[str, Name]]:
        """Every file of a folder, as it is to be called, by name."""
        root, tree = folder.resolve(), self._tree_of(folder)
        parents: dict[Path, bool] = {}
        for name in sorted(tree.names(root), key=lambda one: str(one.path)):
            inner = name.path.relative_to(root)
            if not _SKIPPED.isdisjoint(inner.parts) or self._is_ignored(name.path, tree):
                continue
            parent = name.path.parent
            if parent not in parents:
                # git lists what it tracks, even where a link stands for the folder by now.
                parents[parent] = os.path.realpath(parent) == str(parent)
            if not parents[parent]:
                continue
            called = folder / inner
            if name.is_tree:
                if name.path.is_dir() and not name.path.is_symlink():
                    yield from self._in_folder(called)
            elif not name.is_link or self._may_follow(name.path, called.as_posix(), root):
                yield called.as_posix(), name

    def _may_follow(self, link: Path, called: str, root: Path) -> bool:
        target = link.resolve()
        if target.is_relative_to(root):
            return target.is_file()
        if _is_yaml(link) or target.is_dir():
            message = (
                f"it is a link to {shown(str(link.readlink()))}, which is outside of the checked folder, "
                "so it is not followed; put the file itself here, or name the file that it leads to"
            )
            self.problems.append(Diagnostic(called, 1, 1, "warning", "link-not-followed", message, None))
        return False

    def _is_ignored(self, path: Path, tree: Tree) -> bool:
        if tree.top not in self._ignored:
            self._ignored[tree.top] = _ignore_file(tree.top)
        ignored = self._ignored[tree.top]
        if not ignored or not path.is_relative_to(tree.top):
            return False
        return path.relative_to(tree.top).as_posix() in ignored


def _ignore_file(folder: Path) -> Ignored:
    try:
        text = content(folder / IGNORE_FILE)[:_MOST_IGNORED]
    except OSError:
        return Ignored(())
    return Ignored(text.decode("utf-8", "surrogateescape").splitlines())


def _walk(root: Path) -> Iterator[Name]:
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED)
        for name in names:
            path = Path(folder, name)
            yield Name(path, path.is_symlink())
        for name in folders:
            if (path := Path(folder, name)).is_symlink():
                yield Name(path, is_link=True)


def _is_yaml(path: Path) -> bool:
    return path.suffix in (".yaml", ".yml") and can_hold_entities(path.name)


def says_it_is_one(path: str, text: bytes) -> bool:
    """Whether a file with this name and content is a catalog file if it is found in a folder."""
    return _is_yaml(Path(path)) and bool(_NAMED.fullmatch(Path(path).name) or _SAYS_SO.search(text))


def _is_catalog_file(path: Path) -> bool:
    if not _is_yaml(path) or _NAMED.fullmatch(path.name):
        return _is_yaml(path)
    try:
        return says_it_is_one(path.name, content(path))
    except OSError:
        # Whether it is one cannot be told, unless it is surely none; whoever reads it will say why.
        return path.is_file()
