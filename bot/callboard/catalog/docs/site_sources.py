"""What a site may bring: a few harmless settings, and its pages. The rest of its folder is not read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from callboard.documents.reader import read_documents

_MOST_BYTES = 64 * 1024 * 1024
"""Of one site's sources."""
_MOST_FILES = 5000


class Unbuildable(Exception):
    """A site cannot be built: why, and what to do."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


def read_settings(folder: Path) -> dict[str, Any]:
    """The settings that a site may choose: its name, description, pages and their folder."""
    path = folder / "mkdocs.yml"
    hint = "write a mkdocs.yml with site_name, docs_dir and nav, or let callboard sync write it"
    try:
        if path.is_symlink():
            raise Unbuildable("mkdocs.yml is a symbolic link", hint)
        reading = read_documents(path.read_bytes(), "mkdocs.yml")
    except OSError as error:
        raise Unbuildable(f"mkdocs.yml cannot be read: {error.strerror}", hint) from None
    if reading.faults:
        fault = reading.faults[0]
        raise Unbuildable(f"{fault.place}: {fault.what}", fault.hint)
    value = reading.documents[0].value if len(reading.documents) == 1 else None
    if not isinstance(value, dict):
        raise Unbuildable("mkdocs.yml is not one mapping of settings", hint)
    docs = value.get("docs_dir", "docs")
    if not isinstance(docs, str) or not _inside(docs):
        raise Unbuildable(
            f"docs_dir {docs!r:.80} leads out of the folder of the site", "keep the pages below mkdocs.yml"
        )
    settings: dict[str, Any] = {
        "site_name": _text(value.get("site_name")) or folder.name,
        "site_description": _text(value.get("site_description")),
        "docs_dir": docs,
    }
    if isinstance(value.get("nav"), list):
        settings["nav"] = _navigation(value["nav"])
    return settings


def _text(value: Any) -> str:
    # Themes write these into pages as they are.
    from callboard.catalog.inert import label

    return label(value, 300) if isinstance(value, str) else ""


def _inside(path: str) -> bool:
    pure = PurePosixPath(path)
    return (
        not pure.is_absolute()
        and ".." not in pure.parts
        and pure.parts not in {(), (".",)}
        and "\\" not in path
    )


def _navigation(items: list[Any], depth: int = 0) -> list[Any]:
    """``items`` with only pages of this site and web addresses: no includes of other sites."""
    kept: list[Any] = []
    for item in items if depth < 10 else ():
        match item:
            case str() if _is_page(item):
                kept.append(item)
            case dict():
                for title, value in item.items():
                    if isinstance(value, list):
                        kept.append({_text(title): _navigation(value, depth + 1)})
                    elif isinstance(value, str) and _is_page(value):
                        kept.append({_text(title): value})
    return kept


def _is_page(value: str) -> bool:
    from callboard.catalog.inert import link

    return link(value) is not None or (_inside(value) and "include " not in value and ":" not in value)


def sources_of(folder: Path, docs: str) -> Iterator[tuple[str, Path]]:
    """Path below the docs folder to file, sorted. Symbolic links are not followed."""
    root = folder / docs
    if not root.resolve().is_relative_to(folder.resolve()) or not root.is_dir():
        raise Unbuildable(
            f"the folder {docs} of the pages is not there", "add it, or correct docs_dir in mkdocs.yml"
        )
    total = count = 0
    for parent, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(parent) / name
            if path.is_symlink() or not path.is_file() or name.startswith("."):
                continue
            count, total = count + 1, total + path.stat().st_size
            if count > _MOST_FILES or total > _MOST_BYTES:
                what = f"its sources are more than {_MOST_FILES} files or {_MOST_BYTES // 1024**2} MiB"
                raise Unbuildable(what, "keep large files elsewhere and link to them")
            yield path.relative_to(root).as_posix(), path
