"""Which models a folder holds, and opening their files without ever leaving it.

The rules are those of ``docs/sources/files.md``. Whatever the file system's order, the answer is the same.
"""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path, PurePosixPath

from callboard.model import Problem
from callboard.redaction import redact
from callboard.sources.front_matter import has_front_matter

CARD_NAMES = ("model-card.md", "model_card.md", "modelcard.md", "readme.md")
"""In lower case; the first of them that a folder has is its card."""
MAX_ENTRIES = 200_000
"""Files and folders looked at."""
MAX_DEPTH = 32
MAX_CARD = 8 * 1024 * 1024
"""Bytes of a card that are read; the rest is left out."""

_RESULTS = ".eval_results"
_TOP = PurePosixPath()


class Unreadable(Exception):
    """A file of the folder cannot be read or must not be: which, why, and what to do."""

    def __init__(self, path: PurePosixPath, what: str, hint: str) -> None:
        super().__init__(what)
        self.path = path
        self.what = what
        self.hint = hint


@dataclass(frozen=True)
class ModelFiles:
    """The files that one model consists of, relative to the root."""

    id: str
    stem: str
    """The model's name where its card has none; empty for the root itself, whose name is a checkout's."""
    card: PurePosixPath | None = None
    onnx: tuple[PurePosixPath, ...] = ()
    results: tuple[PurePosixPath, ...] = ()


