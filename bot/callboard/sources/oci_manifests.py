"""Manifests of OCI registries: what is a model, and in which of its layers is what.

What a manifest is, is told by its artifact type, else by its configuration's media type, else by its layers':
in this order, since an Ollama model calls its configuration a container image's. The media types are those of
ModelPack (CNCF), KitOps, Docker Model Runner and Ollama.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field

from callboard.sources.folder import CARD_NAMES

Kind = Literal["modelpack", "modelkit", "docker-model", "ollama", "modelcar"]

MODELCAR: Kind = "modelcar"
MOST_LAYERS = 5000

_MODELPACK = "application/vnd.cncf.model."
MODELKIT = "application/vnd.kitops.modelkit."
_DOCKER = "application/vnd.docker.ai."
_OLLAMA = "application/vnd.ollama.image."

_DOCKER_WEIGHTS = ("gguf.v3", "safetensors", "mmproj", "dduf")
_OLLAMA_WEIGHTS = ("model", "adapter", "projector", "tensor")
_PATH = "org.cncf.model.filepath"
IMAGE = "org.opencontainers.image."
"""What the image specification's annotations begin with."""
_SUFFIXES = {
    ".gguf": "gguf",
    ".safetensors": "safetensors",
    ".onnx": "onnx",
    ".bin": "pytorch",
    ".pt": "pytorch",
    ".pth": "pytorch",
    ".h5": "keras",
    ".keras": "keras",
    ".tflite": "tflite",
    ".dduf": "dduf",
}

_Annotations = Annotated[
    dict[str, str], BeforeValidator(lambda said: {} if said is None else said), Field(default_factory=dict)
]


class Descriptor(BaseModel):
    """A reference to a blob or a manifest."""

    media_type: str = Field(alias="mediaType", max_length=1000)
    digest: str = Field(pattern=r"^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$")
    size: int = Field(strict=True, ge=0, le=2**63 - 1)
    annotations: _Annotations
    artifact_type: str | None = Field(default=None, alias="artifactType")
    platform: dict[str, Any] | None = None

    @property
    def path(self) -> str | None:
        """Where the file was when it was packed. Untrusted: only ever shown and compared."""
        return self.annotations.get(_PATH) or self.annotations.get(f"{IMAGE}title")


class Manifest(BaseModel):
    """An image manifest, of the OCI or of Docker."""

    artifact_type: str | None = Field(default=None, alias="artifactType")
    config: Descriptor
    layers: list[Descriptor] = Field(max_length=MOST_LAYERS)
    annotations: _Annotations


class Index(BaseModel):
    """A list of manifests of the same content, for several platforms or in several formats."""

    manifests: list[Descriptor] = Field(max_length=MOST_LAYERS)

    @property
    def chosen(self) -> Descriptor | None:
        """The one that is read: the first that calls itself a model, else that of a usual platform."""
        candidates = [
            one
            for one in self.manifests
            if one.annotations.get("vnd.docker.reference.type") != "attestation-manifest"
        ]
        models = (one for one in candidates if _kind_of_type(one.artifact_type or ""))
        usual = (one for one in candidates if (one.platform or {}).get("architecture") == "amd64")
        return next(models, None) or next(usual, None) or next(iter(candidates), None)


class UnknownManifest(ValueError):
    """An answer that is no manifest that Callboard knows: what it is."""


def parse_manifest(body: Any, content_type: str) -> Manifest | Index:
    """The manifest in an answer's JSON. Raises UnknownManifest or ValidationError."""
    if not isinstance(body, dict):
        raise UnknownManifest("what the registry answers is no manifest")
    if "manifests" in body and "layers" in body:
        # Readers would disagree about what it is.
        raise UnknownManifest("it is a manifest and a list of manifests at once")
    said = body.get("mediaType") or content_type.partition(";")[0].strip()
    if "manifests" in body:
        return Index.model_validate(body)
    if "config" not in body or "layers" not in body:
        raise UnknownManifest(f"it is a manifest of an unknown type ({str(said)[:100] or 'not said'})")
    return Manifest.model_validate(body)


