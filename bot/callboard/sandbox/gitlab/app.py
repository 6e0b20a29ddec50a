"""GitLab's API over HTTP: finds the operation, signs the caller in, answers, and writes the request log."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import parse_qsl

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from callboard.sandbox.forge.bare import GitFailed
from callboard.sandbox.forge.faults import Fault
from callboard.sandbox.forge.refusal import Refused
from callboard.sandbox.forge.requestlog import Request as Logged
from callboard.sandbox.forge.state import Account, World

from .refusal import Denied, InsufficientScope, as_gitlab, unauthorized
from .rest import OPERATIONS, Answer, Call, Operation
from .shapes.links import Links

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


def route(world: World, prefix: str) -> Route:
    """All of the API. Paths are told apart as they were sent: an encoded slash is part of a name."""

    async def endpoint(request: Request) -> Response:
        data = await request.body()
        return await to_thread.run_sync(_respond, world, prefix, request, data)

    return Route(f"{prefix}/{{rest:path}}", endpoint, methods=_METHODS)


def _respond(world: World, prefix: str, request: Request, data: bytes) -> Response:
    sent = request.scope["raw_path"].decode().partition("?")[0]
    method = "GET" if request.method == "HEAD" else request.method
    segments = sent.removeprefix(prefix).strip("/").split("/")
    for entry in OPERATIONS:
        path = entry.match(method, segments)
        if path is not None:
            response, actor = _do(world, entry, request, path, data)
            name = entry.id
            break
    else:
        response, actor, name = _unimplemented(request), None, "unimplemented"
    user = actor.login if actor else None
    world.log.add(
        Logged("rest", request.method, request.url.path, name, response.status_code, user, method != "GET")
    )
    return response


def _do(
    world: World, entry: Operation, request: Request, path: dict[str, str], data: bytes
) -> tuple[Response, Account | None]:
    actor: Account | None = None
    fault = world.faults.take(entry.id)
    try:
        actor = caller(world, request)
        if fault and not fault.after_applying:
            return broken(fault), actor
        with world.lock:
            answer = entry.answer(_call(world, request, path, data, actor))
            if actor and entry.method != "GET":
                world.changed(actor)
        return broken(fault) if fault else _response(request, answer), actor
    except Refused as refused:
        return refusal(as_gitlab(refused), refused.headers), actor
    except GitFailed as failure:
        return refusal(Denied(400, str(failure))), actor


def caller(world: World, request: Request) -> Account | None:
    """Who asks; None: nobody. Raises Refused: 401 for a wrong token, 403 for one that may not write."""
    token = _token(request)
    if not token and request.headers.get("authorization"):
        raise unauthorized()
    if not token:
        return None
    actor = world.signed_in(token)
    is_write = request.method not in ("GET", "HEAD") and not request.url.path.endswith("/graphql")
    if is_write and world.is_read_only(token):
        raise InsufficientScope()
    return actor


def _token(request: Request) -> str:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    return request.headers.get("private-token") or (value.strip() if scheme.lower() == "bearer" else "")


def _call(world: World, request: Request, path: dict[str, str], data: bytes, actor: Account | None) -> Call:
    query = {name.removesuffix("[]"): value for name, value in request.query_params.items()}
    given: dict[str, Any] = dict(query)
    for name in request.query_params:
        if name.endswith("[]"):
            given[name.removesuffix("[]")] = request.query_params.getlist(name)
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        given |= dict(parse_qsl(data.decode(), keep_blank_values=True))
    elif data:
        try:
            body = json.loads(data)
        except ValueError:
            raise Denied(400, "The request body is not JSON.", key="error") from None
        if not isinstance(body, dict):
            raise Denied(400, "The request body is no object.", key="error")
        given |= body
    return Call(
        world=world,
        links=Links(f"{request.url.scheme}://{request.url.netloc}"),
        actor=actor,
        method="GET" if request.method == "HEAD" else request.method,
        url=f"{request.url.scheme}://{request.url.netloc}{request.scope['raw_path'].decode().partition('?')[0]}",
        path=path,
        query=query,
        given=given,
        scopes=("read_api", "read_repository") if world.is_read_only(_token(request)) else ("api",),
    )


def _response(request: Request, answer: Answer) -> Response:
    if answer.body is None:
        return Response(status_code=answer.status, headers=answer.headers)
    raw = isinstance(answer.body, bytes)
    data: bytes = answer.body if raw else json.dumps(answer.body, ensure_ascii=False).encode()
    headers = answer.headers | {"content-type": answer.media}
    if request.method in ("GET", "HEAD"):
        headers["etag"] = f'W/"{hashlib.sha256(data).hexdigest()[:32]}"'
        if request.headers.get("if-none-match") == headers["etag"]:
            return Response(status_code=304, headers={"etag": headers["etag"]})
    return Response(data, answer.status, headers)


def refusal(denied: Denied, headers: dict[str, str] | None = None) -> Response:
    """An answer that says no."""
    return Response(
        json.dumps(denied.body), denied.status, (headers or {}) | {"content-type": "application/json"}
    )


def broken(fault: Fault) -> Response:
    """The answer that goes wrong."""
    return refusal(Denied(fault.status, fault.message), dict(fault.headers))


def _unimplemented(request: Request) -> Response:
    said = f"The sandbox forge does not implement {request.method} {request.url.path}."
    return refusal(Denied(501, said))
