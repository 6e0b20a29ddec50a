"""MLflow's records as its REST API answers them, and what they become.

What becomes what: a registered model's name is its id. Its description is the description, or the note that
MLflow's pages write (tag ``mlflow.note.content``). These tags are taken for the fields of the same meaning,
since MLflow has no field for them: ``owner``; ``license`` and ``license_url``; ``lifecycle``; ``task`` or
``tasks``, ``language`` or ``languages``, ``base_model``, ``dataset`` or ``datasets`` (comma-separated). A tag
without a value is a plain tag; all others are properties, but for MLflow's own (``mlflow.…``). Of a version,
the run gives the metrics (but for ``system/…``), the parameters (as tags ``params.…``) and the datasets.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import BaseModel, BeforeValidator, Field

from callboard.metrics import higher_is_better
from callboard.model import Artifact, Evaluation, License, Lineage, Link, Model, Signature, Version

_OWN = "mlflow."
_NOTE = "mlflow.note.content"
_FIELDS = frozenset({
    "owner", "license", "license_url", "lifecycle", "task", "tasks", "language", "languages", "base_model",
    "dataset", "datasets",
})  # fmt: skip


def _number_as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class _Pair(BaseModel):
    key: str
    value: str = ""


class _Alias(BaseModel):
    alias: str
    version: Annotated[str, BeforeValidator(_number_as_text)]


# A replacement character stands for what told the name from others.
_Name = Annotated[str, Field(pattern="^[^\ufffd]+$")]


class RegisteredModel(BaseModel):
    """One entry of ``registered-models/search``."""

    name: _Name
    creation_timestamp: int | None = None
    last_updated_timestamp: int | None = None
    description: str = ""
    tags: list[_Pair] = []
    aliases: list[_Alias] = []

    @property
    def is_prompt(self) -> bool:
        """MLflow keeps prompts in the registry too, as models with a tag."""
        return any(tag.key == "mlflow.prompt.is_prompt" and tag.value == "true" for tag in self.tags)


class ModelVersion(BaseModel):
    """One entry of ``model-versions/search``."""

    name: _Name
    version: Annotated[str, BeforeValidator(_number_as_text)]
    creation_timestamp: int | None = None
    last_updated_timestamp: int | None = None
    current_stage: str = "None"
    description: str = ""
    source: str = ""
    run_id: str = ""
    status: str = ""
    tags: list[_Pair] = []


class _Metric(BaseModel):
    key: str
    value: float | None = None
    """MLflow writes NaN and the infinities as texts, which pydantic reads."""


class _RunInfo(BaseModel):
    run_id: str


class _RunData(BaseModel):
    metrics: list[_Metric] = []
    params: list[_Pair] = []


class _Dataset(BaseModel):
    name: str


class _DatasetInput(BaseModel):
    dataset: _Dataset
    tags: list[_Pair] = []

    @property
    def context(self) -> str:
        return next((tag.value for tag in self.tags if tag.key == "mlflow.data.context"), "")


class _RunInputs(BaseModel):
    dataset_inputs: list[_DatasetInput] = []


class _ModelOutput(BaseModel):
    model_id: str


class _RunOutputs(BaseModel):
    model_outputs: list[_ModelOutput] = []


class Run(BaseModel):
    """One entry of ``runs/search``."""

    info: _RunInfo
    data: _RunData = _RunData()
    inputs: _RunInputs = _RunInputs()
    outputs: _RunOutputs = _RunOutputs()

    @property
    def evaluation_datasets(self) -> tuple[str, ...]:
        """Names of the datasets that the run was logged to evaluate with."""
        return _datasets(self, evaluation=True)

    @property
    def training_datasets(self) -> tuple[str, ...]:
        """Names of all other datasets of the run."""
        return _datasets(self, evaluation=False)

    @property
    def unusable_metrics(self) -> tuple[str, ...]:
        """Names of the metrics that are NaN or infinite."""
        return tuple(
            sorted(m.key for m in self.data.metrics if m.value is None or not math.isfinite(m.value))
        )


def _datasets(run: Run, *, evaluation: bool) -> tuple[str, ...]:
    inputs = run.inputs.dataset_inputs
    return tuple(dict.fromkeys(i.dataset.name for i in inputs if i.context.startswith("eval") is evaluation))


@dataclass(frozen=True)
class Files:
    """What is known of a version's files."""

    flavor: str | None = None
    size: int | None = None
    signature: Signature | None = None


