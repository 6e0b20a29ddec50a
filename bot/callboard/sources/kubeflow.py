"""Kubeflow's Model Registry, or its Model Catalog: the two APIs that OpenShift AI has, too."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from callboard.config import RemoteSettings
from callboard.model import Listing
from callboard.sources.context import Context
from callboard.sources.kubeflow_catalog import read_catalog
from callboard.sources.kubeflow_reading import Reading
from callboard.sources.kubeflow_registry import read_registry
from callboard.sources.remote import never_raising, open_client


class Settings(RemoteSettings):
    """A server of Kubeflow's Model Registry or Model Catalog. ``url`` is its address, without ``/api``."""

    type: Literal["kubeflow"] = "kubeflow"
    api: Literal["registry", "catalog"] = "registry"
    """``registry``: the models that teams registered. ``catalog``: the models that are offered to them."""
    catalog_sources: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    """Ids of the catalog's own sources to read. Default: all."""

    @model_validator(mode="after")
    def _of_the_catalog(self) -> Self:
        if self.catalog_sources and self.api != "catalog":
            raise ValueError("catalog-sources is for `api: catalog`; take it out, or add that")
        return self


@never_raising
def list_models(settings: Settings, context: Context) -> Listing:
    """The models. Never raises for what the server does: problems tell.

    An empty answer is not taken for an empty registry: it may be a missing permission.
    """
    with open_client(settings, context.folder) as client:
        reading = Reading(settings, context, client.base_url, client)
        if settings.api == "registry":
            read_registry(reading)
        else:
            read_catalog(reading, settings.catalog_sources)
        return reading.listing()
