"""The check of many files on disk. What reads and judges is loaded only where the cache knows no answer."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
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
    among the ``files`` from then on. What is ``elsewhere``,
    or was ``before``, is never remembered.
    """
    if cache is None or len(files) + len(known_files) < WORTHWHILE:
        reaching = partial(_reached, files, reach)
        return _checked(files, known_files, exists, reaching, jobs, policy, elsewhere, before)[0]
    names, known_names = tuple(files), tuple(known_files)

    def stamp(file: str, target: str) -> str:
        paths = _reached(files, reach, file, target)
        return question_of((paths, _digests(paths, {})))

    may_answer = elsewhere is None and before is None
    memory = Cache(cache, Path.cwd(), policy.text if policy else "")
    every = (*names, *known_names)
    stands = signatures(every)
    stand = question_of((names, stands), (known_names, stands))
    if may_answer:
        answer = memory.answer(exists, stamp, stand=stand)
        if answer is not None:
            return answer.report
    digests = {} if memory.is_empty() else _digests(every, memory.digests(stands))
    question = question_of((names, digests), (known_names, digests))
    if may_answer:
        answer = memory.answer(exists, stamp, question=question)
        if answer is not None:
            memory.keep(stands, digests, {}, answer._replace(stand=stand))
            return answer.report
    beside: dict[str, bool] = {}

    def asked(path: str) -> bool:
        beside[path] = exists(path)
        return beside[path]

    led: dict[tuple[str, str], list[str]] = {}

    def followed(file: str, target: str) -> list[str]:
        led[file, target] = _reached(files, reach, file, target)
        return led[file, target]

    remembered = memory.facts() if digests else {}
    report, looks = _checked(
        files, known_files, asked, followed, jobs, policy, elsewhere, before, digests, remembered
    )
    # What could not be read, or changed meanwhile, is not what the next time will find.
    if looks.steady and not files.problems and not known_files.problems:
        question = question_of((names, looks.digests), (known_names, looks.digests))
        reached = [(*one, question_of((paths, looks.digests))) for one, paths in led.items()]
        answer = Answer(stand, question, beside, reached, report) if may_answer else None
        memory.keep(stands, looks.digests, looks.facts, answer)
    return report


def _checked(
    files: Files,
    known_files: Files,
    exists: Callable[[str], bool],
    reach: Reach,
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


def _digests(paths: Iterable[str], known: Mapping[str, str]) -> dict[str, str]:
    """Of those that can be read and are not standard input; what is ``known`` already is not read."""
    found = dict(known)
    for path in paths:
        with suppress(OSError):
            if path not in found and path != STDIN:
                found[path] = digest_of(content(path))
    return found
