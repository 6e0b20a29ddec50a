"""A double of a Kubernetes API server: objects of custom resources and the few other kinds that sources list.

Every object that a test stores is checked against the definitions of its custom resource
(``tests/contracts/crds.py``). Lists come in pages of one snapshot, refusals as Kubernetes words them, and the
server describes its groups. Whatever is not implemented here answers 501.
"""

from __future__ import annotations

import base64
import contextlib
import json
import ssl
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from tests.contracts import crds
from tests.servers.threads import serving


@dataclass(frozen=True)
class Kind:
    """A kind of objects that a server has, in one version."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    definition: str | None = None
    """The file of its definition; None: it is Kubernetes' own."""

    @property
    def api(self) -> str:
        """As objects write it in ``apiVersion``."""
        return f"{self.group}/{self.version}" if self.group else self.version


KSERVE = (
    Kind("serving.kserve.io", "v1beta1", "inferenceservices", "InferenceService",
         definition="kserve-inferenceservices.crd.yaml"),
    Kind("serving.kserve.io", "v1alpha2", "llminferenceservices", "LLMInferenceService",
         definition="kserve-llminferenceservices.crd.yaml"),
    Kind("serving.kserve.io", "v1alpha1", "llminferenceservices", "LLMInferenceService",
         definition="kserve-llminferenceservices.crd.yaml"),
    Kind("serving.kserve.io", "v1alpha1", "servingruntimes", "ServingRuntime",
         definition="kserve-servingruntimes.crd.yaml"),
    Kind("serving.kserve.io", "v1alpha1", "clusterservingruntimes", "ClusterServingRuntime", namespaced=False,
         definition="kserve-servingruntimes.crd.yaml"),
)  # fmt: skip
BUILT_IN = (
    Kind("", "v1", "services", "Service"),
    Kind("networking.k8s.io", "v1", "ingresses", "Ingress"),
)
KNATIVE = (Kind("serving.knative.dev", "v1", "revisions", "Revision"),)
OPENSHIFT = (Kind("route.openshift.io", "v1", "routes", "Route"),)


