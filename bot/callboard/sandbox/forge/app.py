"""The ASGI application of one sandbox forge."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from callboard.sandbox.gitlab import app as gitlab
from callboard.sandbox.gitlab.graphql import endpoint as gitlab_graphql

from . import restapp
from .graphql.endpoint import GraphQL
from .smarthttp import SmartHttp
from .state import World

API_PREFIX = "/api/v3"
GITLAB_PREFIX = "/api/v4"
_SERVICES = {"info/refs": "GET", "git-upload-pack": "POST", "git-receive-pack": "POST"}


def application(world: World, pages: Sequence[BaseRoute] = ()) -> Starlette:
    """The whole forge: API, GraphQL, git, and the pages for people."""
    git, github = SmartHttp(world), GraphQL(world)

    async def graphql(request: Request) -> Response:
        data = await request.body()
        is_for_gitlab = request.url.path == "/api/graphql" and gitlab_graphql.is_for_gitlab(data)
        return await (
            gitlab_graphql.answer(world, request, data) if is_for_gitlab else github.answer(request)
        )

    return Starlette(
        routes=[
            *(Route(path, graphql, methods=["POST"]) for path in ("/api/graphql", "/graphql")),
            gitlab.route(world, GITLAB_PREFIX),
            *restapp.routes(world, API_PREFIX),
            *(
                Route(f"/{{owner}}/{{repo}}{suffix}/{service}", git.answer, methods=[method])
                for service, method in _SERVICES.items()
                for suffix in (".git", "")
            ),
            *pages,
        ]
    )
