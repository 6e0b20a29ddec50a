"""The neutral record of a registered model: what every source answers and everything after it reads.

All types are frozen values. A record holds what a registry said, unchanged but for its shape: nothing here
is trusted, and nothing is cleaned. Cleaning belongs to the rooms that write (``catalog``, ``pulls``).
Times are the source's own, in UTC as ``YYYY-MM-DDTHH:MM:SSZ``; our clock is never written down.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Record(BaseModel):
    """The base of all parts of the record: frozen, closed, compared by value."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Artifact(Record):
    """One file or folder that a version consists of."""

    uri: str
    """Where the registry says it is. May be mutable: never an identity."""
    digest: str | None = None
    """``algorithm:hex``, for example ``sha256:9f86…``."""
    size: int | None = None
    """Bytes."""
    format: str | None = None
    """``onnx``, ``safetensors``, ``gguf``, ``sklearn`` …, as the registry says."""


class Port(Record):
    """One input or output of a model."""

    name: str
    type: str
    """Element type as the source names it: ``float32``, ``string``, ``double`` …"""
    shape: tuple[int | str, ...] | None = None
    """A string names a dynamic dimension, ``-1`` is an unnamed one; None is a scalar or a column."""
    optional: bool = False


class Signature(Record):
    """What callers must send and what they get."""

    inputs: tuple[Port, ...] = ()
    outputs: tuple[Port, ...] = ()
    parameters: tuple[Port, ...] = ()


class Evaluation(Record):
    """One measured value."""

    metric: str
    value: float
    """Finite: sources drop NaN and infinities and report them as problems."""
    dataset: str | None = None
    split: str | None = None
    task: str | None = None
    source: str | None = None
    """Who says so: a run id, a URL, a file."""
    higher_is_better: bool | None = None
    """None when the source does not say and the metric is not one of the well-known ones."""


class Endpoint(Record):
    """A place where a model is really served."""

    url: str
    protocol: str
    """``openapi``, ``openai-v1``, ``grpc``, ``rest`` …"""
    needs_key: bool | None = None
    version: str | None = None
    """The version that is deployed there, where the server says so."""
    definition: str | None = None
    """The API definition, inline, where the source has one."""
    server: str | None = None
    """What serves it, as its platform names it: ``namespace/name`` of an InferenceService …"""
    runtime: str | None = None
    """The serving runtime, as its platform names it."""
    traffic: int | None = None
    """Percent of the requests that go to ``version``, where they are split."""


class Card(Record):
    """A model card: Markdown from outside, not yet cleaned."""

    markdown: str
    """The body, without front matter. UTF-8, no byte order mark, ``\\n`` line ends, at most 256 KiB."""
    cut_bytes: int = 0
    """How many bytes of the original were left out to respect the limit."""


class License(Record):
    """What the model may be used for."""

    id: str
    """As the registry says; an SPDX identifier where it is one."""
    name: str | None = None
    url: str | None = None


class Lineage(Record):
    """What a model was made from. A base model is lineage, not a link."""

    base_models: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()


class Link(Record):
    """A page about the model that people may want to open."""

    url: str
    title: str


class Counterpart(Record):
    """What a registry records of the same model in another registry: a statement, never a guess."""

    registry: str
    """The type of the other source: ``kubeflow``, ``mlflow``, ``oci`` …"""
    said_by: str
    """The label, property or field that says so."""
    model: str | None = None
    """The other registry's id of the model, or its name where that is the id."""
    version: str | None = None
    """The other registry's id or name of the version."""
    run_id: str | None = None
    uri: str | None = None
    """Of a model or version there. One that can come to mean something else links nothing."""
    of_version: str | None = None
    """The version here that this is said of; None: of the model."""


class Origin(Record):
    """One of the registries that know a model, and what it is called there."""

    source: str
    id: str
    name: str


class Validation(Record):
    """A check that somebody ran on a version, and its outcome: shown with its origin, never run by us."""

    name: str
    passed: bool
    details: str | None = None
    source: str | None = None
    """Who says so: a run id, a URL, a file."""


