"""Where a served model comes from: its artifacts, and what its service says of it in other registries."""

from __future__ import annotations

import re
from typing import Any

from callboard.model import Artifact, Counterpart, Version
from callboard.sources.kserve_objects import InferenceService, LLMInferenceService, Predictor, Storage

REGISTRY = "modelregistry.opendatahub.io/"
"""Labels that OpenShift AI sets on what it deploys from the Kubeflow registry."""

_HUB = re.compile(r"hf://(?P<model>[^/:@\s]+/[^/:@\s]+)(?:[:@](?P<revision>[^/\s]+))?/?")
_IMAGE = re.compile(
    # How an image is mounted is KServe's own matter.
    r"oci(?:\+native|\+fetch)?://"
    r"(?P<name>[^@\s]+?)(?::(?P<tag>[^:/@\s]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
_MLFLOW_MODEL = re.compile(r"models:/(?P<model>[^/@\s]+)/(?P<version>[0-9]+)")
_MLFLOW_RUN = re.compile(r"runs:/(?P<run>[0-9A-Za-z_-]{1,64})/.+", re.DOTALL)


def artifacts_of(predictor: Predictor) -> tuple[Artifact, ...]:
    """What a predictor loads; the image, where a container of one's own says no more."""
    server, container = predictor.server, predictor.container
    uris: dict[str, str | None] = {}
    if server is not None:
        if server.storage_uri:
            uris[server.storage_uri] = predictor.format
        if server.storage is not None and (stored := _stored(server.storage)):
            uris[stored] = predictor.format
    for place in predictor.storage_uris or ():
        uris.setdefault(place.uri, predictor.format)
    if container is not None and not uris and (uri := container.variable("STORAGE_URI")):
        uris[uri] = predictor.format
    if not uris and server is None and container is not None and container.image:
        uris[container.image] = "container-image"
    return tuple(artifact_of(uri, kind) for uri, kind in uris.items() if uri)


def artifact_of(uri: str, kind: str | None) -> Artifact:
    """An artifact by its address, with the digest that pins it."""
    pinned = re.search(r"@(sha256:[0-9a-f]{64})$", uri)
    return Artifact(uri=uri, format=kind, digest=pinned[1] if pinned else None)


def _stored(storage: Storage) -> str | None:
    """Where a model is in a storage that a secret describes, as far as that is said in the open."""
    path = (storage.path or "").strip("/")
    parameters = storage.parameters or {}
    if parameters.get("type") and parameters.get("bucket"):
        return f"{parameters['type']}://{parameters['bucket']}/{path}"
    if not (storage.key or path):
        return None
    return f"storage://{storage.key or 'default'}/{path}"


def counterparts_of(
    service: InferenceService | LLMInferenceService, versions: tuple[Version, ...]
) -> tuple[Counterpart, ...]:
    """What labels, addresses and arguments say of the same model elsewhere."""
    newest = versions[0].name
    labels = service.metadata.labels or {}
    ids = {
        key: labels[REGISTRY + key].strip()
        for key in ("registered-model-id", "model-version-id", "inference-service-id")
        if labels.get(REGISTRY + key, "").strip()
    }
    found: list[Counterpart] = []
    if ids:
        deployed = ids.get("inference-service-id")
        found.append(
            Counterpart(
                registry="kubeflow",
                said_by=f"{REGISTRY}{next(iter(ids))}",
                model=ids.get("registered-model-id"),
                version=ids.get("model-version-id"),
                uri=f"inference_services/{deployed}" if deployed else None,
                of_version=newest,
            )
        )
    for version in versions:
        for artifact in version.artifacts:
            said = _elsewhere(artifact, version.name)
            if said is not None:
                found.append(said)
    if isinstance(service, InferenceService) and (model := _loaded(service.spec.predictor)):
        found.append(Counterpart(registry="huggingface", said_by="model_id", model=model, of_version=newest))
    return tuple(found)


def _elsewhere(artifact: Artifact, version: str) -> Counterpart | None:
    """What a storage address says of the same model in another registry."""
    uri = artifact.uri
    said: dict[str, Any] = {"said_by": "storageUri", "uri": uri, "of_version": version}
    if match := _HUB.fullmatch(uri):
        return Counterpart(registry="huggingface", model=match["model"], version=match["revision"], **said)
    if match := _IMAGE.fullmatch(uri):
        pinned = match["digest"] or match["tag"]
        return Counterpart(registry="oci", model=match["name"], version=pinned, **said)
    if match := _MLFLOW_MODEL.fullmatch(uri):
        return Counterpart(registry="mlflow", model=match["model"], version=match["version"], **said)
    if match := _MLFLOW_RUN.fullmatch(uri):
        return Counterpart(registry="mlflow", run_id=match["run"], **said)
    if uri.startswith("model-registry://"):
        return Counterpart(registry="kubeflow", **said)
    return None


def _loaded(predictor: Predictor) -> str | None:
    """The model of the Hub that the server is told to load."""
    container = predictor.container
    if container is None:
        return None
    said = container.variable("MODEL_ID")
    arguments = container.args or []
    for at, argument in enumerate(arguments):
        key, equals, value = argument.partition("=")
        if key == "--model_id":
            said = value if equals else next(iter(arguments[at + 1 : at + 2]), None)
    return said if said and re.fullmatch(r"[\w.-]+/[\w.-]+", said) and ".." not in said else None
