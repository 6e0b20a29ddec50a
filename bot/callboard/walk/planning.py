"""From wishes to changes: merged with people's edits, and only what Backstage will accept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass

from callboard.catalog.identity import Key
from callboard.catalog.plan import FolderPlan, Wish, plan_folder
from callboard.changes.group import FileChange
from callboard.model import Problem
from callboard.pulls.asked import fields_of
from callboard.validation.check import validate_files
from callboard.validation.diagnostics import Diagnostic
from callboard.walk.folders import file_change


@dataclass(frozen=True)
class Planned:
    """What to change in the catalog's folders."""

    changes: tuple[FileChange, ...]
    settled: frozenset[Key]
    """Models of which nothing is left to write."""
    findings: tuple[Problem, ...]


def plan_changes(
    wishes: dict[Key, list[Wish]],
    current: Mapping[str, Mapping[str, bytes]],
    handed_back: Mapping[str, Set[str]],
    reworded: Callable[[Key], bool],
) -> Planned:
    """What makes the folders (as they are ``current``) what is wished. ``wishes`` are taken out one by one.

    ``handed_back``: what people gave back to the registry, by the models' keys. ``reworded``: whether what
    only this version of Callboard writes otherwise is asked for.
    """
    planned: list[FileChange] = []
    settled: set[Key] = set()
    findings: list[Problem] = []
    for key in list(wishes):
        several = wishes.pop(key)  # thousands of them are most of what a walk holds in memory
        if not several:
            settled.add(key)
            continue
        handed = fields_of(handed_back.get(str(key), ()), several[0].name)
        plan = _first_that_writes(several, current, handed, rewording=reworded(key))
        findings += plan.problems
        if plan.files:
            planned.append(file_change(plan, current))
        elif not plan.problems:
            settled.add(key)
    changes, invalid = _valid(planned)
    return Planned(tuple(changes), frozenset(settled), (*findings, *invalid))


def _first_that_writes(
    several: Sequence[Wish],
    current: Mapping[str, Mapping[str, bytes]],
    handed_back: Set[str],
    *,
    rewording: bool,
) -> FolderPlan:
    """``rewording``: also what only this version of Callboard writes otherwise, and nobody may ever ask for.

    Else that comes with what follows it.
    """
    plans = (plan_folder(wanted, current.get(wanted.path, {}), handed_back) for wanted in several)
    for left, plan in zip(range(len(several) - 1, -1, -1), plans, strict=True):
        waits = plan.files and left and not rewording and file_change(plan, current).rewording
        if plan.problems or (plan.files and not waits):
            break
    return plan


def _valid(changes: Iterable[FileChange]) -> tuple[list[FileChange], list[Problem]]:
    """Only what Backstage will accept is proposed; what it would not is told, model by model."""
    good, problems = [], []
    for change in changes:
        files = {path: content for path, content in change.files.items() if content is not None}
        errors = [one for one in validate_files(files).diagnostics if one.severity == "error"]
        if errors:
            problems += [_invalid(change, error) for error in errors]
        else:
            good.append(change)
    return good, problems


def _invalid(change: FileChange, error: Diagnostic) -> Problem:
    return Problem(
        source=change.source,
        model=change.change.key,
        what=f"the merged catalog file is not valid: {error.message}",
        where=f"{error.file}:{error.line}:{error.column}",
        hint="correct the value on the base branch, or in the registry",
    )
