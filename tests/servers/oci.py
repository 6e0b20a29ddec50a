"""A real OCI registry (CNCF Distribution) on a loopback port, and packers of what models are kept as in it.

The registry itself judges manifests and tokens. What the packers write as configuration is held to the
schemas of ``tests.contracts.oci_models``. The token server is a double of what stands before hosted
registries: whether its tokens are right, the registry says.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.contracts import oci_models
from tests.servers.processes import free_port, started
from tests.servers.threads import serving
from tools import environments

_START_WITHIN = 60.0

USER = "alice"
PASSWORD = "canary-oci-password-77d1"
_HTPASSWD = f"{USER}:$2y$04$abcdefghijklmnopqrstuuDoDVrGTIoGsxC5dLTsYYSZZS8O8.ebu\n"

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"


@dataclass(frozen=True)
class Layer:
    """A blob of a manifest."""

    media_type: str
    content: bytes
    annotations: Mapping[str, str] = field(default_factory=dict)
    size: int | None = None
    """Where the manifest shall say another."""

    @property
    def descriptor(self) -> dict[str, Any]:
        """How a manifest refers to it."""
        said: dict[str, Any] = {
            "mediaType": self.media_type,
            "digest": digest_of(self.content),
            "size": len(self.content) if self.size is None else self.size,
        }
        return said | ({"annotations": dict(self.annotations)} if self.annotations else {})


@dataclass(frozen=True)
class Packed:
    """A manifest and its blobs."""

    config: Layer
    layers: tuple[Layer, ...]
    artifact_type: str | None = None
    media_type: str = OCI_MANIFEST
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def manifest(self) -> bytes:
        """As it is pushed."""
        said: dict[str, Any] = {"schemaVersion": 2, "mediaType": self.media_type}
        if self.artifact_type:
            said["artifactType"] = self.artifact_type
        said |= {"config": self.config.descriptor, "layers": [one.descriptor for one in self.layers]}
        if self.annotations:
            said["annotations"] = dict(self.annotations)
        oci_models.check_manifest(said)
        return json.dumps(said).encode()

    @property
    def digest(self) -> str:
        """Of the manifest."""
        return digest_of(self.manifest)


def digest_of(content: bytes) -> str:
    """As registries write it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def modelpack(config: dict[str, Any], *layers: Layer, checked: bool = True, **changes: Any) -> Packed:
    """A model as the CNCF's specification packs it."""
    diffs = [digest_of(layer.content) for layer in layers]
    said = {"modelfs": {"type": "layers", "diffIds": diffs}, "config": {}, "descriptor": {}} | config
    if checked:
        oci_models.check_config("modelpack", said)
    return Packed(
        _json("application/vnd.cncf.model.config.v1+json", said),
        layers,
        artifact_type=changes.pop("artifact_type", "application/vnd.cncf.model.manifest.v1+json"),
        **changes,
    )


def modelkit(kitfile: dict[str, Any], *layers: Layer) -> Packed:
    """A ModelKit as KitOps packs it: the configuration is the Kitfile as JSON."""
    said = {"manifestVersion": "1.0.0", **kitfile}
    oci_models.check_config("modelkit", said)
    return Packed(_json("application/vnd.kitops.modelkit.config.v1+json", said), layers)


def docker_model(version: str, config: dict[str, Any], *layers: Layer) -> Packed:
    """A model as Docker Model Runner packs it; ``version`` is ``v0.1`` or ``v0.2``."""
    files = [{"diffID": digest_of(one.content), "type": one.media_type} for one in layers]
    said = {"config": {"format": "gguf", "size": "7", **config}, "files": files}
    said["descriptor"] = {"createdAt" if version == "v0.1" else "created": "2025-01-01T00:00:00Z"}
    oci_models.check_config("docker-model", said)
    return Packed(_json(f"application/vnd.docker.ai.model.config.{version}+json", said), layers)


