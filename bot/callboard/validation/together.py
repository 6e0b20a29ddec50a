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
from callboard.validation.globs import is_glob

if TYPE_CHECKING:
    from callboard.model import Severity


Elsewhere = Callable[[frozenset[str]], Mapping[str, bool]]
"""Asked for references that lead to nothing here: which of them another catalog has (True), and which it has
not (False). What it cannot tell is left out."""

MOST_PATTERNS = 100
"""Patterns of one file that are looked up: each may cost a look at all names in a tree."""


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
    leads_to: tuple[str, ...] = ()
    """Files that it names, relative to its own, and patterns of them; each has to be there."""
    locations: tuple[str, ...] = ()
    """Files that its Locations lead to, relative to its own, and patterns of them: catalog files, too."""
    is_yaml: bool = True
    """Whether all of it could be read."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What others have to do with the entities of one file."""

    unresolved: frozenset[str] = frozenset()
    """References of the file that lead to no entity."""
    nowhere: frozenset[str] = frozenset()
    """Those of ``unresolved`` that a catalog was asked for, and does not have."""
    taken: Mapping[int, str] = field(default_factory=dict)
    """Positions of entities whose reference stands earlier already, and where."""
    without_site: Mapping[str, str] = field(default_factory=dict)
    """Folders of ``Facts.beside`` that hold no TechDocs site, and the file that would make one."""
    missing: Mapping[str, str] = field(default_factory=dict)
    """What of ``Facts.leads_to`` leads to no file, and where one should be."""
    unreadable: Mapping[str, str] = field(default_factory=dict)
    """What of ``Facts.leads_to`` leads to a file that is no YAML, and the file."""
    folders: frozenset[str] = frozenset()
    """What is ``missing`` because it leads to a folder with files in it."""

    def __bool__(self) -> bool:
        """Whether there is anything to say."""
        return bool(self.unresolved or self.taken or self.without_site or self.missing or self.unreadable)


def surroundings_of(
    facts: Mapping[str, Facts],
    *,
    known: Collection[str],
    exists: Callable[[str], bool],
    place_of: Callable[[str, int], tuple[int, int]],
    elsewhere: Elsewhere | None = None,
) -> Iterator[tuple[str, Surroundings]]:
    """The files that others have something to do with, in the order of ``facts``.

    ``known`` are references of entities outside of the files, in lower case. ``exists`` tells whether a path
    beside the files is there; the path may be a pattern. ``place_of`` answers line and column of the name of
    a file's entity. ``elsewhere`` is asked at most once.
    """
    taken = _taken(facts, place_of)
    entities = {one for each in facts.values() for one in each.entities}
    answers = _asked(facts, entities, known, elsewhere)
    there = {*entities, *known, *(one for one, is_there in answers.items() if is_there)}
    for file, each in facts.items():
        without_site = dict(_without_site(file, each.beside, exists))
        # Of most files there is nothing to say, which is told at a glance.
        if there.issuperset(each.refers_to) and not (without_site or each.leads_to or file in taken):
            continue
        unresolved = frozenset(one for one in each.refers_to if one not in there)
        found = Surroundings(
            unresolved,
            frozenset(one for one in unresolved if one in answers),
            taken.get(file, {}),
            without_site,
            *_lost(file, facts, exists),
        )
        if found:
            yield file, found


def _asked(
    facts: Mapping[str, Facts],
    entities: Collection[str | None],
    known: Collection[str],
    elsewhere: Elsewhere | None,
) -> Mapping[str, bool]:
    if elsewhere is None:
        return {}
    every = {one for each in facts.values() for one in each.refers_to}
    wanted = frozenset(one for one in every if one not in entities and one not in known)
    return elsewhere(wanted) if wanted else {}


def _lost(
    file: str, facts: Mapping[str, Facts], exists: Callable[[str], bool]
) -> tuple[dict[str, str], dict[str, str], frozenset[str]]:
    """What of a file's targets is missing, what is unreadable, and what of the missing is a folder."""
    folders: set[str] = set()
    missing: dict[str, str] = {}
    unreadable: dict[str, str] = {}
    patterns = 0
    # What comes from standard input stands nowhere.
    for target in facts[file].leads_to if file != "-" else ():
        whole = whole_target(file, target)
        patterns += is_glob(whole)
        if patterns > MOST_PATTERNS:
            break
        if whole in facts:
            if not facts[whole].is_yaml:
                unreadable[target] = whole
        elif not exists(whole):
            missing[target] = whole
            if not is_glob(whole) and exists(posixpath.join(whole, "**", "*")):
                folders.add(target)
    return missing, unreadable, frozenset(folders)


def _taken(
    facts: Mapping[str, Facts], place_of: Callable[[str, int], tuple[int, int]]
) -> Mapping[str, Mapping[int, str]]:
    every = [one for each in facts.values() for one in each.entities if one is not None]
    if len(every) == len({*every}):
        return {}
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
        whole = whole_target(file, folder)
        site = posixpath.join("" if whole == "." else whole, "mkdocs.y")
        if not (exists(f"{site}ml") or exists(f"{site}aml")):
            yield folder, f"{site}ml"


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


def whole_target(file: str, target: str) -> str:
    """What a file names relative to itself, as a path like that of the file."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(file), target))


def can_hold_entities(path: str) -> bool:
    """Whether a file may be a catalog file, by its name."""
    stem, extension = posixpath.splitext(posixpath.basename(path))
    return stem != "mkdocs" and extension in (".yaml", ".yml", ".json", "")
