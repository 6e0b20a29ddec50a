"""Looks at files on disk by workers and by what a cache remembers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from callboard.checking.cache import digest_of
from callboard.checking.workers import Workers
from callboard.documents.collector import without_collector
from callboard.validation.check import Looks
from callboard.validation.contents import STDIN, content
from callboard.validation.one_file import OneFile
from callboard.validation.together import Facts, Remark, Surroundings

if TYPE_CHECKING:
    from callboard.validation.policy import Policy


class LooksAtDisk(Looks):
    """Looks at files whose paths are those of a disk, but for standard input.

    ``files`` are the same files, for what has to be read in this process. ``digests`` tell the contents of
    those that were read before, and ``remembered`` the facts of contents.
    """

    def __init__(
        self,
        files: Mapping[str, bytes],
        workers: Workers,
        digests: Mapping[str, str],
        remembered: Mapping[str, Facts],
        policy: Policy | None = None,
    ) -> None:
        self._policy = policy
        self._files, self._workers, self._remembered = files, workers, remembered
        self.digests = dict(digests)
        """Of every file that was looked at."""
        self.facts: dict[str, Facts] = {}
        """By digest."""
        self.steady = True
        """Whether each file had the same content whenever it was read."""
        self._place_in = lru_cache(maxsize=8)(self._here)

    def first(self, paths: Sequence[str]) -> Mapping[str, Facts]:
        found: dict[str, Facts] = {}
        for path in paths:
            digest = self.digests.get(path, "")
            if digest in self._remembered:
                found[path] = self.facts[digest] = self._remembered[digest]
        asked = [path for path in paths if path not in found and path != STDIN]
        for path, answer in zip(
            asked, self._workers.ask(partial(first_looks, policy=self._policy), asked), strict=True
        ):
            if answer is not None:
                digest, found[path] = answer
                self.facts[digest] = found[path]
                self._saw(path, digest)
        return {path: found[path] if path in found else self._here(path).facts() for path in paths}

    def presence(self, paths: Sequence[str]) -> Mapping[str, Facts]:
        return self.first(paths)

    def second(self, others: Mapping[str, Surroundings]) -> Mapping[str, Iterable[Remark]]:
        found: dict[str, Iterable[Remark]] = {}
        asked = [(path, one) for path, one in others.items() if path != STDIN]
        for (path, _), answer in zip(
            asked, self._workers.ask(partial(second_looks, policy=self._policy), asked), strict=True
        ):
            if answer is not None:
                digest, found[path] = answer
                self._saw(path, digest)
        rest = {path: self._here(path).among(one) for path, one in others.items() if path not in found}
        return {**found, **rest}

    def place_of_name(self, path: str, position: int) -> tuple[int, int]:
        try:
            return self._place_in(path).place_of_name(position)
        except IndexError:  # the file holds less than it did a moment ago
            return 1, 1

    def _here(self, path: str) -> OneFile:
        text = self._files[path]
        self._saw(path, digest_of(text))
        return OneFile(text, self._policy)

    def _saw(self, path: str, digest: str) -> None:
        self.steady &= self.digests.setdefault(path, digest) == digest


def first_looks(paths: Sequence[str], policy: Policy | None = None) -> list[tuple[str, Facts] | None]:
    """The digest and the facts of each file; None where it cannot be read."""
    with without_collector():
        return [
            None if text is None else (digest_of(text), OneFile(text, policy).facts())
            for text in map(_text, paths)
        ]


def second_looks(
    asked: Sequence[tuple[str, Surroundings]], policy: Policy | None = None
) -> list[tuple[str, tuple[Remark, ...]] | None]:
    """The digest of each file, and what there is to say of it once the others are known; None as before."""
    texts = ((_text(path), others) for path, others in asked)
    return [
        None if text is None else (digest_of(text), tuple(OneFile(text, policy).among(others)))
        for text, others in texts
    ]


def _text(path: str) -> bytes | None:
    try:
        return content(path)
    except OSError:
        return None
