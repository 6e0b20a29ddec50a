"""What one check has from earlier ones of the same files, and what it leaves for the next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from callboard.checking.cache import Answer, Cache, digest_of, question_of
from callboard.checking.signatures import signatures
from callboard.validation.contents import STDIN, content

if TYPE_CHECKING:
    from callboard.validation.diagnostics import Report
    from callboard.validation.policy import Policy
    from callboard.validation.reached import Reach
    from callboard.validation.together import Facts


class Asked:
    """Asks about what is beside the files, and writes down what it was told."""

    def __init__(self, exists: Callable[[str], bool], reach: Reach) -> None:
        self._exists, self._reach = exists, reach
        self.beside: dict[str, bool] = {}
        self.reached: dict[tuple[str, str], list[str]] = {}
        """By the file of a Location and its target."""

    def exists(self, path: str) -> bool:
        self.beside[path] = self._exists(path)
        return self.beside[path]

    def reach(self, file: str, target: str) -> list[str]:
        self.reached[file, target] = list(self._reach(file, target))
        return self.reached[file, target]


class Memory:
    """What the folder ``cache`` has of these files as they stand now, judged from here by ``policy``."""

    def __init__(
        self, cache: Path, files: Iterable[str], known_files: Iterable[str], policy: Policy | None
    ) -> None:
        # What Locations lead to joins the files later; it is asked about by itself.
        self._names, self._known_names = tuple(files), tuple(known_files)
        self._cache = Cache(cache, Path.cwd(), policy.text if policy else "")
        self._signatures = signatures((*self._names, *self._known_names))
        self._stand = self._question(self._signatures)

    @cached_property
    def digests(self) -> Mapping[str, str]:
        """Of the files that can be read; none while nothing is remembered that they could be found by."""
        if self._cache.is_empty():
            return {}
        return _digests((*self._names, *self._known_names), self._cache.digests(self._signatures))

    def facts(self) -> Mapping[str, Facts]:
        """What is known of contents, by their digest."""
        return self._cache.facts() if self.digests else {}

    def report(self, exists: Callable[[str], bool], reach: Reach) -> Report | None:
        """The last one, if all that it was made from is still so: told by signatures, or else by contents."""

        def stamp(file: str, target: str) -> str:
            paths = list(reach(file, target))
            return question_of((paths, _digests(paths, {})))

        answer = self._cache.answer(exists, stamp, stand=self._stand)
        if answer is not None:
            return answer.report
        answer = self._cache.answer(exists, stamp, question=self._question(self.digests))
        if answer is not None:
            self._cache.keep(self._signatures, self.digests, {}, answer._replace(stand=self._stand))
            return answer.report
        return None

    def keep(
        self, digests: Mapping[str, str], facts: Mapping[str, Facts], asked: Asked, report: Report | None
    ) -> None:
        """Remember what files hold, and the report with what was ``asked`` for it.

        Without a report, the last one stays. ``digests`` are those of all files, and of what was reached.
        """
        answer = None
        if report is not None:
            reached = [(*one, question_of((paths, digests))) for one, paths in asked.reached.items()]
            answer = Answer(self._stand, self._question(digests), asked.beside, reached, report)
        self._cache.keep(self._signatures, digests, facts, answer)

    def _question(self, known: Mapping[str, str]) -> str:
        return question_of((self._names, known), (self._known_names, known))


def _digests(paths: Iterable[str], known: Mapping[str, str]) -> dict[str, str]:
    """Of those that can be read and are not standard input; what is ``known`` already is not read."""
    found = dict(known)
    for path in paths:
        with suppress(OSError):
            if path not in found and path != STDIN:
                found[path] = digest_of(content(path))
    return found
