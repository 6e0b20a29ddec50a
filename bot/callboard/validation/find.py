"""Catalog files on disk: which files are meant, and what is in them.

Nothing is read before it is asked for, so that the files of a large tree are never in memory together.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import BinaryIO, NamedTuple

from callboard.documents.limits import Limits
from callboard.validation.diagnostics import Diagnostic, shown
from callboard.validation.globs import Ignored, is_glob, matches, split_glob
from callboard.validation.listing import Name
from callboard.validation.together import can_hold_entities

STDIN = "-"
IGNORE_FILE = ".callboardignore"
_NAMED = re.compile(r"(?:.*[-._])?catalog-info(?:[-._].*)?\.ya?ml|catalog-info\.ya?ml")
_OURS = b"backstage.io/"
_SAYS_SO = re.compile(
    rb"""^(?:\xef\xbb\xbf)?(?:---[ \t]+)?   # where a document begins, or a line of its mapping
    (?:[{][^][{}]{0,1000}?(?<=[{,\s]))?    # or, of a mapping in braces, what is before its collections
    (?:[&!]\S{0,100}[ \t]+){0,2}(["']?)apiVersion\1[ \t]*:
    (?:[ \t]+(?:[&!]\S{0,100}|[>|][-+0-9]{0,2})(?=\s)){0,3}
    [ \t]*(?:(?:[#].*)?\r?\n\s*)?["']?backstage\.io/""",
    re.MULTILINE | re.VERBOSE,
)
_YAML = (".yaml", ".yml")
SKIPPED = frozenset({".git", ".venv", "node_modules"})
"""Folders in which nobody keeps a catalog."""
_MOST = Limits().bytes + 1
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
            self.problems.append(unreadable(path, error))
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


def unreadable(path: str, error: OSError) -> Diagnostic:
    """That a file cannot be read."""
    message = f"it cannot be read: {error.strerror}; make it a file that whoever checks it may read"
    return Diagnostic(path, 1, 1, "error", "unreadable-file", message, None)


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
            inside = self._in_folder(path, _is_yaml)
            taken = [one for one in inside if _is_catalog_file(_last(one.called), one.called)]
        elif not os.path.lexists(path) and is_glob(text):
            folder, pattern = split_glob(path.as_posix())
            root = Path(folder)
            inside = self._in_folder(root, can_hold_entities) if root.is_dir() else iter(())
            taken = [
                one
                for one in inside
                if _is_meant(_last(one.called), _last(pattern))
                and matches(pattern, one.called.removeprefix(_before(root)))
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
        names = [one for one in tree.names(root) if one.is_link or one.is_tree or is_wanted(_last(one.path))]
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
        if _is_yaml(link.name) or target.is_dir():
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


def _last(path: str) -> str:
    return path[path.rfind("/") + 1 :]


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


@lru_cache(maxsize=256)
def _is_yaml(name: str) -> bool:
    return name.endswith(_YAML) and name not in _YAML and can_hold_entities(name)


def _is_meant(name: str, pattern: str) -> bool:
    """Whether a name may be meant by the last part of a pattern, if it matches.

    As for a shell, a wildcard is no dot that a name begins with; and without its ending, a file of that
    name is only meant where somebody wrote the name.
    """
    if not is_glob(pattern):
        return can_hold_entities(name)
    if name.startswith(".") and not pattern.startswith("."):
        return False
    return can_hold_entities(name) and name.endswith((*_YAML, ".json"))


def says_it_is_one(path: str, text: bytes) -> bool:
    """Whether a file with this name and content is a catalog file if it is found in a folder."""
    name = _last(path)
    return _is_yaml(name) and bool(_NAMED.fullmatch(name) or (_OURS in text and _SAYS_SO.search(text)))


def _is_catalog_file(name: str, path: str) -> bool:
    if not _is_yaml(name) or _NAMED.fullmatch(name):
        return _is_yaml(name)
    try:
        return says_it_is_one(name, content(path))
    except OSError:
        # Whether it is one cannot be told, unless it is surely none; whoever reads it will say why.
        return Path(path).is_file()
