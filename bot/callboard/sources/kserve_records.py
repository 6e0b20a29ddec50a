"""What KServe's objects become: a model, its versions and where it is served.

Only what people or KServe decided counts. What comes and goes by itself (readiness, replicas, which revision
was created last) never reaches a model, so that the catalog stands still while a cluster does its work.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from callboard.model import Artifact, Card, Endpoint, License, Link, Model, Version
from callboard.sources.cards import read_card
from callboard.sources.kserve_artifacts import artifact_of, artifacts_of, counterparts_of
from callboard.sources.kserve_objects import (
    Canary,
    InferenceService,
    LLMInferenceService,
    Predictor,
    Runtime,
    Service,
    Status,
    Traffic,
    is_address,
    moment,
)
from callboard.sources.kubernetes_metadata import ANNOTATIONS, Metadata

CURRENT = "current"
"""The name of the one version that is served, where nobody gave it one."""
STABLE = "stable"
"""The same, while others are tried beside it."""

_PROTOCOLS = {"v1": "kserve-v1", "v2": "kserve-v2", "grpc-v1": "grpc", "grpc-v2": "grpc"}
_TEXTS = {
    "usage": "Usage",
    "howtouse": "How to use",
    "training": "Training",
    "ethics": "Ethics",
    "support": "Support",
}
_PAGES = {
    "homepageurl": "Homepage",
    "howtouse": "How to use",
    "support": "Support",
    "techdocs": "Documentation",
}
_SEEN = {"owner", "lifecycle", "license", "provider", "sourcemodelversion", "apispec", *_TEXTS, *_PAGES}


@dataclass(frozen=True)
class Surroundings:
    """What is known about a service beside its own record."""

    runtime: Runtime | None = None
    protocol: str | None = None
    """What the catalog knows that it speaks, when the runtimes could not be read."""
    url: str | None = None
    """Where what it owns leads, when the service itself does not say."""
    kept: tuple[Endpoint, ...] = ()
    """What the catalog knows of its endpoints, when nobody can say now where they are."""
    known: Model | None = None
    revisions: Mapping[str, str] = field(default_factory=dict)
    """Where the model of each of its revisions was loaded from, as far as the cluster still has them."""


def model_of(source: str, service: InferenceService | LLMInferenceService, around: Surroundings) -> Model:
    """The model that a service serves."""
    if isinstance(service, InferenceService):
        versions, endpoints, library = _served(service, around)
    else:
        versions, endpoints, library = _served_llm(service, around)
    metadata = service.metadata
    annotations = metadata.annotations or {}
    license_id = metadata.said("license")
    return Model(
        source=source,
        id=service.id,
        name=service.name,
        title=annotations.get("openshift.io/display-name", "").strip() or metadata.name,
        description=annotations.get("openshift.io/description", "").strip() or None,
        owner=metadata.said("owner"),
        provider=metadata.said("provider"),
        lifecycle=metadata.said("lifecycle"),
        license=License(id=license_id) if license_id else None,
        library=library,
        properties=_properties(service),
        versions=versions,
        endpoints=() if service.stopped else endpoints,
        counterparts=counterparts_of(service, versions),
        card=_card(metadata),
        links=_links(metadata),
        created_at=_utc(metadata.creation_timestamp),
    )


def runtime_of(service: InferenceService) -> str | None:
    """The name of the runtime that a service asks for, or that KServe chose."""
    server = service.spec.predictor.server
    status = service.status
    return (server.runtime if server else None) or status.runtime or status.cluster_runtime


def needs_runtime(service: InferenceService) -> bool:
    """Whether only its runtime tells what a service speaks."""
    predictor = service.spec.predictor
    chosen = _is_vllm(predictor) or (predictor.server is not None and predictor.server.protocol is not None)
    return not chosen and runtime_of(service) is not None


def is_split(service: InferenceService) -> bool:
    """Whether another revision than the last serves requests, too or alone."""
    revisions = _revisions(service.status)
    return len(revisions) > 1 or not all(traffic.latest for traffic in revisions.values())


_Serving = tuple[tuple[Version, ...], tuple[Endpoint, ...], str | None]


def _served(service: InferenceService, around: Surroundings) -> _Serving:
    predictor = service.spec.predictor
    artifacts = artifacts_of(predictor)
    endpoint = Endpoint(
        url=service.status.said_url or around.url or "",
        protocol=_protocol(predictor, around),
        needs_key=_needs_key(service.metadata),
        definition=_definition(service.metadata),
        server=service.name,
        runtime=runtime_of(service),
    )
    revisions = _revisions(service.status)
    if is_split(service):
        versions = tuple(
            Version(name=name, artifacts=artifacts if traffic.latest else _former(around, name))
            for name, traffic in revisions.items()
        )
        endpoints = tuple(
            endpoint.model_copy(update={"version": name, "traffic": traffic.percent})
            for name, traffic in revisions.items()
        )
    elif canaries := _canaries(service.spec.canary or ()):
        stable = 100 - sum(canary.percent for canary in canaries.values())
        named = _named(service.metadata) or STABLE
        tried = {name: artifacts_of(canary.predictor) for name, canary in canaries.items() if name != named}
        versions = tuple(Version(name=name, artifacts=kept) for name, kept in tried.items())
        versions = (*versions, Version(name=named, artifacts=artifacts))
        shares = {name: canaries[name].percent for name in tried} | {named: max(stable, 0)}
        endpoints = tuple(
            endpoint.model_copy(update={"version": name, "traffic": share}) for name, share in shares.items()
        )
    else:
        said = _named(service.metadata)
        versions = (Version(name=said or CURRENT, artifacts=artifacts),)
        endpoints = (endpoint.model_copy(update={"version": said}),)
    component = (service.status.components or {}).get("predictor")
    if component is not None and is_address(component.grpc_url):
        grpc = {"url": component.grpc_url, "protocol": "grpc", "definition": None}
        endpoints = (*endpoints, endpoints[0].model_copy(update=grpc))
    return versions, _reached(endpoints, around), predictor.format


def _served_llm(service: LLMInferenceService, around: Surroundings) -> _Serving:
    named = _named(service.metadata)
    artifact = artifact_of(service.spec.model.uri, None)
    endpoint = Endpoint(
        url=service.status.said_url or around.url or "",
        protocol="openai-v1",
        needs_key=_needs_key(service.metadata),
        definition=_definition(service.metadata),
        server=service.name,
        version=named,
    )
    version = Version(name=named or CURRENT, artifacts=(artifact,))
    return (version,), _reached((endpoint,), around), None


def _reached(endpoints: tuple[Endpoint, ...], around: Surroundings) -> tuple[Endpoint, ...]:
    """The endpoints that have an address, or those that are kept meanwhile."""
    return around.kept or tuple(one for one in endpoints if one.url)


def _revisions(status: Status) -> dict[str, Traffic]:
    """The revisions that share the requests, the newest first."""
    component = (status.components or {}).get("predictor")
    if component is None:
        return {}
    found: dict[str, Traffic] = {}
    for one in component.traffic or ():
        name = one.revision or (component.latest_ready if one.latest else None)
        if name and one.percent:
            found.setdefault(name, one)
    return dict(sorted(found.items(), key=lambda item: (bool(item[1].latest), item[0]), reverse=True))


def _canaries(said: Sequence[Canary]) -> dict[str, Canary]:
    found: dict[str, Canary] = {}
    for number, canary in enumerate(said, 1):
        found.setdefault(canary.predictor.name or f"canary-{number}", canary)
    return found


def _former(around: Surroundings, name: str) -> tuple[Artifact, ...]:
    """What another revision than the last serves, which the service's own record no longer says."""
    if name in around.revisions:
        return (artifact_of(around.revisions[name], None),)
    for version in around.known.versions if around.known else ():
        if version.name == name:
            return version.artifacts
    return ()


