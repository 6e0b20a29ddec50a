"""A real Kubernetes API server, with the definitions of KServe and of 3scale's operator, in the slow tier.

Only the API: no node, no controller, so nothing ever becomes ready by itself. Old servers know neither empty
defaults nor keys of lists that rely on them; both are left out of the definitions.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.contracts.crds import UPSTREAM
from tests.servers import certificates
from tests.servers.certificates import Authority
from tests.servers.openwebui import SLOW
from tests.servers.processes import free_port
from tools import environments

_DEFINITIONS = (
    "kserve-inferenceservices.crd.yaml",
    "kserve-llminferenceservices.crd.yaml",
    "kserve-servingruntimes.crd.yaml",
    "3scale-products.crd.yaml",
    "3scale-backends.crd.yaml",
    "3scale-activedocs.crd.yaml",
)
_START_WITHIN = 120.0
ADMINISTRATOR, READER, NOBODY = "admin-of-the-tests", "reader-of-the-tests", "nobody-of-the-tests"
"""Tokens: of who may do everything, of who has the role that docs say, and of who has none."""
_RBAC = "rbac.authorization.k8s.io"


@dataclass
class ApiServer:
    """A running server."""

    url: str
    authority: Authority
    """Whose certificates it shows and believes. Its client has the same role as the token READER."""
    client: httpx2.Client
    """Its administrator's."""
    store: str
    """The address of its etcd."""

    def create(self, path: str, value: dict[str, Any]) -> dict[str, Any]:
        """Stores an object, and what it says as its status; what became of it."""
        made = self.client.post(path, json=value)
        assert made.status_code == 201, made.text
        if "status" in value:
            current = made.json() | {"status": value["status"]}
            made = self.client.put(f"{path}/{value['metadata']['name']}/status", json=current)
            assert made.status_code == 200, made.text
        stored: dict[str, Any] = made.json()
        return stored

    def namespace(self, name: str) -> str:
        """Makes a namespace."""
        self.create("/api/v1/namespaces", {"metadata": {"name": name}})
        return name

    def bind(self, name: str, role: str, *subjects: dict[str, str], namespace: str | None = None) -> None:
        """Gives a ClusterRole to people, everywhere or in one namespace."""
        place = "clusterrolebindings" if namespace is None else f"namespaces/{namespace}/rolebindings"
        binding = {
            "metadata": {"name": name},
            "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": role},
            "subjects": subjects,
        }
        self.create(f"/apis/{_RBAC}/v1/{place}", binding)

    def until(self, path: str, token: str = ADMINISTRATOR, *, holding: str = "") -> None:
        """Waits until somebody may read a path, and ``holding`` stands in the answer.

        Permissions, accounts and discovery come into force a while after they are stored.
        """
        end = time.monotonic() + _START_WITHIN
        while True:
            with contextlib.suppress(httpx2.HTTPError):
                answer = self.client.get(path, headers={"authorization": f"Bearer {token}"})
                if answer.status_code == 200 and holding in answer.text:
                    return
            if time.monotonic() > end:
                raise RuntimeError(f"the API server does not answer {path}")
            time.sleep(0.1)

    def forget(self) -> None:
        """Throws away all that is no more, as it does itself every five minutes: no snapshot is left."""
        # The newest is always kept, so there must be one that nobody has asked for.
        with httpx2.Client(base_url=self.store, trust_env=False) as client:
            put = client.post("/v3/kv/put", json={"key": "bmV3ZXI=", "value": ""})
            now = put.json()["header"]["revision"]
            done = client.post("/v3/kv/compaction", json={"revision": now, "physical": True})
            assert done.status_code == 200, done.text


def user(name: str) -> dict[str, str]:
    """Somebody, as a binding names them."""
    return {"apiGroup": _RBAC, "kind": "User", "name": name}


@pytest.fixture(scope="session")
def api_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """A server for all tests of the slow tier; each of them has namespaces of its own."""
    if not os.environ.get(SLOW):
        pytest.skip(f"a real Kubernetes API server is built for minutes; make slow starts one ({SLOW}=1)")
    if not all((UPSTREAM / file).exists() for file in _DEFINITIONS):
        pytest.skip("a real Kubernetes API server needs the definitions of KServe and 3scale: not at hand")
    try:
        executable = environments.kubernetes()
    except environments.Missing as missing:
        pytest.skip(str(missing))
    with _running(executable, tmp_path_factory.mktemp("kubernetes")) as server:
        yield server


