"""Bring together what was generated, what people made of it, and what would be generated now.

A person's edit is never lost: a value, a line, a document or a file that differs from what was generated last
time stays as it is, deletions included, and the registry's other changes arrive around it. Where the registry
now says something else about the same value, the person's stays and is reported.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from callboard.catalog.generated import Generated
from callboard.catalog.merge_documents import (
    CannotMerge,
    MergedDocuments,
    merge_catalog_file,
    merge_settings_file,
)
from callboard.catalog.merge_pages import merge_page, same_text, with_line_ends_of
from callboard.documents.place import Path
from callboard.documents.values import ABSENT
from callboard.documents.writer import dump

CATALOG_FILE = "catalog-info.yaml"


@dataclass(frozen=True)
class Kept:
    """Something that a person changed, and that stays."""

    file: str
    """Within the model's folder."""
    where: str
    """An entity and a path in it, lines of a page, or nothing for the whole file."""
    current: Any
    """What stands there; ABSENT if the person removed it."""
    wished: Any
    """What the registry says; ABSENT if it has no such thing."""
    conflict: bool
    """Whether something new that the registry says did not arrive because of it."""
    section: str = ""
    """Of a page: the heading that the lines stand under."""

    @property
    def field(self) -> str:
        """By what name it is handed back: ``spec.owner``, ``mkdocs.yml nav``, ``docs/index.md#Usage``."""
        if self.section:
            return f"{self.file}#{self.section}"
        if self.file == CATALOG_FILE:
            document, _, path = self.where.partition(" ")
            return path or document or self.file
        settings = self.file.endswith((".yml", ".yaml"))
        return f"{self.file} {self.where}".rstrip() if settings else self.file


@dataclass(frozen=True)
class MergedFolder:
    """A model's folder as it shall be."""

    files: Mapping[str, bytes]
    """Every file of the folder, those of people and those that stay as they are included."""
    removed: frozenset[str]
    """Files that are there and shall not be."""
    kept: tuple[Kept, ...]
    problems: tuple[str, ...]
    """Files that had to be left alone although the registry says something new: where, why."""
    base: Generated
    """What the lock must remember: what was wished, but for files with problems what was generated before,
    so that the next merge tries again and does not take the old values for a person's."""


def merge_model_folder(
    base: Generated | None,
    current: Mapping[str, bytes],
    wished: Generated,
    handed_back: Set[str] = frozenset(),
) -> MergedFolder:
    """Merge a model's folder. Never raises for what stands in ``current`` or in ``base``.

    ``base`` is what was generated last time, None if nobody knows: then everything that is there stays, and
    what is missing is added. ``current`` is the folder in the base branch by path within it. ``handed_back``:
    what people gave back to the registry, by the name that ``Kept.field`` has for it or for what holds it, or
    by the file; the field of one of several entities behind its reference (``api:default/x spec.owner``).
    """
    folder = _Folder(dict(current), base, wished, handed_back)
    folder.merge_entities()
    for path in sorted({*wished.pages, *(base.pages if base else ())} - {CATALOG_FILE}):
        folder.merge_page(path)
    return MergedFolder(
        files=folder.files,
        removed=frozenset(current.keys() - folder.files.keys()),
        kept=tuple(folder.kept),
        problems=tuple(folder.problems),
        base=Generated(folder.entities, folder.pages),
    )