def _named(metadata: Metadata) -> str | None:
    return metadata.said("sourcemodelversion") or (
        (metadata.labels or {}).get("app.kubernetes.io/version", "").strip() or None
    )


def _protocol(predictor: Predictor, around: Surroundings) -> str:
    server = predictor.server
    if _is_vllm(predictor):
        return "openai-v1"
    said = (server.protocol if server else None) or (around.runtime.protocol if around.runtime else None)
    return _PROTOCOLS.get(said, said) if said else around.protocol or "rest"


def _is_vllm(predictor: Predictor) -> bool:
    # The format names the server, which speaks one protocol.
    return (predictor.format or "").lower() == "vllm"


def _needs_key(metadata: Metadata) -> bool | None:
    said = (metadata.annotations or {}).get("security.opendatahub.io/enable-auth")
    said = said or (metadata.labels or {}).get("security.openshift.io/enable-authentication")
    return {"true": True, "false": False}.get((said or "").strip().lower())


def _definition(metadata: Metadata) -> str | None:
    """An API definition that stands in the annotation itself; an address is not followed."""
    said = metadata.said("apispec")
    return said if said is not None and _page(said) is None else None


def _properties(service: Service) -> dict[str, str]:
    metadata = service.metadata
    annotations, labels = metadata.annotations or {}, metadata.labels or {}
    found = {key: value for key, value in labels.items() if "/" not in key and value}
    for prefix in reversed(ANNOTATIONS):
        for key, value in annotations.items():
            if key.startswith(prefix) and key.removeprefix(prefix) not in _SEEN:
                found[key.removeprefix(prefix)] = value
    kind = annotations.get("opendatahub.io/model-type")
    said = {
        "namespace": metadata.namespace,
        "deployment-mode": annotations.get("serving.kserve.io/deploymentMode"),
        "model-type": kind,
    }
    return dict(sorted((found | {key: value for key, value in said.items() if value}).items()))


def _links(metadata: Metadata) -> tuple[Link, ...]:
    said = {title: metadata.said(key) for key, title in _PAGES.items()}
    return tuple(Link(url=url, title=title) for title, text in said.items() if (url := _page(text)))


def _card(metadata: Metadata) -> Card | None:
    said = {title: metadata.said(key) for key, title in _TEXTS.items()}
    texts = [f"## {title}\n\n{text}\n" for title, text in said.items() if text and _page(text) is None]
    return read_card("\n".join(texts).encode(), metadata.name).body if texts else None


def _page(text: str | None) -> str | None:
    return text if text is not None and re.fullmatch(r"https?://\S+", text) else None


def _utc(text: str | None) -> str | None:
    at = moment(text)
    return at.isoformat(timespec="seconds").replace("+00:00", "Z") if at else None
