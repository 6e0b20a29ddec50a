"""The check of a set of files: reads them, applies every rule, and says where each finding stands."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from callboard.validation.diagnostics import Report
from callboard.validation.globs import is_glob, matches
from callboard.validation.one_file import OneFile
from callboard.validation.reached import Reach, reach_among, reached
from callboard.validation.since import Before, lost_since
from callboard.validation.together import (
    Elsewhere,
    Facts,
    Remark,
    Surroundings,
    can_hold_entities,
    report_on,
    surroundings_of,
)

if TYPE_CHECKING:
    from callboard.validation.policy import Policy

OWN_OUTPUT = frozenset({"ambiguous-scalar", "duplicate-entity", "techdocs-missing", "unsafe-link"})
"""The warnings that are errors in files that Callboard itself wrote."""


class Looks(Protocol):
    """How files are looked at: here, in other processes, or from memory. The answers are the same."""

    def first(self, paths: Sequence[str]) -> Mapping[str, Facts]:
        """What can be said of each file alone."""

    def presence(self, paths: Sequence[str]) -> Mapping[str, Facts]:
        """At least which entities each file holds."""

    def second(self, others: Mapping[str, Surroundings]) -> Mapping[str, Iterable[Remark]]:
        """What can be said of each file by what others have to do with it."""

    def place_of_name(self, path: str, position: int) -> tuple[int, int]:
        """Line and column of the name of the entity at this position."""


def validate_files(
    files: Mapping[str, bytes],
    *,
    known_references: frozenset[str] = frozenset(),
    as_errors: Collection[str] = (),
    exists: Callable[[str], bool] | None = None,
    reach: Reach | None = None,
    known_files: Mapping[str, bytes] | None = None,
    looks: Looks | None = None,
    policy: Policy | None = None,
    elsewhere: Elsewhere | None = None,
    before: Before | None = None,
) -> Report:
    """Every problem of every catalog file among ``files``, whose keys are paths with ``/``.

    ``known_references`` are entities outside the files that may be referred to (``kind:namespace/name``, in
    lower case). Warnings with a code in ``as_errors`` are errors. ``exists`` tells whether a path beside the
    catalog files is there, such as ``docs/mkdocs.yml``, or anything that a pattern matches; by default only
    ``files`` are, and nothing is known of other folders. What ``reach`` finds that Locations lead to is
    checked as well, whatever it is called; by default, what of it is among ``files``. The entities of
    ``known_files`` may be referred to and must not be there twice, but nothing is said of those files.
    ``looks`` takes the place of reading the files here, one after the other, and has to know the ``policy``.
    ``elsewhere`` is asked once for the references that lead to nothing here. With ``before``, it is said of
    those files that rely on it, though they are not checked, what they lack since.
    """
    look = looks or _Here({**(known_files or {}), **files}, policy)
    checked = sorted(filter(can_hold_entities, files))
    facts = dict(look.first(checked))
    reach = reach or reach_among(files)
    facts |= reached(facts, reach, look.first)
    relying: dict[str, Facts] = {}
    if before is not None:
        relying |= look.first(sorted(filter(can_hold_entities, before.relying)))
        for path, one in reached({**facts, **relying}, reach, look.first).items():
            (facts if before.is_changed(path) else relying)[path] = one
    others_known = (path for path in known_files or () if can_hold_entities(path) and path not in relying)
    known = {**look.presence(sorted(others_known)), **relying}
    others = surroundings_of(
        {**known, **facts},
        known=known_references,
        exists=exists or _among(files),
        place_of=look.place_of_name,
        elsewhere=elsewhere,
    )
    asked: dict[str, Surroundings] = {}
    for path, around in others:
        if path in facts:
            asked[path] = around
        elif before and path in relying and (lost := lost_since(before, around)):
            asked[path] = lost
    second = look.second(asked)
    report = report_on(facts, second, as_errors)
    return policy.judged(report) if policy else report


def _among(files: Mapping[str, bytes]) -> Callable[[str], bool]:
    """Whether a path or pattern leads to one of the files, or to where none of them is."""
    folders = {posixpath.dirname(path) for path in files}

    def exists(path: str) -> bool:
        above = posixpath.dirname(path)
        while above not in folders:
            if above in ("", "/"):
                return True
            above = posixpath.dirname(above)
        return path in files or (is_glob(path) and any(matches(path, file) for file in files))

    return exists


class _Here(Looks):
    """Looks at files in this process, and keeps what was read until the second look."""

    def __init__(self, files: Mapping[str, bytes], policy: Policy | None) -> None:
        self._files, self._policy = files, policy
        self._read: dict[str, OneFile] = {}

    def first(self, paths: Sequence[str]) -> Mapping[str, Facts]:
        return {path: self._reading(path).facts() for path in paths}

    def presence(self, paths: Sequence[str]) -> Mapping[str, Facts]:
        return {path: self._reading(path).presence() for path in paths}

    def second(self, others: Mapping[str, Surroundings]) -> Mapping[str, Iterable[Remark]]:
        return {path: self._reading(path).among(one) for path, one in others.items()}

    def place_of_name(self, path: str, position: int) -> tuple[int, int]:
        return self._reading(path).place_of_name(position)

    def _reading(self, path: str) -> OneFile:
        if path not in self._read:
            self._read[path] = OneFile(self._files[path], self._policy)
        return self._read[path]


def entities_in(files: Mapping[str, bytes]) -> frozenset[str]:
    """The entities of files (``kind:namespace/name``, in lower case), as far as the files can be read."""
    present = (OneFile(text).presence() for path, text in files.items() if can_hold_entities(path))
    return frozenset(reference for facts in present for reference in facts.entities if reference)
