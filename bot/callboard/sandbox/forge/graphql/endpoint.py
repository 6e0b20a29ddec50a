"""GraphQL over HTTP: our cut of GitHub's schema, executed over the sandbox. All else is an error."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from anyio import to_thread
from graphql import (
    GraphQLAbstractType,
    GraphQLResolveInfo,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    build_schema,
    execute_sync,
)
from graphql.error import GraphQLSyntaxError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from callboard.sandbox.forge.access import caller, granted
from callboard.sandbox.forge.refusal import Refused
from callboard.sandbox.forge.requestlog import Request as Logged
from callboard.sandbox.forge.restapp import broken, links, refusal
from callboard.sandbox.forge.state import Account, World

from .documents import parsed, problems
from .mutations import MutationView
from .objects import Scope
from .resolving import resolve
from .views import QueryView

OPERATION = "graphql"
_SDL = Path(__file__).with_name("schema.graphql")


@lru_cache(maxsize=1)
def schema() -> GraphQLSchema:
    """The schema that the sandbox answers."""
    return build_schema(_SDL.read_text(encoding="utf-8"))


class GraphQL:
    """The endpoint."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def answer(self, request: Request) -> Response:
        """Answer one request."""
        return await to_thread.run_sync(self._respond, request, await request.body())

    def _respond(self, request: Request, data: bytes) -> Response:
        actor: Account | None = None
        fault = self._world.faults.take(OPERATION)
        is_write = False
        try:
            actor = caller(self._world, request.headers.get("authorization"))
            if actor is None:
                raise Refused(401, "This endpoint requires you to be authenticated.")
            query, variables, name = _asked(data)
            is_write = _is_mutation(query)
            if fault and not fault.after_applying:
                response = broken(fault)
            else:
                with self._world.lock:
                    grant = granted(self._world, request.headers.get("authorization"))
                    scope = Scope(self._world, links(request), actor, grant)
                    body = _execute(scope, query, variables, name)
                    if is_write:
                        self._world.changed(actor)
                response = broken(fault) if fault else JSONResponse(body)
        except Refused as refused:
            response = refusal(refused)
        user = actor.login if actor else None
        path, status = request.url.path, response.status_code
        self._world.log.add(Logged("graphql", request.method, path, OPERATION, status, user, is_write))
        return response


def _asked(data: bytes) -> tuple[str, dict[str, Any] | None, str | None]:
    try:
        body = json.loads(data)
        query = body["query"]
    except (ValueError, KeyError, TypeError):
        raise Refused(400, "A query attribute must be specified and must be a string.") from None
    return query, body.get("variables"), body.get("operationName")


def _is_mutation(query: str) -> bool:
    try:
        definitions = parsed(query).definitions
    except GraphQLSyntaxError:
        return False
    return any(
        isinstance(each, OperationDefinitionNode) and each.operation is OperationType.MUTATION
        for each in definitions
    )


def _execute(scope: Scope, query: str, variables: dict[str, Any] | None, name: str | None) -> dict[str, Any]:
    try:
        wrong = problems(schema(), query)
    except GraphQLSyntaxError as error:
        wrong = (error,)
    if wrong:
        return {"errors": [error.formatted for error in wrong]}
    result = execute_sync(
        schema(),
        parsed(query),
        root_value=MutationView(scope) if _is_mutation(query) else QueryView(scope),
        variable_values=variables,
        operation_name=name,
        field_resolver=resolve,
        type_resolver=_type_of,
    )
    body: dict[str, Any] = {}
    if result.data is not None or not result.errors:
        body["data"] = result.data
    if result.errors:
        body["errors"] = [error.formatted for error in result.errors]
    return body


def _type_of(value: Any, _info: GraphQLResolveInfo[Any], _abstract: GraphQLAbstractType) -> str:
    return str(value["typename"] if isinstance(value, dict) else value.typename)
