"""A double of a Kubernetes API server: objects of custom resources and the few other kinds that sources list.

Every object that a test stores is checked against the definitions of its custom resource
(``tests/contracts/crds.py``). Lists come in pages of one snapshot, refusals as Kubernetes words them, and the
server describes its groups: all as a real one did (``tests/servers/kube_apiserver.py``). Whatever is not
implemented here answers 501.
"""

from __future__ import annotations

import base64
import contextlib
import json
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from tests.contracts import crds
from tests.servers.doubles import Double, standing_in


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
THREESCALE = tuple(
    Kind("capabilities.3scale.net", "v1beta1", plural, kind, definition=f"3scale-{plural}.crd.yaml")
    for plural, kind in (("products", "Product"), ("backends", "Backend"), ("activedocs", "ActiveDoc"))
)
BUILT_IN = (
    Kind("", "v1", "services", "Service"),
    Kind("networking.k8s.io", "v1", "ingresses", "Ingress"),
)
KNATIVE = (Kind("serving.knative.dev", "v1", "revisions", "Revision"),)
OPENSHIFT = (Kind("route.openshift.io", "v1", "routes", "Route"),)


_ANONYMOUS = "system:anonymous"
_EXPIRED = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list"
    " without the continue parameter, or use the continue token in this response to retrieve the remainder of"
    " the results. Continuing with the provided token results in an inconsistent list - objects that were"
    " created, modified, or deleted between the time the first chunk was returned and now may show up in the"
    " list."
)