@dataclass
class Kubernetes:
    """A running API server."""

    kinds: list[Kind] = field(default_factory=lambda: [*BUILT_IN, *KSERVE])
    url: str = ""
    token: str | None = None
    """Who does not send it is nobody."""
    forbidden: set[tuple[str, str]] = field(default_factory=set)
    """Plurals and namespaces ("" for a list of all) that may not be listed."""
    most: int = 500
    """Objects on one page, whatever is asked for."""
    expires: int = 0
    """How many continued pages are answered with 410 before they are answered well."""
    objects: dict[str, list[Any]] = field(default_factory=dict)
    """By plural, in all versions alike."""
    requests: list[str] = field(default_factory=list)
    authorizations: list[str] = field(default_factory=list)
    interfere: Callable[[Request], Awaitable[Response | None]] | None = None
    _snapshots: list[list[Any]] = field(default_factory=list)

    def add(self, *objects: dict[str, Any], spoiled: bool = False) -> None:
        """Stores objects; those that the API server would refuse only when they are ``spoiled``."""
        for one in objects:
            kind = next(
                kind for kind in self.kinds if kind.kind == one["kind"] and kind.api == one["apiVersion"]
            )
            if kind.definition is not None and not spoiled:
                definition = crds.Definition(kind.definition, kind.plural, kind.kind, kind.version)
                wrong = crds.errors(definition, one)
                assert not wrong, "\n".join(wrong)
            self.objects.setdefault(kind.plural, []).append(one)

    def count(self, part: str) -> int:
        """How many requests had ``part`` in their path."""
        return sum(part in request for request in self.requests)

    async def answer(self, request: Request) -> Response:
        """The answer to any request."""
        self.requests.append(f"{request.method} {request.url.path}")
        self.authorizations.append(request.headers.get("authorization", ""))
        instead = await self.interfere(request) if self.interfere else None
        if instead is not None:
            return instead
        if request.method != "GET":
            return _status(501, "NotImplemented", "this double only lists")
        if self.token is not None and request.headers.get("authorization") != f"Bearer {self.token}":
            return _status(401, "Unauthorized", "Unauthorized")
        match request.url.path.strip("/").split("/"):
            case ["apis"]:
                return self._groups()
            case ["apis", group, version]:
                return self._resources(group, version)
            case ["api", version, *rest]:
                return self._list(request, "", version, rest)
            case ["apis", group, version, *rest]:
                return self._list(request, group, version, rest)
        return _status(501, "NotImplemented", "this double does not implement that")

    def _groups(self) -> Response:
        versions: dict[str, list[str]] = {}
        for kind in self.kinds:
            if kind.group and kind.version not in versions.setdefault(kind.group, []):
                versions[kind.group].append(kind.version)
        groups = [
            {"name": group, "versions": [{"groupVersion": f"{group}/{one}", "version": one} for one in found]}
            for group, found in versions.items()
        ]
        return JSONResponse({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})

    def _resources(self, group: str, version: str) -> Response:
        found = [
            {"name": kind.plural, "kind": kind.kind, "namespaced": kind.namespaced, "verbs": ["list"]}
            for kind in self.kinds
            if (kind.group, kind.version) == (group, version)
        ]
        said = {"kind": "APIResourceList", "groupVersion": f"{group}/{version}", "resources": found}
        return JSONResponse(said) if found else _nothing()

    def _list(self, request: Request, group: str, version: str, rest: list[str]) -> Response:
        namespace = ""
        if len(rest) == 3 and rest[0] == "namespaces":
            namespace, rest = rest[1], rest[2:]
        kind = next(
            (one for one in self.kinds if [one.group, one.version, one.plural] == [group, version, *rest]),
            None,
        )
        if kind is None:
            return _nothing()
        if unknown := request.query_params.keys() - {"limit", "continue"}:
            return _status(501, "NotImplemented", f"this double does not know {sorted(unknown)}")
        if (kind.plural, namespace) in self.forbidden:
            scope = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
            said = f'{kind.plural} is forbidden: User "bot" cannot list resource "{kind.plural}" {scope}'
            return _status(403, "Forbidden", said)
        return self._page(request, kind, namespace)

    def _page(self, request: Request, kind: Kind, namespace: str) -> Response:
        token = request.query_params.get("continue")
        if token:
            if self.expires:
                self.expires -= 1
                return _status(410, "Expired", "The provided continue parameter is too old")
            start, snapshot = json.loads(base64.b64decode(token))
            found = self._snapshots[snapshot]
        else:
            start, snapshot = 0, len(self._snapshots)
            found = [one for one in self.objects.get(kind.plural, []) if _is_in(one, namespace)]
            self._snapshots.append(found)
        size = min(int(request.query_params.get("limit", self.most)) or self.most, self.most)
        metadata: dict[str, Any] = {"resourceVersion": str(1000 + snapshot)}
        if start + size < len(found):
            more = json.dumps([start + size, snapshot]).encode()
            metadata |= {"continue": base64.b64encode(more).decode(), "remainingItemCount": 1}
        items = [
            one | {"apiVersion": kind.api} if isinstance(one, dict) else one
            for one in found[start : start + size]
        ]
        said = {"apiVersion": kind.api, "kind": f"{kind.kind}List", "metadata": metadata, "items": items}
        # Not starlette's JSON, which refuses NaN: servers do say it.
        return Response(json.dumps(said), media_type="application/json")


def _is_in(one: Any, namespace: str) -> bool:
    metadata = one.get("metadata") if isinstance(one, dict) else None
    return not namespace or (isinstance(metadata, dict) and metadata.get("namespace") == namespace)


def _status(code: int, reason: str, message: str) -> Response:
    said = {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "code": code,
    }  # fmt: skip
    return JSONResponse(said, code)


def _nothing() -> Response:
    # What Kubernetes says of a path that it does not know at all.
    return PlainTextResponse("404 page not found\n", 404)


@contextlib.contextmanager
def running(tls: ssl.SSLContext | None = None) -> Iterator[Kubernetes]:
    """A server without any objects, until the end of the ``with``."""
    server = Kubernetes()
    app = Starlette(routes=[Route("/{path:path}", server.answer, methods=["GET", "POST", "PUT", "DELETE"])])
    with serving(app, tls) as server.url:
        yield server
