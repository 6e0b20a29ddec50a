"""The catalog's REST API as far as Callboard uses it. What it does not have answers 501."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from callboard.redaction import Secret
from callboard.sandbox.catalog import entities, page
from callboard.sandbox.catalog.engine import Engine
from callboard.sandbox.catalog.entities import Problem

_NAMES = {
    400: "InputError",
    401: "AuthenticationError",
    403: "NotAllowedError",
    404: "NotFoundError",
    409: "ConflictError",
    501: "NotImplementedError",
}
_QUERY = frozenset({"filter", "fields", "limit", "cursor", "orderField"})

Answer = Callable[[Request], Awaitable[Response]]


def application(engine: Engine, *, token: Secret, reader_token: Secret) -> Starlette:
    """The catalog as a web application: the API for those who hold a token, the page for everybody."""
    api = _Api(engine, token, reader_token)
    routes = [
        Route("/", api.page),
        *(
            Route(f"/api/catalog{path}", endpoint, methods=[method])
            for method, path, endpoint in (
                ("GET", "/locations", api.locations),
                ("POST", "/locations", api.register),
                ("DELETE", "/locations/{id}", api.unregister),
                ("POST", "/refresh", api.refresh),
                ("GET", "/entities/by-query", api.by_query),
                ("GET", "/entities/by-name/{kind}/{namespace}/{name}", api.by_name),
                ("POST", "/entities/by-refs", api.by_refs),
            )
        ),
        Route("/{rest:path}", _not_implemented, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
    ]
    return Starlette(routes=routes, exception_handlers={HTTPException: _refused})


class _Api:
    def __init__(self, engine: Engine, token: Secret, reader_token: Secret) -> None:
        self._engine, self._token, self._reader_token = engine, token, reader_token

    async def page(self, _request: Request) -> Response:
        return page.render(self._engine)

    async def locations(self, request: Request) -> Response:
        # Not being allowed to see any is answered as if there were none.
        seen = self._engine.locations() if self._may_write(request) else []
        return JSONResponse([{"data": location.json()} for location in seen])

    async def register(self, request: Request) -> Response:
        self._must_write(request)
        body = await _body(request, {"type", "target"})
        if body["type"] != "url":
            raise HTTPException(400, 'Registered locations must be of an allowed type ["url"]')
        target = body["target"]
        if request.query_params.get("dryRun") == "true":
            exists = any(each.target == target for each in self._engine.locations())
            try:
                found = await run_in_threadpool(self._engine.dry_run, target)
            except Problem as problem:
                raise HTTPException(400, str(problem)) from None
            location = {"id": f"url:{target}", "type": "url", "target": target}
            return JSONResponse({"exists": exists, "location": location, "entities": found}, 201)
        known = {each.target for each in self._engine.locations()}
        if target in known and request.query_params.get("onConflict") != "refresh":
            raise HTTPException(409, f"Location url:{target} already exists")
        return JSONResponse({"location": self._engine.register(target)[0].json(), "entities": []}, 201)

    async def unregister(self, request: Request) -> Response:
        self._must_write(request)
        location_id = request.path_params["id"]
        if not self._engine.unregister(location_id):
            raise HTTPException(404, f"Found no location with ID {location_id}")
        return Response(status_code=204)

    async def refresh(self, request: Request) -> Response:
        self._must_write(request)
        ref = (await _body(request, {"entityRef"}))["entityRef"]
        if not self._engine.refresh(ref):
            raise HTTPException(404, f"Entity {ref} not found")
        return Response(status_code=200)

    async def by_name(self, request: Request) -> Response:
        self._must_read(request)
        kind, namespace, name = (request.path_params[key] for key in ("kind", "namespace", "name"))
        entity = self._engine.visible().get(f"{kind}:{namespace}/{name}".lower())
        if entity is None:
            what = f"No entity named '{name}' found, with kind '{kind}' in namespace '{namespace}'"
            raise HTTPException(404, what)
        return JSONResponse(entity)

    async def by_refs(self, request: Request) -> Response:
        self._must_read(request)
        body = await _body(request, {"entityRefs"}, {"fields"})
        visible, fields = self._engine.visible(), body.get("fields")
        found = [visible.get(ref.lower()) for ref in body["entityRefs"]]
        items = [entities.project(each, fields) if each and fields else each for each in found]
        return JSONResponse({"items": items})

    async def by_query(self, request: Request) -> Response:
        self._must_read(request)
        asked = request.query_params
        if unknown := asked.keys() - _QUERY:
            raise HTTPException(501, f"the sandbox catalog has no parameter {min(unknown)}")
        filters, after = asked.getlist("filter"), ""
        if cursor := asked.get("cursor"):
            try:
                said = json.loads(base64.urlsafe_b64decode(cursor))
                filters, after = list(map(str, said["filters"])), str(said["after"])
            except (ValueError, KeyError, TypeError):
                raise HTTPException(400, "Malformed cursor") from None
        limit = asked.get("limit", "20")
        if not limit.isdigit():
            raise HTTPException(400, "Invalid limit")
        matching = {ref: each for ref, each in self._engine.visible().items() if _fits(each, filters)}
        order = sorted(matching, key=lambda ref: (matching[ref]["metadata"]["name"].lower(), ref))
        rest = order[order.index(after) + 1 :] if after in matching else order
        items, left = rest[: int(limit)], rest[int(limit) :]
        fields = [field for field in asked.get("fields", "").split(",") if field]
        page_info = {}
        if items and left:
            position = json.dumps({"filters": filters, "after": items[-1]}).encode()
            page_info["nextCursor"] = base64.urlsafe_b64encode(position).decode()
        shown = [entities.project(matching[ref], fields) if fields else matching[ref] for ref in items]
        return JSONResponse({"items": shown, "totalItems": len(order), "pageInfo": page_info})

    def _may_write(self, request: Request) -> bool:
        scheme, _, sent = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not sent:
            raise HTTPException(401, "Missing credentials")
        if hmac.compare_digest(sent.encode(), self._token.reveal().encode()):
            return True
        if hmac.compare_digest(sent.encode(), self._reader_token.reveal().encode()):
            return False
        raise HTTPException(401, "Illegal token")

    def _must_read(self, request: Request) -> None:
        self._may_write(request)

    def _must_write(self, request: Request) -> None:
        if not self._may_write(request):
            raise HTTPException(403, "")


def _fits(entity: entities.Document, filters: list[str]) -> bool:
    terms = entities.search_terms(entity)

    def holds(condition: str) -> bool:
        key, equals, value = condition.partition("=")
        return (key.lower(), value.lower() if equals else None) in terms

    return not filters or any(all(map(holds, each.split(","))) for each in filters)


async def _body(
    request: Request, keys: set[str], optional: frozenset[str] | set[str] = frozenset()
) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError:
        raise HTTPException(400, "request/body must be JSON") from None
    for key in sorted(keys):
        if not isinstance(body, dict) or key not in body:
            raise HTTPException(400, f"request/body must have required property '{key}'")
    if unknown := body.keys() - keys - optional:
        raise HTTPException(400, f"Malformed request: unrecognized_keys {sorted(unknown)}")
    return dict(body)


async def _not_implemented(request: Request) -> Response:
    raise HTTPException(501, f"the sandbox catalog does not have {request.method} {request.url.path}")


async def _refused(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, HTTPException)
    status = problem.status_code
    body = {
        "error": {"name": _NAMES.get(status, "Error"), "message": problem.detail},
        "request": {"method": request.method, "url": request.url.path},
        "response": {"statusCode": status},
    }
    return JSONResponse(body, status)
