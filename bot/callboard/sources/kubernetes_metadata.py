"""What every object of a Kubernetes API server has, whatever its kind."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

ANNOTATIONS = ("modelcatalogbridge.rhdh.io/", "rhdh.io/")
"""Prefixes of annotations that people set for the catalog, the first before the second."""


class Read(BaseModel):
    """A part of an object, as far as it is read."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Owner(Read):
    """An entry of ``ownerReferences``."""

    kind: str
    name: str
    uid: str


class Metadata(Read):
    """What every object has."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", max_length=253)]
    namespace: Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=63)] = "default"
    uid: str = ""
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    creation_timestamp: str | None = Field(None, alias="creationTimestamp")
    owners: list[Owner] | None = Field(None, alias="ownerReferences")

    def said(self, key: str) -> str | None:
        """What people annotated for the catalog."""
        found = ((self.annotations or {}).get(prefix + key, "").strip() for prefix in ANNOTATIONS)
        return next((value for value in found if value), None)


def metadata_of(said: Any) -> Metadata | None:
    """The metadata of any object; None where it is not what Kubernetes promises."""
    try:
        return Metadata.model_validate(said.get("metadata") if isinstance(said, dict) else None)
    except ValidationError:
        return None
