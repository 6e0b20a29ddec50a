"""The check of many files on disk. What reads and judges is loaded only where the cache knows no answer."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from callboard.checking.cache import Answer, Cache, digest_of, question_of
from callboard.checking.signatures import signatures
from callboard.checking.workers import WORTHWHILE, workers
from callboard.validation.find import STDIN, Files, content

if TYPE_CHECKING:
    from callboard.checking.looking import LooksAtDisk
    from callboard.validation.diagnostics import Report
    from callboard.validation.policy import Policy
    from callboard.validation.since import Before
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
    before: Before | None = None,
) -> Report:
    """``validate_files`` for files on disk: the same report, by ``jobs`` processes (all cores by default).

    ``cache`` is a folder for what is to be remembered until the next time. A few files are checked in this
    process, and nothing of them is remembered: both would take longer than it saves. What is ``elsewhere``,
    or was ``before``, is never remembered.
    """
    if cache is None or len(files) + len(known_files) < WORTHWHILE:
        return _checked(files, known_files, exists, jobs, policy, elsewhere, before)[0]
    may_answer = elsewhere is None and before is None
    memory = Cache(cache, Path.cwd(), policy.text if policy else "")
    every = (*files, *known_files)
    stands = signatures(every)
    stand = question_of((files, stands), (known_files, stands))
    if may_answer:
        answer = memory.answer(exists, stand=stand)
        if answer is not None:
            return answer.report
    digests = {} if memory.is_empty() else _digests(every, memory.digests(stands))
    question = question_of((files, digests), (known_files, digests))
    if may_answer:
        answer = memory.answer(exists, question=question)
        if answer is not None:
            memory.keep(stands, digests, {}, answer._replace(stand=stand))
            return answer.report
    beside: dict[str, bool] = {}

    def asked(path: str) -> bool:
        beside[path] = exists(path)
        return beside[path]

    remembered = memory.facts() if digests else {}
    report, looks = _checked(files, known_files, asked, jobs, policy, elsewhere, before, digests, remembered)
    # What could not be read, or changed meanwhile, is not what the next time will find.
    if looks.steady and not files.problems and not known_files.problems:
        question = question_of((files, looks.digests), (known_files, looks.digests))
        answer = Answer(stand, question, beside, report) if may_answer else None
        memory.keep(stands, looks.digests, looks.facts, answer)
    return report


def _checked(
    files: Files,
    known_files: Files,
    exists: Callable[[str], bool],
    jobs: int | None,
    policy: Policy | None,
    elsewhere: Elsewhere | None,
    before: Before | None = None,
    digests: Mapping[str, str] = MappingProxyType({}),
    remembered: Mapping[str, Facts] = MappingProxyType({}),
) -> tuple[Report, LooksAtDisk]:
    from callboard.checking.looking import LooksAtDisk
    from callboard.validation.check import validate_files

    with workers(jobs) as some:
        both: Mapping[str, bytes] = ChainMap(files, known_files)  # type: ignore[arg-type]
        looks = LooksAtDisk(both, some, digests, remembered, policy)
        report = validate_files(
            files,
            exists=exists,
            known_files=known_files,
            looks=looks,
            policy=policy,
            elsewhere=elsewhere,
            before=before,
        )
        return report, looks


def _digests(paths: Iterable[str], known: Mapping[str, str]) -> dict[str, str]:
    """Of those that can be read and are not standard input; what is ``known`` already is not read."""
    found = dict(known)
    for path in paths:
        with suppress(OSError):
            if path not in found and path != STDIN:
                found[path] = digest_of(content(path))
    return found
