"""What earlier checks of the same files found, so that only what changed is checked again.

Remembered by the digest of a file's content; forgotten with any change of Callboard, of its schemas or of the
libraries that read and judge. Which digest a file has is remembered, too, for as long as nobody wrote to it.
One file for each folder in which checks are run. Whatever is wrong with it, it is done without it.

Whoever may write into the cache decides what a check says: keep it as safe as the checked files.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

from callboard.checking.judge import Judge
from callboard.checking.plain import facts_of, plain_facts, plain_report, report_of, text_of
from callboard.validation.diagnostics import Report
from callboard.validation.together import Facts

MOST_FILES = 50_000
"""Files, and contents, of which something is kept for one folder."""
MOST_FOLDERS = 32
"""Folders for which something is kept."""
MOST_BYTES = 64 * 1024 * 1024
"""The size of a file of the cache."""
_ENDING = ".checks"


def default_folder() -> Path:
    """Where the operating system wants caches of this user."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "callboard" / "validate"


def digest_of(text: bytes) -> str:
    """What tells contents apart."""
    return hashlib.blake2b(text, digest_size=20).hexdigest()


def question_of(*files: tuple[Iterable[str], Mapping[str, str]]) -> str:
    """The digest of groups of files, each with what is known of them; empty unless that is known of all."""
    every = []
    for paths, known in files:
        group = sorted(paths)
        if any(path not in known for path in group):
            return ""
        every += [str(len(group)), *chain.from_iterable((path, known[path]) for path in group)]
    return digest_of(os.fsencode("\0".join(every)))


class Answer(NamedTuple):
    """A report, and all that it was made from."""

    stand: str
    """The question by signatures: whether the same files stand as they did."""
    question: str
    """The question by digests: whether they hold the same."""
    beside: Mapping[str, bool]
    """What was asked about paths beside the files."""
    reached: Sequence[tuple[str, str, str]]
    """The file of each Location, each target of it, and the stamp of what only that led to."""
    report: Report


class Cache:
    """What is remembered of checks that were run in one folder, by one ``policy``.

    In two parts: the last answer, which is often all that is wanted; and what is known of files, which is
    looked into only where it is needed.
    """

    def __init__(self, folder: Path, checked_in: Path, policy: str = "") -> None:
        judge = Judge()
        self._path = folder / f"{digest_of(policy.encode() + bytes(1) + os.fsencode(checked_in))}{_ENDING}"
        last, self._known = _read(self._path)
        is_same = judge.sign and last.get("sign") == judge.sign
        self._judge = {"sign": judge.sign, "judge": last.get("judge") if is_same else judge.digest()}
        if last.get("judge") != self._judge["judge"]:
            last, self._known = {}, b""
        self._last = last

    def is_empty(self) -> bool:
        """Whether nothing is remembered, so that digests would be of no use yet."""
        return not self._known

    def answer(
        self,
        exists: Callable[[str], bool],
        stamp: Callable[[str, str], str],
        *,
        stand: str = "",
        question: str = "",
    ) -> Answer | None:
        """The last answer, if it is to this question, and what it found beside the files is still so.

        ``stamp`` tells apart what a file's Location leads to by one of its targets.
        """
        last = self._last
        try:
            is_same = (stand and last["stand"] == stand) or (question and last["question"] == question)
            if (
                is_same
                and all(exists(path) is there for path, there in last["beside"])
                and all(stamp(file, target) == had for file, target, had in last["reached"])
            ):
                question, beside, reached = text_of(last["question"]), dict(last["beside"]), last["reached"]
                return Answer(stand, question, beside, reached, report_of(last["report"]))
        except (KeyError, TypeError, ValueError):
            pass
        return None

    def digests(self, signatures: Mapping[str, str]) -> dict[str, str]:
        """The digests of those files that have the same signature as when they were read."""
        known, found = self._part("files"), {}
        for path, signature in signatures.items():
            with suppress(KeyError, TypeError, ValueError):
                before, digest = known[path]
                if before == signature:
                    found[path] = text_of(digest)
        return found

    def facts(self) -> Mapping[str, Facts]:
        """What is known of contents, by their digest."""
        found = {}
        for digest, one in self._part("facts").items():
            with suppress(TypeError, ValueError):
                found[digest] = facts_of(one)
        return found

    def keep(
        self,
        signatures: Mapping[str, str],
        digests: Mapping[str, str],
        facts: Mapping[str, Facts],
        answer: Answer | None,
    ) -> None:
        """Remember an answer, what files hold, and used facts; and of others as much as there is room for.

        Without an answer, the last one stays.
        """
        files = {path: (one, digests[path]) for path, one in signatures.items() if path in digests}
        plain = {digest: plain_facts(one) for digest, one in facts.items()}
        known = {
            "files": dict(islice((files | self._others("files", files)).items(), MOST_FILES)),
            "facts": dict(islice((plain | self._others("facts", plain)).items(), MOST_FILES)),
        }
        last = self._last
        if answer is not None:
            kept = answer._asdict() | {"beside": list(answer.beside.items())}
            last = kept | {"report": plain_report(answer.report)}
        _write(self._path, {**last, **self._judge}, known)
        self._forget()

    @cached_property
    def _parts(self) -> dict[str, Any]:
        seal, _, known = self._known.partition(b"\n")
        return _object(known, seal)

    def _part(self, name: str) -> dict[str, Any]:
        part = self._parts.get(name)
        return part if isinstance(part, dict) else {}

    def _others(self, name: str, used: Mapping[str, object]) -> dict[str, Any]:
        return {key: one for key, one in self._part(name).items() if key not in used}

    def _forget(self) -> None:
        with suppress(OSError):
            kept = self._path.parent.glob(f"*{_ENDING}")
            for old in sorted(kept, key=lambda path: path.stat().st_mtime, reverse=True)[MOST_FOLDERS:]:
                old.unlink(missing_ok=True)


def _read(path: Path) -> tuple[dict[str, Any], bytes]:
    """The last answer, and the sealed text of what is known of files; nothing where anything is wrong."""
    with suppress(OSError, ValueError), path.open("rb") as file:
        found = os.fstat(file.fileno())
        # What others could write to is not ours to believe.
        if found.st_uid == os.geteuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            seal, last, known = file.read(MOST_BYTES).split(b"\n", 2)
            return _object(last, seal), known
    return {}, b""


def _object(text: bytes, seal: bytes) -> dict[str, Any]:
    # Not for secrecy: against a disk that was full, or a machine that stopped.
    if seal == _seal(text):
        with suppress(ValueError, RecursionError):
            found = json.loads(text)
            if isinstance(found, dict):
                return found
    return {}


def _seal(text: bytes) -> bytes:
    return digest_of(text).encode()


def _write(path: Path, last: object, known: object) -> None:
    # Only where something is written: it takes long to load.
    import tempfile

    texts = [json.dumps(one, separators=(",", ":")).encode() for one in (last, known)]
    whole = b"\n".join(chain.from_iterable((_seal(text), text) for text in texts))
    if len(whole) >= MOST_BYTES:
        return
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(whole)
            Path(name).replace(path)
        except OSError:
            Path(name).unlink(missing_ok=True)
