"""Building TechDocs sites: from a catalog tree to the folders that Backstage's TechDocs backend serves.

A tree can hold pages that people, or pull requests, wrote. So a site is built from a copy that holds nothing
but its pages, with settings made anew from what we know to be harmless: no hooks, no code in YAML, no
inherited settings, no includes from elsewhere, no programs started for diagrams, nothing fetched. MkDocs runs
in this process, because a process per site costs several times as much.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from callboard.documents.reader import read_documents
from callboard.model import Problem

METADATA = "techdocs_metadata.json"
_MOST_BYTES = 64 * 1024 * 1024
"""Of one site's sources."""
_MOST_FILES = 5000
_RULES = "1"
"""Part of every etag: change it when this module builds other bytes from the same sources."""


class EngineMissing(Exception):
    """MkDocs or its TechDocs plugin is not installed: what to do."""


@dataclass(frozen=True)
class Site:
    """An entity that keeps its pages beside its catalog file."""

    entity: str
    """Its reference, lower-case: ``resource:default/fraud-detector``."""
    folder: Path
    file: str
    """The catalog file, as a person finds it."""

    @property
    def target(self) -> PurePosixPath:
        """Where TechDocs looks for it: namespace, kind and name, all lower-case."""
        kind, _, name = self.entity.partition(":")
        namespace, _, name = name.partition("/")
        return PurePosixPath(namespace, kind, name)


@dataclass(frozen=True)
class BuildReport:
    """What became of every site, as entity references, sorted."""

    built: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def build_sites(tree: Path, out: Path) -> BuildReport:
    """Build the site of every entity under ``tree`` with ``backstage.io/techdocs-ref: dir:.`` below ``out``.

    A site whose sources did not change since its last build is left alone. A site that cannot be built is a
    problem, keeps what was built before, and stops no other. Raises EngineMissing.
    """
    _require_engine()
    # The engine changes the working directory of the process while it builds.
    tree, out = tree.absolute(), out.absolute()
    built: list[str] = []
    unchanged: list[str] = []
    sites, problems = _find_sites(tree)
    for site in sites:
        target = out.joinpath(*site.target.parts)
        try:
            done = _build_site(site, target)
        except _Unbuildable as reason:
            problems.append(_problem(site.file, site.entity, reason.what, reason.hint))
        else:
            (built if done else unchanged).append(site.entity)
    return BuildReport(tuple(sorted(built)), tuple(sorted(unchanged)), tuple(problems))


def _require_engine() -> None:
    for module in ("mkdocs", "techdocs_core"):
        if importlib.util.find_spec(module) is None:
            raise EngineMissing(
                "building docs needs MkDocs with the TechDocs plugin, which is not installed; "
                "install Callboard with the extra docs: pip install '.[docs]' in a checkout, else "
                "pip install 'callboard[docs]'"
            )


class _Unbuildable(Exception):
    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


def _problem(where: str, entity: str | None, what: str, hint: str) -> Problem:
    return Problem(source="docs", model=entity, what=what, where=where, hint=hint)


# Finding


def _find_sites(tree: Path) -> tuple[list[Site], list[Problem]]:
    sites: dict[str, Site] = {}
    problems: list[Problem] = []
    for path in sorted(tree.rglob("catalog-info.yaml")):
        file = path.relative_to(tree).as_posix()
        if path.is_symlink() or ".git" in path.parts:
            continue
        try:
            reading = read_documents(path.read_bytes(), file)
        except OSError as error:
            problems.append(
                _problem(file, None, f"it cannot be read: {error.strerror}", "check its permissions")
            )
            continue
        problems += [_problem(str(fault.place), None, fault.what, fault.hint) for fault in reading.faults]
        for document in reading.documents:
            entity = _documented(document.value)
            if entity is None:
                continue
            if entity in sites:
                what = f"{entity} has its docs in {sites[entity].file} already"
                problems.append(_problem(file, entity, what, "keep the annotation in one place"))
            else:
                sites[entity] = Site(entity, path.parent, file)
    return list(sites.values()), problems


def _documented(value: Any) -> str | None:
    """The reference of the entity when it keeps its docs beside it and its parts can be folder names."""
    match value:
        case {
            "kind": str(kind),
            "metadata": {"name": str(name), "annotations": {"backstage.io/techdocs-ref": ref}} as metadata,
        }:
            namespace = metadata.get("namespace", "default")
        case _:
            return None
    if ref not in {"dir:.", "dir:./"} or not isinstance(namespace, str):
        return None
    parts = (kind, namespace, name)
    if not all(0 < len(part) <= 63 and part.isascii() and _is_plain(part) for part in parts):
        return None
    return f"{kind}:{namespace}/{name}".lower()


