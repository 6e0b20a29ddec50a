"""Many files together: what each says that matters to others, and what only all of them show.

Two looks at each file. The first needs nothing but the file, and leaves its facts. Then all facts are put
together, and those files that others have something to do with get a second look. Both looks can be had in
other processes, or from memory; what is made of them is the same. So nothing here reads a file.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from callboard.validation.diagnostics import Diagnostic, Report

if TYPE_CHECKING:
    from callboard.model import Severity


class Remark(NamedTuple):
    """A diagnostic of a file whose name does not matter yet."""

    line: int
    column: int
    severity: Severity
    code: str
    message: str
    entity: str | None


@dataclass(frozen=True, slots=True)
class Facts:
    """What there is to know of one file before others are looked at."""

    remarks: tuple[Remark, ...] = ()
    entities: tuple[str | None, ...] = ()
    """The reference of each mapping in the file, or None where it says too little for one."""
    refers_to: tuple[str, ...] = ()
    """The entities that it refers to, each once, sorted."""
    beside: tuple[str, ...] = ()
    """The folders with a TechDocs site that it names, relative to its own."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What others have to do with the entities of one file."""

    unresolved: frozenset[str] = frozenset()
    """References of the file that lead to no entity."""
    taken: Mapping[int, str] = field(default_factory=dict)
    """Positions of entities whose reference stands earlier already, and where."""
    without_site: Mapping[str, str] = field(default_factory=dict)
    """Folders of ``Facts.beside`` that hold no TechDocs site, and the file that would make one."""

    def __bool__(self) -> bool:
        """Whether there is anything to say."""
        return bool(self.unresolved or self.taken or self.without_site)


def surroundings_of(
    facts: Mapping[str, Facts],
    *,
    known: Collection[str],
    exists: Callable[[str], bool],
    place_of: Callable[[str, int], tuple[int, int]],
) -> Iterator[tuple[str, Surroundings]]:
    """The files that others have something to do with, in the order of ``facts``.

    ``known`` are references of entities outside of the files, in lower case. ``exists`` tells whether a path
    beside the files is there. ``place_of`` answers line and column of the name of a file's entity.
    """
    taken = _taken(facts, place_of)
    entities = {one for each in facts.values() for one in each.entities}
    for file, each in facts.items():
        found = Surroundings(
            frozenset(one for one in each.refers_to if one not in entities and one not in known),
            taken.get(file, {}),
            dict(_without_site(file, each.beside, exists)),
        )
        if found:
            yield file, found


def _taken(
    facts: Mapping[str, Facts], place_of: Callable[[str, int], tuple[int, int]]
) -> Mapping[str, Mapping[int, str]]:
    first: dict[str, tuple[str, int]] = {}
    taken: dict[str, dict[int, str]] = {}
    for file, each in facts.items():
        for position, reference in enumerate(each.entities):
            if reference is None:
                continue
            earlier = first.setdefault(reference, (file, position))
            if earlier != (file, position):
                line, column = place_of(*earlier)
                taken.setdefault(file, {})[position] = f"{earlier[0]}:{line}:{column}"
    return taken


def _without_site(
    file: str, folders: Iterable[str], exists: Callable[[str], bool]
) -> Iterator[tuple[str, str]]:
    # What comes from standard input stands nowhere.
    for folder in folders if file != "-" else ():
        whole = posixpath.normpath(posixpath.join(posixpath.dirname(file), folder))
        sites = [posixpath.normpath(posixpath.join(whole, name)) for name in ("mkdocs.yml", "mkdocs.yaml")]
        if not any(map(exists, sites)):
            yield folder, sites[0]


def report_on(
    facts: Mapping[str, Facts], second: Mapping[str, Iterable[Remark]], as_errors: Collection[str]
) -> Report:
    """All remarks of both looks as diagnostics; warnings with a code in ``as_errors`` are errors."""
    found = {
        Diagnostic(file, line, column, "error" if code in as_errors else severity, code, message, entity)
        for looks in ({file: each.remarks for file, each in facts.items()}, second)
        for file, remarks in looks.items()
        for line, column, severity, code, message, entity in remarks
    }
    entities = sum(len(each.entities) for each in facts.values())
    return Report(len(facts), entities, ()).with_more(found)
