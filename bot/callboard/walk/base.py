"""The catalog as it is now: a commit on the forge, or a folder on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from callboard.catalog.shelf import Shelf, lock_paths, read_shelf
from callboard.git.repository import Repository


@dataclass(frozen=True)
class Base:
    """What the catalog's tree holds below its root path."""

    commit: str | None
    """None for a folder on disk or an empty repository."""
    blobs: Mapping[str, str]
    """Path to blob id of every regular file below the root; empty ids for a folder on disk."""
    shelf: Shelf
    read: Callable[[Iterable[str]], dict[str, bytes]]
    """The contents of some of these paths, in one batch."""


def base_of_commit(repository: Repository, commit: str | None, root: str) -> Base:
    """The base branch at a commit. Raises GitError."""
    entries = repository.tree(commit, root) if commit else {}
    blobs = {path: entry.blob for path, entry in entries.items() if entry.is_file}

    def read(paths: Iterable[str]) -> dict[str, bytes]:
        wanted = {path: blobs[path] for path in paths}
        contents = repository.blobs(wanted.values())
        return {path: contents[blob] for path, blob in wanted.items()}

    locks = read(lock_paths(blobs, root))
    return Base(commit, blobs, read_shelf(entries, locks, root), read)


def base_of_folder(folder: Path, root: str) -> Base:
    """A folder on disk that holds (or will hold) a catalog tree. Symlinks are not followed."""

    def is_linked(path: Path) -> bool:
        inside = (path, *path.parents)[: len(path.relative_to(folder).parts)]
        return any(part.is_symlink() for part in inside)

    files = {
        path.relative_to(folder).as_posix(): path
        for path in sorted((folder / root).rglob("*"))
        if path.is_file() and not is_linked(path)
    }

    def read(paths: Iterable[str]) -> dict[str, bytes]:
        return {path: files[path].read_bytes() for path in paths}

    return Base(None, dict.fromkeys(files, ""), read_shelf(files, read(lock_paths(files, root)), root), read)
