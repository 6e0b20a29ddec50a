"""Catalog files on disk: which files of a folder are meant, and what is in them."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from callboard.documents.building import Limits

STDIN = "-"
_NAMED = re.compile(r"(?:.*[-._])?catalog-info(?:[-._].*)?\.ya?ml|catalog-info\.ya?ml")
_SAYS_SO = re.compile(rb"^[ \t]*[\"']?apiVersion[\"']?[ \t]*:[ \t]*[\"']?backstage\.io/", re.MULTILINE)
_SKIPPED = frozenset({".git", ".venv", "node_modules"})
_MOST = Limits().bytes + 1


def find_catalog_files(paths: Iterable[str], stdin: BinaryIO) -> Iterator[tuple[str, bytes]]:
    """Path and content of every catalog file that ``paths`` name, sorted within each folder.

    A file that is named is taken, whatever it is called; ``-`` is standard input. Of a folder, those files
    are taken that are called ``catalog-info.yaml`` (or ``.yml``, or with something before or after it, such
    as ``catalog-info.prod.yaml``), and those other YAML files in which an ``apiVersion`` begins with
    ``backstage.io/``. Symbolic links to folders are not followed, nor are those to files outside of the
    folder; ``.git``, ``.venv`` and ``node_modules`` are left out. What is larger than the reader's limit is
    cut behind it, for the reader to refuse.

    Raises OSError for a path that is not there, cannot be read, or is neither a file nor a folder: reading
    a pipe or a device may never end.
    """
    for path in paths:
        if path == STDIN:
            yield path, stdin.read(_MOST)
        elif Path(path).is_dir():
            yield from _in_folder(Path(path))
        else:
            yield Path(path).as_posix(), _content(Path(path))


def _in_folder(root: Path) -> Iterator[tuple[str, bytes]]:
    inside = root.resolve()
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED)
        for name in sorted(names):
            path = Path(folder, name)
            if path.suffix not in (".yaml", ".yml") or path.stem == "mkdocs":
                continue
            if not path.is_file() or (path.is_symlink() and not path.resolve().is_relative_to(inside)):
                continue
            content = _content(path)
            if _NAMED.fullmatch(name) or _SAYS_SO.search(content):
                yield path.as_posix(), content


def _content(path: Path) -> bytes:
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is neither a file nor a folder", str(path))
    with path.open("rb") as file:
        return file.read(_MOST)
