"""The Kubeflow Model Catalog, ``v1alpha1``: models that are offered, each by one of the catalog's sources.

The catalog is filled anew from files and from the Hugging Face Hub, so that its ids change: a model's id is
its source and name. Where the files give no times, the catalog writes when it was filled; so a time by itself
is no news, and counts only together with something else. Measurements of speed (``performance-metrics``,
hundreds per model, each for one hardware and load) are not read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from callboard.http import HttpProblem
from callboard.metrics import higher_is_better
from callboard.model import Artifact, Evaluation, Model, Version
from callboard.sources import kubeflow_records as records
from callboard.sources.cards import CardReading
from callboard.sources.kubeflow_artifacts import ARTIFACT, artifact_of
from callboard.sources.kubeflow_models import described_as
from callboard.sources.kubeflow_properties import Properties, counterparts_of, mlflow_uri
from callboard.sources.kubeflow_reading import Reading, name_of, text_of
from callboard.sources.reading import Unread
from callboard.sources.remote import as_problem

_API = "/api/model_catalog/v1alpha1"
_ACCURACY = "accuracy-metrics"
_UNNAMED = "latest"
"""The version of a model whose entry names none: the catalog has no versions."""
_MOST_ERROR = 300
_SETTLED = ("created_at", "updated_at", "revision", "provenance")


def read_catalog(reading: Reading, sources: Sequence[str]) -> None:
    """Read all models of these sources, of all sources where none is named, into ``reading``."""
    _check_sources(reading, sources)
    path = f"{_API}/models"
    found: dict[str, records.CatalogModel] = {}
    entries = reading.pages(path, **({"source": list(sources)} if sources else {}))
    for model in reading.wanted(records.CatalogModel, entries, path, name_of, _identifier):
        found.setdefault(model.identifier, model)
    if reading.complete and not reading.answered:
        reading.incomplete(
            "the catalog answers no models at all",
            where=f"{reading.client.base_url}{path}",
            hint="check that its sources are enabled and that the token may list models",
        )
    for identifier in sorted(found.keys() - reading.unread):
        try:
            reading.add(*_model(reading, found[identifier]))
        except Unread as unread:
            reading.leave(identifier, unread)


def _identifier(said: Any) -> str | None:
    name, source = text_of(said, "name"), text_of(said, "source_id")
    return f"{source}/{name}" if source and name else None


def _check_sources(reading: Reading, wanted: Sequence[str]) -> None:
    """Whether every source could be loaded: models of one that was not are missing from the list."""
    path = f"{_API}/sources"
    there, unreadable, listed = reading.records(records.CatalogSource, path, "listing the catalog's sources")
    whole = listed and not unreadable
    reading.complete = reading.complete and whole
    for source in there:
        is_model_source = source.asset_type in (None, "models")
        if source.status in ("error", "partially-available") and is_model_source:
            if wanted and source.id not in wanted:
                continue
            reading.complete = False
            error = " ".join((source.error or "").split())[:_MOST_ERROR]
            reading.report(
                f"the catalog's source {source.id} is {source.status}" + (f": {error}" if error else ""),
                where=f"{reading.client.base_url}{path}",
                hint="correct it where the catalog is configured; until then nothing is taken for gone",
                severity="warning",
            )
    for name in wanted:
        if whole and all(source.id != name for source in there):
            reading.complete = False
            reading.report(
                f"the catalog has no source {name}",
                where=f"{reading.client.base_url}{path}",
                hint="correct `catalog-sources`; ids are expected, not the names that pages show",
            )


def _model(reading: Reading, said: records.CatalogModel) -> tuple[Model, CardReading]:
    own = said.properties
    known = reading.context.known.get(said.identifier)
    revision = None if not said.last_update_time_since_epoch else str(said.last_update_time_since_epoch)
    name = own.get("version", "modelversion", "sourcemodelversion") or _UNNAMED
    before = known.latest if known else None
    if known and before and before.artifacts and revision is not None and known.revision == revision:
        artifacts, evaluations = before.artifacts, before.evaluations
        counterparts = [one for one in known.counterparts if one.said_by.startswith(ARTIFACT)]
    else:
        read = reading.artifacts(_artifacts_path(reading, said))
        files = [one for one in read if one.artifact_type == "model-artifact" and one.uri]
        artifacts = tuple(_artifact(one) for one in files)
        evaluations = _evaluations(read)
        counterparts = [
            stated
            for one in files
            for stated in (
                *mlflow_uri(one.uri or "", f"{ARTIFACT}uri", None),
                *counterparts_of(one.properties, None, ARTIFACT),
            )
        ]
    described, card = described_as(said, said.identifier, own, Properties({}))
    version = Version(name=name, artifacts=artifacts, evaluations=evaluations)
    model = described.model_copy(
        update={
            "source": reading.settings.name,
            "name": said.name,
            "owner": own.get("owner") or card.owner,
            "versions": (version,) if artifacts or evaluations else (),
            "counterparts": tuple(dict.fromkeys([*counterparts_of(own, None), *counterparts])),
            "created_at": records.utc(said.create_time_since_epoch),
            "updated_at": records.utc(said.last_update_time_since_epoch),
            "revision": revision,
        }
    )
    return _settled(model, known), card


def _settled(model: Model, known: Model | None) -> Model:
    """The model, with the known times where nothing but them is new."""
    if known is None:
        return model
    former = model.model_copy(update={name: getattr(known, name) for name in _SETTLED})
    return former if former == known else model


def _artifacts_path(reading: Reading, said: records.CatalogModel) -> str:
    if {said.name, said.source_id} & {".", ".."}:
        where = f"{reading.client.base_url}{_API}/models"
        error = HttpProblem("refused", "its name or source would lead elsewhere in a URL", where=where)
        raise Unread(as_problem(reading.settings.name, error))
    source, name = quote(said.source_id, safe=""), quote(said.name, safe="")
    return f"{_API}/sources/{source}/models/{name}/artifacts"


def _artifact(record: records.ArtifactRecord) -> Artifact:
    artifact = artifact_of(record)
    kind = record.properties.get("modelformat", "format", "modelformatname")
    return artifact.model_copy(update={"format": artifact.format or kind})


def _evaluations(said: Sequence[records.ArtifactRecord]) -> tuple[Evaluation, ...]:
    """What was measured of a model's answers."""
    found: dict[tuple[str, str | None], Evaluation] = {}
    for record in said:
        if record.artifact_type == "metrics-artifact" and record.metrics_type == _ACCURACY:
            for one in _measured(record):
                found[one.metric, one.dataset] = one
    return tuple(found[key] for key in sorted(found, key=lambda key: (key[0], key[1] or "")))


def _measured(record: records.ArtifactRecord) -> Iterator[Evaluation]:
    """Either one benchmark with its score, or many scores by name."""
    properties = record.properties
    numbers = {
        key: value.number
        for key, value in (record.custom_properties or {}).items()
        if value.number is not None
    }
    benchmark = properties.get("benchmark")
    if benchmark is not None:
        numbers = {
            properties.get("scoremetric") or "score": numbers[key] for key in numbers if key == "score"
        }
    for metric, value in numbers.items():
        yield Evaluation(
            metric=metric,
            value=value,
            dataset=benchmark,
            source=_ACCURACY,
            higher_is_better=higher_is_better(metric),
        )