def newest_first(versions: Iterable[ModelVersion]) -> list[ModelVersion]:
    """MLflow numbers versions; those without a number come last."""
    return sorted(versions, key=_rank, reverse=True)


def _rank(version: ModelVersion) -> tuple[int, str]:
    is_number = version.version.isascii() and version.version.isdigit() and len(version.version) < 19
    return int(version.version) if is_number else -1, version.version


def version_of(
    said: ModelVersion, aliases: Iterable[str], run: Run | None, known: Version | None, files: Files
) -> Version:
    """A version. What its run gave, when the run cannot be read now, is what the known record says.

    Raises ValueError for times that cannot be.
    """
    if run is not None:
        evaluations = evaluations_of(run)
        params = {f"params.{param.key}": param.value for param in run.data.params}
    else:
        evaluations = known.evaluations if known else ()
        params = {k: v for k, v in known.tags.items() if k.startswith("params.")} if known else {}
    tags = {tag.key: tag.value for tag in said.tags if not tag.key.startswith(_OWN)}
    artifact = Artifact(uri=said.source, size=files.size, format=files.flavor) if said.source else None
    return Version(
        name=said.version,
        description=said.description or None,
        state=(said.current_stage if said.current_stage not in ("", "None") else said.status) or None,
        aliases=tuple(sorted(aliases)),
        created_at=utc(said.creation_timestamp),
        updated_at=utc(said.last_updated_timestamp),
        run_id=said.run_id or None,
        artifacts=(artifact,) if artifact else (),
        signature=files.signature,
        evaluations=evaluations,
        tags=dict(sorted({**params, **tags}.items())),
    )


def evaluations_of(run: Run) -> tuple[Evaluation, ...]:
    """The run's finite metrics. The dataset is named when the run was evaluated with exactly one."""
    datasets = run.evaluation_datasets
    return tuple(
        Evaluation(
            metric=metric.key,
            value=metric.value,
            dataset=datasets[0] if len(datasets) == 1 else None,
            source=run.info.run_id,
            higher_is_better=higher_is_better(metric.key),
        )
        for metric in sorted(run.data.metrics, key=lambda metric: metric.key)
        if metric.value is not None and math.isfinite(metric.value) and not metric.key.startswith("system/")
    )


def model_of(
    source: str, url: str, said: RegisteredModel, versions: tuple[Version, ...], datasets: tuple[str, ...]
) -> Model:
    """A model. ``url`` is the server's; ``datasets`` are those that the newest version was trained with.

    Raises ValueError for times that cannot be.
    """
    tags = {tag.key: tag.value for tag in said.tags}
    flavors = (artifact.format for version in versions for artifact in version.artifacts)
    return Model(
        source=source,
        id=said.name,
        name=said.name,
        description=said.description or tags.get(_NOTE) or None,
        owner=tags.get("owner") or None,
        lifecycle=tags.get("lifecycle") or None,
        license=License(id=tags["license"], url=tags.get("license_url") or None)
        if tags.get("license")
        else None,
        library=next((flavor for flavor in flavors if flavor not in (None, NO_MLMODEL)), None),
        languages=_listed(tags, "language", "languages"),
        tasks=_listed(tags, "task", "tasks"),
        tags=tuple(sorted(key for key, value in tags.items() if not value and _is_free(key))),
        properties={key: value for key, value in sorted(tags.items()) if value and _is_free(key)},
        lineage=Lineage(
            base_models=_listed(tags, "base_model"), datasets=_listed(tags, "dataset", "datasets") or datasets
        ),
        versions=versions,
        links=(Link(url=f"{url}/#/models/{quote(said.name, safe='')}", title="MLflow"),),
        created_at=utc(said.creation_timestamp),
        updated_at=utc(said.last_updated_timestamp),
    )


NO_MLMODEL = "files"
"""The format of a version's artifact that has no ``MLmodel`` file: plain files."""


def _is_free(key: str) -> bool:
    return key not in _FIELDS and not key.startswith(_OWN)


def _listed(tags: Mapping[str, str], *keys: str) -> tuple[str, ...]:
    words = (word.strip() for key in keys for word in tags.get(key, "").split(","))
    return tuple(dict.fromkeys(word for word in words if word))


def utc(milliseconds: int | None) -> str | None:
    """Milliseconds since 1970 as ``YYYY-MM-DDTHH:MM:SSZ``. Raises ValueError for a time that cannot be."""
    if milliseconds is None:
        return None
    try:
        return datetime.fromtimestamp(milliseconds // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, OSError):
        raise ValueError("a time is out of range") from None
