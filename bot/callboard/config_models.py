"""The parts of callboard.yaml that say what becomes of models after they were read.

Which of them are wanted, and what the words of a registry for tasks, states and owners mean here.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from callboard.config_base import Globs, Settings, dashed

_Word = Annotated[str, dashed(63, "one word: ")]
EntityReference = Annotated[
    str,
    Field(
        pattern=r"^(group|user):[a-z0-9]+(-+[a-z0-9]+)*/[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$",
        max_length=190,
        description="an entity reference: group:NAMESPACE/NAME or user:NAMESPACE/NAME",
    ),
]
OverridesGlob = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9_*?-][A-Za-z0-9_.*?-]*(/[A-Za-z0-9_*?-][A-Za-z0-9_.*?-]*)*$",
        description="a path below callboard.yaml: letters, digits and . _ -, with / between; * and ? within "
        "a name",
    ),
]


class Words(Settings):
    """A condition on one kind of a model's words."""

    include: Globs = ()
    """One of the words matches one of these. None given: any model will do, also one without words."""
    exclude: Globs = ()
    """… and no word matches one of these."""


class Select(Settings):
    """Which models of a source are wanted: those that all conditions hold for."""

    include: Globs = ("*",)
    """Of the registry's names."""
    exclude: Globs = ()
    tags: Words | None = None
    """Plain tags, and properties as ``key`` and as ``key=value``."""
    stages: Words | None = None
    """The registry's own words for where the model and its versions are: states, stages and aliases."""
    tasks: Words | None = None
    categories: Words | None = None
    owners: Words | None = None
    """As they will stand in the catalog."""
    lifecycles: Words | None = None


class TaskRow(Settings):
    """What one word of a registry means."""

    tasks: tuple[_Word, ...] = ()
    """None given: a word for a task stays as it is."""
    categories: tuple[_Word, ...] = ()


class SignatureRow(TaskRow):
    """What it means that a model has an output of some type."""

    format: str
    """Of the version's artifacts."""
    output: str
    """A glob on the type of an output."""


class NamedRow(TaskRow):
    """What people know of some models of one provider."""

    provider: str
    """A glob."""
    name: str = "*"
    """A glob."""


class Tasks(Settings):
    """The table of tasks and categories. A row that is ``null`` takes the shipped one away."""

    words: dict[str, TaskRow | None] = Field(default_factory=dict)
    """By what registries call a task."""
    capabilities: dict[str, TaskRow | None] = Field(default_factory=dict)
    """By what registries call a capability."""
    signatures: tuple[SignatureRow, ...] = ()
    models: tuple[NamedRow, ...] = ()


class Lifecycles(Settings):
    """The table of lifecycles. A row that is ``null`` takes the shipped one away."""

    words: dict[str, _Word | None] = Field(default_factory=dict)
    """What registries say for states, stages and aliases, to the lifecycle that it is."""
    tags: tuple[str, ...] = ("lifecycle", "stage")
    """Names of typed tags that hold such a word."""
    order: tuple[_Word, ...] = ("production", "staging", "experimental")
    """Where versions differ, the first of these counts that one of them is at."""
    archived: Literal["mark", "leave"] = "mark"
    """Archived models stay in the catalog with a mark, or a deletion is proposed, which needs a person."""


Owners = dict[str, EntityReference]
"""What registries write as owners (globs, in any case) to Backstage's groups and users."""
