"""What the catalog should hold, decided from what the sources list and what the base holds. Pure but for reading."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from callboard.catalog.absence import absent, orphaned
from callboard.catalog.entities import title_of
from callboard.catalog.identity import Key
from callboard.catalog.merge import Kept
from callboard.catalog.plan import FolderPlan, keys_of, name_models, plan_folder, wish
from callboard.catalog.shelf import Shelf
from callboard.changes.change import KeptEdit, ModelChange
from callboard.changes.group import FileChange
from callboard.config import Config, SourceSettings
from callboard.model import Listing, Model, Problem
from callboard.sources.selection import is_selected
from callboard.validation.report import Diagnostic
from callboard.validation.validate import validate_files
from callboard.walk.base import Base


@dataclass(frozen=True)
class Desired:
    """The outcome of deciding."""

    changes: tuple[FileChange, ...]
    findings: tuple[Problem, ...]
    models: int
    """How many models the sources listed."""


def desire(
    config: Config,
    scope: str,
    base: Base,
    listings: Sequence[Listing],
    pending: Mapping[Key, str],
    *,
    prune: bool,
) -> Desired:
    """Every change that the catalog needs, and every finding that a person must know.

    ``pending``: names that our open pull requests propose for models that the base does not have yet.
    """
    shelf, root = base.shelf, config.catalog.path
    findings = [problem for listing in listings for problem in listing.problems]
    findings += [
        Problem(
            source="catalog",
            what=f"the folder is left alone: {broken.why}",
            where=broken.path,
            hint="restore its .callboard.lock from git's history, or delete the lock to have it written anew",
        )
        for broken in shelf.broken
    ]
    settings_of = {settings.name: settings for settings in config.sources}
    keyed: dict[Key, Model] = {}
    deletions: list[Key] = []
    for listing in listings:
        settings = settings_of[listing.source]
        keys = keys_of(listing.models, scope, settings, shelf)
        keyed |= keys
        absence = _absence(listing, settings, keys, scope, shelf, prune=prune)
        deletions += absence[0]
        findings += absence[1]
    renamed, orphans, more = _orphans(config, scope, keyed, shelf, prune=prune)
    deletions += orphans
    findings += more
    keyed = {key: model for key, model in keyed.items() if key.source not in renamed}
    broken_names = {broken.path.rpartition("/")[2].lower() for broken in shelf.broken}
    names = name_models(keyed, shelf, pending, frozenset())
    wishes = []
    for key, model in sorted(keyed.items()):
        if key not in shelf.folders and _would_be(model) in broken_names:
            continue  # most likely the model of that broken folder: a second folder would only add to the mess
        wanted, problems = wish(
            key, names[key], model, shelf, root, settings_of[model.source], config.defaults
        )
        findings += problems
        if not wanted.unchanged:
            wishes.append(wanted)
    folders = {wanted.path for wanted in wishes} | {shelf.folders[key].path for key in deletions}
    current = _folders(base, folders)
    plans = [plan_folder(wanted, current.get(wanted.path, {})) for wanted in wishes]
    findings += [problem for plan in plans for problem in plan.problems]
    changes, invalid = _valid([_file_change(plan, current) for plan in plans if plan.files])
    findings += invalid
    changes += [_deletion(key, shelf, current) for key in sorted(deletions)]
    return Desired(tuple(changes), tuple(findings), len(keyed))


def _would_be(model: Model) -> str:
    from callboard.catalog.identity import base_name

    return base_name(model.name).lower()


def _absence(
    listing: Listing,
    settings: SourceSettings,
    keys: Mapping[Key, Model],
    scope: str,
    shelf: Shelf,
    *,
    prune: bool,
) -> tuple[tuple[Key, ...], tuple[Problem, ...]]:
    held = shelf.of_source(scope, (settings.name, *settings.formerly))
    deselected = [key for key, at in held.items() if not is_selected(at.lock.record.name, settings.select)]
    result = absent(
        listing, {key: folder.name for key, folder in held.items()}, keys.keys(), deselected, prune=prune
    )
    return result.deletions, result.findings


def _orphans(
    config: Config, scope: str, keyed: Mapping[Key, Model], shelf: Shelf, *, prune: bool
) -> tuple[set[str], list[Key], list[Problem]]:
    """Sources that the catalog knows and the configuration does not: renamed ones, what to delete, what to say."""
    configured = {name for settings in config.sources for name in (settings.name, *settings.formerly)}
    gone = {key.source for key in shelf.folders if key.scope == scope} - configured
    renamed: set[str] = set()
    deletions: list[Key] = []
    findings: list[Problem] = []
    for source in sorted(gone):
        held = {key: folder.name for key, folder in shelf.of_source(scope, [source]).items()}
        ids = {key.id for key in held}
        twins = sorted({key.source for key in keyed if key not in shelf.folders and key.id in ids} - {source})
        result = orphaned(source, held, prune=prune and not twins)
        deletions += result.deletions
        findings += result.findings
        if twins:
            # Most likely renamed: proposing all its models a second time would be noise at best.
            renamed.update(twins)
    return renamed, deletions, findings


def _folders(base: Base, folders: Iterable[str]) -> dict[str, dict[str, bytes]]:
    wanted = set(folders)
    depth = next(iter(wanted)).count("/") + 1 if wanted else 0
    paths = [path for path in base.blobs if "/".join(path.split("/")[:depth]) in wanted]
    contents: dict[str, dict[str, bytes]] = {}
    for path, content in base.read(paths).items():
        parts = path.split("/")
        contents.setdefault("/".join(parts[:depth]), {})["/".join(parts[depth:])] = content
    return contents


def _file_change(plan: FolderPlan, current: Mapping[str, Mapping[str, bytes]]) -> FileChange:
    wanted = plan.wish
    there = current.get(wanted.path, {})
    short = {path.removeprefix(f"{wanted.path}/"): content for path, content in plan.files.items()}
    catalog = short.get("catalog-info.yaml")
    change = ModelChange(
        key=str(wanted.key),
        name=wanted.name,
        title=title_of(wanted.model),
        folder=wanted.path,
        before=wanted.base.record if wanted.base else None,
        after=wanted.model,
        kept=tuple(_kept(kept) for kept in plan.kept if kept.conflict),
        files_added=tuple(sorted(path for path in short if path not in there)),
        files_changed=tuple(sorted(path for path in short if path in there and short[path] is not None)),
        files_removed=tuple(sorted(path for path in short if short[path] is None)),
        preview=catalog.decode("utf-8", "replace") if catalog and wanted.base is None else "",
    )
    return FileChange(change, wanted.model.source, plan.files)


def _kept(kept: Kept) -> KeptEdit:
    return KeptEdit(file=kept.file, field=kept.where, registry=kept.wished, person=kept.current)


def _deletion(key: Key, shelf: Shelf, current: Mapping[str, Mapping[str, bytes]]) -> FileChange:
    folder = shelf.folders[key]
    record = folder.lock.record
    files = sorted(current.get(folder.path, {}))
    change = ModelChange(
        key=str(key),
        name=folder.name,
        title=title_of(record),
        folder=folder.path,
        before=record,
        after=None,
        files_removed=tuple(files),
    )
    return FileChange(change, key.source, {f"{folder.path}/{path}": None for path in files})


def _valid(changes: Iterable[FileChange]) -> tuple[list[FileChange], list[Problem]]:
    """Only what Backstage will accept is proposed; what it would not is told, model by model."""
    good, problems = [], []
    for change in changes:
        files = {path: content for path, content in change.files.items() if content is not None}
        errors = [one for one in validate_files(files).diagnostics if one.severity == "error"]
        if errors:
            problems += [_invalid(change, error) for error in errors]
        else:
            good.append(change)
    return good, problems


def _invalid(change: FileChange, error: Diagnostic) -> Problem:
    return Problem(
        source=change.source,
        model=change.change.key,
        what=f"the merged catalog file is not valid: {error.message}",
        where=f"{error.file}:{error.line}:{error.column}",
        hint="correct the value on the base branch, or in the registry",
    )
