"""Model folders, read from the base and turned into changes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from callboard.catalog.entities import title_of
from callboard.catalog.generated import Generated
from callboard.catalog.merge import Kept
from callboard.catalog.plan import FolderPlan, Wish
from callboard.catalog.shelf import Folder, folder_of
from callboard.changes.change import KeptEdit, ModelChange
from callboard.changes.group import FileChange
from callboard.documents.values import ABSENT
from callboard.forges.protocol import PullRequest
from callboard.walk.base import Base

_CATALOG = "catalog-info.yaml"


def folders_of(pull: PullRequest, root: str) -> frozenset[str]:
    """The model folders that a pull request changes."""
    return frozenset(folder_of(path, root) for path in pull.paths if path.startswith(f"{root}/"))


def folder_contents(base: Base, folders: Iterable[str], root: str) -> dict[str, dict[str, bytes]]:
    """The files of some model folders, read in one batch: folder to path within it to content."""
    wanted = set(folders)
    paths = [path for path in base.blobs if folder_of(path, root) in wanted]
    contents: dict[str, dict[str, bytes]] = {}
    for path, content in base.read(paths).items():
        folder = folder_of(path, root)
        contents.setdefault(folder, {})[path[len(folder) + 1 :]] = content
    return contents


def file_change(plan: FolderPlan, current: Mapping[str, Mapping[str, bytes]]) -> FileChange:
    """The change that a plan makes to the folders as they are."""
    wanted = plan.wish
    there = current.get(wanted.path, {})
    short = {path.removeprefix(f"{wanted.path}/"): content for path, content in plan.files.items()}
    catalog = short.get(_CATALOG)
    change = ModelChange(
        key=str(wanted.key),
        name=wanted.name,
        title=title_of(wanted.model),
        folder=wanted.path,
        before=wanted.base.record if wanted.base else None,
        after=wanted.model,
        kept=tuple(kept_edit(kept) for kept in plan.kept if kept.conflict),
        files_added=tuple(sorted(path for path in short if path not in there)),
        files_changed=tuple(sorted(path for path in short if path in there and short[path] is not None)),
        files_removed=tuple(sorted(path for path in short if short[path] is None)),
        preview=catalog.decode("utf-8", "replace") if catalog and wanted.base is None else "",
    )
    return FileChange(
        change,
        wanted.model.source,
        plan.files,
        catalog=plan.files.get(f"{wanted.path}/{_CATALOG}") or there.get(_CATALOG, b""),
        rewording=not change.kept and _says_the_same(wanted),
    )


def _says_the_same(wanted: Wish) -> bool:
    """Whether neither the registry nor the configuration says anything new."""
    there = wanted.base
    if there is None or there.record != wanted.model:
        return False
    return _placement(there.generated) == _placement(wanted.generated)


def _placement(generated: Generated) -> list[object]:
    """What the configuration can decide about an entity."""
    specs = [one.get("spec") for one in generated.entities[:1]]
    fields = ("owner", "lifecycle", "system")
    return [spec.get(field) for spec in specs if isinstance(spec, Mapping) for field in fields]


def kept_edit(kept: Kept) -> KeptEdit:
    """An edit as it is told to people."""
    return KeptEdit(file=kept.file, field=kept.field, registry=_said(kept.wished), person=_said(kept.current))


def _said(value: object) -> str | None:
    if value is ABSENT:
        return None
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def deletion(folder: Folder, current: Mapping[str, Mapping[str, bytes]], why: str = "") -> FileChange:
    """The change that takes a model's whole folder out of the catalog.

    ``why``: where it is not that the registry has no such model any more.
    """
    record = folder.lock.record
    files = sorted(current.get(folder.path, {}))
    change = ModelChange(
        key=str(folder.lock.key),
        name=folder.name,
        title=title_of(record),
        folder=folder.path,
        before=record,
        after=None,
        why=why,
        files_removed=tuple(files),
    )
    return FileChange(
        change,
        folder.lock.key.source,
        {f"{folder.path}/{path}": None for path in files},
        catalog=current.get(folder.path, {}).get(_CATALOG, b""),
    )
