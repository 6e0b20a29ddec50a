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
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from callboard.catalog.docs.site_sources import Unbuildable, read_settings, sources_of
from callboard.catalog.docs.sites import Site, find_sites, problem
from callboard.model import Problem

METADATA = "techdocs_metadata.json"
_RULES = "1"
"""Part of every etag: change it when other bytes are built from the same sources."""


class EngineMissing(Exception):
    """MkDocs or its TechDocs plugin is not installed: what to do."""


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
    sites, problems = find_sites(tree)
    for site in sites:
        target = out.joinpath(*site.target.parts)
        try:
            done = _build_site(site, target)
        except Unbuildable as reason:
            problems.append(problem(site.file, site.entity, reason.what, reason.hint))
        else:
            (built if done else unchanged).append(site.entity)
    return BuildReport(tuple(sorted(built)), tuple(sorted(unchanged)), tuple(problems))


def _require_engine() -> None:
    for module in ("mkdocs", "techdocs_core"):
        if importlib.util.find_spec(module) is None:
            raise EngineMissing(
                "building docs needs MkDocs with the TechDocs plugin, which is not installed; "
                "install Callboard with the extra docs from where you have it: "
                "pip install '.[docs]' in a checkout"
            )


def _build_site(site: Site, target: Path) -> bool:
    """Whether the site had to be built."""
    settings = read_settings(site.folder)
    files = dict(sources_of(site.folder, str(settings["docs_dir"])))
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
        raise Unbuildable(
            f"MkDocs could not build it: {error}", "correct the page or the nav that it names"
        ) from None
