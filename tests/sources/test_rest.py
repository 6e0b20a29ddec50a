"""Registries of somebody's own, read by a mapping."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from callboard.config import Select
from callboard.model import Listing, Model
from callboard.sources.context import Context
from callboard.sources.rest import Settings, list_models
from tests.servers import json_api
from tests.servers.doubles import bomb, hang, spoil
from tests.servers.json_api import Registry
from tests.sources.wrong_types import spoiled

CANARY = "canary-rest-key-77c1a"
ROW = {
    "id": 7,
    "slug": "fraud",
    "summary": "Finds fraud.",
    "team": {"email": "ml@acme.example"},
    "phase": "staging",
    "labels": ["tabular", "tabular", "risk"],
    "license": "MIT",
    "etag": "a1",
    "params": {"trees": 300, "tuned": True, "note": None},
}
FULL = {
    "readme": "---\nlicense: x\n---\n# Fraud\n",
    "versions": [
        {"number": "1.9", "created": 1_767_000_000_000, "files": [{"url": "s3://b/9"}], "channels": "old"},
        {
            "number": "1.10",
            "created": "2026-02-03T04:05:06+01:00",
            "channels": ["live", "best"],
            "files": [{"url": "s3://b/10", "sha256": "AB" * 32, "bytes": 12, "kind": "onnx"}],
            "scores": [
                {"metric": "auc", "score": "0.91", "dataset": "holdout", "run": "run-4"},
                {"metric": "loss", "score": "NaN"},
            ],
            "checks": [
                {"title": "schema", "outcome": "Passed", "message": "all columns"},
                {"title": "bias", "outcome": False},
                {"title": "odd", "outcome": "perhaps"},
            ],
        },
        {"number": "1.10-rc1"},
    ],
    "deployments": [
        {"url": "https://s.example/v1", "auth": True, "version": "1.10", "spec": "openapi: 3.0.0"}
    ],
}
FIELDS: dict[str, Any] = {
    "id": "id",
    "name": "slug",
    "description": "summary",
    "owner": "team.email",
    "state": "phase",
    "license": "license",
    "tags": "labels",
    "properties": "params",
    "revision": "etag",
    "card": "details.readme",
    "versions": {
        "items": "details.versions",
        "name": "number",
        "created-at": "created",
        "aliases": "channels",
        "artifacts": {"items": "files", "uri": "url", "digest": "sha256", "size": "bytes", "format": "kind"},
        "evaluations": [
            {"items": "scores", "metric": "metric", "value": "score", "dataset": "dataset", "source": "run"}
        ],
        "validations": [{"items": "checks", "name": "title", "passed": "outcome", "details": "message"}],
    },
    "endpoints": [
        {
            "items": "details.deployments",
            "url": "url",
            "protocol": "'openapi'",
            "needs-key": "auth",
            "version": "version",
            "definition": "spec",
        }
    ],
}


@pytest.fixture(scope="module")
def server() -> Iterator[Registry]:
    with json_api.running() as registry:
        yield registry


@pytest.fixture
def registry(server: Registry) -> Registry:
    server.reset()
    return server


def configured(url: str, **changes: Any) -> Settings:
    said: dict[str, Any] = {
        "name": "own",
        "type": "rest",
        "url": url,
        "models": {"path": "/rows", "items": "data"},
        "fields": {"id": "id"},
    }
    return Settings.model_validate(said | changes)


def read(registry: Registry, *, known: Listing | None = None, **changes: Any) -> Listing:
    models = {model.id: model for model in known.models} if known else {}
    return list_models(configured(registry.url, **changes), Context(Path.cwd(), known=models))


def paged(**paging: Any) -> dict[str, Any]:
    return {"models": {"path": "/rows", "items": "data", "paging": paging}}


def detailed(registry: Registry, **changes: Any) -> dict[str, Any]:
    registry.rows, registry.full = [ROW | changes], {"7": FULL}
    return {"details": {"path": "/rows/{key}"}, "fields": FIELDS}


def ids(listing: Listing) -> list[str]:
    return [model.id for model in listing.models]


def numbered(registry: Registry, many: int = 5) -> None:
    registry.rows = [{"id": f"m{number}"} for number in range(many)]


def once(answers: dict[int, Any]) -> Any:
    """Before the request of that number is answered, the thing is done."""
    count = iter(range(1000))

    async def interfere(_: Request) -> None:
        answers.get(next(count), lambda: None)()

    return interfere


def test_every_field_comes_from_where_the_mapping_says(registry: Registry) -> None:
    listing = read(registry, **detailed(registry))
    (model,) = listing.models
    assert (model.id, model.name, model.owner, model.state) == ("7", "fraud", "ml@acme.example", "staging")
    assert model.description == "Finds fraud."
    assert model.license is not None
    assert model.license.id == "MIT"
    assert model.tags == ("tabular", "risk")
    assert model.properties == {"trees": "300", "tuned": "true"}
    assert model.card is not None
    assert model.card.markdown == "# Fraud\n"
    assert [version.name for version in model.versions] == ["1.10", "1.10-rc1", "1.9"]
    newest, _, oldest = model.versions
    assert (newest.created_at, oldest.created_at) == ("2026-02-03T03:05:06Z", "2025-12-29T09:20:00Z")
    assert (newest.aliases, oldest.aliases) == (("best", "live"), ("old",))
    (artifact,) = newest.artifacts
    assert (artifact.uri, artifact.digest, artifact.size) == ("s3://b/10", f"sha256:{'ab' * 32}", 12)
    (evaluation,) = newest.evaluations
    assert (evaluation.metric, evaluation.value, evaluation.source) == ("auc", 0.91, "run-4")
    assert [(check.name, check.passed, check.details) for check in newest.validations] == [
        ("schema", True, "all columns"),
        ("bias", False, None),
    ]
    assert newest.validations[0].source == f"{registry.url}/rows"
    (endpoint,) = model.endpoints
    assert (endpoint.needs_key, endpoint.version, endpoint.definition) == (True, "1.10", "openapi: 3.0.0")
    assert model.provenance["versions"] == "own"
    (problem,) = listing.problems
    assert problem.severity == "warning"
    assert "versions.evaluations.value, versions.validations.passed" in problem.what


def test_a_known_revision_costs_no_request_for_details(registry: Registry) -> None:
    mapping = detailed(registry)
    first = read(registry, **mapping)
    registry.requests.clear()
    second = read(registry, known=first, **mapping)
    assert second.models == first.models
    assert registry.count("/rows/7") == 0
    nameless = first.models[0].model_copy(update={"provenance": {}})
    assert read(registry, known=Listing(source="own", models=(nameless,)), **mapping).models == first.models
    assert registry.count("/rows/7") == 0
    other = mapping | {"fields": FIELDS | {"title": "slug"}}
    assert read(registry, known=first, **other).models[0].title == "fraud"
    assert registry.count("/rows/7") == 1
    registry.rows = [ROW | {"etag": "a2"}]
    read(registry, known=first, **mapping)
    assert registry.count("/rows/7") == 2


def test_what_others_said_of_a_known_model_is_not_taken_for_the_registrys(registry: Registry) -> None:
    mapping = detailed(registry)
    first = read(registry, **mapping)
    changed = first.models[0].model_copy(
        update={"owner": "somebody", "provenance": first.models[0].provenance | {"owner": "overrides.yaml"}}
    )
    second = read(registry, known=first.model_copy(update={"models": (changed,)}), **mapping)
    assert second.models == first.models


class TestPages:
    @pytest.mark.parametrize(
        "paging",
        [
            {"style": "page", "total": "total"},
            {"style": "offset", "size": 2, "size-parameter": "size"},
            {"style": "offset", "total": "total"},
            {"style": "cursor", "next": "next"},
            {"style": "link"},
            {"style": "link", "next": "next_url"},
        ],
    )
    @pytest.mark.parametrize("many", [1, 4, 5])
    def test_all_are_read(self, registry: Registry, paging: dict[str, Any], many: int) -> None:
        numbered(registry, many)
        listing = read(registry, **paged(**paging))
        assert ids(listing) == [f"m{number}" for number in range(many)]
        assert listing.complete
        assert listing.problems == ()

    def test_numbers_without_a_total_are_never_sure_beyond_one_page(self, registry: Registry) -> None:
        numbered(registry, 2)
        assert read(registry, **paged(style="page")).complete
        numbered(registry, 3)
        listing = read(registry, **paged(style="page"))
        assert (len(listing.models), listing.complete, listing.problems) == (3, False, ())

    def test_a_query_is_kept(self, registry: Registry) -> None:
        numbered(registry)
        models = {"path": "/rows?all", "query": {"a": "b c"}, "items": "data", "paging": {"style": "page"}}
        read(registry, models=models)
        assert registry.requests[1] == "/rows?all&a=b+c&page=2"

    @pytest.mark.parametrize("paging", [{"style": "page", "total": "total"}, {"style": "offset"}])
    @pytest.mark.parametrize("moves", ["in", "out"])
    def test_rows_that_move_are_seen(self, registry: Registry, paging: dict[str, Any], moves: str) -> None:
        numbered(registry, 7)
        registry.largest_page = 3

        def move() -> None:
            if moves == "in":
                registry.rows.insert(0, {"id": "new"})
            else:
                registry.rows.pop(0)

        registry.interfere = once({1: move})
        listing = read(registry, **paged(**paging))
        assert not listing.complete
        assert "came or went" in listing.problems[0].what
        assert len(listing.models) == len(set(ids(listing))) >= 4

    def test_a_server_that_ignores_the_page_ends(self, registry: Registry) -> None:
        numbered(registry, 2)

        async def interfere(_: Request) -> Response:
            return JSONResponse({"data": registry.rows})

        registry.interfere = interfere
        for style in ("page", "offset"):
            listing = read(registry, **paged(style=style))
            assert (ids(listing), listing.complete) == (["m0", "m1"], False)
            assert listing.problems
        assert len(registry.requests) < 10

    @pytest.mark.parametrize("paging", [{"style": "cursor", "next": "next"}, {"style": "link"}])
    def test_a_page_that_leads_to_itself_ends(self, registry: Registry, paging: dict[str, Any]) -> None:
        async def interfere(_: Request) -> Response:
            return JSONResponse({"data": [{"id": "m"}], "next": "x"}, headers={"link": '</rows>; rel="next"'})

        registry.interfere = interfere
        listing = read(registry, **paged(**paging))
        assert (ids(listing), listing.complete) == (["m"], False)
        assert "same next page" in listing.problems[0].what

    def test_cursors_that_never_end_do(self, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("callboard.sources.rest_pages.MOST_PAGES", 5)

        async def interfere(_: Request) -> Response:
            return JSONResponse({"data": [], "next": len(registry.requests)})

        registry.interfere = interfere
        listing = read(registry, **paged(style="cursor", next="next"))
        assert "after 5 pages" in listing.problems[0].what

    def test_a_page_elsewhere_is_not_followed(self, registry: Registry) -> None:
        async def interfere(_: Request) -> Response:
            return JSONResponse({"data": [{"id": "m"}], "next": "http://169.254.169.254/latest"})

        registry.interfere = interfere
        listing = read(registry, **paged(style="link", next="next"))
        assert (ids(listing), listing.complete, len(registry.requests)) == (["m"], False, 1)
        assert "not followed" in listing.problems[0].what

    def test_a_page_that_fails_keeps_what_was_read(self, registry: Registry) -> None:
        numbered(registry)

        async def interfere(request: Request) -> Response | None:
            return Response(status_code=403) if "cursor=2" in request.url.query else None

        registry.interfere = interfere
        listing = read(registry, **paged(style="link"))
        assert (ids(listing), listing.complete) == (["m0", "m1"], False)

    def test_a_total_that_is_not_reached_is_said(self, registry: Registry) -> None:
        numbered(registry)
        listing = read(registry, **paged(total="total"))
        assert not listing.complete
        assert "said to have 5 entries, and 2 came" in listing.problems[0].what

    def test_ten_thousand_models_on_one_page(self, registry: Registry) -> None:
        numbered(registry, 10_000)
        registry.largest_page = 10_000
        listing = read(registry)
        assert (len(listing.models), listing.complete) == (10_000, True)


class TestJoinedLists:
    JOINED: ClassVar[dict[str, Any]] = {
        "joined": [{"name": "runs", "path": "/rows", "items": "data[].runs[]", "keys": "of"}],
        "fields": {
            "id": "id",
            "evaluations": [{"items": "runs", "metrics": "item.metrics", "source": "item.id"}],
        },
    }

    def test_items_go_to_what_they_belong_to(self, registry: Registry) -> None:
        run = {"id": "r1", "of": ["a", "b"], "metrics": {"auc": 0.5, "note": "x", "deep": {}, "no": None}}
        registry.rows = [{"id": "a", "runs": [run, {"of": None}]}, {"id": "b"}]
        listing = read(registry, **self.JOINED)
        for model in listing.models:
            (evaluation,) = model.evaluations
            assert (evaluation.metric, evaluation.value, evaluation.source) == ("auc", 0.5, "r1")
        assert listing.complete
        assert any("do not say what they belong to" in problem.what for problem in listing.problems)

    def test_one_of_several_numbered_pages_is_read_to_its_end(self, registry: Registry) -> None:
        numbered(registry, 5)
        registry.rows[4] = "no object"
        more = {"path": "/rows", "items": "data", "keys": "id", "paging": {"style": "page"}}
        listing = read(
            registry,
            models={"path": "/rows?size=1", "items": "data[?id]"},
            joined=[{"name": "more", **more}],
            fields={"id": "id", "tags": "more[].item.id"},
        )
        assert [model.tags for model in listing.models] == [("m0",)]
        assert "1 entries are no objects" in listing.problems[0].what

    def test_one_that_cannot_be_read_leaves_all_models_as_they_are(self, registry: Registry) -> None:
        numbered(registry, 2)
        lost: dict[str, Any] = {"joined": [{"name": "runs", "path": "/gone", "keys": "of"}]}
        listing = read(registry, **lost)
        assert (listing.models, listing.unread, listing.complete) == ((), ("m0", "m1"), True)


class TestWhatIsWrong:
    def test_an_empty_answer_is_not_taken_for_an_empty_registry(self, registry: Registry) -> None:
        listing = read(registry)
        assert not listing.complete
        assert listing.problems[0].severity == "warning"

    def test_an_answer_without_the_list_is_said(self, registry: Registry) -> None:
        listing = read(registry, models={"path": "/rows", "items": "wrong.place"})
        assert not listing.complete
        assert "no list" in listing.problems[0].what

    def test_entries_without_an_id_are_said(self, registry: Registry) -> None:
        registry.rows = [{"id": "good"}, {"id": {"a": 1}}]
        registry.largest_page = 10
        registry.rows += [{}, "text", {"id": "\ufffd"}, {"id": "x" * 501}, {"id": True}]
        listing = read(registry)
        assert (ids(listing), listing.complete) == (["good"], False)
        assert len(listing.problems) == 6

    def test_what_is_nested_deeply_stops_nothing(self, registry: Registry) -> None:
        deep = b"[" * 985 + b"]" * 985

        async def interfere(request: Request) -> Response:
            entries = b'{"id": "a", "x": %b}, {"x": %b}, {"id": "b"}' % (deep, deep)
            return Response(b'{"data": [%b]}' % entries, media_type="application/json")

        registry.interfere = interfere
        listing = read(
            registry,
            fields={"id": "id", "title": "x", "revision": "id"},
            joined=[{"name": "more", "path": "/rows", "items": "data", "keys": "id"}],
        )
        assert not listing.complete
        assert ids(listing) in ([], ["a", "b"])

    def test_a_great_many_evaluations_are_cut(self, registry: Registry) -> None:
        registry.rows = [{"id": "a", "e": [{f"m{n}": n for n in range(1000)}] * 6}]
        listing = read(registry, fields={"id": "id", "evaluations": [{"items": "e", "metrics": "@"}]})
        assert len(listing.models[0].evaluations) == 5000
        assert "evaluations" in listing.problems[0].what

    def test_versions_of_one_key_share_a_request_for_details(self, registry: Registry) -> None:
        registry.rows = [{"id": "a", "n": 1}, {"id": "a", "n": 2}]
        registry.full = {"a": {"owner": "ana"}}
        fields = {"id": "id", "owner": "details.owner", "versions": {"name": "n"}}
        listing = read(registry, each="version", details={"path": "/rows/{key}"}, fields=fields)
        assert (listing.models[0].owner, registry.count("/rows/a")) == ("ana", 1)

    def test_the_same_id_twice_is_said(self, registry: Registry) -> None:
        registry.rows = [{"id": "a", "v": 1}, {"id": "a", "v": 2}]
        listing = read(registry)
        assert ids(listing) == ["a"]
        assert "each: version" in listing.problems[0].hint

    def test_versions_that_cannot_be_read_leave_the_model_as_it_is(self, registry: Registry) -> None:
        registry.rows = [{"id": "a", "v": 3}, {"id": "b", "v": [{"n": "1"}, {}]}]
        registry.rows += [{"id": "c", "v": [{"n": "1"}, {"n": 1}]}, {"id": "d"}]
        registry.largest_page = 10
        listing = read(registry, fields={"id": "id", "versions": {"items": "v", "name": "n"}})
        assert (ids(listing), listing.unread, listing.complete) == (["d"], ("a", "b", "c"), True)

    def test_a_version_that_cannot_be_read_leaves_its_model_as_it_is(self, registry: Registry) -> None:
        registry.rows = [{"id": "a", "n": 1}, {"id": "a", "n": None}, {"id": "b", "n": 1}]
        registry.largest_page = 10
        listing = read(registry, each="version", fields={"id": "id", "versions": {"name": "n"}})
        assert (ids(listing), listing.unread) == (["b"], ("a",))

    def test_after_three_failures_no_more_details_are_asked_for(self, registry: Registry) -> None:
        numbered(registry, 8)
        registry.largest_page = 10
        listing = read(registry, details={"path": "/lost/{key}"})
        assert (listing.models, len(listing.unread), registry.count("/lost/")) == ((), 8, 3)
        assert listing.complete

    def test_an_id_cannot_lead_to_another_path(self, registry: Registry) -> None:
        registry.rows = [{"id": ".."}, {"id": "..\\admin"}, {"id": "a/../../admin"}, {"id": "a/b?c=#d"}]
        registry.largest_page = 10
        listing = read(registry, details={"path": "/rows/{key}/full"})
        assert len(listing.unread) == 4
        assert registry.paths[1:] == ["/rows/a%2Fb%3Fc%3D%23d/full"]

    def test_only_selected_models_cost_requests(self, registry: Registry) -> None:
        mapping = detailed(registry)
        assert read(registry, select=Select(exclude=("FRAUD",)), **mapping).models == ()
        assert registry.count("/rows/7") == 0

    def test_a_great_many_warnings_are_summed_up(self, registry: Registry) -> None:
        registry.rows = [{"id": f"m{number}", "t": {}} for number in range(120)]
        registry.largest_page = 200
        listing = read(registry, fields={"id": "id", "title": "t"})
        assert (len(listing.models), len(listing.problems)) == (120, 101)

    @settings(max_examples=15)
    @given(row=spoiled(ROW), full=spoiled(FULL))
    def test_wrong_types_lose_only_themselves(self, server: Registry, row: Any, full: Any) -> None:
        server.reset()
        server.rows = [row, {"id": "other", "slug": "other"}]
        server.full = {"7": full, "other": {}}
        mapping: dict[str, Any] = {"details": {"path": "/rows/{key}"}, "fields": FIELDS}
        listing = read(server, **mapping)
        assert "other" in ids(listing)
        assert len(listing.models) + len(listing.unread) == 2 or not listing.complete
        assert all(Model.model_validate(model.model_dump()) == model for model in listing.models)
        assert read(server, **mapping) == listing


class TestWhoIsAsked:
    KEY: ClassVar[dict[str, Any]] = {"api-key": {"env": "OWN_KEY"}, "api-key-header": "X-Own"}

    def test_the_key_goes_into_its_header(self, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OWN_KEY", CANARY)
        numbered(registry, 1)
        assert read(registry, **self.KEY).complete
        assert registry.headers[0]["x-own"] == CANARY

    def test_a_redirect_elsewhere_is_refused_and_gets_no_key(
        self, registry: Registry, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OWN_KEY", CANARY)
        with json_api.running() as other:

            async def interfere(_: Request) -> Response:
                return RedirectResponse(f"{other.url}/rows")

            registry.interfere = interfere
            listing = read(registry, **self.KEY)
            assert (listing.complete, other.requests) == (False, [])
        assert CANARY not in str(listing.problems)

    @pytest.mark.parametrize("value", [None, "line\nbreak", "caf\u00e9"])
    def test_a_key_that_cannot_be_sent_is_said(
        self, registry: Registry, monkeypatch: pytest.MonkeyPatch, value: str | None
    ) -> None:
        monkeypatch.delenv("OWN_KEY", raising=False)
        if value is not None:
            monkeypatch.setenv("OWN_KEY", value)
        listing = read(registry, **self.KEY)
        assert (listing.complete, registry.requests) == (False, [])
        assert listing.problems[0].where == "source own"

    def test_a_server_that_hangs_costs_its_own_timeout(self, registry: Registry) -> None:
        registry.interfere = hang
        listing = read(registry, timeout=0.2)
        assert "within 0.2 seconds" in listing.problems[0].what

    def test_an_answer_that_unpacks_without_end_is_given_up(
        self, registry: Registry, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        spoil(registry, "/", then=bomb(70 * 1024 * 1024))
        listing = read(registry)
        assert "more than" in listing.problems[0].what


@pytest.mark.parametrize(
    "wrong",
    [
        {"fields": {"id": "a["}},
        {"fields": {"id": "nothing(@)["}},
        {"fields": {}},
        {"each": "version"},
        {"models": {"path": "rows"}},
        {"models": {"path": "/api/../admin"}},
        {"models": {"path": "//other.example/\\x"}},
        {"details": {"path": "/../{key}"}},
        {"models": {"path": "/rows", "paging": {"style": "cursor"}}},
        {"models": {"path": "/rows", "paging": {"style": "page", "next": "next"}}},
        {"models": {"path": "/rows", "paging": {"style": "page", "size": 10}}},
        {"details": {"path": "/rows"}},
        {"joined": [{"name": "details", "path": "/x", "keys": "of"}]},
        {"joined": [{"name": "x", "path": "/x", "keys": "of"}, {"name": "x", "path": "/y", "keys": "of"}]},
        {"api-key-header": "Host"},
        {"api-key-header": "X: y"},
    ],
)
def test_a_mapping_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        configured("https://registry.example", **wrong)


@given(st.text(max_size=60))
def test_no_text_as_an_expression_does_anything_but_be_refused(text: str) -> None:
    with contextlib.suppress(ValidationError):
        configured("https://registry.example", fields={"id": text})
