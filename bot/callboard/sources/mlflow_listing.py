"""All registered models of an MLflow server and all their versions, in two requests as a rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from callboard.http import Client, HttpProblem
from callboard.sources import mlflow_records as records
from callboard.sources.reading import SourceReading
from callboard.sources.remote import chained

API = "/api/2.0/mlflow"
_MODELS_PER_PAGE = 1000  # MLflow's own limit
_VERSIONS_PER_PAGE = 10_000


def registered_models(reading: SourceReading, client: Client) -> dict[str, records.RegisteredModel]:
    """The registered models by their names."""
    path, found = "registered-models/search", dict[str, records.RegisteredModel]()
    entries = pages(client, path, "registered_models", _MODELS_PER_PAGE)
    doing = "listing the registered models"
    for model in reading.wanted(records.RegisteredModel, entries, f"{API}/{path}", _name, doing=doing):
        if not model.is_prompt:
            found.setdefault(model.name, model)
    if reading.complete and not reading.answered:
        reading.incomplete(
            "the registry answers no models at all",
            hint="check that the token may list models; if the registry is really empty, ignore this",
        )
    return found


def model_versions(
    reading: SourceReading, client: Client, registered: dict[str, records.RegisteredModel]
) -> dict[str, list[records.ModelVersion]]:
    """The versions of each model, newest first.

    A model of which a version could not be read is unread: the versions that are left would look as if the
    others had been deleted.
    """
    path, found = "model-versions/search", dict[str, dict[str, records.ModelVersion]]()
    complete_before, reading.complete = reading.complete, True
    try:
        for said in pages(client, path, "model_versions", _VERSIONS_PER_PAGE):
            name = _name(said)
            if name is not None and name not in registered:
                continue
            try:
                version = records.ModelVersion.model_validate(said)
            except ValidationError as error:
                reading.bad(error, f"{API}/{path}", name)
                continue
            found.setdefault(version.name, {}).setdefault(version.version, version)
    except HttpProblem as error:
        reading.broken_off(error, doing="listing the model versions")
    if not reading.complete:
        reading.unread.update(registered)
    reading.complete = reading.complete and complete_before
    return {name: records.newest_first(versions.values()) for name, versions in found.items()}


def pages(client: Client, path: str, key: str, size: int, **params: str) -> Iterator[Any]:
    """The entries of all pages. Raises HttpProblem, also for a listing that never ends."""
    path = f"{API}/{path}"

    def page(token: str | None) -> tuple[list[Any], Any]:
        onward = {} if token is None else {"page_token": token}
        answer = client.get_json(path, {"max_results": size, **params, **onward})
        return items(answer, key, path), answer.get("next_page_token") or None

    return chained(page, path)


def items(answer: Any, key: str, where: str) -> list[Any]:
    """The list in an answer; MLflow leaves an empty one out."""
    items = answer.get(key, []) if isinstance(answer, dict) else None
    if not isinstance(items, list):
        raise HttpProblem("bad-answer", f"the answer holds no list of {key.replace('_', ' ')}", where=where)
    return items


def _name(said: Any) -> str | None:
    """The model's name, where the record has a usable one."""
    name = said.get("name") if isinstance(said, dict) else None
    return name if isinstance(name, str) and name and "\ufffd" not in name else None
