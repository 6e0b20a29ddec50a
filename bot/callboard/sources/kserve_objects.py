"""KServe's objects as its API has them, as far as they are read."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import Field

from callboard.sources.kubernetes_metadata import Metadata, Read

_FRAMEWORKS = (
    "sklearn", "xgboost", "lightgbm", "onnx", "pytorch", "tensorflow", "triton", "pmml", "paddle",
    "huggingface",
)  # fmt: skip
_SETTLED = timedelta(minutes=15)
"""For so long a service may be not ready until that is told."""


def moment(text: str | None) -> datetime | None:
    """A time in UTC; None for what is none."""
    try:
        found = datetime.fromisoformat(text or "")
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def is_address(text: str | None) -> bool:
    """Whether it is an address that Backstage can show: ModelMesh says ``grpc://`` too."""
    return text is not None and re.match(r"https?://[^/]", text) is not None


class Storage(Read):
    key: str | None = None
    path: str | None = None
    parameters: dict[str, str] | None = None


class _Place(Read):
    uri: str


class _Format(Read):
    name: str
    version: str | None = None


class _Variable(Read):
    name: str
    value: str | None = None


class Container(Read):
    name: str | None = None
    image: str | None = None
    args: list[str] | None = None
    env: list[_Variable] | None = None

    def variable(self, name: str) -> str | None:
        return next((one.value for one in self.env or () if one.name == name and one.value), None)


class Server(Container):
    """``model:``, or the older way to say the same: a framework's name."""

    format: _Format | None = Field(None, alias="modelFormat")
    runtime: str | None = None
    protocol: str | None = Field(None, alias="protocolVersion")
    storage_uri: str | None = Field(None, alias="storageUri")
    storage: Storage | None = None


class Predictor(Read):
    """What serves a model."""

    name: str | None = None
    model: Server | None = None
    sklearn: Server | None = None
    xgboost: Server | None = None
    lightgbm: Server | None = None
    onnx: Server | None = None
    pytorch: Server | None = None
    tensorflow: Server | None = None
    triton: Server | None = None
    pmml: Server | None = None
    paddle: Server | None = None
    huggingface: Server | None = None
    containers: list[Container] | None = None
    storage_uris: list[_Place] | None = Field(None, alias="storageUris")

    @property
    def server(self) -> Server | None:
        """The model server, unless it is a container of one's own."""
        legacy = (getattr(self, name) for name in _FRAMEWORKS)
        return self.model or next((one for one in legacy if one is not None), None)

    @property
    def container(self) -> Container | None:
        """What runs: the server, or KServe's own among the containers, or the first of them."""
        containers = self.containers or ()
        own = next((one for one in containers if one.name == "kserve-container"), None)
        return self.server or own or next(iter(containers), None)

    @property
    def format(self) -> str | None:
        """The model's format as KServe names it: ``sklearn``, ``onnx``, ``vLLM`` …"""
        if self.model is not None:
            return self.model.format.name if self.model.format else None
        return next((name for name in _FRAMEWORKS if getattr(self, name) is not None), None)


class Canary(Read):
    predictor: Predictor
    percent: Annotated[int, Field(ge=0, le=100)] = Field(alias="trafficPercent")


class _Address(Read):
    name: str | None = None
    url: str | None = None


class Traffic(Read):
    revision: str | None = Field(None, alias="revisionName")
    latest: bool | None = Field(None, alias="latestRevision")
    percent: Annotated[int, Field(ge=0, le=100)] | None = None
    url: str | None = None


class _Component(Read):
    url: str | None = None
    rest_url: str | None = Field(None, alias="restUrl")
    grpc_url: str | None = Field(None, alias="grpcUrl")
    latest_ready: str | None = Field(None, alias="latestReadyRevision")
    traffic: list[Traffic] | None = None


class _Condition(Read):
    type: str
    status: str
    reason: str | None = None
    message: str | None = None
    since: str | None = Field(None, alias="lastTransitionTime")


