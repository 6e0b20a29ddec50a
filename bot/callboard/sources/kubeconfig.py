"""Who to be at a Kubernetes API server, and where it is: from a kubeconfig, or from inside the cluster.

A kubeconfig can name a command that makes tokens. It is never run: the file is written elsewhere, may come
with a repository, and would run whatever it says with all that Callboard may do.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from callboard.documents.reader import read_documents
from callboard.http import ClientCertificate, HttpProblem
from callboard.redaction import Secret

MOUNTED = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where Kubernetes puts a pod's service account."""

_LARGEST = 4 * 1024 * 1024
_OTHER_WAY = "give the source a token of its own, for example token: {env: KUBE_TOKEN}"


@dataclass(frozen=True)
class Access:
    """Where an API server is, whom to trust, and how to sign in."""

    url: str
    ca: Path | str | None = None
    """A PEM file, or the text of one."""
    token: Secret | None = None
    basic: tuple[str, Secret] | None = None
    certificate: ClientCertificate | None = None
    unverified: bool = False
    """Whether the kubeconfig asks to believe any certificate."""


class _Read(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        alias_generator=lambda name: name.replace("_", "-"),
        hide_input_in_errors=True,
    )


class _Cluster(_Read):
    server: str
    certificate_authority: str | None = None
    certificate_authority_data: str | None = None
    insecure_skip_tls_verify: bool = False
    tls_server_name: str | None = None
    proxy_url: str | None = None


class _User(_Read):
    token: str | None = None
    token_file: str | None = Field(None, alias="tokenFile")
    username: str | None = None
    password: str | None = None
    client_certificate: str | None = None
    client_certificate_data: str | None = None
    client_key: str | None = None
    client_key_data: str | None = None
    impersonated: str | None = Field(None, alias="as")
    exec: Any = None
    auth_provider: Any = None


class _Context(_Read):
    cluster: str
    user: str | None = None


class _NamedCluster(_Read):
    name: str
    cluster: _Cluster


class _NamedUser(_Read):
    name: str
    user: _User | None = None


class _NamedContext(_Read):
    name: str
    context: _Context


class _Kubeconfig(_Read):
    current_context: str = ""
    clusters: list[_NamedCluster] | None = None
    users: list[_NamedUser] | None = None
    contexts: list[_NamedContext] | None = None


_Named = TypeVar("_Named", _NamedCluster, _NamedUser, _NamedContext)


def read_kubeconfig(path: Path, context: str | None, *, sign_in: bool) -> Access:
    """What a kubeconfig says of ``context`` (None: its current one). Raises HttpProblem (refused).

    Without ``sign_in`` its user does not count, so that one who signs in by a command can be replaced.
    """
    said = _parsed(path)
    name = context or said.current_context
    if not name:
        raise _refused(path, "no context is current", "name one as context:")
    chosen = _find(said.contexts, name, path, "context").context
    cluster = _find(said.clusters, chosen.cluster, path, "cluster").cluster
    for key, value in (("tls-server-name", cluster.tls_server_name), ("proxy-url", cluster.proxy_url)):
        if value:
            hint = "set HTTPS_PROXY" if key == "proxy-url" else "name a server that its certificate is for"
            raise _refused(path, f"{key} is not supported", hint)
    ca = _contents(path, cluster.certificate_authority_data, cluster.certificate_authority)
    access = Access(cluster.server, ca, unverified=cluster.insecure_skip_tls_verify)
    if not sign_in or not chosen.user:
        return access
    user = _find(said.users, chosen.user, path, "user").user or _User.model_validate({})
    return _signed_in(access, user, path)


def in_cluster(environ: Mapping[str, str], mounted: Path) -> Access:
    """What a pod is given of its own cluster. Raises HttpProblem (refused)."""
    host, port = environ.get("KUBERNETES_SERVICE_HOST", ""), environ.get("KUBERNETES_SERVICE_PORT", "443")
    if not re.fullmatch(r"[0-9A-Za-z.:-]+", host) or not re.fullmatch(r"[0-9]{1,5}", port):
        raise HttpProblem(
            "refused",
            "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT do not name a server",
            where="in-cluster",
            hint="in-cluster: true is for a pod; elsewhere give kubeconfig or url",
        )
    token = _text(mounted / "token", mounted / "token").strip()
    if not token:
        raise _refused(mounted / "token", "the file is empty", "mount the service account's token")
    return Access(f"https://{_bracketed(host)}:{port}", mounted / "ca.crt", Secret(token))


def _bracketed(host: str) -> str:
    try:
        return f"[{host}]" if ipaddress.ip_address(host).version == 6 else host
    except ValueError:
        return host


def _signed_in(access: Access, user: _User, path: Path) -> Access:
    if user.exec or user.auth_provider:
        what = "the user signs in by a command, and Callboard runs no command that a file names"
        raise _refused(path, what, _OTHER_WAY)
    if user.impersonated:
        raise _refused(path, "acting as another user (as:) is not supported", _OTHER_WAY)
    token = user.token
    if user.token_file:
        token = _text(path.parent / user.token_file, path).strip()
    basic = None
    if user.username and not token:
        basic = (user.username, Secret(user.password or ""))
    chain = _contents(path, user.client_certificate_data, user.client_certificate)
    key = _contents(path, user.client_key_data, user.client_key)
    if (chain is None) != (key is None):
        raise _refused(path, "a client certificate needs its key, and a key its certificate", "give both")
    certificate = None if chain is None or key is None else ClientCertificate(chain, Secret(key))
    return Access(
        access.url, access.ca, Secret(token) if token else None, basic, certificate, access.unverified
    )


def _parsed(path: Path) -> _Kubeconfig:
    reading = read_documents(_text(path, path), str(path))
    if reading.faults:
        fault = reading.faults[0]
        raise HttpProblem("refused", f"the kubeconfig cannot be read ({fault.code})", where=str(fault.place))
    if len(reading.documents) != 1:
        raise _refused(path, "the kubeconfig is not one YAML document", "correct it")
    try:
        return _Kubeconfig.model_validate(reading.documents[0].value)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise _refused(path, f"{field or 'the kubeconfig'}: {first['msg']}", "correct it") from None


def _find(entries: list[_Named] | None, name: str, path: Path, kind: str) -> _Named:
    for entry in entries or ():
        if entry.name == name:
            return entry
    there = ", ".join(entry.name for entry in entries or ())[:300] or "none"
    raise _refused(path, f"there is no {kind} {name}", f"name one of those that are there: {there}")


def _contents(path: Path, data: str | None, file: str | None) -> str | None:
    """The PEM that is given inline, or in a file beside the kubeconfig."""
    if data:
        try:
            return base64.b64decode("".join(data.split()), validate=True).decode("ascii")
        except (binascii.Error, ValueError):
            raise _refused(path, "a certificate or key in it is not PEM in base64", "correct it") from None
    return _text(path.parent / file, path) if file else None


def _text(path: Path, named_by: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
        if len(content) > _LARGEST:
            raise _refused(named_by, f"{path} has more than {_LARGEST} bytes", "give the right file")
        return content.decode("utf-8")
    except (OSError, ValueError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or "not text"
        raise _refused(named_by, f"{path} cannot be read ({why})", "give a file that can be") from None


def _refused(path: Path, what: str, hint: str) -> HttpProblem:
    return HttpProblem("refused", what, where=str(path), hint=hint)