@dataclass
class Folder:
    """A folder of models. What is met on the way and cannot be read stands in ``problems``."""

    root: Path
    """Resolved: an absolute path without links."""
    shown: Path
    """The root as the configuration writes it."""
    source: str
    problems: list[Problem] = field(default_factory=list)
    complete: bool = True
    """Turns False when a part of the folder could not be looked at."""
    _entries: int = 0

    def models(self) -> tuple[ModelFiles, ...]:
        """The files of every model, sorted by id. Raises OSError if the root cannot be listed."""
        listed = dict(self._walk())
        cards = {where: card for where, names in listed.items() if (card := self._card(where, names))}
        onnx: dict[PurePosixPath, list[PurePosixPath]] = {}
        for where, names in listed.items():
            owner = next((at for at in (where, *where.parents) if at in cards), where)
            found = [where / name for name in names if name.lower().endswith(".onnx")]
            if found:
                onnx.setdefault(owner, []).extend(found)
        models: dict[str, ModelFiles] = {}
        for where in sorted({*cards, *onnx}):
            if where != _TOP or where in cards:
                models[str(where)] = ModelFiles(
                    id=str(where),
                    stem=where.name,
                    card=where / cards[where] if where in cards else None,
                    onnx=tuple(sorted(onnx.get(where, ()))),
                    results=self._results(where) if where in cards else (),
                )
        if _TOP not in cards:
            self._add_loose(listed.get(_TOP, []), models)
        return tuple(models[id_] for id_ in sorted(models))

    def open(self, path: PurePosixPath) -> BufferedReader:
        """The open file. Raises Unreadable for what is not a regular file inside the folder."""
        try:
            real = (self.root / path).resolve(strict=True)
            if not real.is_relative_to(self.root):
                raise Unreadable(
                    path, "it leads out of the folder and is not followed", "put the file itself there"
                )
            if any(part.startswith(".") and part != _RESULTS for part in real.relative_to(self.root).parts):
                raise Unreadable(
                    path, "it is hidden, and hidden files are never read", "name it without a dot"
                )
            # A pipe must not block the walk: it is opened without waiting, seen and refused.
            file = os.fdopen(os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW), "rb")
        except (OSError, RuntimeError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise Unreadable(
                path, f"it cannot be read: {reason}", "give Callboard the right to read it, or remove it"
            ) from None
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            file.close()
            raise Unreadable(path, "it is not a regular file", "put a regular file there")
        return file

    def read(self, path: PurePosixPath, limit: int) -> tuple[bytes, int]:
        """At most ``limit`` bytes of the file, and how many more it has. Raises Unreadable."""
        with self.open(path) as file:
            try:
                content = file.read(limit)
                return content, max(0, os.fstat(file.fileno()).st_size - len(content))
            except OSError as error:
                raise Unreadable(path, f"it cannot be read: {error.strerror}", "check the disk") from None

    def name(self, path: PurePosixPath) -> str:
        """The path as people find it: below the root as it is configured."""
        return (self.shown / path).as_posix()

    def report(self, path: PurePosixPath, what: str, hint: str, model: str | None = None) -> None:
        """Note a problem with a file or folder."""
        self.problems.append(
            Problem(
                source=self.source,
                model=model,
                what=redact(f"{path.name or 'the folder'}: {what}"),
                where=redact(f"{self.name(path)}:1:1"),
                hint=redact(hint),
            )
        )

    def _walk(self) -> Iterator[tuple[PurePosixPath, list[str]]]:
        pending = [_TOP]
        while pending:
            where = pending.pop()
            folders, files = self._entries_of(where)
            yield where, files
            if len(where.parts) < MAX_DEPTH:
                pending.extend(where / name for name in reversed(folders))
            elif folders:
                self._missed(where, f"folders deeper than {MAX_DEPTH} levels are not looked at", "flatten it")
            if self._entries > MAX_ENTRIES:
                self._missed(
                    where,
                    f"the folder has more than {MAX_ENTRIES:,} entries; the rest was not looked at",
                    "point `path` at a folder that holds models only",
                )
                return

    def _entries_of(self, where: PurePosixPath) -> tuple[list[str], list[str]]:
        folders: list[str] = []
        files: list[str] = []
        try:
            with os.scandir(self.root / where) as entries:
                names = sorted((entry.name, _kind(entry)) for entry in entries)
        except OSError as error:
            if where == _TOP:
                raise
            self._missed(
                where, f"it cannot be listed: {error.strerror}", "give Callboard the right to read it"
            )
            return [], []
        for name, kind in names:
            self._entries += 1
            if name.startswith("."):
                continue
            if any(unicodedata.category(character) in {"Cc", "Cs"} for character in name):
                self.report(
                    where,
                    f"the name {ascii(name)[:80]} in it holds characters that no catalog file can hold",
                    "rename it",
                )
            elif kind == "folder":
                folders.append(name)
            elif kind == "file":
                files.append(name)
            elif not (self.root / where / name).resolve().is_relative_to(self.root):
                self.report(
                    where / name,
                    "the link leads out of the folder and is not followed",
                    "put the models themselves into the folder",
                )
        return folders, files

    def _missed(self, where: PurePosixPath, what: str, hint: str) -> None:
        self.report(where, what, hint)
        self.complete = False

    def _card(self, where: PurePosixPath, names: list[str]) -> str | None:
        for wanted in CARD_NAMES:
            for name in names:
                if name.lower() == wanted and (where != _TOP or self._describes_root(PurePosixPath(name))):
                    return name
        return None

    def _describes_root(self, card: PurePosixPath) -> bool:
        """A README without front matter tells about the folder, and is no model."""
        try:
            return has_front_matter(self.read(card, MAX_CARD)[0])
        except Unreadable as error:
            self._missed(card, error.what, error.hint)
            return False

    def _results(self, where: PurePosixPath) -> tuple[PurePosixPath, ...]:
        folder = self.root / where / _RESULTS
        try:
            if not folder.is_dir() or folder.is_symlink():
                return ()
            names = sorted(entry.name for entry in folder.iterdir())
        except OSError:
            # Said where the files of the model are read.
            return (where / _RESULTS,)
        return tuple(where / _RESULTS / name for name in names if name.endswith((".yaml", ".yml")))

    def _add_loose(self, names: list[str], models: dict[str, ModelFiles]) -> None:
        """Cards and ONNX files that lie in the root: those of one stem are one model."""
        stems: dict[str, list[PurePosixPath]] = {}
        for name in names:
            path = PurePosixPath(name)
            suffix = path.suffix.lower()
            if suffix == ".onnx" or (suffix == ".md" and name.lower() not in CARD_NAMES):
                stems.setdefault(path.stem, []).append(path)
        for stem, paths in stems.items():
            if stem in models:
                for path in paths:
                    self.report(
                        path,
                        f"the folder {stem} beside it is the same model, so that it was not read",
                        "move it into that folder, or rename one of the two",
                        stem,
                    )
                continue
            cards = [path for path in paths if path.suffix.lower() == ".md"]
            for path in cards[1:]:
                self.report(path, f"{cards[0]} is the same model, so that it was not read", "rename it", stem)
            models[stem] = ModelFiles(
                id=stem,
                stem=stem,
                card=cards[0] if cards else None,
                onnx=tuple(path for path in paths if path.suffix.lower() == ".onnx"),
            )


def _kind(entry: os.DirEntry[str]) -> str:
    """``folder``, ``file`` or ``link`` to a folder. Links to files are judged when they are opened."""
    if entry.is_dir(follow_symlinks=False):
        return "folder"
    return "link" if entry.is_symlink() and Path(entry.path).is_dir() else "file"
