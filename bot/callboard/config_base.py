"""What every part of the configuration is made of."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

Globs = tuple[str, ...]
"""Globs (``fnmatch``), matched in any case."""


def dashed(longest: int, before: str = "") -> Any:
    """Of a name: lower-case words joined by dashes. ``before``: what its description begins with."""
    return Field(
        pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$",
        max_length=longest,
        description=f"{before}lower-case letters, digits and single dashes between them, at most {longest}",
    )


def _kebab(name: str) -> str:
    return name.replace("_", "-")


class Settings(BaseModel):
    """The base of all parts of the configuration: frozen, closed, kebab-case keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=_kebab, populate_by_name=True)