@contextlib.contextmanager
def _running(executable: Path, folder: Path) -> Iterator[ApiServer]:
    etcd = shutil.which("etcd", path=f"{executable.parent}{os.pathsep}{os.environ['PATH']}")
    assert etcd is not None
    store, peer, port = free_port(), free_port(), free_port()
    authority = certificates.authority()
    authority.server.write(folder, "server")
    authority.own.write(folder, "ca")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    (folder / "sa.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )
    people = f'{ADMINISTRATOR},admin,1,"system:masters"\n{READER},reader,2\n{NOBODY},nobody,3\n'
    (folder / "tokens.csv").write_text(people, encoding="utf-8")
    url = f"https://127.0.0.1:{port}"
    commands = (
        [
            etcd, f"--data-dir={folder}/etcd",
            f"--listen-client-urls=http://127.0.0.1:{store}", f"--advertise-client-urls=http://127.0.0.1:{store}",
            f"--listen-peer-urls=http://127.0.0.1:{peer}",
        ],
        [
            str(executable), f"--etcd-servers=http://127.0.0.1:{store}", "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1", f"--secure-port={port}", f"--cert-dir={folder}",
            f"--tls-cert-file={folder}/server.crt", f"--tls-private-key-file={folder}/server.key",
            f"--client-ca-file={folder}/ca.crt", f"--token-auth-file={folder}/tokens.csv",
            f"--service-account-key-file={folder}/sa.key",
            f"--service-account-signing-key-file={folder}/sa.key",
            "--service-account-issuer=https://kubernetes.default.svc", "--authorization-mode=RBAC",
            "--service-cluster-ip-range=10.0.0.0/24", "--disable-admission-plugins=ServiceAccount",
        ],
    )  # fmt: skip
    with contextlib.ExitStack() as stack:
        for command in commands:
            log = stack.enter_context((folder / f"{Path(command[0]).name}.log").open("wb"))
            process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, process_group=0)
            stack.callback(_stop, process)
        client = stack.enter_context(
            httpx2.Client(
                base_url=url,
                headers={"authorization": f"Bearer {ADMINISTRATOR}"},
                verify=authority.trusted(),
                trust_env=False,
                timeout=60,
            )
        )
        api = ApiServer(url, authority, client, f"http://127.0.0.1:{store}")
        try:
            api.until("/readyz")
            _fill(api)
        except RuntimeError as error:
            said = (folder / f"{executable.name}.log").read_text(errors="replace")[-3000:]
            raise RuntimeError(f"{error}:\n{said}") from None
        yield api


def _fill(api: ApiServer) -> None:
    described = []
    for definition in _definitions():
        api.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition)
        spec = definition["spec"]
        described += [(f"/apis/{spec['group']}/{one['name']}", spec) for one in spec["versions"]]
    for page in ("kserve", "threescale"):
        role = _documented_role(page)
        api.create(f"/apis/{_RBAC}/v1/clusterroles", role)
        people = (user("reader"), user("callboard test client"))
        api.bind(f"reader-{page}", role["metadata"]["name"], *people)
    for path, spec in described:
        api.until("/apis", holding=f'"{path.removeprefix("/apis/")}"')
        api.until(path, holding=f'"{spec["names"]["plural"]}"')
        api.until(f"{path}/{spec['names']['plural']}", READER)


def _documented_role(page: str) -> dict[str, Any]:
    path = Path(__file__).parents[2] / "docs" / "sources" / f"{page}.md"
    blocks = path.read_text(encoding="utf-8").split("```yaml\n")
    text = next(block for block in blocks if "kind: ClusterRole" in block).split("```")[0]
    role: dict[str, Any] = yaml.safe_load(text)
    return role


def _definitions() -> Iterator[dict[str, Any]]:
    for file in _DEFINITIONS:
        definition = yaml.load((UPSTREAM / file).read_bytes(), Loader=yaml.CSafeLoader)
        yield _for_old_servers(definition)
        if file == "kserve-servingruntimes.crd.yaml":
            # That of the runtimes of the whole cluster has the same schema, and is not among the contracts.
            names = {"kind": "ClusterServingRuntime", "listKind": "ClusterServingRuntimeList"}
            names |= {"plural": "clusterservingruntimes", "singular": "clusterservingruntime"}
            metadata = definition["metadata"] | {"name": "clusterservingruntimes.serving.kserve.io"}
            spec = definition["spec"] | {"names": names, "scope": "Cluster"}
            yield _for_old_servers(definition | {"metadata": metadata, "spec": spec})


def _for_old_servers(value: Any) -> Any:
    if isinstance(value, list):
        return [_for_old_servers(one) for one in value]
    if not isinstance(value, dict):
        return value
    kept = {key: _for_old_servers(one) for key, one in value.items() if (key, one) != ("default", "")}
    keys = kept.get("x-kubernetes-list-map-keys")
    if isinstance(keys, list):
        items = kept.get("items", {})
        said = items.get("properties", {})
        if any(key not in items.get("required", ()) and "default" not in said.get(key, {}) for key in keys):
            kept = {
                key: one
                for key, one in kept.items()
                if key not in ("x-kubernetes-list-map-keys", "x-kubernetes-list-type")
            }
    return kept


def _stop(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, 15)
    process.wait(timeout=60)
