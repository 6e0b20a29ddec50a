"""Kubeflow's records as its two APIs answer them.

Nothing of them is required by the contract but names: what has no usable id could be any record.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from callboard.sources.kubeflow_properties import Properties, Value


def _number_as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Id = Annotated[str, BeforeValidator(_number_as_text), Field(pattern=r"^[0-9]{1,19}$")]
"""An id, which becomes part of a URL."""


class _Record(BaseModel):
    """The base of all records: keys are in camel case."""

    model_config = ConfigDict(alias_generator=to_camel)


class Resource(_Record):
    """What all of Kubeflow's records have. Times are texts of digits."""

    name: str | None = None
    description: str | None = None
    external_id: str | None = None
    custom_properties: dict[str, Value] | None = None
    create_time_since_epoch: int | None = None
    last_update_time_since_epoch: int | None = None

    @property
    def properties(self) -> Properties:
        """``customProperties`` that can be read."""
        return Properties.of(self.custom_properties)


class Described(Resource):
    """What the records of models have in both APIs."""

    readme: str | None = None
    maturity: str | None = None
    language: list[str] | None = None
    tasks: list[str] | None = None
    provider: str | None = None
    license: str | None = None
    license_link: str | None = None
    library_name: str | None = None


class RegisteredModel(Described):
    """One entry of ``registered_models``."""

    id: Id
    name: Annotated[str, Field(min_length=1)]
    owner: str | None = None
    state: str | None = None


class ModelVersion(Resource):
    """One entry of ``model_versions``."""

    id: Id
    name: Annotated[str, Field(min_length=1)]
    registered_model_id: Id
    state: str | None = None
    author: str | None = None


class InferenceService(Resource):
    """One entry of ``inference_services``."""

    id: Id
    registered_model_id: Id
    serving_environment_id: Id
    model_version_id: Annotated[str | None, BeforeValidator(_number_as_text)] = None
    runtime: str | None = None
    desired_state: str | None = None


class ServingEnvironment(Resource):
    """One entry of ``serving_environments``."""

    id: Id
    name: Annotated[str, Field(min_length=1)]


class ArtifactRecord(Resource):
    """One entry of a version's ``artifacts``: of which type, ``artifactType`` says."""

    id: Annotated[str | None, BeforeValidator(_number_as_text)] = None
    artifact_type: str
    uri: str | None = None
    state: str | None = None
    model_format_name: str | None = None
    model_format_version: str | None = None
    model_source_kind: str | None = None
    model_source_class: str | None = None
    model_source_id: str | None = None
    model_source_name: str | None = None
    experiment_run_id: Annotated[str | None, BeforeValidator(_number_as_text)] = None
    value: float | str | None = None
    metrics_type: str | None = None


class CatalogModel(Described):
    """One entry of the catalog's ``models``. Its id is another whenever the catalog is filled anew."""

    name: Annotated[str, Field(min_length=1)]
    source_id: Annotated[str, Field(min_length=1, alias="source_id")]

    @property
    def identifier(self) -> str:
        """What names it in all of the catalog: names are unique within a source."""
        return f"{self.source_id}/{self.name}"


class CatalogSource(_Record):
    """One entry of the catalog's ``sources``."""

    id: Annotated[str, Field(min_length=1)]
    status: str | None = None
    error: str | None = None
    asset_type: str | None = None


def rank(identifier: str | None) -> tuple[int, str]:
    """Ids grow with every record; times are whatever a clock said."""
    text = identifier or ""
    return int(text) if re.fullmatch(r"[0-9]{1,19}", text) else -1, text


def utc(milliseconds: int | None) -> str | None:
    """Milliseconds since 1970 as ``YYYY-MM-DDTHH:MM:SSZ``; None for a time that cannot be, and for 0."""
    if not milliseconds or milliseconds < 0:
        return None
    try:
        return datetime.fromtimestamp(milliseconds // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, OSError, ValueError):
        return None
