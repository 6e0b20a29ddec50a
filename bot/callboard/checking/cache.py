"""What earlier checks of the same files found, so that only what changed is checked again.

Remembered by the digest of a file's content, never by its name or time; forgotten with any change of
Callboard, of its schemas or of the libraries that read and judge. Two files for each folder in which checks
are run: one with the facts of each content, one with the last report. Whatever is wrong with them, it is done
without them.

Whoever may write into the cache decides what a check says: keep it as safe as the checked files.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from importlib.util import find_spec
from itertools import chain, islice
from pathlib import Path
from typing import Any

from callboard import __version__
from callboard.resources import shipped
from callboard.validation.diagnostics import Diagnostic, Report
from callboard.validation.together import Facts, Remark

MOST_CONTENTS = 50_000
"""Contents whose facts are kept for one folder."""
MOST_FOLDERS = 32
"""Folders for which something is kept."""
MOST_BYTES = 64 * 1024 * 1024
"""The size of a file of the cache."""
_LIBRARIES = ("graphql_core", "jsonschema", "packaging", "pydantic_core", "pyyaml")
_LIBRARY_MODULE = "yaml"

Digests = Mapping[str, str]


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


class Cache:
    """What is remembered of checks that were run in one folder, by one ``policy``."""

    def __init__(self, folder: Path, checked_in: Path, policy: str = "") -> None:
        self._folder = folder
        name = digest_of(b"\0".join((judge().encode(), policy.encode(), os.fsencode(checked_in))))
        self._facts, self._report = folder / f"{name}.facts", folder / f"{name}.report"

    def is_empty(self) -> bool:
        """Whether nothing is remembered, so that digests would be of no use yet."""
        return not self._facts.exists()

    def report(self, question: str, exists: Callable[[str], bool]) -> Report | None:
        """The last report, if it answered this question, and what it found beside the files is still so."""
        kept = _read(self._report)
        try:
            if kept["question"] != question or any(exists(path) != there for path, there in kept["beside"]):
                return None
            diagnostics = tuple(_diagnostic(one) for one in kept["diagnostics"])
            return Report(_number(kept["files"]), _number(kept["entities"]), diagnostics)
        except (KeyError, TypeError, ValueError):
            return None

    def facts(self) -> Mapping[str, Facts]:
        """What is known of contents, by their digest."""
        found = {}
        for digest, one in _read(self._facts).items():
            with suppress(TypeError, ValueError):
                found[digest] = _facts(one)
        return found

    def keep_facts(self, used: Mapping[str, Facts], others: Mapping[str, Facts]) -> None:
        """Remember facts by digest: those that were used now, then others as far as there is room."""
        rest = ((digest, one) for digest, one in others.items() if digest not in used)
        kept = islice(chain(used.items(), rest), MOST_CONTENTS)
        _write(self._facts, {digest: _plain(one) for digest, one in kept})
        self._forget()

    def keep_report(self, question: str, beside: Mapping[str, bool], report: Report) -> None:
        """Remember a report, and what was asked about paths beside the files."""
        diagnostics = [
            (one.file, one.line, one.column, one.severity, one.code, one.message, one.entity)
            for one in report.diagnostics
        ]
        kept = {
            "question": question,
            "beside": list(beside.items()),
            "files": report.files,
            "entities": report.entities,
            "diagnostics": diagnostics,
        }
        _write(self._report, kept)

    def _forget(self) -> None:
        with suppress(OSError):
            kept = sorted(self._folder.glob("*.facts"), key=lambda path: path.stat().st_mtime, reverse=True)
            for old in kept[MOST_FOLDERS:]:
                old.unlink(missing_ok=True)
                old.with_suffix(".report").unlink(missing_ok=True)


def question_of(*parts: object) -> str:
    """The digest of all that a report answers."""
    return digest_of(json.dumps(parts, sort_keys=True).encode())


def judge() -> str:
    """The digest of everything that decides what is said of a file."""
    package = Path(__file__).parent.parent
    sources = chain.from_iterable(
        (package / room).rglob("*.py") for room in ("checking", "documents", "validation")
    )
    schemas = chain.from_iterable(shipped("schemas", one).glob("*.json") for one in ("backstage", "openapi"))
    digest = hashlib.blake2b(f"{__version__} {sys.version} {sorted(_libraries())}".encode())
    for path in sorted((*sources, *schemas)):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _libraries() -> Iterable[str]:
    """The installed versions of the libraries, told by their folders: to load them takes too long."""
    found = find_spec(_LIBRARY_MODULE)
    if found is None or found.origin is None:
        return ()
    beside = (path.name for path in Path(found.origin).parents[1].iterdir())
    return [name for name in beside if name.lower().startswith(_LIBRARIES) and name.endswith("-info")]


def _read(path: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError, RecursionError):
        with path.open("rb") as file:
            seal, _, body = file.read(MOST_BYTES).partition(b"\n")
        # Not for secrecy: against a disk that was full, or a machine that stopped.
        if seal.decode("ascii") == digest_of(body) and isinstance(found := json.loads(body), dict):
            return found
    return {}


def _write(path: Path, what: object) -> None:
    body = json.dumps(what, separators=(",", ":")).encode()
    if len(body) >= MOST_BYTES - 100:
        return
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(digest_of(body).encode() + b"\n" + body)
            Path(name).replace(path)
        except OSError:
            Path(name).unlink(missing_ok=True)


def _plain(facts: Facts) -> list[object]:
    return [facts.remarks, facts.entities, facts.refers_to, facts.beside, facts.leads_to, facts.is_yaml]


def _facts(found: Any) -> Facts:
    remarks, entities, refers_to, beside, leads_to, is_yaml = found
    return Facts(
        tuple(_remark(one) for one in remarks),
        tuple(None if one is None else _text(one) for one in entities),
        tuple(map(_text, refers_to)),
        tuple(map(_text, beside)),
        tuple(map(_text, leads_to)),
        is_yaml is True,
    )


def _remark(found: Any) -> Remark:
    line, column, severity, code, message, entity = found
    if severity not in ("error", "warning"):
        raise ValueError(severity)
    about = None if entity is None else _text(entity)
    return Remark(_number(line), _number(column), severity, _text(code), _text(message), about)


def _diagnostic(found: Any) -> Diagnostic:
    file, *remark = found
    return Diagnostic(_text(file), *_remark(remark))


def _text(found: Any) -> str:
    if type(found) is not str:
        raise TypeError(found)
    return found


def _number(found: Any) -> int:
    if type(found) is not int or found < 0:
        raise TypeError(found)
    return found