class Promotion(Record):
    """Which version stands in a stage, by the catalog's word: people approved that it does."""

    stage: str
    """As callboard.yaml names it."""
    version: str


class Version(Record):
    """One version of a registered model."""

    name: str
    """The registry's own version: ``3``, ``v1.2.0``, a commit …"""
    id: str | None = None
    """The registry's id of it, where that is not its name."""
    description: str | None = None
    state: str | None = None
    """The registry's own word for it: ``READY``, ``Production``, ``LIVE`` …"""
    aliases: tuple[str, ...] = ()
    created_at: str | None = None
    updated_at: str | None = None
    run_id: str | None = None
    artifacts: tuple[Artifact, ...] = ()
    signature: Signature | None = None
    evaluations: tuple[Evaluation, ...] = ()
    validations: tuple[Validation, ...] = ()
    tags: dict[str, str] = Field(default_factory=dict)


class Model(Record):
    """One registered model, from any registry."""

    source: str
    """The name of the source in callboard.yaml."""
    id: str
    """The registry's stable id of the model; with scope and source it makes the key."""
    name: str
    title: str | None = None
    description: str | None = None
    owner: str | None = None
    """As the registry writes it: a name, an e-mail address, or an entity reference."""
    provider: str | None = None
    """Who made it, as the registry says."""
    state: str | None = None
    """The registry's own word for where the model is in its life: ``LIVE``, ``ARCHIVED``, ``staging`` …"""
    lifecycle: str | None = None
    license: License | None = None
    library: str | None = None
    languages: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    """As the registry words them: Ollama's ``completion``, ``tools``, ``vision`` …; tasks follow from it."""
    categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    """Plain words."""
    properties: dict[str, str] = Field(default_factory=dict)
    """Key and value, as registries with typed tags have them."""
    lineage: Lineage = Lineage()
    versions: tuple[Version, ...] = ()
    """Newest first."""
    promotions: tuple[Promotion, ...] = ()
    """In the order of the stages. No source fills them in: ``catalog.promotion`` does."""
    endpoints: tuple[Endpoint, ...] = ()
    evaluations: tuple[Evaluation, ...] = ()
    """Those that the registry gives for the model and not for one version."""
    signature: Signature | None = None
    """Likewise."""
    counterparts: tuple[Counterpart, ...] = ()
    known_in: tuple[Origin, ...] = ()
    """Where models of several sources are one: all of them, whose word counts most first."""
    card: Card | None = None
    links: tuple[Link, ...] = ()
    created_at: str | None = None
    updated_at: str | None = None
    revision: str | None = None
    """What the source gives to tell that nothing changed (a commit, a digest); a hint, never a decision."""
    provenance: dict[str, str] = Field(default_factory=dict)
    """Field name to who said it: the source, the place of an override, ``--set``, or one of our tables."""
    said: dict[str, Any] = Field(default_factory=dict)
    """Field name to what the source itself said, where a table or an override says something else."""

    @property
    def latest(self) -> Version | None:
        """The newest version, or None where the registry has none yet."""
        return self.versions[0] if self.versions else None


Severity = Literal["error", "warning"]


class Problem(Record):
    """Something that went wrong outside and that a person must know: what, where, what to do next."""

    source: str
    model: str | None = None
    what: str
    """One sentence: what happened. Already redacted."""
    where: str
    """``file:line:column`` or the registry's URL path."""
    hint: str
    """One sentence: what to do next."""
    severity: Severity = "error"


class Listing(Record):
    """What a source answers.

    A model that exists but could not be read is a problem, not an absence: its id stands in ``unread``, and
    nothing downstream may take it for deleted. ``complete`` is True only when the source is sure that the
    registry has no model (within the selection) beyond ``models`` and ``unread``.
    """

    source: str
    models: tuple[Model, ...] = ()
    unread: tuple[str, ...] = ()
    complete: bool = False
    deselected: tuple[str, ...] = ()
    """Ids of models that the registry has, and that the selection leaves out by more than their names."""
    archived: tuple[str, ...] = ()
    """Ids of models that the registry has archived, where the configuration has those leave the catalog."""
    problems: tuple[Problem, ...] = ()
