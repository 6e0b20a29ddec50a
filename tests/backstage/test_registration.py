"""Registering what was merged, and knowing when Backstage has it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from callboard.backstage.client import Catalog, Location
from callboard.backstage.registration import (
    Outcome,
    locations_to_unregister,
    register_and_confirm,
    targets_to_register,
)
from callboard.documents.reader import read_documents
from callboard.http import HttpProblem, connect
from callboard.redaction import Secret
from tests.servers.catalogs import Running, eventually, resource
from tests.servers.contents import Contents
from tests.servers.threads import proxying, serving

PREFIX = "https://forge.example/acme/catalog/blob/main/models"


@pytest.fixture
def catalog(sandbox_catalog: Running) -> Iterator[Catalog]:
    """Only the sandbox's: what both catalogs do is tested in test_contract."""
    with connect(sandbox_catalog.url, token=sandbox_catalog.token) as http:
        yield Catalog(http)


def merged(*texts: str) -> list[Mapping[str, Any]]:
    return [document.value for text in texts for document in read_documents(text, "x").documents]


def states(outcome: Outcome) -> list[str]:
    return [each.state for each in outcome.confirmations]


def test_everything_that_was_merged_is_confirmed(catalog: Catalog, contents: Contents, name: str) -> None:
    texts = [resource(name), resource(f"{name}-b")]
    target = contents.write(f"{name}.yaml", *texts)
    other = contents.write(f"{name}-c.yaml", resource(f"{name}-c"))
    wanted = {target: merged(*texts), other: merged(resource(f"{name}-c"))}
    outcomes = register_and_confirm(catalog, wanted, within=20)
    assert [(outcome.target, states(outcome)) for outcome in outcomes] == [
        (target, ["confirmed", "confirmed"]),
        (other, ["confirmed"]),
    ]
    assert {target, other} <= {location.target for location in catalog.locations()}
    again = register_and_confirm(catalog, wanted, within=20)
    assert {outcome.state for outcome in again} == {"confirmed"}


def test_a_change_is_confirmed_only_when_backstage_has_it(
    catalog: Catalog, contents: Contents, name: str
) -> None:
    target = contents.write(f"{name}.yaml", resource(name))
    register_and_confirm(catalog, {target: merged(resource(name))}, within=20)
    changed = resource(name, owner="group:default/other")
    (outcome,) = register_and_confirm(catalog, {target: merged(changed)}, within=1)
    assert states(outcome) == ["stale"]
    assert "spec.owner" in outcome.confirmations[0].why
    contents.write(f"{name}.yaml", changed)
    (outcome,) = register_and_confirm(catalog, {target: merged(changed)}, within=20)
    assert states(outcome) == ["confirmed"]


def test_what_backstage_cannot_read_is_not_registered_and_stops_nothing_else(
    catalog: Catalog, contents: Contents, name: str
) -> None:
    invalid = resource(f"{name}-bad").replace("  owner: group:default/ml\n", "")
    bad = contents.write(f"{name}-bad.yaml", invalid)
    good = contents.write(f"{name}.yaml", resource(name))
    outcomes = register_and_confirm(catalog, {bad: merged(invalid), good: merged(resource(name))}, within=20)
    assert [outcome.state for outcome in outcomes] == ["error", "confirmed"]
    assert "owner" in outcomes[0].confirmations[0].why
    assert bad not in {location.target for location in catalog.locations()}


def test_what_is_registered_already_and_broke_is_an_error(
    catalog: Catalog, contents: Contents, name: str
) -> None:
    target = contents.write(f"{name}.yaml", resource(name))
    register_and_confirm(catalog, {target: merged(resource(name))}, within=20)
    contents.write(f"{name}.yaml", "a: [")
    (outcome,) = register_and_confirm(catalog, {target: merged(resource(name))}, within=20)
    assert states(outcome) == ["error"]
    assert "YAML error" in outcome.confirmations[0].why