class _Failure(Read):
    reason: str | None = None
    message: str | None = None


class _ModelStatus(Read):
    transition: str | None = Field(None, alias="transitionStatus")
    failure: _Failure | None = Field(None, alias="lastFailureInfo")


class Status(Read):
    """What KServe says of a service."""

    url: str | None = None
    address: _Address | None = None
    addresses: list[_Address] | None = None
    components: dict[str, _Component] | None = None
    conditions: list[_Condition] | None = None
    model_status: _ModelStatus | None = Field(None, alias="modelStatus")
    runtime: str | None = Field(None, alias="servingRuntimeName")
    cluster_runtime: str | None = Field(None, alias="clusterServingRuntimeName")

    @property
    def said_url(self) -> str | None:
        """The address that KServe gives out: the one from outside, before the one inside of the cluster."""
        predictor = (self.components or {}).get("predictor")
        addresses = [*(self.addresses or ()), *([self.address] if self.address else ())]
        said = (self.url, predictor and predictor.rest_url, *(one.url for one in addresses))
        return next((url for url in said if is_address(url)), None)

    @property
    def ready(self) -> bool:
        """Whether it says so now."""
        return any(one.type == "Ready" and one.status == "True" for one in self.conditions or ())

    def failing(self, now: datetime | None) -> str | None:
        """Why it will not become ready by itself, by the server's clock; None as long as it may."""
        model = self.model_status
        if model is not None and model.transition in ("BlockedByFailedLoad", "InvalidSpec"):
            failure = model.failure or _Failure()
            return ": ".join(part for part in (failure.reason or model.transition, failure.message) if part)
        for one in self.conditions or ():
            if one.type == "Ready" and one.status == "False" and one.reason != "Stopped":
                since = moment(one.since)
                if now is not None and since is not None and now - since >= _SETTLED:
                    return ": ".join(part for part in (one.reason, one.message) if part) or "it says no more"
        return None


class _InferenceSpec(Read):
    predictor: Predictor
    transformer: Any = None
    canary: list[Canary] | None = None


class _LoraModel(Read):
    uri: str
    name: str | None = None


class _LlmSpec(Read):
    model: _LoraModel


class Service(Read):
    """What both kinds of services have in common."""

    metadata: Metadata
    status: Status = Status()

    @property
    def name(self) -> str:
        """As people may say it in one cluster, and as ``select`` compares it."""
        return f"{self.metadata.namespace}/{self.metadata.name}"

    @property
    def has_transformer(self) -> bool:
        """Whether requests go through a transformer first."""
        return False

    @property
    def stopped(self) -> bool:
        """Whether somebody stopped it."""
        return (self.metadata.annotations or {}).get("serving.kserve.io/stop", "").strip().lower() == "true"


class InferenceService(Service):
    """A served model."""

    kind: Literal["InferenceService"] = "InferenceService"
    spec: _InferenceSpec

    @property
    def id(self) -> str:
        """The namespace and the name, which only one can have at a time."""
        return self.name

    @property
    def has_transformer(self) -> bool:
        """Whether requests go through a transformer first."""
        return self.spec.transformer is not None


class LLMInferenceService(Service):
    """A served language model."""

    kind: Literal["LLMInferenceService"] = "LLMInferenceService"
    spec: _LlmSpec

    @property
    def id(self) -> str:
        """Other than that of an InferenceService of the same name."""
        return f"{self.metadata.namespace}/llminferenceservices/{self.metadata.name}"


class _RuntimeSpec(Read):
    protocols: list[str] | None = Field(None, alias="protocolVersions")


class Runtime(Read):
    """A ServingRuntime or ClusterServingRuntime."""

    metadata: Metadata
    spec: _RuntimeSpec

    @property
    def protocol(self) -> str | None:
        """What it speaks when a service does not choose; v1 is KServe's own choice."""
        said = self.spec.protocols or []
        return "v1" if "v1" in said else next(iter(said), None)