@dataclass
class _Folder:
    files: dict[str, bytes]
    base: Generated | None
    wished: Generated
    handed_back: Set[str]
    kept: list[Kept] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.entities = self.wished.entities
        self.pages = dict(self.wished.pages)

    def merge_entities(self) -> None:
        base, wished = self.base, self.wished
        before = base.entities if base else ()
        content = self.files.get(CATALOG_FILE)
        if content is None:
            if before and CATALOG_FILE not in self.handed_back:
                self._report_deleted(CATALOG_FILE, list(before), list(wished.entities))
            elif wished.entities:
                self.files[CATALOG_FILE] = dump(wished.entities).encode()
            return
        try:
            merged = _bounded(
                lambda text: merge_catalog_file(
                    base.entities if base else None, CATALOG_FILE, text, wished.entities, self._is_handed_back
                ),
                CATALOG_FILE,
                content,
            )
        except CannotMerge as reason:
            self.problems.append(str(reason))
            self.entities = before
            return
        self._write(CATALOG_FILE, merged)

    def merge_page(self, path: str) -> None:
        before = self.base.pages.get(path) if self.base else None
        wished = self.wished.pages.get(path)
        content = self.files.get(path)
        if content is None:
            if before is not None and path not in self.handed_back:
                self._report_deleted(path, before, ABSENT if wished is None else wished)
            elif wished is not None:
                self.files[path] = wished.encode("utf-8", "replace")
            return
        text = _decoded(content)
        if path in self.handed_back:
            text = before = text or ""
        if text is not None and before is not None and same_text(before, text):
            if wished is None:
                del self.files[path]
            elif not same_text(before, wished):
                self.files[path] = with_line_ends_of(text, wished).encode("utf-8", "replace")
        elif wished is None:
            self.kept.append(Kept(path, "", content, ABSENT, conflict=True))
        elif path.endswith((".yml", ".yaml")):
            self._merge_settings(path, before, content, wished)
        elif text is None or before is None:
            if text is None or not same_text(text, wished):
                self.kept.append(Kept(path, "", content, wished, conflict=wished != before))
        else:
            self._merge_lines(path, before, text, wished)

    def _merge_settings(self, path: str, before: str | None, content: bytes, wished: str) -> None:
        try:
            merged = _bounded(
                lambda text: merge_settings_file(
                    before, path, text, wished, partial(self._is_set_back, path)
                ),
                path,
                content,
            )
        except CannotMerge as reason:
            self.problems.append(str(reason))
            del self.pages[path]
            if before is not None:
                self.pages[path] = before
            return
        self._write(path, merged)

    def _merge_lines(self, path: str, before: str, text: str, wished: str) -> None:
        merged, edited = merge_page(
            before, text, wished, lambda section: bool(section) and f"{path}#{section}" in self.handed_back
        )
        self.files[path] = merged.encode("utf-8", "replace")
        for one in edited:
            where = f"line {one.first}" if one.last <= one.first else f"lines {one.first} to {one.last}"
            self.kept.append(Kept(path, where, one.current, one.wished, one.conflict, one.section))

    def _is_handed_back(self, document: str, path: Path) -> bool:
        """Of the catalog file: the file, an entity, a field of any entity or of one."""
        if not self.handed_back:
            return False
        whole = {CATALOG_FILE, document} if not path else {dotted(path), f"{document} {dotted(path)}"}
        return not whole.isdisjoint(self.handed_back)

    def _is_set_back(self, file: str, _document: str, path: Path) -> bool:
        return f"{file} {dotted(path)}" in self.handed_back

    def _write(self, path: str, merged: MergedDocuments) -> None:
        content = merged.text.encode()
        if content != self.files[path]:
            if merged.text.strip():
                self.files[path] = content
            else:
                del self.files[path]
        for document, one in merged.edited:
            where = " ".join(part for part in (document, dotted(one.path)) if part)
            self.kept.append(Kept(path, where, one.current, one.wished, one.conflict))

    def _report_deleted(self, path: str, before: Any, wished: Any) -> None:
        """A person deleted the file: it stays deleted."""
        if wished is not ABSENT and wished != []:
            self.kept.append(Kept(path, "", ABSENT, wished, conflict=wished != before))


def dotted(path: Path) -> str:
    """A path as people write it: ``metadata.tags``, ``metadata.annotations["callboard.dev/key"]``."""
    steps = (f".{step}" if re.fullmatch(r"[A-Za-z_][\w-]*", str(step)) else f'["{step}"]' for step in path)
    return "".join(steps).removeprefix(".")


def _decoded(content: bytes) -> str | None:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None


def _bounded(merge: Callable[[str], MergedDocuments], path: str, content: bytes) -> MergedDocuments:
    text = _decoded(content)
    if text is None:
        raise CannotMerge(f"{path} is not UTF-8, so it was left as it is")
    try:
        return merge(text)
    except RecursionError:
        raise CannotMerge(f"{path}: its values are nested too deeply, so it was left as it is") from None
