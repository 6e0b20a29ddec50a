"""The Hugging Face Hub's records of models, and what they become together with a model's card.

A model has one version: the commit that its default branch is at. What the card says (license, languages,
base models, datasets, evaluations) counts before what the Hub derived from it as tags; task and library are
the Hub's, which also knows them for models without a card. Counts that change by the hour (downloads, likes)
are not read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel, Field

from callboard.model import Artifact, Evaluation, License, Lineage, Link, Model, Version
from callboard.sources.cards import CardReading
from callboard.sources.content import Content, content_of_card, content_of_known

EXPAND = (
    "author", "cardData", "createdAt", "disabled", "gated", "gguf", "lastModified", "library_name",
    "pipeline_tag", "private", "safetensors", "sha", "siblings", "tags",
)  # fmt: skip
"""What the Hub is asked for; it answers only ``id`` besides."""

ID = "[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)?"
"""The ids of models, which become parts of URLs: no segment of dots."""

CARD = "README.md"
RESULTS = ".eval_results/"

_FORMATS = {
    ".safetensors": "safetensors",
    ".gguf": "gguf",
    ".onnx": "onnx",
    ".bin": "pytorch",
    ".pt": "pytorch",
    ".pth": "pytorch",
    ".ckpt": "pytorch",
    ".h5": "keras",
    ".keras": "keras",
    ".tflite": "tflite",
    ".msgpack": "flax",
    ".joblib": "joblib",
    ".skops": "skops",
}


class _Large(BaseModel):
    size: int | None = None
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")


class Sibling(BaseModel):
    """A file of the model's repository."""

    rfilename: str
    size: int | None = None
    lfs: _Large | None = None


class _Safetensors(BaseModel):
    total: int | None = None


class _Gguf(BaseModel):
    total: int | None = None
    architecture: str | None = None
    context_length: int | None = None


class ModelInfo(BaseModel):
    """One entry of ``/api/models``, as expanded by ``EXPAND``."""

    id: str = Field(pattern=f"^{ID}$", max_length=200)
    author: str | None = None
    sha: str | None = Field(default=None, pattern=r"^[0-9a-f]{40,64}$")
    created_at: datetime | None = Field(default=None, alias="createdAt")
    last_modified: datetime | None = Field(default=None, alias="lastModified")
    private: bool | None = None
    gated: bool | str | None = None
    disabled: bool | None = None
    pipeline_tag: str | None = None
    library_name: str | None = None
    tags: list[str] = []
    card_data: dict[str, Any] | None = Field(default=None, alias="cardData")
    siblings: list[Sibling] | None = None
    """None when the Hub did not say."""
    safetensors: _Safetensors | None = None
    gguf: _Gguf | None = None

    @property
    def revision(self) -> str:
        """What files are asked for at."""
        return self.sha or "main"

    @property
    def has_card(self) -> bool:
        """Whether there may be a card."""
        return self.siblings is None or any(sibling.rfilename == CARD for sibling in self.siblings)

    @property
    def result_files(self) -> list[str]:
        """The files of evaluations, ``.eval_results/*.yaml``."""
        return sorted(
            s.rfilename
            for s in self.siblings or ()
            if s.rfilename.startswith(RESULTS)
            and "/" not in s.rfilename.removeprefix(RESULTS)
            and s.rfilename.endswith((".yaml", ".yml"))
        )


@dataclass(frozen=True)
class HubContent(Content):
    """The same as long as the commit is."""

    evaluations: tuple[Evaluation, ...] = ()
    """Of the one version."""


def hub_content(card: CardReading, results: Iterable[Evaluation]) -> HubContent:
    """What a card and the files of evaluations say."""
    return HubContent(**vars(content_of_card(card)), evaluations=(*card.evaluations, *results))


def hub_content_of_known(known: Model) -> HubContent:
    """What the record of the same commit says. Its first link is ours."""
    said = replace(content_of_known(known), links=known.links[1:])
    return HubContent(**vars(said), evaluations=known.versions[0].evaluations if known.versions else ())


def model_of(source: str, url: str, info: ModelInfo, content: HubContent, *, whole: bool) -> Model:
    """The record of a model.

    ``url`` is the Hub's. ``whole`` is False when something could not be read: then the record has no
    revision, so that the next walk asks again. Raises ValueError or OverflowError for what cannot be.
    """
    page = f"{url}/{info.id}"
    tagged = _by_prefix(info.tags)
    license_id = next(iter(tagged.get("license", ())), None)
    version = Version(
        name=info.revision,
        aliases=("main",) if info.sha else (),
        updated_at=_utc(info.last_modified),
        artifacts=tuple(_artifacts(page, info)),
        evaluations=content.evaluations,
    )
    return Model(
        source=source,
        id=info.id,
        name=info.id,
        title=content.title,
        description=content.description,
        owner=content.owner,
        lifecycle=content.lifecycle,
        license=content.license or (License(id=license_id) if license_id else None),
        library=info.library_name or content.library,
        languages=content.languages,
        tasks=(info.pipeline_tag,) if info.pipeline_tag else content.tasks,
        tags=content.tags,
        properties=dict(sorted(_properties(info))),
        lineage=Lineage(
            base_models=content.lineage.base_models or tagged.get("base_model", ()),
            datasets=content.lineage.datasets or tagged.get("dataset", ()),
        ),
        versions=(version,),
        endpoints=content.endpoints,
        signature=content.signature,
        card=content.card,
        links=(Link(url=page, title="Hugging Face"), *content.links),
        created_at=_utc(info.created_at),
        updated_at=_utc(info.last_modified),
        revision=info.sha if whole else None,
    )


def file_path(info: ModelInfo, name: str) -> str:
    """Where the Hub gives out a file of the model, below its address."""
    return f"/{info.id}/resolve/{info.revision}/{quote(name, safe='/')}"


def _artifacts(page: str, info: ModelInfo) -> Iterable[Artifact]:
    for sibling in sorted(info.siblings or (), key=lambda sibling: sibling.rfilename):
        kind = _FORMATS.get(PurePosixPath(sibling.rfilename).suffix.lower())
        if kind:
            large = sibling.lfs or _Large()
            yield Artifact(
                uri=f"{page}/resolve/{info.revision}/{quote(sibling.rfilename, safe='/')}",
                digest=f"sha256:{large.sha256}" if large.sha256 else None,
                size=sibling.size if sibling.size is not None else large.size,
                format=kind,
            )


def _properties(info: ModelInfo) -> Iterable[tuple[str, str]]:
    if info.author:
        yield "author", info.author
    if info.private:
        yield "private", "true"
    if info.gated:
        yield "gated", info.gated if isinstance(info.gated, str) else "true"
    if info.disabled:
        yield "disabled", "true"
    parameters = (info.safetensors and info.safetensors.total) or (info.gguf and info.gguf.total)
    if parameters:
        yield "parameters", str(parameters)
    if info.gguf and info.gguf.architecture:
        yield "architecture", info.gguf.architecture
    if info.gguf and info.gguf.context_length:
        yield "context-length", str(info.gguf.context_length)


def _by_prefix(tags: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """The values of tags such as ``license:mit``; of ``base_model:finetune:a/b``, ``a/b``."""
    found: dict[str, dict[str, None]] = {}
    for tag in tags:
        prefix, colon, value = tag.partition(":")
        if colon:
            found.setdefault(prefix, {})[value.rpartition(":")[2]] = None
    return {prefix: tuple(values) for prefix, values in found.items()}


def _utc(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
