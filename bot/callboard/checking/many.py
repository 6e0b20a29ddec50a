"""The check of many files on disk. What reads and judges is loaded only where the cache knows no answer."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from callboard.checking.memory import Asked, Memory
from callboard.checking.workers import WORTHWHILE, workers
from callboard.validation.contents import Files

if TYPE_CHECKING:
    from callboard.checking.looking import LooksAtDisk
    from callboard.validation.diagnostics import Report
    from callboard.validation.policy import Policy
    from callboard.validation.reached import Reach
    from callboard.validation.since import Before
    from callboard.validation.together import Elsewhere, Facts


def check_many(
    files: Files,
    *,
    known_files: Files,
    exists: Callable[[str], bool],
    reach: Reach = lambda _file, _target: (),
    jobs: int | None = None,
    cache: Path | None = None,
    policy: Policy | None = None,
    elsewhere: Elsewhere | None = None,
    before: Before | None = None,
) -> Report:
    """``validate_files`` for files on disk: the same report, by ``jobs`` processes (all cores by default).

    ``cache`` is a folder for what is to be remembered until the next time. A few files are checked in this
    process, and nothing of them is remembered: both would take longer than it saves. What ``reach`` finds is
    among the ``files`` from then on. What is ``elsewhere``, or was ``before``, is never remembered.
    """
    reaching = partial(_reached, files, reach)
    check = partial(
        _checked, files, known_files, jobs=jobs, policy=policy, elsewhere=elsewhere, before=before
    )
    if cache is None or len(files) + len(known_files) < WORTHWHILE:
        return check(exists, reaching)[0]
    may_answer = elsewhere is None and before is None
    memory = Memory(cache, files, known_files, policy)
    if may_answer:
        remembered = memory.report(exists, reaching)
        if remembered is not None:
            return remembered
    asked = Asked(exists, reaching)
    report, looks = check(asked.exists, asked.reach, memory.digests, memory.facts())
    # What could not be read, or changed meanwhile, is not what the next time will find.
    if looks.steady and not files.problems and not known_files.problems:
        memory.keep(looks.digests, looks.facts, asked, report if may_answer else None)
    return report


def _checked(
    files: Files,
    known_files: Files,
    exists: Callable[[str], bool],
    reach: Reach,
    digests: Mapping[str, str] = MappingProxyType({}),
    remembered: Mapping[str, Facts] = MappingProxyType({}),
    *,
    jobs: int | None,
    policy: Policy | None,
    elsewhere: Elsewhere | None,
    before: Before | None,
) -> tuple[Report, LooksAtDisk]:
    from callboard.checking.looking import LooksAtDisk
    from callboard.validation.check import validate_files

    with workers(jobs) as some:
        both: Mapping[str, bytes] = ChainMap(files, known_files)  # type: ignore[arg-type]
        looks = LooksAtDisk(both, some, digests, remembered, policy)
        report = validate_files(
            files,
            exists=exists,
            reach=reach,
            known_files=known_files,
            looks=looks,
            policy=policy,
            elsewhere=elsewhere,
            before=before,
        )
        return report, looks


def _reached(files: Files, reach: Reach, file: str, target: str) -> list[str]:
    """What a Location leads to, which is among the files from now on."""
    found = sorted(reach(file, target))
    for path in found:
        files.add(path)
    return found