def test_an_entity_that_was_there_from_elsewhere_is_foreign(
    catalog: Catalog, contents: Contents, name: str
) -> None:
    elsewhere = contents.write(f"{name}-elsewhere.yaml", resource(name))
    catalog.register(elsewhere)
    eventually(lambda: catalog.entity(f"resource:default/{name}"))
    texts = [resource(name), resource(f"{name}-own")]
    target = contents.write(f"{name}.yaml", *texts)
    (outcome,) = register_and_confirm(catalog, {target: merged(*texts)}, within=20)
    assert states(outcome) == ["foreign", "confirmed"]
    assert elsewhere in outcome.confirmations[0].why
    assert outcome.state == "foreign"


def test_no_target_and_no_document_need_no_time(catalog: Catalog, contents: Contents, name: str) -> None:
    def never(_seconds: float) -> None:
        raise AssertionError

    assert register_and_confirm(catalog, {}, within=1, sleep=never) == ()
    empty = contents.write(f"{name}.yaml", "")
    (outcome,) = register_and_confirm(catalog, {empty: []}, within=1, sleep=never)
    assert outcome == Outcome(empty, ())
    assert outcome.state == "confirmed"


def test_what_takes_too_long_is_pending_after_a_bounded_number_of_reads(
    contents: Contents, name: str
) -> None:
    reads: list[int] = []

    async def answer(request: Request) -> Response:
        if request.url.path.endswith("by-refs"):
            refs = (await request.json())["entityRefs"]
            reads.append(len(refs))
            return JSONResponse({"items": [None for _ in refs]})
        location = {"id": "1", "type": "url", "target": (await request.json())["target"]}
        return JSONResponse({"exists": False, "location": location, "entities": []}, 201)

    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    target = contents.write(f"{name}.yaml", resource(name))
    app = Starlette(routes=[Route("/{path:path}", answer, methods=["POST"])])
    with serving(app) as url, connect(url) as http:
        (outcome,) = register_and_confirm(
            Catalog(http), {target: merged(resource(name))}, within=120, clock=lambda: now[0], sleep=sleep
        )
    assert states(outcome) == ["pending"]
    assert now[0] == 120
    assert set(reads) == {2}
    assert len(reads) < 40


def test_a_backstage_that_stumbles_while_we_wait_is_asked_again(
    sandbox_catalog: Running, contents: Contents, name: str
) -> None:
    async def stumble(request: Request, before: int) -> Response | None:
        return JSONResponse({}, 503) if request.url.path.endswith("by-refs") and before < 2 else None

    target = contents.write(f"{name}.yaml", resource(name))
    with (
        proxying(sandbox_catalog.url) as proxy,
        connect(proxy.url, token=sandbox_catalog.token, attempts=1) as http,
    ):
        proxy.interfere = stumble
        (outcome,) = register_and_confirm(Catalog(http), {target: merged(resource(name))}, within=20)
    assert states(outcome) == ["confirmed"]
    assert proxy.count("by-refs") > 2


def test_a_backstage_that_cannot_be_asked_in_time_is_pending_and_says_why(
    sandbox_catalog: Running, contents: Contents, name: str
) -> None:
    async def fail(request: Request, _before: int) -> Response | None:
        return JSONResponse({"error": {"message": "boom"}}, 500) if "by-refs" in request.url.path else None

    target = contents.write(f"{name}.yaml", resource(name))
    with (
        proxying(sandbox_catalog.url) as proxy,
        connect(proxy.url, token=sandbox_catalog.token, attempts=1) as http,
    ):
        proxy.interfere = fail
        (outcome,) = register_and_confirm(Catalog(http), {target: merged(resource(name))}, within=1)
    assert states(outcome) == ["pending"]
    assert "boom" in outcome.confirmations[0].why