def _is_plain(part: str) -> bool:
    return part[0].isalnum() and part[-1].isalnum() and all(char.isalnum() or char in "-_." for char in part)


# Building


def _build_site(site: Site, target: Path) -> bool:
    """Whether the site had to be built."""
    settings = _settings(site.folder)
    files = dict(_sources(site.folder, str(settings["docs_dir"])))
    etag = _etag(settings, files)
    if _etag_of(target) == etag:
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="callboard-docs-") as scratch,
        # Beside the target, so that it can take its place in one step.
        tempfile.TemporaryDirectory(prefix=".building-", dir=target.parent) as fresh,
    ):
        work, output = Path(scratch), Path(fresh) / "site"
        for path, source in files.items():
            copy = work / "docs" / path
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)
        _run_engine(settings | {"docs_dir": "docs"}, work, output)
        _write_metadata(output, settings, etag)
        if target.exists():
            target.rename(Path(fresh) / "old")
        output.rename(target)
    return True


def _settings(folder: Path) -> dict[str, Any]:
    """The settings that a site may choose: its name, description, pages and their folder."""
    path = folder / "mkdocs.yml"
    hint = "write a mkdocs.yml with site_name, docs_dir and nav, or let callboard sync write it"
    try:
        if path.is_symlink():
            raise _Unbuildable("mkdocs.yml is a symbolic link", hint)
        reading = read_documents(path.read_bytes(), "mkdocs.yml")
    except OSError as error:
        raise _Unbuildable(f"mkdocs.yml cannot be read: {error.strerror}", hint) from None
    if reading.faults:
        fault = reading.faults[0]
        raise _Unbuildable(f"{fault.place}: {fault.what}", fault.hint)
    value = reading.documents[0].value if len(reading.documents) == 1 else None
    if not isinstance(value, dict):
        raise _Unbuildable("mkdocs.yml is not one mapping of settings", hint)
    docs = value.get("docs_dir", "docs")
    if not isinstance(docs, str) or not _inside(docs):
        raise _Unbuildable(
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


def _sources(folder: Path, docs: str) -> Iterator[tuple[str, Path]]:
    """Path below the docs folder to file, sorted. Symbolic links are not followed."""
    root = folder / docs
    if not root.resolve().is_relative_to(folder.resolve()) or not root.is_dir():
        raise _Unbuildable(
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
                raise _Unbuildable(what, "keep large files elsewhere and link to them")
            yield path.relative_to(root).as_posix(), path


def _etag(settings: Mapping[str, Any], files: Mapping[str, Path]) -> str:
    digest = hashlib.sha256()
    engines = [f"{name} {importlib.metadata.version(name)}" for name in ("mkdocs", "mkdocs-techdocs-core")]
    for part in (_RULES, *engines, json.dumps(settings, sort_keys=True)):
        digest.update(part.encode() + b"\0")
    for path, source in sorted(files.items()):
        content = hashlib.sha256(source.read_bytes()).hexdigest()
        digest.update(f"{path}\0{content}\0".encode(errors="surrogateescape"))
    return digest.hexdigest()


def _etag_of(target: Path) -> str | None:
    try:
        metadata = json.loads((target / METADATA).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return metadata.get("etag") if isinstance(metadata, dict) else None


def _write_metadata(output: Path, settings: Mapping[str, Any], etag: str) -> None:
    files = sorted(path.relative_to(output).as_posix() for path in output.rglob("*") if path.is_file())
    metadata = {
        "site_name": settings["site_name"],
        "site_description": settings["site_description"],
        "build_timestamp": int(time.time() * 1000),
        "files": sorted({*files, METADATA}),
        "etag": etag,
    }
    (output / METADATA).write_text(json.dumps(metadata, ensure_ascii=False), "utf-8")


def _run_engine(settings: Mapping[str, Any], work: Path, output: Path) -> None:
    """MkDocs with the TechDocs plugin, on a folder that holds nothing but the pages."""
    # Read once, when the theme is imported: an advertisement at every build.
    os.environ.setdefault("NO_MKDOCS_2_WARNING", "true")
    from callboard.catalog.docs.engine import EngineFailed, build

    try:
        build(settings, work, output)
    except EngineFailed as error:
        raise _Unbuildable(
            f"MkDocs could not build it: {error}", "correct the page or the nav that it names"
        ) from None