def kind_of(manifest: Manifest, *, modelcar: bool) -> Kind | None:
    """Which packaging of a model it is, None for an ordinary image or another artifact.

    ``modelcar``: people say that the repository holds ModelCars, which nothing in an image tells.
    """
    kind = _kind_of_type(manifest.artifact_type or "") or _kind_of_type(manifest.config.media_type)
    for layer in manifest.layers:
        kind = kind or _kind_of_type(layer.media_type)
    return kind or (MODELCAR if modelcar else None)


def _kind_of_type(media_type: str) -> Kind | None:
    prefixes: dict[str, Kind] = {
        _MODELPACK: "modelpack",
        MODELKIT: "modelkit",
        _DOCKER: "docker-model",
        _OLLAMA: "ollama",
    }
    return next((kind for prefix, kind in prefixes.items() if media_type.startswith(prefix)), None)


def weights(manifest: Manifest, kind: Kind) -> Iterator[Descriptor]:
    """The layers that hold the model itself."""
    for layer in manifest.layers:
        said = layer.media_type
        if kind == "modelpack":
            is_weight = said.startswith(f"{_MODELPACK}weight.v1.")
        elif kind == "modelkit":
            is_weight = said.startswith((f"{MODELKIT}model.v1", f"{MODELKIT}modelpart.v1"))
        elif kind == "docker-model":
            is_weight = said.removeprefix(_DOCKER).startswith(_DOCKER_WEIGHTS)
        else:
            is_weight = said.removeprefix(_OLLAMA).partition(";")[0] in _OLLAMA_WEIGHTS
        if is_weight:
            yield layer


def license_layers(manifest: Manifest) -> list[Descriptor]:
    """The layers that hold a license as text."""
    return [
        layer for layer in manifest.layers if layer.media_type in (f"{_DOCKER}license", f"{_OLLAMA}license")
    ]


@dataclass(frozen=True)
class Documentation:
    """A layer that may hold the card."""

    layer: Descriptor
    path: str | None
    packing: str
    """``raw``, ``tar``, ``tar+gzip``, or one that is not read."""


def documentation(manifest: Manifest, config: Mapping[object, Any]) -> list[Documentation]:
    """The layers that may hold the card, the likeliest first."""
    found = []
    kitfile = config.get("docs")
    docs = [one for one in kitfile if isinstance(one, dict)] if isinstance(kitfile, list) else []
    layers = [one for one in manifest.layers if _is_documentation(one)]
    for place, layer in enumerate(layers):
        path: Any = layer.path
        if path is None and layer.media_type.startswith(MODELKIT):
            # A Kitfile says the digest of each part; older ones have their parts in the order of the layers.
            said = [one for one in docs if one.get("digest") == layer.digest] or docs[place : place + 1]
            path = said[0].get("path") if said else None
        path = path if isinstance(path, str) else None
        packing = layer.media_type.partition(".v1.")[2]
        if packing != "raw" or _card_rank(path) < len(CARD_NAMES):
            found.append(Documentation(layer, path, packing))
    return sorted(found, key=lambda one: (_card_rank(one.path), _depth(one.path)))


def _is_documentation(layer: Descriptor) -> bool:
    return layer.media_type.startswith((f"{_MODELPACK}doc.v1.", f"{MODELKIT}docs.v1."))


def _card_rank(path: str | None) -> int:
    name = PurePosixPath(path or "").name.lower()
    return CARD_NAMES.index(name) if name in CARD_NAMES else len(CARD_NAMES)


def _depth(path: str | None) -> int:
    return len(PurePosixPath(path or "").parts)


def format_of(layer: Descriptor) -> str | None:
    """The format of a layer that holds a model, where media type or file name tell."""
    docker = layer.media_type.removeprefix(_DOCKER).partition(".")[0]
    if docker in ("gguf", "safetensors", "dduf"):
        return docker
    return _SUFFIXES.get(PurePosixPath(layer.path or "").suffix.lower())