def test_a_target_that_meets_a_server_error_is_an_error_of_its_own(
    sandbox_catalog: Running, contents: Contents, name: str
) -> None:
    target = contents.write(f"{name}.yaml", resource(name))
    other = contents.write(f"{name}-b.yaml", resource(f"{name}-b"))

    async def fail(request: Request, before: int) -> Response | None:
        return JSONResponse({"error": {"message": "boom"}}, 500) if before == 0 else None

    with (
        proxying(sandbox_catalog.url) as proxy,
        connect(proxy.url, token=sandbox_catalog.token, attempts=1) as http,
    ):
        proxy.interfere = fail
        outcomes = register_and_confirm(
            Catalog(http),
            {target: merged(resource(name)), other: merged(resource(f"{name}-b"))},
            within=20,
        )
    assert [outcome.state for outcome in outcomes] == ["error", "confirmed"]
    assert "boom" in outcomes[0].confirmations[0].why


@pytest.mark.parametrize("kind", ["unreachable", "unauthorized"])
def test_when_backstage_cannot_be_asked_at_all_that_is_said(
    sandbox_catalog: Running, contents: Contents, name: str, kind: str
) -> None:
    url = sandbox_catalog.url if kind == "unauthorized" else "http://127.0.0.1:9"
    target = contents.write(f"{name}.yaml", resource(name))
    with connect(url, token=Secret("wrong-token"), attempts=1) as http, pytest.raises(HttpProblem) as problem:
        register_and_confirm(Catalog(http), {target: merged(resource(name))}, within=1)
    assert problem.value.kind == kind


def location(target: str, kind: str = "url") -> Location:
    return Location(target, target, kind)


def test_only_what_is_not_registered_is_registered() -> None:
    registered = [location("a"), location("c")]
    assert targets_to_register(registered, ["b", "a", "d", "b"]) == ("b", "d")


def test_only_our_own_former_targets_are_unregistered() -> None:
    former = f"{PREFIX}/gone/catalog-info.yaml"
    others = [
        f"{PREFIX}/kept/catalog-info.yaml",
        f"{PREFIX}/*/catalog-info.yaml",
        f"{PREFIX}/catalog-info.yaml",
        f"{PREFIX}/gone/other.yaml",
        f"{PREFIX}/gone/deeper/catalog-info.yaml",
        f"{PREFIX}/../catalog-info.yaml",
        f"{PREFIX}-two/gone/catalog-info.yaml",
        f"{PREFIX}/gone/catalog-info.yaml?x",
        PREFIX.replace("catalog", "other") + "/gone/catalog-info.yaml",
        PREFIX.replace("main", "dev") + "/gone/catalog-info.yaml",
    ]
    registered = [
        location(former),
        location(f"{PREFIX}/file/catalog-info.yaml", "file"),
        *map(location, others),
    ]
    found = locations_to_unregister(registered, {others[0]}, prefix=f"{PREFIX}/")
    assert [each.target for each in found] == [former]


@given(st.lists(st.text(max_size=20)), st.sets(st.text(max_size=5)))
def test_nothing_outside_of_our_folder_is_ever_unregistered(suffixes: list[str], wanted: set[str]) -> None:
    registered = [location(f"https://forge.example/acme/other/blob/main/models/{each}") for each in suffixes]
    registered += [location(f"{PREFIX}{each}") for each in suffixes if not each.startswith("/")]
    assert locations_to_unregister(registered, wanted, prefix=PREFIX) == ()


@given(st.sets(st.from_regex(r"[a-z][a-z0-9-]{0,9}", fullmatch=True)))
def test_what_is_wanted_is_never_unregistered(names: set[str]) -> None:
    targets = [f"{PREFIX}/{name}/catalog-info.yaml" for name in names]
    registered = [location(target) for target in targets]
    assert locations_to_unregister(registered, set(targets), prefix=PREFIX) == ()
    assert targets_to_register(registered, targets) == ()
    assert {each.target for each in locations_to_unregister(registered, set(), prefix=PREFIX)} == set(targets)
