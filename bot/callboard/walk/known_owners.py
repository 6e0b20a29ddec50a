"""Whether Backstage knows the owners that models will have: a finding each; none is ever made up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from callboard.backstage.client import Catalog
from callboard.catalog.entities import owner_reference
from callboard.config import Config
from callboard.http import HttpProblem
from callboard.model import Listing, Problem
from callboard.validation.references import NotAReference, parse_reference
from callboard.walk.workplace import NotConfigured, open_backstage

_SHOWN = 3


def check_owners(
    config: Config, listings: Iterable[Listing], environ: Mapping[str, str]
) -> tuple[Problem, ...]:
    """Findings about owners, where Backstage is configured and its token is at hand in this run."""
    owned = models_by_owner(config, listings)
    if config.backstage is None or not owned:
        return ()
    try:
        catalog: Catalog = open_backstage(config.backstage, environ)
        found = catalog.entities_by_refs(owned)
    except NotConfigured:
        return ()
    except HttpProblem as error:
        what = f"the owners of models were not checked: {error.what}"
        return (
            Problem(source="backstage", what=what, where=error.where, hint=error.hint, severity="warning"),
        )
    return unknown_owners({owner: owned[owner] for owner, entity in found.items() if entity is None})


def models_by_owner(config: Config, listings: Iterable[Listing]) -> dict[str, list[str]]:
    """The full reference of each owner that a model will have, with ``source: name`` of these models."""
    sources = {one.name: one for one in config.sources}
    owned: dict[str, list[str]] = {}
    for listing in listings:
        fallback = sources[listing.source].owner or config.defaults.owner
        for model in listing.models:
            owner = owner_reference(model.owner) or fallback
            with suppress(NotAReference):  # said elsewhere
                reference = str(parse_reference(owner, kind="group", namespace="default"))
                owned.setdefault(reference, []).append(f"{model.source}: {model.name[:80]}")
    return owned


def unknown_owners(owned: Mapping[str, Sequence[str]]) -> tuple[Problem, ...]:
    """What people are told about owners that Backstage does not have."""
    problems = []
    for owner, models in sorted(owned.items()):
        more = f" and {len(models) - _SHOWN} more" if len(models) > _SHOWN else ""
        problems.append(
            Problem(
                source="backstage",
                what=f"Backstage does not know the owner {owner} of {', '.join(models[:_SHOWN])}{more}",
                where=owner,
                hint="add it to Backstage, or map it to one that is there under owners: in callboard.yaml",
                severity="warning",
            )
        )
    return tuple(problems)
