"""The files of overrides that a configuration names: found and read, each inside of its own folder only."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from callboard.config import Config
from callboard.model import Problem
from callboard.sources.overrides import LARGEST, Overrides, read_overrides

_MOST_FILES = 1000


def load_overrides(config: Config, folder: Path) -> Overrides:
    """All overrides of the configuration: those of the repository, then those of the mounted folder.

    ``folder`` is where callboard.yaml stands. What cannot be read makes the whole unusable, with a problem.
    """
    sources = [one.name for one in config.sources]
    found = Overrides()
    for pattern in config.overrides:
        found += _each(_named(folder, pattern), folder, sources)
    if config.overrides_folder is not None:
        mount = folder / config.overrides_folder
        found += _each(_mounted(mount, str(config.overrides_folder)), mount, sources)
    return found


def matches_path(path: str, pattern: str) -> bool:
    """Whether a path is what a pattern of ``overrides:`` says; ``*`` stays within one name."""
    steps, globs = path.split("/"), pattern.split("/")
    return len(steps) == len(globs) and all(
        fnmatchcase(step, glob) and not step.startswith(".") for step, glob in zip(steps, globs, strict=True)
    )


def _each(files: Iterator[tuple[str, Path]], folder: Path, sources: list[str]) -> Overrides:
    """What the files, each with the name that people know it by, say. All have to be inside of ``folder``."""
    found = Overrides()
    try:
        inside = folder.resolve()
        for count, (name, path) in enumerate(files):
            if count == _MOST_FILES:
                return found + _unusable(name, f"there are more than {_MOST_FILES:,} files", "merge some")
            if not path.resolve().is_relative_to(inside):
                found += _unusable(name, "the file leads out of its folder", "put the file itself there")
                continue
            with path.open("rb") as file:
                found += read_overrides(file.read(LARGEST + 1), name, sources)
    except OSError as error:
        where = str(error.filename or folder)
        found += _unusable(where, f"it cannot be read: {error.strerror}", "create it, or do not name it")
    return found


def _named(folder: Path, pattern: str) -> Iterator[tuple[str, Path]]:
    """What a pattern names: a plain path has to be there, a glob may find nothing."""
    if not set("*?") & set(pattern):
        yield pattern, folder / pattern
        return
    at = [folder]
    for glob in pattern.split("/"):
        inside = [inner for one in at if one.is_dir() for inner in sorted(one.iterdir())]
        at = [inner for inner in inside if matches_path(inner.name, glob)]
    yield from ((path.relative_to(folder).as_posix(), path) for path in at if path.is_file())


def _mounted(folder: Path, name: str) -> Iterator[tuple[str, Path]]:
    """The keys of a mounted ConfigMap or Secret.

    Kubernetes puts links to ``..data/KEY`` there, where ``..data`` is a link that changes in one step: what
    it leads to now is read, so that two keys are never of two states.
    """
    data = folder / "..data"
    state = data.resolve() if data.is_dir() else folder
    yield from ((f"{name}/{path.name}", path) for path in sorted(state.iterdir()) if _is_key(path))


def _is_key(path: Path) -> bool:
    return not path.name.startswith(".") and path.is_file()


def _unusable(where: str, what: str, hint: str) -> Overrides:
    problem = Problem(source="overrides", what=what, where=where, hint=hint)
    return Overrides(problems=(problem,), unusable=True)