def ollama(config: dict[str, Any], *layers: Layer) -> Packed:
    """A model as Ollama pushes it: only the layers tell."""
    said = {
        "architecture": "amd64",
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": [digest_of(one.content) for one in layers]},
        **config,
    }
    oci_models.check_config("ollama", said)
    config_layer = _json("application/vnd.docker.container.image.v1+json", said)
    return Packed(config_layer, layers, media_type=DOCKER_MANIFEST)


def image(labels: Mapping[str, str] | None = None, content: bytes = b"files", **changes: Any) -> Packed:
    """An ordinary container image."""
    said = {
        "architecture": "amd64",
        "os": "linux",
        "created": "2026-03-04T05:06:07Z",
        "config": {"Labels": dict(labels)} if labels else {},
        "rootfs": {"type": "layers", "diff_ids": [digest_of(content)]},
    }
    layer = Layer("application/vnd.oci.image.layer.v1.tar+gzip", content)
    return Packed(_json(OCI_CONFIG, said), (layer,), **changes)


def tar(files: Mapping[str, bytes], *, gzipped: bool = False) -> bytes:
    """An archive that is the same each time."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return gzip.compress(packed.getvalue(), mtime=0) if gzipped else packed.getvalue()


def _json(media_type: str, said: Any) -> Layer:
    return Layer(media_type, json.dumps(said).encode())


@dataclass
class RegistryServer:
    """A running registry."""

    url: str
    client: httpx2.Client

    def push(self, repository: str, tag: str, packed: Packed) -> str:
        """Pushes as any client does, blobs first; the digest."""
        for layer in (packed.config, *packed.layers):
            if layer.size is None:
                self.push_blob(repository, layer.content)
        return self.push_manifest(repository, tag, packed.manifest, packed.media_type)

    def push_blob(self, repository: str, content: bytes) -> str:
        """One blob; its digest."""
        digest = digest_of(content)
        begun = self.client.post(f"/v2/{repository}/blobs/uploads/").raise_for_status()
        place = httpx2.URL(begun.headers["location"]).copy_merge_params({"digest": digest})
        sent = {"content-type": "application/octet-stream"}
        self.client.put(place, content=content, headers=sent).raise_for_status()
        return digest

    def push_manifest(self, repository: str, tag: str, manifest: bytes, media_type: str) -> str:
        """A manifest as it is; its digest."""
        answer = self.client.put(
            f"/v2/{repository}/manifests/{tag}", content=manifest, headers={"content-type": media_type}
        )
        if answer.is_error:
            raise AssertionError(f"the registry does not take this manifest: {answer.text}")
        return str(answer.headers["docker-content-digest"])

    def push_index(self, repository: str, tag: str, *packed: Packed, **changes: Any) -> str:
        """A list of manifests, the first for arm64, the others for amd64."""
        for number, one in enumerate(packed):
            self.push(repository, f"part-{number}", one)
        manifests = [
            {
                "mediaType": one.media_type,
                "digest": one.digest,
                "size": len(one.manifest),
                "platform": {"os": "linux", "architecture": "amd64" if number else "arm64"},
            }
            for number, one in enumerate(packed)
        ]
        said = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests} | changes
        oci_models.check_index(said)
        return self.push_manifest(repository, tag, json.dumps(said).encode(), OCI_INDEX)

    def delete(self, repository: str, digest: str) -> None:
        """A manifest, with its tags."""
        self.client.delete(f"/v2/{repository}/manifests/{digest}").raise_for_status()


@contextlib.contextmanager
def running(folder: Path, auth: Mapping[str, Any] | None = None) -> Iterator[RegistryServer]:
    """An empty registry that keeps its files in ``folder``, until the end of the ``with``.

    Raises RuntimeError, with the end of the log, when it does not become ready.
    """
    port = free_port()
    configuration: dict[str, Any] = {
        "version": "0.1",
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(folder / "blobs")}, "delete": {"enabled": True}},
        "http": {"addr": f"127.0.0.1:{port}"},
    }
    if auth:
        configuration["auth"] = dict(auth)
    file = folder / "registry.yml"
    file.write_text(json.dumps(configuration))
    url = f"http://127.0.0.1:{port}"
    with (
        httpx2.Client(base_url=url, trust_env=False, timeout=30) as client,
        started(
            "the registry",
            [environments.registry(), "serve", file],
            folder,
            environment={"PATH": os.environ["PATH"], "HOME": str(folder), "OTEL_TRACES_EXPORTER": "none"},
            ready=lambda: _is_ready(client),
            within=_START_WITHIN,
        ),
    ):
        yield RegistryServer(url, client)


def _is_ready(client: httpx2.Client) -> bool:
    with contextlib.suppress(httpx2.HTTPError):
        return client.get("/v2/").status_code in (200, 401)
    return False


@pytest.fixture(scope="session")
def oci_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RegistryServer]:
    """A registry for the whole session, open to all: every test uses repositories of its own."""
    with running(tmp_path_factory.mktemp("oci")) as server:
        yield server


@contextlib.contextmanager
def with_password(folder: Path) -> Iterator[RegistryServer]:
    """A registry that asks for the password itself."""
    (folder / "htpasswd").write_text(_HTPASSWD)
    with running(folder, {"htpasswd": {"realm": "models", "path": str(folder / "htpasswd")}}) as server:
        server.client.auth = (USER, PASSWORD)
        yield server


@dataclass
class TokenServer:
    """Gives tokens for a registry to who knows the password, and to nobody else."""

    url: str = ""
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    certificate: x509.Certificate | None = None
    open_to_all: bool = False
    lifetime: int = 300
    """Seconds."""
    answer: Response | None = None
    """Instead of a token."""
    requests: list[tuple[str, str]] = field(default_factory=list)
    """Query and authorization of each request."""

    def token(self, *scopes: str) -> str:
        """A token as the distribution project describes it."""
        assert self.certificate is not None
        now = datetime.now(UTC)
        access = []
        for scope in scopes:
            kind, rest = scope.split(":", 1)
            name, actions = rest.rsplit(":", 1)
            access.append({"type": kind, "name": name, "actions": actions.split(",")})
        claims = {
            "iss": "callboard-tests",
            "sub": USER,
            "aud": "models.example",
            "nbf": now - timedelta(seconds=600),
            "iat": now - timedelta(seconds=600),
            "exp": now + timedelta(seconds=self.lifetime),
            "jti": os.urandom(8).hex(),
            "access": access,
        }
        chain = base64.b64encode(self.certificate.public_bytes(serialization.Encoding.DER)).decode()
        return jwt.encode(claims, self.key, algorithm="ES256", headers={"x5c": [chain]})

    async def respond(self, request: Request) -> Response:
        """The answer to ``GET /token``."""
        sent = request.headers.get("authorization", "")
        self.requests.append((str(request.url.query), sent))
        if self.answer is not None:
            return self.answer
        known = sent == f"Basic {base64.b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}"
        if not known and (sent or not self.open_to_all):
            return JSONResponse({"errors": [{"code": "UNAUTHORIZED"}]}, 401)
        if request.query_params.get("service") != "models.example":
            return JSONResponse({"error": "which service?"}, 400)
        return JSONResponse({"token": self.token(*request.query_params.getlist("scope"))})


@contextlib.contextmanager
def with_tokens(folder: Path) -> Iterator[tuple[RegistryServer, TokenServer]]:
    """A registry that sends to a token server, and that server."""
    tokens = TokenServer()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "callboard-tests")])
    now = datetime.now(UTC)
    tokens.certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(tokens.key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(tokens.key, hashes.SHA256())
    )
    bundle = folder / "bundle.pem"
    bundle.write_bytes(tokens.certificate.public_bytes(serialization.Encoding.PEM))
    with serving(Starlette(routes=[Route("/token", tokens.respond)])) as tokens.url:
        settings = {
            "realm": f"{tokens.url}/token",
            "service": "models.example",
            "issuer": "callboard-tests",
            "rootcertbundle": str(bundle),
        }
        with running(folder, {"token": settings}) as server:
            yield server, tokens
