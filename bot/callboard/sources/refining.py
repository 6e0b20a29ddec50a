"""From records as registries say them to records as the catalog takes them; only this module knows the order.

1. Overrides: what people say of a model counts for more than what its registry says.
2. Tables: tasks and categories, the lifecycle, the owner. What an override says of a field is final.
3. Selection by all but names, which the sources have looked at; then what is archived, where it leaves.

Pure. What a table or an override changed is kept in ``said``, so that a source is later given its own words
as what is known, and not ours.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from callboard.config import Config, SourceSettings
from callboard.config_models import Owners
from callboard.model import Listing, Model, Problem
from callboard.sources import lifecycle, owners, tasks
from callboard.sources.overrides import FIELDS, Override, Overrides, overridden
from callboard.sources.selection import meets

_MOST_ADVICE = 20


@dataclass(frozen=True)
class Rules:
    """What refines records."""

    overrides: Overrides
    tasks: tasks.TaskTable
    lifecycles: lifecycle.LifecycleTable
    owners: Owners


def rules_of(config: Config, overrides: Overrides) -> Rules:
    """The rules of a configuration and of the overrides that it names."""
    return Rules(
        overrides, tasks.task_table(config.tasks), lifecycle.lifecycle_table(config.lifecycles), config.owners
    )


def refined(listing: Listing, settings: SourceSettings, rules: Rules) -> Listing:
    """The listing of a source as the catalog takes it.

    A model of which a faulty override speaks is unread: what it should be is not known. So are all of them
    when a file of overrides could not be read.
    """
    own = rules.overrides.of(settings.name)
    models, held_back, deselected, archived = [], [], [], []
    used: set[int] = set()
    for model in listing.models:
        fitting = own.fitting(model)
        used.update(fitting)
        record = refined_record(model, fitting.values(), rules)
        if rules.overrides.unusable or any(one.faulty for one in fitting.values()):
            held_back.append(model.id)
        elif not meets(record, settings.select):
            deselected.append(model.id)
        elif rules.lifecycles.archived == "leave" and record.lifecycle == lifecycle.ARCHIVED:
            archived.append(model.id)
        else:
            models.append(record)
    sure = listing.complete and not listing.unread
    unused = [one for index, one in own.entries.items() if index not in used and not one.faulty]
    return listing.model_copy(
        update={
            "models": tuple(models),
            "unread": (*listing.unread, *held_back),
            "deselected": (*listing.deselected, *deselected),
            "archived": tuple(archived),
            "problems": (*listing.problems, *(_useless(unused, listing) if sure else ())),
        }
    )


def refined_record(model: Model, overrides: Iterable[Override], rules: Rules) -> Model:
    """The record after overrides and tables."""
    found = overridden(model, overrides)
    final = {field for field, place in found.provenance.items() if model.provenance.get(field) != place}
    names, categories = tasks.tasks_and_categories(found, rules.tasks)
    derived: dict[str, tuple[Any, str]] = {
        "tasks": (names, tasks.TABLE),
        "categories": (categories, tasks.TABLE),
        "lifecycle": (lifecycle.lifecycle_of(found, rules.lifecycles), lifecycle.TABLE),
    }
    if found.owner and (owner := owners.owner_of(found.owner, rules.owners)):
        derived["owner"] = (owner, owners.TABLE)
    changed = {
        field: (value, table)
        for field, (value, table) in derived.items()
        if field not in final and value != getattr(found, field)
    }
    touched = changed.keys() | final
    if not touched:
        return model
    before = model.model_dump(mode="json", include=set(touched))
    update: dict[str, Any] = {field: value for field, (value, _) in changed.items()}
    update["provenance"] = found.provenance | {field: table for field, (_, table) in changed.items()}
    update["said"] = {field: before[field] for field in sorted(touched)}
    return _tidied(found.model_copy(update=update))


def as_said(record: Model) -> Model | None:
    """The record as its source itself said it; None when it does not tell, since it may come from a lock."""
    if not record.said:
        # What is promoted is the catalog's word, and would come back as that of a source that reuses records.
        return record.model_copy(update={"promotions": ()}) if record.promotions else record
    whole = record.model_dump(mode="json") | {"said": {}, "provenance": {}, "promotions": ()}
    try:
        return None if record.said.keys() - set(FIELDS) else Model.model_validate(whole | record.said)
    except ValidationError:
        return None


def _tidied(model: Model) -> Model:
    """Without a word on who said what is not there."""
    said = {
        name: model.provenance[name]
        for name, field in Model.model_fields.items()
        if name in model.provenance and getattr(model, name) != field.get_default(call_default_factory=True)
    }
    return model.model_copy(update={"provenance": dict(sorted(said.items()))})


def _useless(overrides: Sequence[Override], listing: Listing) -> list[Problem]:
    """What people are told about overrides of models that are not there."""
    names = sorted(model.name for model in listing.models)
    problems = []
    for count, one in enumerate(overrides):
        # Comparing with all names costs time, and nobody needs so much advice.
        near = difflib.get_close_matches(one.model, names, 1) if count < _MOST_ADVICE else []
        problems.append(
            Problem(
                source=listing.source,
                what=f"the override of {one.model[:80]!r} says nothing: {listing.source} lists no such model",
                where=one.where,
                hint=f"did you mean {near[0][:80]!r}?" if near else "correct the name, or take it out",
                severity="warning",
            )
        )
    return problems
