"""What the artifacts of one version in the Kubeflow Model Registry become."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from callboard.metrics import higher_is_better
from callboard.model import Artifact, Counterpart, Evaluation, Model, Version
from callboard.sources.kubeflow_properties import counterparts_of, mlflow_uri, model_source
from callboard.sources.kubeflow_records import ArtifactRecord, rank

_GONE = frozenset({"MARKED_FOR_DELETION", "DELETED", "ABANDONED"})
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")

PENDING = "artifact.state"
"""The tag of a version whose artifact is still on its way, so that it is read again."""
ARTIFACT = "artifact "
"""What ``said_by`` begins with, where an artifact says so."""
_PARAMETER = "params."
_DATASET = "artifact.dataset."


@dataclass(frozen=True)
class Content:
    """What the artifacts of one version say: the same as long as the version is the same."""

    artifacts: tuple[Artifact, ...] = ()
    evaluations: tuple[Evaluation, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    counterparts: tuple[Counterpart, ...] = ()
    unusable: tuple[str, ...] = ()
    """Names of the metrics that are NaN or infinite."""

    @property
    def datasets(self) -> tuple[str, ...]:
        """Names of the datasets."""
        names = (key.removeprefix(_DATASET) for key in self.tags if key.startswith(_DATASET))
        return tuple(sorted(names))


def content_of(said: Sequence[ArtifactRecord], of_version: str | None) -> Content:
    """What artifacts become; those that the registry calls deleted, nothing."""
    there = [record for record in said if record.state not in _GONE]
    files = [
        record
        for record in there
        if record.artifact_type in ("model-artifact", "doc-artifact") and record.uri
    ]
    tags = {
        f"{_PARAMETER}{record.name}": str(record.value)
        for record in there
        if record.artifact_type == "parameter" and record.name and record.value is not None
    }
    formats = {record.model_format_version for record in files if record.model_format_version}
    if len(formats) == 1:
        tags["artifact.modelFormatVersion"] = formats.pop()
    if any(record.state == "PENDING" for record in there):
        tags[PENDING] = "PENDING"
    metrics = {
        record.name: (record, record.value)
        for record in sorted(there, key=lambda record: rank(record.id))
        if record.artifact_type == "metric" and record.name and isinstance(record.value, float)
    }
    tags |= {
        f"{_DATASET}{record.name or record.uri}": record.uri or ""
        for record in there
        if record.artifact_type == "dataset-artifact" and (record.name or record.uri)
    }
    return Content(
        artifacts=tuple(artifact_of(record) for record in _in_order(files)),
        evaluations=tuple(
            _metric(name, value, record)
            for name, (record, value) in sorted(metrics.items())
            if math.isfinite(value)
        ),
        tags=tags,
        counterparts=tuple(
            dict.fromkeys(one for record in _in_order(there) for one in _stated(record, of_version))
        ),
        unusable=tuple(name for name, (_, value) in sorted(metrics.items()) if not math.isfinite(value)),
    )


def content_of_known(known: Version, model: Model) -> Content:
    """What the known record of the same version says."""
    return Content(
        artifacts=known.artifacts,
        evaluations=known.evaluations,
        tags={key: text for key, text in known.tags.items() if key.startswith((_PARAMETER, "artifact."))},
        counterparts=tuple(
            one
            for one in model.counterparts
            if one.of_version == known.name and one.said_by.startswith(ARTIFACT)
        ),
    )


def _in_order(records: Iterable[ArtifactRecord]) -> list[ArtifactRecord]:
    return sorted(records, key=lambda record: (record.artifact_type != "model-artifact", rank(record.id)))


def artifact_of(record: ArtifactRecord) -> Artifact:
    """An artifact. Its digest is what a property says, or the address of an image by digest."""
    uri = record.uri or ""
    said = record.properties.get("digest", "sha256") or ""
    if re.fullmatch(r"[0-9a-f]{64}", said):
        said = f"sha256:{said}"
    digests = (text for text in (said, uri.rpartition("@")[2]) if _DIGEST.fullmatch(text))
    kind = "document" if record.artifact_type == "doc-artifact" else record.model_format_name or None
    return Artifact(uri=uri, digest=next(digests, None), format=kind)


def _metric(name: str, value: float, record: ArtifactRecord) -> Evaluation:
    run = record.experiment_run_id
    return Evaluation(
        metric=name,
        value=value,
        source=f"experiment run {run}" if run else None,
        higher_is_better=higher_is_better(name),
    )


def _stated(record: ArtifactRecord, of_version: str | None) -> Iterator[Counterpart]:
    if record.artifact_type != "model-artifact":
        return
    yield from model_source(
        record.model_source_kind,
        record.model_source_class,
        record.model_source_id,
        record.model_source_name,
        of_version,
    )
    yield from mlflow_uri(record.uri or "", f"{ARTIFACT}uri", of_version)
    yield from counterparts_of(record.properties, of_version, ARTIFACT)
