"""The catalog's client, where a server answers what a catalog would not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from callboard.backstage.client import Catalog
from callboard.http import HttpProblem, connect
from tests.servers.catalogs import Running, resource
from tests.servers.contents import Contents
from tests.servers.threads import proxying, serving

CALLS: dict[str, Callable[[Catalog], object]] = {
    "locations": lambda catalog: catalog.locations(),
    "dry run": lambda catalog: catalog.dry_run("x"),
    "register": lambda catalog: catalog.register("x"),
    "entity": lambda catalog: catalog.entity("api:default/x"),
    "entities": lambda catalog: list(catalog.entities()),
}


def answering(body: Any) -> Starlette:
    async def answer(_request: Request) -> Response:
        return JSONResponse(body)

    return Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST", "DELETE"])])


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    "body", [None, 3, "text", [3], {"items": 3}, {"items": [3]}, {"location": {"id": 1}}, {"entities": {}}]
)
def test_an_answer_of_another_shape_is_a_problem_and_not_a_crash(call: str, body: Any) -> None:
    with serving(answering(body)) as url, connect(url) as http, pytest.raises(HttpProblem) as problem:
        CALLS[call](Catalog(http))
    assert problem.value.kind == "bad-answer"


@pytest.mark.parametrize("cursor", ["again", 3])
def test_pages_that_never_end_are_left(cursor: object) -> None:
    body = {"items": [{"kind": "API"}], "pageInfo": {"nextCursor": cursor}}
    with serving(answering(body)) as url, connect(url) as http, pytest.raises(HttpProblem) as problem:
        list(Catalog(http).entities())
    assert problem.value.kind == "bad-answer"


def test_many_entities_are_asked_for_in_batches() -> None:
    asked: list[int] = []

    async def answer(request: Request) -> Response:
        refs = (await request.json())["entityRefs"]
        asked.append(len(refs))
        return JSONResponse({"items": [{"kind": ref} for ref in refs]})

    refs = [f"api:default/{number}" for number in range(120)]
    with (
        serving(Starlette(routes=[Route("/{path:path}", answer, methods=["POST"])])) as url,
        connect(url) as http,
    ):
        found = Catalog(http).entities_by_refs([*refs, *refs])
    assert found == {ref: {"kind": ref} for ref in refs}
    assert asked == [50, 50, 20]


def test_a_backstage_that_does_not_know_on_conflict_is_asked_to_refresh(
    sandbox_catalog: Running, contents: Contents, name: str
) -> None:
    async def older(request: Request, _before: int) -> Response | None:
        if request.url.path.endswith("/locations") and request.method == "POST":
            return JSONResponse({"error": {"message": "already exists"}}, 409)
        return None

    target = contents.write(f"{name}.yaml", resource(name))
    with connect(sandbox_catalog.url, token=sandbox_catalog.token) as http:
        existing = Catalog(http).register(target)
    with proxying(sandbox_catalog.url) as proxy, connect(proxy.url, token=sandbox_catalog.token) as http:
        proxy.interfere = older
        assert Catalog(http).register(target) == existing
        assert proxy.count("/refresh") == 1
        with pytest.raises(HttpProblem, match="already exists"):
            Catalog(http).register(f"{target}-unknown")


@pytest.mark.parametrize("call", [lambda c: c.unregister("x"), lambda c: c.refresh("api:default/x")])
def test_a_server_error_is_not_taken_for_absence(call: Callable[[Catalog], object]) -> None:
    async def broken(_request: Request) -> Response:
        return JSONResponse({}, 500)

    app = Starlette(routes=[Route("/{path:path}", broken, methods=["POST", "DELETE"])])
    with serving(app) as url, connect(url, attempts=1) as http, pytest.raises(HttpProblem) as problem:
        call(Catalog(http))
    assert problem.value.kind == "server-error"
