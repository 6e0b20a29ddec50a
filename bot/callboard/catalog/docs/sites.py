"""Which entities of a catalog tree keep their pages beside their catalog files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from callboard.documents.reader import read_documents
from callboard.model import Problem


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


def find_sites(tree: Path) -> tuple[list[Site], list[Problem]]:
    """Every site under ``tree``, each entity once; and what cannot be read or is there twice."""
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
                problem(file, None, f"it cannot be read: {error.strerror}", "check its permissions")
            )
            continue
        problems += [problem(str(fault.place), None, fault.what, fault.hint) for fault in reading.faults]
        for document in reading.documents:
            entity = _documented(document.value)
            if entity is None:
                continue
            if entity in sites:
                what = f"{entity} has its docs in {sites[entity].file} already"
                problems.append(problem(file, entity, what, "keep the annotation in one place"))
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


def problem(where: str, entity: str | None, what: str, hint: str) -> Problem:
    """Something about the docs that a person must know."""
    return Problem(source="docs", model=entity, what=what, where=where, hint=hint)
