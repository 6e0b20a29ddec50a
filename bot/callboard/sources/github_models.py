"""GitHub Models, which is gone: what to use instead, and its catalog where somebody saved it.

The service was retired on 2026-07-30; its catalog (``GET /catalog/models``, one array of models) answers 410
since. A saved answer is read as it was.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from callboard.config import SourceSettings
from callboard.model import Listing, Model
from callboard.sources import rest_records as records
from callboard.sources.context import Context
from callboard.sources.provenance import with_provenance
from callboard.sources.reading import SourceReading
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
    where = f"source {settings.name}" if settings.path is None else settings.path.as_posix()
    reading = SourceReading(settings, context, where, complete=False)
    if settings.path is None:
        reading.report("GitHub Models was retired on 2026-07-30, and its catalog with it", hint=_INSTEAD)
        return reading.listing_of(())
    try:
        entries = _saved(context.folder / settings.path)
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no JSON array of models"
        hint = "save the array that /catalog/models answered, or correct `path` of this source"
        reading.report(f"the saved catalog cannot be read: {reason}", hint=hint)
        return reading.listing_of(())
    models: dict[str, Model] = {}
    reading.complete = True
    hint = "correct it in the file, or exclude it under `select`"
    if not entries:
        reading.incomplete("the saved catalog holds no models", hint="check `path`")
    for at, entry in enumerate(entries):
        id_ = None
        try:
            id_, _ = records.identity(entry, _FIELDS)
            if id_ in models or not selected(id_, settings.select):
                continue
            model, faults = records.model_of(settings.name, id_, [entry], _FIELDS, where, each_version=False)
        except ValueError as error:
            reading.doubt(id_)
            reading.report(f"entry {at + 1} cannot be read: {error}", hint=hint, model=id_)
            continue
        models[id_] = with_provenance(model)
        context.progress(len(models))
        if faults:
            what = f"not as they should be, and left out or cut: {', '.join(sorted(faults))}"
            reading.report(what, hint=hint, model=id_, severity="warning")
    reading.unread -= models.keys()
    return reading.listing_of(models[id_] for id_ in sorted(models))


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
