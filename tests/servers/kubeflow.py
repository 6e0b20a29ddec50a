"""A double of Kubeflow's Model Registry and Model Catalog: the part of their APIs that Callboard reads.

Every answer that a test did not spoil, and every request that was not refused, is checked against Kubeflow's
descriptions (``tests/contracts/kubeflow_apis.py``); what is wrong stands in ``violations``. Whatever is not
implemented here answers 501.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.contracts import kubeflow_apis as contract
from tests.servers.doubles import Double, standing_in

REGISTRY = "/api/model_registry/v1alpha3"
CATALOG = "/api/model_catalog/v1alpha1"
Record = dict[str, Any]

_TIMES = {"CREATE_TIME": "createTimeSinceEpoch", "LAST_UPDATE_TIME": "lastUpdateTimeSinceEpoch"}
_PAGING = frozenset({"pageSize", "orderBy", "sortOrder", "nextPageToken"})


def said(**values: str | float | bool) -> Record:
    """``customProperties`` as Kubeflow's own client writes them; ``_`` in a name stays."""
    return {key: _value(value) for key, value in values.items()}


def _value(value: str | float | bool) -> Record:
    if isinstance(value, bool):
        return {"metadataType": "MetadataBoolValue", "bool_value": value}
    if isinstance(value, int):
        return {"metadataType": "MetadataIntValue", "int_value": str(value)}
    if isinstance(value, float):
        return {"metadataType": "MetadataDoubleValue", "double_value": value}
    return {"metadataType": "MetadataStringValue", "string_value": value}


