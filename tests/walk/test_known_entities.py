"""What is asked of a live catalog for references that no checked file resolves."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from callboard.backstage.client import Catalog
from callboard.http import connect
from callboard.walk.known_entities import KnownTo
from tests.servers.catalogs import Running, eventually, resource
from tests.servers.contents import Contents
from tests.servers.threads import proxying


def test_a_catalog_answers_which_entities_it_has(
    sandbox_catalog: Running, contents: Contents, name: str
) -> None:
    there, nowhere, long = f"resource:default/{name}", "resource:default/nowhere", "a:b/" + "c" * 200
    with proxying(sandbox_catalog.url) as proxy, connect(proxy.url, token=sandbox_catalog.token) as http:
        catalog = Catalog(http)
        catalog.register(contents.write(f"{name}.yaml", resource(name)))
        eventually(lambda: catalog.entity(there))
        before = proxy.count("by-refs")
        known_to = KnownTo(catalog)
        assert known_to({there, nowhere, long}) == {there: True, nowhere: False, long: False}
        assert proxy.count("by-refs") == before + 1
        assert known_to.problem is None
        assert known_to.unasked == 0


def test_what_was_answered_before_a_failure_counts(sandbox_catalog: Running) -> None:
    async def fail(request: Request, before: int) -> Response | None:
        return JSONResponse({"error": {"message": "boom"}}, 500) if before >= 10 else None

    references = {f"group:default/g{number:04}" for number in range(1200)}
    with (
        proxying(sandbox_catalog.url) as proxy,
        connect(proxy.url, token=sandbox_catalog.token, attempts=1) as http,
    ):
        proxy.interfere = fail
        known_to = KnownTo(Catalog(http))
        answers = known_to(references)
    assert len(answers) == 500
    assert not any(answers.values())
    assert known_to.problem is not None
    assert known_to.unasked == 700
