"""The stages that versions are promoted to, as callboard.yaml says them."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from callboard.config_base import Settings, dashed


class Threshold(Settings):
    """What a measured value has to be before a version is promoted."""

    metric: Annotated[str, Field(min_length=1)]
    dataset: str | None = None
    """On which; none named: on any, and each of them counts."""
    split: str | None = None
    at_least: Annotated[float, Field(allow_inf_nan=False)] | None = None
    at_most: Annotated[float, Field(allow_inf_nan=False)] | None = None
    not_worse: bool = False
    """Than the same measure of the version that it replaces. A rollback is not asked for that."""

    @model_validator(mode="after")
    def _asks_something(self) -> Threshold:
        if self.at_least is None and self.at_most is None and not self.not_worse:
            raise ValueError("give at-least, at-most or not-worse")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError("at-least is more than at-most: nothing can be both")
        return self


def _free(name: str) -> str:
    if name == "deployment":
        raise ValueError("callboard.dev/deployment-version says which version is served; name it otherwise")
    return name


class Stage(Settings):
    """A stage that versions are promoted to, each time in a pull request of its own that people land.

    A version asks for it that has one of the aliases, states or tags; without any of these three, one whose
    alias or state is the stage's name.
    """

    name: Annotated[str, dashed(40), AfterValidator(_free)]
    aliases: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    tags: dict[str, str] = Field(default_factory=dict)
    evaluations: tuple[Threshold, ...] = ()
    """What has to be met before it is proposed, and still when it is merged."""
    approvals: Annotated[int, Field(strict=True, ge=1, le=10)] = 1
    """At least so many, or as many as ``merge: approvals:`` asks for."""
    approvers: tuple[
        Annotated[
            str,
            Field(
                pattern=r"^@[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_.-]+)*$",
                description="@LOGIN or @ORGANIZATION/TEAM, as in a code owners file",
            ),
        ],
        ...,
    ] = ()
    """One of them must be among those who approve; none named: anybody with write permission."""


def named_apart(stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    """The stages, whose names all differ. Raises ValueError."""
    names = [stage.name for stage in stages]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ValueError(f"two stages are called {twice}; give each its own name")
    return stages
