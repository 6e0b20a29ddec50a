"""GitHub Models, which is gone: what to use instead, and its catalog where somebody saved it.

The service was retired on 2026-07-30; its catalog (``GET /catalog/models``, one array of models) answers 410
since. A saved answer is read as it was.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from callboard.config import SourceSettings
from callboard.model import Listing, Model, Problem, Severity
from callboard.redaction import redact
from callboard.sources import rest_records as records
from callboard.sources.context import Context
from callboard.sources.provenance import with_provenance
from callboard.sources.rest_fields import ModelFields, VersionFields
from callboard.sources.selection import selected

LARGEST = 64 * 1024 * 1024
"""Bytes of a saved catalog."""

_INSTEAD = (
    "for models behind a gateway use a source of type openai, for those of a hub huggingface; a saved catalog"
    " is read with path:"
)
_TEXTS = "[?type(@) == 'string'] || `[]`"
_FIELDS = ModelFields(
    id="id",
    title="name",
    description="summary",
    provider="publisher",
    capabilities="capabilities",
    tags="tags",
    link="html_url",
    properties=(
        "{registry: registry,"
        ' "rate-limit-tier": rate_limit_tier,'
        ' "max-input-tokens": limits.max_input_tokens,'
        ' "max-output-tokens": limits.max_output_tokens,'
        f" \"input-modalities\": join(', ', supported_input_modalities{_TEXTS}),"
        f" \"output-modalities\": join(', ', supported_output_modalities{_TEXTS})}}"
    ),
    versions=VersionFields(items="[@] | [?version]", name="version"),
)


class Settings(SourceSettings):
    """``type: github-models`` in callboard.yaml."""

    type: Literal["github-models"] = "github-models"
    path: Path | None = None
    """A saved answer of ``/catalog/models``, absolute or relative to callboard.yaml."""


def list_models(settings: Settings, context: Context) -> Listing:
    """The models of the saved catalog, or only what to use instead. Never raises for what is in the file."""
    name = settings.name
    if settings.path is None:
        what = "GitHub Models was retired on 2026-07-30, and its catalog with it"
        return Listing(source=name, problems=(_problem(name, what, f"source {name}", _INSTEAD),))
    where = settings.path.as_posix()
    try:
        entries = _saved(context.folder / settings.path)
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no JSON array of models"
        hint = "save the array that /catalog/models answered, or correct `path` of this source"
        what = f"the saved catalog cannot be read: {reason}"
        return Listing(source=name, problems=(_problem(name, what, where, hint),))
    models: dict[str, Model] = {}
    unread: set[str] = set()
    problems: list[Problem] = []
    complete = bool(entries)
    hint = "correct it in the file, or exclude it under `select`"
    if not entries:
        problems.append(_problem(name, "the saved catalog holds no models", where, "check `path`", "warning"))
    for at, entry in enumerate(entries):
        id_ = None
        try:
            id_, _ = records.identity(entry, _FIELDS)
            if id_ in models or not selected(id_, settings.select):
                continue
            model, faults = records.model_of(name, id_, [entry], _FIELDS, where, each_version=False)
        except ValueError as error:
            unread |= {id_} if id_ else set()
            complete = complete and id_ is not None
            what = f"entry {at + 1} cannot be read: {error}"
            problems.append(_problem(name, what, where, hint, model=id_))
            continue
        models[id_] = with_provenance(model)
        context.progress(len(models))
        if faults:
            what = f"not as they should be, and left out or cut: {', '.join(sorted(faults))}"
            problems.append(_problem(name, what, where, hint, "warning", id_))
    return Listing(
        source=name,
        models=tuple(models[id_] for id_ in sorted(models)),
        unread=tuple(sorted(unread - models.keys())),
        complete=complete,
        problems=tuple(problems),
    )


def _saved(path: Path) -> list[Any]:
    """The entries. Raises OSError, ValueError or RecursionError."""
    if not path.resolve(strict=True).is_file():
        raise ValueError("not a file")
    with path.open("rb") as file:
        content = file.read(LARGEST + 1)
    said = json.loads(content) if len(content) <= LARGEST else None
    if not isinstance(said, list):
        raise ValueError("no array")
    return said


def _problem(
    source: str, what: str, where: str, hint: str, severity: Severity = "error", model: str | None = None
) -> Problem:
    return Problem(
        source=source, model=model, what=redact(what), where=redact(where), hint=hint, severity=severity
    )
