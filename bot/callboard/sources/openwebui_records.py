"""Open WebUI's records of models as its API answers them, and what they become.

A record is either an assistant that people made on a base model, or what was written down about a model of a
connected server (then it has no base model). What people keep private there stays there: system prompts,
knowledge and pictures are not read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field

from callboard.model import Endpoint, Lineage, Model, Version

ID = "[^\\s\\x00-\\x1f\\x7f-\\x9f\\ufffd]+"
LONGEST_ID = 500

_MOST = 100
_LONGEST = 8192


def _empty(kind: type) -> BeforeValidator:
    return BeforeValidator(lambda value: kind() if value is None else value)


_Text = Annotated[str, Field(max_length=_LONGEST)]


class _Tag(BaseModel):
    name: _Text


class _Meta(BaseModel):
    description: Annotated[str, Field(max_length=64 * 1024)] | None = None
    capabilities: Annotated[dict[str, Any], _empty(dict), Field(max_length=_MOST)] = {}
    tags: Annotated[list[_Tag], _empty(list), Field(max_length=_MOST)] = []


class _Grant(BaseModel):
    principal_type: str | None = None
    principal_id: str | None = None
    permission: str | None = None

    @property
    def is_public(self) -> bool:
        return (self.principal_type, self.principal_id) == ("user", "*")


class Described(BaseModel):
    """One record of a model."""

    id: str = Field(pattern=f"^{ID}$", max_length=LONGEST_ID)
    name: _Text
    version_id: _Text | None = None
    """Another with every edit; from 0.12 on."""
    user_id: Annotated[str, Field(pattern="^[A-Za-z0-9_-]{1,64}$")] | None = None
    base_model_id: _Text | None = None
    params: Annotated[dict[str, Any], _empty(dict)] = {}
    meta: Annotated[_Meta, _empty(dict)] = _Meta()
    access_grants: Annotated[list[_Grant], _empty(list)] = []
    access_control: dict[str, Any] | None = None
    """What ``access_grants`` was before 0.12; null: everybody may use the model."""
    is_active: bool = True
    created_at: Annotated[int, Field(ge=0)] | None = None
    updated_at: Annotated[int, Field(ge=0)] | None = None

    @property
    def access(self) -> Literal["public", "shared", "private"]:
        """Who may use the model: everybody with an account, some, or who made it and administrators."""
        former = "access_control" in self.model_fields_set and "access_grants" not in self.model_fields_set
        if any(grant.is_public for grant in self.access_grants) or (former and self.access_control is None):
            return "public"
        return "shared" if self.access_grants or self.access_control else "private"


def model_of(source: str, said: Described, owner: str | None, endpoint: Endpoint) -> Model:
    """A model. Raises ValueError for times that cannot be."""
    updated = _utc(said.updated_at)
    version = Version(
        name=said.version_id or "",
        updated_at=updated,
        tags={f"params.{k}": v for k, v in _params(said.params)},
    )
    return Model(
        source=source,
        id=said.id,
        name=said.id,
        title=said.name if said.name != said.id else None,
        description=said.meta.description or None,
        owner=owner,
        state="active" if said.is_active else "inactive",
        capabilities=tuple(word for word, holds in sorted(said.meta.capabilities.items()) if holds is True),
        tags=tuple(dict.fromkeys(tag.name for tag in said.meta.tags if tag.name)),
        properties={"access": said.access},
        lineage=Lineage(base_models=(said.base_model_id,) if said.base_model_id else ()),
        versions=(version,) if said.version_id else (),
        endpoints=(endpoint,) if said.is_active else (),
        created_at=_utc(said.created_at),
        updated_at=updated,
        revision=said.version_id,
    )


def _params(params: dict[str, Any]) -> Iterable[tuple[str, str]]:
    """Numbers, words and lists of them; never the system prompt, which people may rely on to be private."""
    for name in sorted(params)[:_MOST]:
        value = params[name]
        plain = isinstance(value, str | int | float | bool)
        if name != "system" and (
            plain or (isinstance(value, list) and all(isinstance(x, str) for x in value))
        ):
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            if text:
                yield name[:80], text[:_LONGEST]


def _utc(moment: int | None) -> str | None:
    """Seconds since 1970; some versions wrote nanoseconds."""
    if moment is None:
        return None
    if moment >= 10**15:
        moment //= 10**9
    try:
        return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, OSError, ValueError):
        raise ValueError("a time is out of range") from None
