"""What the catalog should hold, decided from what the sources list and what the base holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from callboard.catalog.absence import absent, orphaned
from callboard.catalog.identity import Key, base_name
from callboard.catalog.plan import FolderPlan, Wish, keys_of, name_models, plan_folder, wish
from callboard.catalog.shelf import Shelf, folder_of
from callboard.changes.group import FileChange, placed_by
from callboard.changes.grouping import Member, Rules, is_held
from callboard.config import Config, SourceSettings
from callboard.model import Listing, Model, Problem
from callboard.pulls.asked import fields_of
from callboard.sources.selection import wanted
from callboard.validation.check import validate_files
from callboard.validation.diagnostics import Diagnostic
from callboard.walk.base import Base
from callboard.walk.findings import of_model
from callboard.walk.folders import deletion, file_change, folder_contents
from callboard.walk.linking import catalogued
from callboard.walk.promoting import records_to_write


@dataclass(frozen=True)
class Desired:
    """The outcome of deciding."""

    changes: tuple[FileChange, ...]
    findings: tuple[Problem, ...]
    models: int
    """How many models the sources listed."""
    listed: frozenset[Key] = frozenset()
    """The keys of these models."""
    settled: frozenset[Key] = frozenset()
    """Those of them for which the base branch holds all that they should have."""
    joined: Mapping[Key, Key] = field(default_factory=dict)
    """Models that are one with another, in whose folder they are: under which key."""
    unpromoted: Mapping[Key, str] = field(default_factory=dict)
    """Why a version that their registries would have in a stage is not proposed for it."""
    reworded: int = 0
    """So many of these would only be written otherwise by this version of Callboard."""


def desire(
    config: Config,
    scope: str,
    base: Base,
    listings: Sequence[Listing],
    pending: Mapping[Key, str],
    *,
    prune: bool,
    refresh: bool = False,
    handed_back: Mapping[str, Set[str]] = MappingProxyType({}),
    open_in: Mapping[str, str] = MappingProxyType({}),
    parts: Mapping[Key, Mapping[Key, Model]] = MappingProxyType({}),
) -> Desired:
    """Every change that the catalog needs, and every finding that a person must know.

    ``pending``: names that our open pull requests propose for models that the base does not have yet.
    ``parts``: what each source said of those of them that are of several sources, by the folders' keys.
    ``open_in``: the branch of the open pull request that holds a model, by its key.
    ``refresh``: what only this version of Callboard writes otherwise is asked for.
    ``handed_back``: what people gave back to the registry in these pull requests, by the models' keys.
    """
    shelf, root = base.shelf, config.catalog.path
    findings = [problem for listing in listings for problem in listing.problems]
    findings += [
        Problem(
            source="catalog",
            what=f"the folder is left alone: {broken.why}",
            where=broken.path,
            hint="restore .callboard.lock from git's history, or delete the whole folder "
            "to have it written anew",
        )
        for broken in shelf.broken
    ]
    settings_of = {settings.name: settings for settings in config.sources}
    keyed: dict[Key, Model] = {}
    gone: list[Key] = []
    for listing in listings:
        settings = settings_of[listing.source]
        keys = keys_of(listing.models, scope, settings, shelf)
        keyed |= keys
        absence = _absence(listing, settings, keys, scope, shelf, prune=prune)
        gone += absence[0]
        findings += absence[1]
    renamed, orphans, more = _orphans(config, scope, keyed, shelf, prune=prune)
    gone += orphans
    findings += more
    keyed = {key: model for key, model in keyed.items() if key.source not in renamed}
    broken_names = {broken.path.rpartition("/")[2].lower() for broken in shelf.broken}
    catalog = catalogued(config, scope, shelf, listings, keyed, set(gone), pending.keys(), parts)
    findings += catalog.findings
    names = name_models({one.key: one.model for one in catalog.entries}, shelf, pending, frozenset())
    wishes: dict[Key, list[Wish]] = {}
    unpromoted: dict[Key, str] = {}
    for entry in catalog.entries:
        key, model = entry.key, entry.model
        if key not in shelf.folders and any(base_name(name).lower() in broken_names for name in entry.names):
            continue  # most likely that broken folder's model: a second folder would only add to the mess
        settings = settings_of[entry.source]
        try:
            records, problems = records_to_write(
                key, model, entry.parts, shelf, config.promotion, open_in.get(str(key), "")
            )
            findings += problems
            if problems:
                unpromoted[key] = problems[0].what
            for count, (record, own) in enumerate(records):
                wanted, problems = wish(key, names[key], record, shelf, root, settings, config.defaults, own)
                findings += () if count else problems
                wishes.setdefault(key, []).extend([wanted] if wanted else [])
        except Exception as error:  # one model's fault must not stop the others
            wishes.pop(key, None)
            findings.append(_defect(model, error))
    settled = {key for key, several in wishes.items() if not several}
    folders = {wanted.path for several in wishes.values() for wanted in several} | {
        shelf.folders[key].path for key in catalog.deletions
    }
    current = folder_contents(base, folders, root)
    planned: list[FileChange] = []
    for key in list(wishes):
        several = wishes.pop(key)  # thousands of them are most of what a walk holds in memory
        if not several:
            continue
        handed = fields_of(handed_back.get(str(key), ()), several[0].name)
        plan = _first_that_writes(several, current, handed, rewording=refresh or str(key) in open_in)
        findings += plan.problems
        if plan.files:
            planned.append(file_change(plan, current))
        elif not plan.problems:
            settled.add(key)
    changes, invalid = _valid(planned)
    findings += invalid
    changes += [deletion(shelf.folders[key], current, why) for key, why in sorted(catalog.deletions.items())]
    return Desired(
        tuple(changes),
        tuple(findings),
        len(keyed),
        frozenset(keyed) | {one.key for one in catalog.entries},
        frozenset(settled) & shelf.folders.keys(),
        joined=catalog.joined,
        unpromoted=unpromoted,
    )


def without_rewording(desired: Desired, open_in: Mapping[str, str], rules: Rules) -> Desired:
    """The same without what nobody has anything new to say about, but for what is open already.

    ``open_in``: the branch of the open pull request that holds a model, by its key.
    """
    left_out = {
        one.change.key
        for one in desired.changes
        if one.rewording and not is_held(one, open_in.get(one.change.key), rules)
    }
    return replace(
        desired,
        changes=tuple(one for one in desired.changes if one.change.key not in left_out),
        settled=desired.settled | {key for key in desired.listed if str(key) in left_out},
        reworded=len(left_out),
    )


def members(base: Base, root: str) -> tuple[Member, ...]:
    """The models of the base branch, as far as grouping must know them."""
    files = Counter(folder_of(path, root) for path in base.blobs)
    return tuple(
        Member(str(key), at.lock.record.source, placed_by(at.lock.generated.entities), files[at.path])
        for key, at in base.shelf.folders.items()
    )


def _first_that_writes(
    several: Sequence[Wish],
    current: Mapping[str, Mapping[str, bytes]],
    handed_back: Set[str],
    *,
    rewording: bool,
) -> FolderPlan:
    """``rewording``: also what only this version of Callboard writes otherwise, and nobody may ever ask for.

    Else that comes with what follows it.
    """
    plans = (plan_folder(wanted, current.get(wanted.path, {}), handed_back) for wanted in several)
    for left, plan in zip(range(len(several) - 1, -1, -1), plans, strict=True):
        waits = plan.files and left and not rewording and file_change(plan, current).rewording
        if plan.problems or (plan.files and not waits):
            break
    return plan


def _defect(model: Model, error: Exception) -> Problem:
    return of_model(
        model,
        f"the model could not be written: {type(error).__name__}: {error}",
        "this is a defect in Callboard; please report it with this message",
    )


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
    deselected = [
        key
        for key, at in held.items()
        if key.id in listing.deselected or not wanted(at.models.get(key, at.lock.record), settings.select)
    ]
    result = absent(
        listing, {key: folder.name for key, folder in held.items()}, keys.keys(), deselected, prune=prune
    )
    return result.deletions, result.findings


def _orphans(
    config: Config, scope: str, keyed: Mapping[Key, Model], shelf: Shelf, *, prune: bool
) -> tuple[set[str], list[Key], list[Problem]]:
    """Sources that only the catalog knows: which new ones they became, what to delete, what to say."""
    configured = {name for settings in config.sources for name in (settings.name, *settings.formerly)}
    gone = {key.source for key in shelf.places if key.scope == scope} - configured
    renamed: set[str] = set()
    deletions: list[Key] = []
    findings: list[Problem] = []
    for source in sorted(gone):
        held = {key: folder.name for key, folder in shelf.of_source(scope, [source]).items()}
        ids = {key.id for key in held}
        twins = sorted({key.source for key in keyed if key not in shelf.places and key.id in ids} - {source})
        result = orphaned(source, held, prune=prune and not twins)
        deletions += result.deletions
        findings += result.findings
        if twins:
            # Most likely renamed: proposing all its models a second time would be noise at best.
            renamed.update(twins)
    return renamed, deletions, findings


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
