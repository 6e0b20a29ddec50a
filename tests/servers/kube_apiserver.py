"""A real Kubernetes API server with KServe's definitions, where ``etcd`` and ``kube-apiserver`` are in PATH.

Only the API: no node, no controller, so nothing ever becomes ready by itself. Old servers know neither empty
defaults nor keys of lists that rely on them; both are left out of the definitions.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.contracts.crds import UPSTREAM

_DEFINITIONS = (
    "kserve-inferenceservices.crd.yaml",
    "kserve-llminferenceservices.crd.yaml",
    "kserve-servingruntimes.crd.yaml",
)
_START_WITHIN = 120.0
_ADMIN, READER, NOBODY = "admin-of-the-tests", "reader-of-the-tests", "nobody-of-the-tests"


@dataclass
class ApiServer:
    """A running server."""

    url: str
    authority: Path
    """What it signed its certificate with."""
    client: httpx2.Client
    """Its administrator's."""

    def create(self, path: str, value: dict[str, Any]) -> None:
        """Stores an object, and what it says as its status."""
        made = self.client.post(path, json=value)
        assert made.status_code == 201, made.text
        if "status" in value:
            current = made.json() | {"status": value["status"]}
            said = self.client.put(f"{path}/{value['metadata']['name']}/status", json=current)
            assert said.status_code == 200, said.text


def why_not() -> str | None:
    """Why there is no such server here; None: there is."""
    missing = [name for name in ("etcd", "kube-apiserver") if shutil.which(name) is None]
    if missing:
        return f"{' and '.join(missing)} not in PATH"
    return None if (UPSTREAM / _DEFINITIONS[0]).exists() else "KServe's definitions are not at hand"


@contextlib.contextmanager
def running(folder: Path) -> Iterator[ApiServer]:
    """A server with KServe's definitions and a namespace ``ml``. The token READER may list what docs say."""
    store, peer, port = _free_port(), _free_port(), _free_port()
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    (folder / "sa.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )
    people = f'{_ADMIN},admin,1,"system:masters"\n{READER},reader,2\n{NOBODY},nobody,3\n'
    (folder / "tokens.csv").write_text(people, encoding="utf-8")
    etcd = [
        "etcd", "--data-dir", str(folder / "etcd"),
        "--listen-client-urls", f"http://127.0.0.1:{store}",
        "--advertise-client-urls", f"http://127.0.0.1:{store}",
        "--listen-peer-urls", f"http://127.0.0.1:{peer}",
    ]  # fmt: skip
    server = [
        "kube-apiserver", f"--etcd-servers=http://127.0.0.1:{store}", "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1", f"--secure-port={port}", f"--cert-dir={folder}",
        f"--service-account-key-file={folder}/sa.key", f"--service-account-signing-key-file={folder}/sa.key",
        "--service-account-issuer=https://kubernetes.default.svc", f"--token-auth-file={folder}/tokens.csv",
        "--authorization-mode=RBAC", "--service-cluster-ip-range=10.0.0.0/24",
        "--disable-admission-plugins=ServiceAccount",
    ]  # fmt: skip
    with contextlib.ExitStack() as stack:
        for command in (etcd, server):
            log = stack.enter_context((folder / f"{command[0]}.log").open("wb"))
            process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, process_group=0)
            stack.callback(_stop, process)
        headers = {"authorization": f"Bearer {_ADMIN}"}
        # Its certificate is made when it starts; the tests themselves verify it.
        client = stack.enter_context(
            httpx2.Client(
                base_url=f"https://127.0.0.1:{port}",
                headers=headers,
                verify=False,
                trust_env=False,
                timeout=60,
            )
        )
        api = ApiServer(f"https://127.0.0.1:{port}", folder / "apiserver.crt", client)
        _wait(api, "/readyz", folder)
        _fill(api, folder)
        yield api


def _fill(api: ApiServer, folder: Path) -> None:
    for file in _DEFINITIONS:
        definition = yaml.load((UPSTREAM / file).read_bytes(), Loader=yaml.CSafeLoader)
        api.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", _for_old_servers(definition))
        for version in definition["spec"]["versions"]:
            _wait(
                api,
                f"/apis/serving.kserve.io/{version['name']}/{definition['spec']['names']['plural']}",
                folder,
            )
    api.create("/api/v1/namespaces", {"metadata": {"name": "ml"}})
    page = (Path(__file__).parents[2] / "docs" / "sources" / "kserve.md").read_text(encoding="utf-8")
    role = yaml.safe_load(
        next(part for part in page.split("```yaml\n") if "kind: ClusterRole" in part).split("```")[0]
    )
    rbac = "rbac.authorization.k8s.io"
    api.create(f"/apis/{rbac}/v1/clusterroles", role)
    binding = {
        "metadata": {"name": "reader"},
        "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": role["metadata"]["name"]},
        "subjects": [{"apiGroup": rbac, "kind": "User", "name": "reader"}],
    }
    api.create(f"/apis/{rbac}/v1/clusterrolebindings", binding)


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


def _wait(api: ApiServer, path: str, folder: Path) -> None:
    end = time.monotonic() + _START_WITHIN
    while time.monotonic() < end:
        with contextlib.suppress(httpx2.HTTPError):
            if api.client.get(path).status_code == 200:
                return
        time.sleep(0.2)
    log = (folder / "kube-apiserver.log").read_text(errors="replace")[-3000:]
    raise RuntimeError(f"the API server does not answer {path}:\n{log}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, 15)
    process.wait(timeout=30)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
