"""The check of a set of files: reads them, applies every rule, and says where each finding stands."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Collection, Mapping

from callboard.validation.diagnostics import Report
from callboard.validation.one_file import OneFile
from callboard.validation.together import report_on, surroundings_of

OWN_OUTPUT = frozenset({"ambiguous-scalar", "duplicate-entity", "techdocs-missing", "unsafe-link"})
"""The warnings that are errors in files that Callboard itself wrote."""


def validate_files(
    files: Mapping[str, bytes],
    *,
    known_references: frozenset[str] = frozenset(),
    as_errors: Collection[str] = (),
    exists: Callable[[str], bool] | None = None,
) -> Report:
    """Every problem of every catalog file among ``files``, whose keys are paths with ``/``.

    ``known_references`` are entities outside the files that may be referred to (``kind:namespace/name``, in
    lower case). Warnings with a code in ``as_errors`` are errors. ``exists`` tells whether a path beside the
    catalog files is there, such as ``docs/mkdocs.yml``; by default only ``files`` are.
    """
    catalog = sorted(path for path in files if can_hold_entities(path))
    read = {path: OneFile(files[path]) for path in catalog}
    facts = {path: one.facts() for path, one in read.items()}
    others = surroundings_of(
        facts,
        known=known_references,
        exists=exists or files.__contains__,
        place_of=lambda path, position: read[path].place_of_name(position),
    )
    return report_on(facts, {path: read[path].among(one) for path, one in others}, as_errors)


def can_hold_entities(path: str) -> bool:
    """Whether a file may be a catalog file, by its name."""
    stem, extension = posixpath.splitext(posixpath.basename(path))
    return stem != "mkdocs" and extension in (".yaml", ".yml", ".json", "")