class _Refused(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class Kubeflow(Double):
    """Both servers, running."""

    token: str | None = None
    """Without it, nothing is answered but 401."""
    lists: dict[str, list[Record]] = field(default_factory=dict)
    """Path to everything that it lists."""
    page_size: int | None = None
    """At most so many on a page, whatever is asked."""
    violations: list[str] = field(default_factory=list)
    spoil: Callable[[str, list[Record]], list[Any]] | None = None
    """Given a path and its page: what is answered instead."""
    _last: int = 0
    _now: int = 1_767_225_600_000

    def clear(self) -> None:
        """Forget everything."""
        for name, value in vars(Kubeflow(url=self.url)).items():
            setattr(self, name, value)

    def register(self, name: str, **fields: Any) -> str:
        """A new registered model's id."""
        return self._add(f"{REGISTRY}/registered_models", {"name": name, "state": "LIVE"} | fields)

    def version(self, model: str, name: str, **fields: Any) -> str:
        """The id of a new version of a model."""
        version = {"name": name, "registeredModelId": model, "state": "LIVE"}
        added = self._add(f"{REGISTRY}/model_versions", version | fields)
        self.lists[f"{REGISTRY}/model_versions/{added}/artifacts"] = []
        return added

    def artifact(self, version: str, **fields: Any) -> str:
        """The id of a new artifact of a version. That leaves the version's own time as it was."""
        artifact = {"artifactType": "model-artifact", "name": "files"}
        return self._add(f"{REGISTRY}/model_versions/{version}/artifacts", artifact | fields)

    def environment(self, name: str) -> str:
        """The id of a new serving environment: of a namespace."""
        return self._add(f"{REGISTRY}/serving_environments", {"name": name})

    def service(self, model: str, environment: str, **fields: Any) -> str:
        """The id of a new inference service."""
        service = {"registeredModelId": model, "servingEnvironmentId": environment}
        return self._add(f"{REGISTRY}/inference_services", service | {"desiredState": "DEPLOYED"} | fields)

    def source(self, identifier: str, **fields: Any) -> None:
        """A source of the catalog."""
        source = {"id": identifier, "name": identifier.title(), "labels": [], "status": "available"}
        self.lists.setdefault(f"{CATALOG}/sources", []).append(source | fields)

    def offer(self, source: str, name: str, *artifacts: Record, **fields: Any) -> None:
        """A model of the catalog, with its artifacts."""
        self._add(f"{CATALOG}/models", {"name": name, "source_id": source} | fields)
        path = f"{CATALOG}/sources/{source}/models/{name}/artifacts"
        self.lists[path] = []
        for artifact in artifacts:
            self._add(path, {"artifactType": "model-artifact"} | artifact)

    def change(self, path: str, identifier: str, **fields: Any) -> None:
        """Change a record, and the time of its last update."""
        self._now += 1000
        record = next(each for each in self.lists[path] if each["id"] == identifier)
        record.update({"lastUpdateTimeSinceEpoch": str(self._now)} | fields)

    def _add(self, path: str, record: Record) -> str:
        self._last += 1
        self._now += 1000
        times = {name: str(self._now) for name in _TIMES.values()}
        self.lists.setdefault(path, []).append({"id": str(self._last)} | times | record)
        return str(self._last)

    def line(self, request: Request) -> str:
        """The method, and the path as it was sent."""
        return f"{request.method} {_path(request)}"

    async def own(self, request: Request) -> Response:
        """What the server itself answers."""
        path = _path(request)
        try:
            status, body = 200, self._page(request, path)
        except _Refused as refused:
            status, body = refused.status, {"code": str(refused.status), "message": str(refused)}
        content = json.dumps(body).encode()
        if not self.spoil and status != 501:
            wrong = contract.errors(
                request.method, path, request.url.query, status, "application/json", content
            )
            self.violations += [f"{request.method} {path} {status}: {each}" for each in wrong]
        return Response(content, status, media_type="application/json")

    def _page(self, request: Request, path: str) -> Record:
        if self.token is not None and request.headers.get("authorization") != f"Bearer {self.token}":
            raise _Refused(401, "Unauthorized")
        in_catalog = path.startswith(CATALOG)
        known = unquote(path) in self.lists
        if request.method != "GET" or not (known or _is_list(path)):
            raise _Refused(501, "this double does not implement that")
        if not known and path.endswith("/artifacts"):
            raise _Refused(404, "no such model or version")
        query = request.query_params
        if unknown := query.keys() - _PAGING - {"source", "artifactType"}:
            raise _Refused(501, f"this double does not know {sorted(unknown)}")
        items = [each for each in self.lists.get(unquote(path), []) if _is_asked_for(each, request)]
        size = _size(query.get("pageSize"), 10 if in_catalog else max(len(items), 1))
        page, token = _cut(items, dict(query), min(size, self.page_size or size))
        if self.spoil:
            page = self.spoil(unquote(path), page)
        return {"items": page, "nextPageToken": token, "pageSize": size, "size": len(page)}


def _is_list(path: str) -> bool:
    """Whether the path is that of a list, empty or not there as it may be."""
    ends = "registered_models|model_versions|inference_services|serving_environments"
    return bool(
        re.fullmatch(f"{REGISTRY}/({ends}|model_versions/[1-9][0-9]*/artifacts)", path)
        or re.fullmatch(f"{CATALOG}/(sources|models|sources/[^/]+/models/[^/]+/artifacts)", path)
    )


def _is_asked_for(record: Record, request: Request) -> bool:
    filters = {"source": "source_id", "artifactType": "artifactType"}
    asked = {key: request.query_params.getlist(name) for name, key in filters.items()}
    return all(not values or record.get(key) in values for key, values in asked.items())


def _size(asked: str | None, default: int) -> int:
    if not asked:
        return default
    if not re.fullmatch(r"[1-9][0-9]{0,8}", asked):
        raise _Refused(400, f"invalid pageSize: {asked}")
    return int(asked)


def _cut(items: list[Record], query: dict[str, str], size: int) -> tuple[list[Record], str]:
    """A page behind the cursor ``id:value``, and the next cursor."""
    order, direction = query.get("orderBy", "ID"), query.get("sortOrder", "ASC")
    if order not in ("ID", "NAME", *_TIMES) or direction not in ("ASC", "DESC"):
        raise _Refused(400, f"invalid order: {order} {direction}")

    def place(record: Record) -> tuple[Any, ...]:
        identifier = int(record["id"]) if record["id"].isdigit() else record["id"]
        value = record.get(_TIMES.get(order, "name"), "")
        return (identifier,) if order == "ID" else (value, identifier)

    ordered = sorted(items, key=place, reverse=direction == "DESC")
    after = _decoded(query["nextPageToken"]) if query.get("nextPageToken") else None
    start = next((at + 1 for at, each in enumerate(ordered) if each["id"] == after), 0)
    page = ordered[start : start + size]
    if start + size >= len(ordered):
        return page, ""
    return page, base64.b64encode(f"{page[-1]['id']}:{place(page[-1])[0]}".encode()).decode()


def _path(request: Request) -> str:
    sent: bytes = request.scope["raw_path"]
    return sent.decode().partition("?")[0]


def _decoded(token: str) -> str:
    try:
        identifier, colon, _ = base64.b64decode(token, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise _Refused(400, "invalid nextPageToken") from None
    if not colon:
        raise _Refused(400, "invalid nextPageToken")
    return identifier


def refusal(status: int, message: str = "no", **headers: str) -> Response:
    """A refusal as Kubeflow words it."""
    return JSONResponse({"code": str(status), "message": message}, status, headers or None)


@contextlib.contextmanager
def running() -> Iterator[Kubeflow]:
    """Both servers, empty, until the end of the ``with``."""
    double = Kubeflow()
    with standing_in(double):
        yield double
