"""The check of many files on disk. What reads and judges is loaded only where the cache knows no answer."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from callboard.checking.cache import Cache, digest_of, question_of
from callboard.checking.workers import WORTHWHILE, workers
from callboard.validation.find import STDIN, Files, content

if TYPE_CHECKING:
    from callboard.checking.looking import LooksAtDisk
    from callboard.validation.diagnostics import Report
    from callboard.validation.policy import Policy
    from callboard.validation.together import Elsewhere, Facts


def check_many(
    files: Files,
    *,
    known_files: Files,
    exists: Callable[[str], bool],
    jobs: int | None = None,
    cache: Path | None = None,
    policy: Policy | None = None,
    elsewhere: Elsewhere | None = None,
) -> Report:
    """``validate_files`` for files on disk: the same report, by ``jobs`` processes (all cores by default).

    ``cache`` is a folder for what is to be remembered until the next time. A few files are checked in this
    process, and nothing of them is remembered: both would take longer than it saves. What is ``elsewhere`` is
    never remembered.
    """
    if cache is None or len(files) + len(known_files) < WORTHWHILE:
        return _checked(files, known_files, exists, jobs, policy, elsewhere)[0]
    memory = Cache(cache, Path.cwd(), policy.text if policy else "")
    digests = {} if memory.is_empty() else _digests((*files, *known_files))
    if len(digests) == len({*files, *known_files}) and elsewhere is None:
        report = memory.report(_question(files, known_files, digests), exists)
        if report is not None:
            return report
    beside: dict[str, bool] = {}

    def asked(path: str) -> bool:
        beside[path] = exists(path)
        return beside[path]

    remembered = memory.facts() if digests else {}
    report, looks = _checked(files, known_files, asked, jobs, policy, elsewhere, digests, remembered)
    # What could not be read, or changed meanwhile, is not what the next time will find.
    if looks.steady and not files.problems and not known_files.problems:
        memory.keep_facts(looks.facts, remembered)
        if elsewhere is None:
            memory.keep_report(_question(files, known_files, looks.digests), beside, report)
    return report


def _checked(
    files: Files,
    known_files: Files,
    exists: Callable[[str], bool],
    jobs: int | None,
    policy: Policy | None,
    elsewhere: Elsewhere | None,
    digests: Mapping[str, str] = MappingProxyType({}),
    remembered: Mapping[str, Facts] = MappingProxyType({}),
) -> tuple[Report, LooksAtDisk]:
    from callboard.checking.looking import LooksAtDisk
    from callboard.validation.check import validate_files

    with workers(jobs) as some:
        both: Mapping[str, bytes] = ChainMap(files, known_files)  # type: ignore[arg-type]
        looks = LooksAtDisk(both, some, digests, remembered, policy)
        report = validate_files(
            files, exists=exists, known_files=known_files, looks=looks, policy=policy, elsewhere=elsewhere
        )
        return report, looks


def _digests(paths: Iterable[str]) -> dict[str, str]:
    """Of those that can be read and are not standard input."""
    found = {}
    for path in paths:
        with suppress(OSError):
            if path != STDIN:
                found[path] = digest_of(content(Path(path)))
    return found


def _question(files: Files, known_files: Files, digests: Mapping[str, str]) -> str:
    return question_of(
        *([(path, digests.get(path)) for path in sorted(some)] for some in (files, known_files))
    )
