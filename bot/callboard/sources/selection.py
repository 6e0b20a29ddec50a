"""Which models of a source are wanted."""

from __future__ import annotations

from fnmatch import fnmatchcase

from callboard.config import Select


def selected(name: str, select: Select) -> bool:
    """Whether a model of that name is wanted: included by one glob and excluded by none, in any case."""
    folded = name.casefold()

    def matches(globs: tuple[str, ...]) -> bool:
        return any(fnmatchcase(folded, glob.casefold()) for glob in globs)

    return matches(select.include) and not matches(select.exclude)