@dataclass
class Kubernetes(Double):
    """A running API server."""

    kinds: list[Kind] = field(default_factory=lambda: [*BUILT_IN, *KSERVE])
    token: str | None = None
    """Who sends another is refused, who sends none is anonymous, and may do nothing."""
    user: str = "bot"
    """Who sends it."""
    forbidden: set[tuple[str, str]] = field(default_factory=set)
    """Plurals and namespaces ("" for a list of all) that may not be listed."""
    most: int = 500
    """Objects on one page, whatever is asked for."""
    expires: int = 0
    """How many continued pages are answered with 410 before they are answered well."""
    objects: dict[str, list[Any]] = field(default_factory=dict)
    """By plural, in all versions alike."""
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

    async def own(self, request: Request) -> Response:
        """What the server itself answers."""
        if request.method != "GET":
            return _status(501, "NotImplemented", "this double only lists")
        user = self._user(request.headers.get("authorization"))
        if user is None:
            return _status(401, "Unauthorized", "Unauthorized")
        match request.url.path.strip("/").split("/"):
            case ["apis"] | ["apis", _, _] if user == _ANONYMOUS:
                said = f'forbidden: User "{user}" cannot get path "{request.url.path}"'
                return _status(403, "Forbidden", said, {})
            case ["apis"]:
                return self._groups()
            case ["apis", group, version]:
                return self._resources(group, version)
            case ["api", version, *rest]:
                return self._list(request, user, "", version, rest)
            case ["apis", group, version, *rest]:
                return self._list(request, user, group, version, rest)
        return _status(501, "NotImplemented", "this double does not implement that")

    def _user(self, authorization: str | None) -> str | None:
        if self.token is None or authorization == f"Bearer {self.token}":
            return self.user
        return _ANONYMOUS if authorization is None else None

    def _groups(self) -> Response:
        versions: dict[str, list[str]] = {}
        for kind in self.kinds:
            if kind.group and kind.version not in versions.setdefault(kind.group, []):
                versions[kind.group].append(kind.version)
        groups = []
        for group, found in versions.items():
            described = [{"groupVersion": f"{group}/{one}", "version": one} for one in found]
            groups.append({"name": group, "versions": described, "preferredVersion": described[0]})
        return JSONResponse({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})

    def _resources(self, group: str, version: str) -> Response:
        found = [
            {"name": kind.plural, "namespaced": kind.namespaced, "kind": kind.kind, "verbs": ["list"]}
            for kind in self.kinds
            if (kind.group, kind.version) == (group, version)
        ]
        of = f"{group}/{version}"
        said = {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": of, "resources": found}
        return JSONResponse(said) if found else _nothing(group)

    def _list(self, request: Request, user: str, group: str, version: str, rest: list[str]) -> Response:
        namespace = ""
        if len(rest) == 3 and rest[0] == "namespaces":
            namespace, rest = rest[1], rest[2:]
        plural = "/".join(rest)
        # Who may not ask is not told either whether there is such a kind.
        if user == _ANONYMOUS or (plural, namespace) in self.forbidden:
            scope = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
            what = f'cannot list resource "{plural}" in API group "{group}" {scope}'
            of = {"group": group, "kind": plural} if group else {"kind": plural}
            title = f"{plural}.{group}" if group else plural
            return _status(403, "Forbidden", f'{title} is forbidden: User "{user}" {what}', of)
        kind = next(
            (one for one in self.kinds if (one.group, one.version, one.plural) == (group, version, plural)),
            None,
        )
        if kind is None or (namespace and not kind.namespaced):
            return _nothing(group)
        if unknown := request.query_params.keys() - {"limit", "continue"}:
            return _status(501, "NotImplemented", f"this double does not know {sorted(unknown)}")
        return self._page(request, kind, namespace)

    def _page(self, request: Request, kind: Kind, namespace: str) -> Response:
        token = request.query_params.get("continue")
        if token:
            try:
                start, snapshot = json.loads(base64.b64decode(token))
            except ValueError:
                return _status(400, "BadRequest", "invalid continue token: continue key is not valid")
            if self.expires:
                self.expires -= 1
                # What the rest would be now, and no snapshot.
                rest = base64.b64encode(json.dumps([start, -1]).encode()).decode()
                return _status(410, "Expired", _EXPIRED, continued=rest)
            found = self._snapshots[snapshot]
        else:
            start, snapshot = 0, len(self._snapshots)
            found = sorted(
                (one for one in self.objects.get(kind.plural, []) if _is_in(one, namespace)), key=_place
            )
            self._snapshots.append(found)
        size = min(int(request.query_params.get("limit", self.most)) or self.most, self.most)
        metadata: dict[str, Any] = {"resourceVersion": str(1000 + snapshot)}
        left = len(found) - start - size
        if left > 0:
            more = base64.b64encode(json.dumps([start + size, snapshot]).encode()).decode()
            metadata |= {"continue": more, "remainingItemCount": left}
        elif kind.definition is not None:
            metadata |= {"continue": ""}
        items = [_listed(one, kind) for one in found[start : start + size]]
        said = {"apiVersion": kind.api, "kind": f"{kind.kind}List", "metadata": metadata, "items": items}
        # Not starlette's JSON, which refuses NaN: servers do say it.
        return Response(json.dumps(said), media_type="application/json")


def _listed(one: Any, kind: Kind) -> Any:
    """An object as it stands in a list: in the version asked for, and Kubernetes' own without one."""
    if not isinstance(one, dict):
        return one
    if kind.definition is not None:
        return one | {"apiVersion": kind.api}
    return {key: value for key, value in one.items() if key not in ("apiVersion", "kind")}


def _place(one: Any) -> tuple[str, str]:
    metadata = one.get("metadata") if isinstance(one, dict) else None
    metadata = metadata if isinstance(metadata, dict) else {}
    return str(metadata.get("namespace", "")), str(metadata.get("name", ""))


def _is_in(one: Any, namespace: str) -> bool:
    metadata = one.get("metadata") if isinstance(one, dict) else None
    return not namespace or (isinstance(metadata, dict) and metadata.get("namespace") == namespace)


def _status(
    code: int, reason: str, message: str, details: dict[str, str] | None = None, continued: str | None = None
) -> Response:
    metadata = {} if continued is None else {"continue": continued}
    said = {
        "kind": "Status", "apiVersion": "v1", "metadata": metadata,
        "status": "Failure", "message": message, "reason": reason, "code": code,
    }  # fmt: skip
    return JSONResponse(said if details is None else said | {"details": details}, code)


def _nothing(group: str) -> Response:
    """What Kubernetes says of a path that it does not know: in its first group, and elsewhere."""
    if not group:
        return _status(404, "NotFound", "the server could not find the requested resource", {})
    return PlainTextResponse("404 page not found\n", 404)


@contextlib.contextmanager
def running(tls: ssl.SSLContext | None = None) -> Iterator[Kubernetes]:
    """A server without any objects, until the end of the ``with``."""
    server = Kubernetes()
    with standing_in(server, tls):
        yield server
