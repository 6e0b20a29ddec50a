"""What each model's folder should hold: from the models as read to files, with people's edits kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass

from callboard.catalog.docs import render_docs
from callboard.catalog.endpoints import publishable
from callboard.catalog.entities import Placement, lifecycle_word, model_server, owner_reference, title_of
from callboard.catalog.generated import Generated
from callboard.catalog.identity import Key, assign_names
from callboard.catalog.inputs import inputs_of
from callboard.catalog.lock import FILE, Lock, write_lock
from callboard.catalog.merge import Kept, merge_model_folder
from callboard.catalog.shelf import Shelf
from callboard.config import Defaults, SourceSettings
from callboard.model import Model, Problem


@dataclass(frozen=True)
class Wish:
    """What one model should look like in the catalog, before people's edits are looked at."""

    key: Key
    name: str
    path: str
    """The folder, from the repository's root."""
    model: Model
    inputs: str
    generated: Generated
    base: Lock | None
    """What was written last time; None for a model that the base branch does not have."""
    parts: tuple[tuple[Key, Model], ...] = ()
    """Where models of several sources are one: what each of them says."""


@dataclass(frozen=True)
class FolderPlan:
    """What to write to one model's folder."""

    wish: Wish
    files: Mapping[str, bytes | None]
    """Every file that a commit must write (None: remove), by its path from the repository's root."""
    kept: tuple[Kept, ...] = ()
    problems: tuple[Problem, ...] = ()


def keys_of(models: Iterable[Model], scope: str, settings: SourceSettings, shelf: Shelf) -> dict[Key, Model]:
    """The key of each model of one source: as published, under its present or a former name, else new."""
    keyed = {}
    for model in models:
        names = (settings.name, *settings.formerly)
        keys = [Key(scope, name, model.id) for name in names]
        keyed[next((key for key in keys if key in shelf.places), keys[0])] = model
    return keyed


def name_models(
    models: Mapping[Key, Model], shelf: Shelf, pending: Mapping[Key, str], taken: Set[str]
) -> dict[Key, str]:
    """Entity names. ``pending``: names that our open pull requests already propose."""
    published = dict(pending) | shelf.published()
    return assign_names({key: model.name for key, model in models.items()}, published, shelf.taken | taken)


def wish(
    key: Key,
    name: str,
    model: Model,
    shelf: Shelf,
    root: str,
    settings: SourceSettings,
    defaults: Defaults,
    parts: tuple[tuple[Key, Model], ...] = (),
) -> tuple[Wish | None, tuple[Problem, ...]]:
    """What the model should look like, and what could not be taken over from its registry.

    ``parts``: where models of several sources are one, what each of them says.
    None when the base branch already has just that: then nobody need read the folder.
    """
    folder = shelf.folders.get(key)
    path = folder.path if folder else f"{root}/{name}"
    fallback = settings.owner or defaults.owner
    owner = owner_reference(model.owner)
    model, unpublishable = publishable(model)
    problems = list(unpublishable)
    if model.owner and owner is None:
        what = "the registry's owner is not a Backstage entity reference, so the configured owner is used"
        hint = (
            f"map it under owners: in callboard.yaml, or write it as group:default/NAME or "
            f"user:default/NAME in {settings.name}"
        )
        where = f"source {settings.name}, owner of {model.id!r:.200}"
        problems.append(
            Problem(
                source=settings.name, model=model.id, what=what, where=where, hint=hint, severity="warning"
            )
        )
    placement = Placement(
        key=key,
        name=name,
        owner=owner or fallback,
        lifecycle=lifecycle_word(model.lifecycle) or defaults.lifecycle,
        system=defaults.system,
    )
    inputs = inputs_of(model, placement)
    if folder and folder.lock.inputs == inputs:
        return None, tuple(problems)
    pages = render_docs(
        model,
        title=title_of(model),
        entity_name=name,
        owner=placement.owner,
        lifecycle=placement.lifecycle,
        system=placement.system,
    )
    generated = Generated(entities=model_server(model, placement), pages=pages)
    if folder and folder.lock.generated == generated:
        return None, tuple(problems)
    base = folder.lock if folder else None
    return Wish(key, name, path, model, inputs, generated, base, parts), tuple(problems)


def plan_folder(
    wanted: Wish, current: Mapping[str, bytes], handed_back: Set[str] = frozenset()
) -> FolderPlan:
    """Merge the wish with the folder as it is on the base branch (paths within the folder to contents).

    ``handed_back``: fields and files of which the registry's value is taken whatever people made of them.
    When a file cannot be merged the whole folder is left as it is: a half-updated model would be wrong in
    both halves, and without a new lock the next walk tries again.
    """
    files = {path: content for path, content in current.items() if path != FILE}
    before = wanted.base.generated if wanted.base else None
    merged = merge_model_folder(before, files, wanted.generated, handed_back)
    problems = tuple(
        Problem(
            source=wanted.model.source,
            model=wanted.model.id,
            what=what,
            where=wanted.path,
            hint="mend the file on the base branch, or delete the whole folder to have it written anew",
        )
        for what in merged.problems
    )
    if problems:
        return FolderPlan(wanted, {}, merged.kept, problems)
    lock = write_lock(
        Lock(
            key=wanted.key,
            record=wanted.model,
            inputs=wanted.inputs,
            generated=wanted.generated,
            parts=wanted.parts,
        )
    )
    wished: dict[str, bytes | None] = {**merged.files, **dict.fromkeys(merged.removed), FILE: lock}
    changed = {
        f"{wanted.path}/{path}": content for path, content in wished.items() if current.get(path) != content
    }
    return FolderPlan(wanted, changed, merged.kept)
