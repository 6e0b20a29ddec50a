"""The mapping of a ``rest`` source, as callboard.yaml writes it: what is asked for, and what becomes what."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from callboard.config import Settings
from callboard.sources.rest_pages import PathBelow, Query, Request


class Details(Settings):
    """A further request for each entry of the list; its answer is ``details`` of the entry."""

    path: PathBelow
    """With ``{key}`` in it."""
    key: Query | None = None
    """What replaces ``{key}``. Default: the id."""

    @model_validator(mode="after")
    def _keyed(self) -> Self:
        if "{key}" not in self.path:
            raise ValueError("give a path with {key} in it")
        return self


class Joined(Request):
    """Another list, whose items belong to entries of the models' list: each entry gets ``NAME``, a list of
    ``{key, item}``."""

    name: Annotated[
        str,
        Field(
            pattern=r"^[a-z][a-z0-9_]*$",
            max_length=40,
            description="lower-case letters, digits and _, with a letter at the beginning, at most 40",
        ),
    ]
    keys: Query
    """On an item: the key, or the keys, of the entries that it belongs to."""
    of: Query | None = None
    """On an entry: its key. Default: the id."""


class EvaluationFields(Settings):
    """Measured values: of each item, either one (``metric`` and ``value``), or all of an object
    (``metrics``)."""

    items: Query = "[@]"
    metrics: Query | None = None
    """An object of numbers by the names of metrics."""
    metric: Query | None = None
    value: Query | None = None
    dataset: Query | None = None
    split: Query | None = None
    task: Query | None = None
    source: Query | None = None
    """Who says so. Default: the address of the list."""


class ValidationFields(Settings):
    """Checks that somebody ran, and their outcomes."""

    items: Query = "[@]"
    name: Query
    passed: Query
    """True or false, or a word such as ``passed`` or ``failed``."""
    details: Query | None = None
    source: Query | None = None
    """Who says so. Default: the address of the list."""


class ArtifactFields(Settings):
    """The files of a version."""

    items: Query = "[@]"
    uri: Query
    digest: Query | None = None
    """``algorithm:hex``, or the hexadecimal digits of a SHA-256 alone."""
    size: Query | None = None
    format: Query | None = None


class VersionFields(Settings):
    """The versions of a model."""

    items: Query = "[@]"
    order: Literal["name", "created-at", "listed"] = "name"
    """What tells the newest: the highest name (numbers in it count as numbers), the latest time, or the
    first place in the list."""
    name: Query
    id: Query | None = None
    description: Query | None = None
    state: Query | None = None
    aliases: Query | None = None
    created_at: Query | None = None
    updated_at: Query | None = None
    run_id: Query | None = None
    artifacts: ArtifactFields | None = None
    evaluations: tuple[EvaluationFields, ...] = ()
    validations: tuple[ValidationFields, ...] = ()
    tags: Query | None = None
    """An object."""


class EndpointFields(Settings):
    """Where a model is served."""

    items: Query = "[@]"
    url: Query
    protocol: Query = "'rest'"
    needs_key: Query | None = None
    version: Query | None = None
    definition: Query | None = None
    server: Query | None = None
    runtime: Query | None = None


class ModelFields(Settings):
    """JMESPath expressions on an entry of the list, which also holds ``details`` and what was ``joined``."""

    id: Query
    """What never changes of a model."""
    name: Query | None = None
    """Default: the id."""
    title: Query | None = None
    description: Query | None = None
    owner: Query | None = None
    provider: Query | None = None
    state: Query | None = None
    lifecycle: Query | None = None
    license: Query | None = None
    license_url: Query | None = None
    library: Query | None = None
    languages: Query | None = None
    tasks: Query | None = None
    capabilities: Query | None = None
    tags: Query | None = None
    properties: Query | None = None
    """An object."""
    base_models: Query | None = None
    datasets: Query | None = None
    card: Query | None = None
    """Markdown."""
    link: Query | None = None
    """The address of the model's page."""
    created_at: Query | None = None
    updated_at: Query | None = None
    revision: Query | None = None
    """What changes whenever anything of the model does: an equal one saves asking for details again."""
    versions: VersionFields | None = None
    endpoints: tuple[EndpointFields, ...] = ()
    evaluations: tuple[EvaluationFields, ...] = ()
    """Of the model, where the registry gives none for its versions."""
