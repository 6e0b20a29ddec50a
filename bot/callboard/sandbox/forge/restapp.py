"""The REST API over HTTP: finds the operation, signs the caller in, answers, and writes the request log."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .access import caller, granted
from .apps import app_of, is_app_token
from .bare import GitFailed
from .faults import Fault
from .refusal import Refused
from .requestlog import Request as Logged
from .rest import OPERATIONS, Answer, Call, Operation
from .shapes.links import Links
from .state import Account, World

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


def links(request: Request) -> Links:
    """Addresses as this caller reaches us."""
    return Links(f"{request.url.scheme}://{request.url.netloc}")


def routes(world: World, prefix: str) -> list[Route]:
    """A route for every operation, and one that refuses all else."""
    entries = [
        Route(
            prefix + entry.path,
            _endpoint(world, entry),
            methods=["GET", "HEAD"] if entry.method == "GET" else [entry.method],
        )
        for entry in OPERATIONS
    ]
    return [*entries, Route("/api/{rest:path}", _unimplemented(world), methods=_METHODS)]


def _endpoint(world: World, entry: Operation) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        data = await request.body()
        return await to_thread.run_sync(_respond, world, entry, request, data)

    return endpoint


def _respond(world: World, entry: Operation, request: Request, data: bytes) -> Response:
    actor: Account | None = None
    fault = world.faults.take(entry.id)
    try:
        actor = caller(world, request.headers.get("authorization"))
        if fault and not fault.after_applying:
            response = broken(fault)
        else:
            with world.lock:
                answer = entry.answer(_call(world, request, data, actor))
                if actor and entry.method != "GET":
                    world.changed(actor)
            response = broken(fault) if fault else _response(request, answer)
    except Refused as refused:
        response = refusal(refused)
    except GitFailed as failure:
        response = refusal(Refused(409, f"Conflict: {failure}"))
    is_write = entry.method != "GET"
    user = actor.login if actor else None
    world.log.add(
        Logged("rest", request.method, request.url.path, entry.id, response.status_code, user, is_write)
    )
    return response


def _call(world: World, request: Request, data: bytes, actor: Account | None) -> Call:
    authorization = request.headers.get("authorization", "")
    body: Any = {}
    if data:
        try:
            body = json.loads(data)
        except ValueError:
            raise Refused(400, "Problems parsing JSON") from None
    if isinstance(body, list):
        # Labels may be sent as a bare list.
        body = {"labels": body}
    if not isinstance(body, dict):
        raise Refused(400, "Body should be a JSON object")
    return Call(
        world=world,
        links=links(request),
        actor=actor,
        url=str(request.url.replace(query="")),
        path=dict(request.path_params),
        query=dict(request.query_params),
        method="GET" if request.method == "HEAD" else request.method,
        app=app_of(world.apps, authorization) if is_app_token(authorization) else None,
        grant=granted(world, authorization),
        body=body,
        accept=request.headers.get("accept", ""),
    )


def _response(request: Request, answer: Answer) -> Response:
    if answer.body is None:
        return Response(status_code=answer.status, headers=answer.headers)
    raw = isinstance(answer.body, bytes)
    data: bytes = answer.body if raw else json.dumps(answer.body, ensure_ascii=False).encode()
    headers = answer.headers | {"content-type": answer.media, "x-github-media-type": "github.v3"}
    if request.method in ("GET", "HEAD"):
        headers["etag"] = f'W/"{hashlib.sha256(data).hexdigest()}"'
        if request.headers.get("if-none-match") == headers["etag"]:
            return Response(status_code=304, headers={"etag": headers["etag"]})
    return Response(data, answer.status, headers)


def refusal(refused: Refused) -> Response:
    """The error as GitHub words it."""
    headers = refused.headers | {"content-type": "application/json; charset=utf-8"}
    return Response(json.dumps(refused.body), refused.status, headers)


def broken(fault: Fault) -> Response:
    """The wrong answer that a test asked for."""
    return refusal(Refused(fault.status, fault.message, headers=dict(fault.headers)))


def _unimplemented(world: World) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        is_write = request.method not in ("GET", "HEAD")
        world.log.add(Logged("rest", request.method, request.url.path, "unimplemented", 501, None, is_write))
        message = f"The sandbox forge does not implement {request.method} {request.url.path}."
        return refusal(Refused(501, message))

    return endpoint
