"""Files of a commit, written to a folder, for sources that read folders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from callboard.git.formats import Entry
from callboard.git.repository import Repository
from callboard.walk.override_files import matches_path

MOST_FILES = 20_000
MOST_BYTES = 1024 * 1024 * 1024
_AT_ONCE = 64 * 1024 * 1024


class TooMuch(Exception):
    """A repository's folders are larger than the service copies."""


def export(
    repository: Repository,
    entries: Mapping[str, Entry],
    folders: Sequence[PurePosixPath],
    into: Path,
    patterns: Sequence[str] = (),
) -> None:
    """Write the regular files below ``folders``, and those that ``patterns`` of overrides name, to the same
    paths below ``into``.

    Symbolic links and submodules are left out, so nothing in ``into`` leads out of it. Raises GitError, and
    TooMuch.
    """
    wanted = {
        path: entry.blob
        for path, entry in entries.items()
        if _is_safe(path, entry)
        and (
            any(PurePosixPath(path).is_relative_to(folder) for folder in folders)
            or any(matches_path(path, pattern) for pattern in patterns)
        )
    }
    if len(wanted) > MOST_FILES:
        raise TooMuch(f"the folders of the sources have more than {MOST_FILES:,} files")
    sizes = repository.sizes(wanted.values())
    if sum(sizes[blob] for blob in wanted.values()) > MOST_BYTES:
        raise TooMuch(f"the folders of the sources have more than {MOST_BYTES:,} bytes")
    for some in _portions(wanted, sizes):
        contents = repository.blobs(wanted[path] for path in some)
        for path in some:
            target = into / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(contents[wanted[path]])


def _is_safe(path: str, entry: Entry) -> bool:
    parts = path.split("/")
    # git refuses such names, but not every git that may have taken the push does.
    return not {"", ".", ".."} & set(parts) and "\\" not in path and "\0" not in path and entry.is_file


def _portions(wanted: Mapping[str, str], sizes: Mapping[str, int]) -> Iterator[list[str]]:
    """The paths, so many at once that their contents are not more than is good to hold."""
    some: list[str] = []
    size = 0
    for path, blob in sorted(wanted.items()):
        if some and size + sizes[blob] > _AT_ONCE:
            yield some
            some, size = [], 0
        some.append(path)
        size += sizes[blob]
    if some:
        yield some
