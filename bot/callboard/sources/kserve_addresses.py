"""Where a service is reached that does not say so itself: by a Route, an Ingress or a Service that it owns.

What belongs to a service is told by ``ownerReferences`` alone, never by a name that looks like it; and an
address is put together from nothing but what stands in that object.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import Field, ValidationError

from callboard.sources.kserve_objects import Service as Served
from callboard.sources.kubernetes import Kind
from callboard.sources.kubernetes_metadata import Metadata, Read, metadata_of

ROUTES = Kind("route.openshift.io", ("v1",), "routes")
INGRESSES = Kind("networking.k8s.io", ("v1",), "ingresses")
SERVICES = Kind("", ("v1",), "services")
KINDS = (ROUTES, INGRESSES, SERVICES)
"""What may lead to a service, from outside of the cluster first."""


class _Route(Read):
    host: str = ""
    path: str | None = None
    tls: Any = None


class _Target(Read):
    path: str | None = None


class _Http(Read):
    paths: list[_Target] | None = None


class _Rule(Read):
    host: str = ""
    http: _Http | None = None


class _Tls(Read):
    hosts: list[str] | None = None


class _Ingress(Read):
    rules: list[_Rule] | None = None
    tls: list[_Tls] | None = None


class _Port(Read):
    name: str | None = None
    port: int
    target: int | str | None = Field(None, alias="targetPort")
    protocol: str | None = None
    application: str | None = Field(None, alias="appProtocol")


class _Service(Read):
    type: str | None = None
    cluster_ip: str | None = Field(None, alias="clusterIP")
    ports: list[_Port] | None = None


def address_in(kind: Kind, objects: Iterable[Any], served: Served) -> str | None:
    """The address by what ``served`` owns of this kind; None: there is none, or no telling which."""
    owned = sorted(_owned(objects, served), key=lambda one: one[0].name)
    if kind is SERVICES:
        return _service_address(owned, served)
    addresses = (_route(spec) if kind is ROUTES else _ingress(spec) for _, spec in owned)
    return next((address for address in addresses if address), None)


def _owned(objects: Iterable[Any], served: Served) -> Iterator[tuple[Metadata, Any]]:
    own = served.metadata
    for one in objects:
        metadata = metadata_of(one)
        if metadata and own.uid and any(owner.uid == own.uid for owner in metadata.owners or ()):
            yield metadata, one.get("spec")


def _route(said: Any) -> str | None:
    try:
        route = _Route.model_validate(said)
    except ValidationError:
        return None
    return _address("https" if route.tls else "http", route.host, None, route.path)


def _ingress(said: Any) -> str | None:
    try:
        ingress = _Ingress.model_validate(said)
    except ValidationError:
        return None
    secured = {host for tls in ingress.tls or () for host in tls.hosts or ()}
    for rule in ingress.rules or ():
        paths = rule.http.paths if rule.http else None
        path = paths[0].path if paths else None
        if rule.host and "*" not in rule.host:
            return _address("https" if rule.host in secured else "http", rule.host, None, path)
    return None


def _service_address(owned: list[tuple[Metadata, Any]], served: Served) -> str | None:
    entry = "transformer" if served.has_transformer else "predictor"
    found: dict[str, str] = {}
    for metadata, said in owned:
        component = (metadata.labels or {}).get("component")
        address = _service(metadata, said)
        if address and component == entry:
            return address
        if address and component is None:
            found[metadata.name] = address
    return next(iter(found.values())) if len(found) == 1 else None


def _service(metadata: Metadata, said: Any) -> str | None:
    try:
        service = _Service.model_validate(said)
    except ValidationError:
        return None
    if service.type == "ExternalName":
        return None
    ports = [port for port in service.ports or () if port.protocol in (None, "TCP")]
    port = next((one for one in ports if _is_secure(one)), None) or next(iter(ports), None)
    if port is None:
        return None
    number: int | str | None = port.port
    if service.cluster_ip == "None":
        # Its name leads to the pods themselves, which listen on the target.
        number = port.port if port.target is None else port.target
    if not isinstance(number, int):
        return None
    host = f"{metadata.name}.{metadata.namespace}.svc"
    return _address("https" if _is_secure(port) else "http", host, number, None)


def _is_secure(port: _Port) -> bool:
    return port.port == 443 or port.application == "https" or (port.name or "").startswith("https")


def _address(scheme: str, host: str, port: int | None, path: str | None) -> str | None:
    if not host:
        return None
    usual = {"http": 80, "https": 443}[scheme]
    at = "" if port in (None, usual) else f":{port}"
    below = path.rstrip("/") if path and path.startswith("/") and not set(path) & set("()*?[]\\$^|") else ""
    return f"{scheme}://{host}{at}{below}"
