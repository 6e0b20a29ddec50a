"""GitLab's GraphQL over HTTP. It has the same address as GitHub's; what a query asks tells them apart."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from anyio import to_thread
from graphql import (
    FieldNode,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    build_schema,
    execute_sync,
)
from graphql.error import GraphQLSyntaxError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from callboard.sandbox.forge.graphql.documents import parsed, problems
from callboard.sandbox.forge.graphql.resolving import resolve
from callboard.sandbox.forge.refusal import Refused
from callboard.sandbox.forge.requestlog import Request as Logged
from callboard.sandbox.forge.state import Account, World
from callboard.sandbox.gitlab.app import broken, caller, refusal
from callboard.sandbox.gitlab.refusal import as_gitlab
from callboard.sandbox.gitlab.shapes.links import Links

from .complexity import MOST, complexity
from .views import QueryView

OPERATION = "gitlab/graphql"
_SDL = Path(__file__).with_name("schema.graphql")


@lru_cache(maxsize=1)
def schema() -> GraphQLSchema:
    """The schema that the sandbox answers."""
    return build_schema(_SDL.read_text(encoding="utf-8"))


def is_for_gitlab(data: bytes) -> bool:
    """Whether a request asks what only GitLab has."""
    try:
        definitions = parsed(json.loads(data)["query"]).definitions
    except (ValueError, KeyError, TypeError, GraphQLSyntaxError):
        return False
    asked = {
        field.name.value
        for each in definitions
        if isinstance(each, OperationDefinitionNode) and each.operation is OperationType.QUERY
        for field in each.selection_set.selections
        if isinstance(field, FieldNode)
    }
    root = schema().query_type
    return bool(asked) and root is not None and asked <= set(root.fields)


async def answer(world: World, request: Request, data: bytes) -> Response:
    """Answer one request."""
    return await to_thread.run_sync(_respond, world, request, data)


def _respond(world: World, request: Request, data: bytes) -> Response:
    actor: Account | None = None
    fault = world.faults.take(OPERATION)
    try:
        actor = caller(world, request)
        if fault and not fault.after_applying:
            response = broken(fault)
        else:
            links = Links(f"{request.url.scheme}://{request.url.netloc}")
            with world.lock:
                body = _execute(QueryView(world, links, actor), json.loads(data))
            response = broken(fault) if fault else JSONResponse(body)
    except Refused as refused:
        response = refusal(as_gitlab(refused))
    user, path = actor.login if actor else None, request.url.path
    world.log.add(Logged("graphql", request.method, path, OPERATION, response.status_code, user, False))
    return response


def _execute(root: QueryView, asked: dict[str, Any]) -> dict[str, Any]:
    variables = asked.get("variables") or {}
    document = parsed(asked["query"])
    errors = problems(schema(), asked["query"])
    if errors:
        return {"errors": [error.formatted for error in errors]}
    cost = complexity(schema(), document, variables)
    if cost > MOST:
        return {
            "errors": [{"message": f"Query has complexity of {cost}, which exceeds max complexity of {MOST}"}]
        }
    result = execute_sync(
        schema(), document, root_value=root, variable_values=variables, field_resolver=resolve
    )
    body: dict[str, Any] = {"data": result.data}
    return body | ({"errors": [error.formatted for error in result.errors]} if result.errors else {})
