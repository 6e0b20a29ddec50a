"""Kubeflow's Model Catalog, read from a double that is held to Kubeflow's description of its API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from callboard.config import Select
from callboard.model import Listing, Model
from callboard.sources.context import Context
from callboard.sources.kubeflow import Settings, list_models
from tests.contracts import kubeflow_apis as contract
from tests.servers import kubeflow
from tests.servers.kubeflow import CATALOG, Kubeflow, refusal, said

SOURCES = f"{CATALOG}/sources"
MODELS = f"{CATALOG}/models"
GRANITE = f"{SOURCES}/acme/models/ibm-granite/granite/artifacts"
SENT = f"{SOURCES}/acme/models/ibm-granite%2Fgranite/artifacts"
README = """---
license: apache-2.0
datasets: [acme/text]
---
# Granite

Writes text.
"""


@pytest.fixture(scope="module")
def running() -> Iterator[Kubeflow]:
    with kubeflow.running() as double:
        yield double


@pytest.fixture
def catalog(running: Kubeflow) -> Iterator[Kubeflow]:
    """A catalog with one source, whose answers must all have been as described."""
    running.clear()
    running.source("acme")
    yield running
    assert running.violations == []


def read(catalog: Kubeflow, *, known: Listing | None = None, **changes: Any) -> Listing:
    models = {model.id: model for model in known.models} if known else {}
    settings = Settings(name="offered", type="kubeflow", url=catalog.url, api="catalog", **changes)
    return list_models(settings, Context(Path.cwd(), known=models))


def granite(catalog: Kubeflow, **changes: Any) -> None:
    scores = said(benchmark="mmlu", score=75.8, score_metric="accuracy_percent", hardware_count=2)
    catalog.offer(
        "acme",
        "ibm-granite/granite",
        {"uri": "oci://registry.example/granite:1.4", "customProperties": said(mlflow_run_id="r1")},
        {"artifactType": "metrics-artifact", "metricsType": "accuracy-metrics", "customProperties": scores},
        {
            "artifactType": "metrics-artifact",
            "metricsType": "accuracy-metrics",
            "customProperties": said(aime24=63.3, overall_average=70, note="x"),
        },
        {
            "artifactType": "metrics-artifact",
            "metricsType": "performance-metrics",
            "customProperties": said(ttft_p90=12.5),
        },
        **{
            "description": "Writes text.",
            "provider": "IBM",
            "tasks": ["text-generation"],
            "readme": README,
            "customProperties": said(validated="", size="8B"),
        }
        | changes,
    )


def test_an_offered_model_is_read_with_all_that_the_catalog_knows(catalog: Kubeflow) -> None:
    granite(catalog)
    listing = read(catalog)
    (model,) = listing.models
    assert (listing.complete, listing.problems) == (True, ())
    assert (model.id, model.name) == ("acme/ibm-granite/granite", "ibm-granite/granite")
    assert (model.provider, model.tasks, model.tags) == ("IBM", ("text-generation",), ("validated",))
    assert model.properties == {"size": "8B"}
    assert model.license is not None
    assert (model.license.id, model.lineage.datasets) == ("apache-2.0", ("acme/text",))
    assert model.card is not None
    assert model.card.markdown.startswith("# Granite")
    (version,) = model.versions
    assert (version.name, version.id) == ("latest", None)
    assert [artifact.uri for artifact in version.artifacts] == ["oci://registry.example/granite:1.4"]
    assert {(e.metric, e.dataset): e.value for e in version.evaluations} == {
        ("accuracy_percent", "mmlu"): 75.8,
        ("aime24", None): 63.3,
        ("overall_average", None): 70.0,
    }
    assert [(c.registry, c.run_id, c.of_version) for c in model.counterparts] == [("mlflow", "r1", None)]
    assert model.created_at == "2026-01-01T00:00:01Z"
    assert catalog.requests[-1].endswith("/models/ibm-granite%2Fgranite/artifacts")


def test_artifacts_are_asked_for_only_of_models_with_a_new_time(catalog: Kubeflow) -> None:
    for number in range(12):
        catalog.offer("acme", f"m{number}", {"uri": f"oci://a/m{number}:1"})
    granite(catalog)
    first = read(catalog)
    assert catalog.count("/artifacts") == 13
    catalog.requests.clear()
    assert read(catalog, known=first) == first
    assert catalog.requests == [f"GET {SOURCES}", f"GET {MODELS}"]
    catalog.change(MODELS, catalog.lists[MODELS][-1]["id"])
    catalog.lists[GRANITE][0]["uri"] = "oci://registry.example/granite:1.5"
    catalog.requests.clear()
    again = read(catalog, known=first)
    assert catalog.count("/artifacts") == 1
    model = next(one for one in again.models if one.name == "ibm-granite/granite")
    assert model.versions[0].artifacts[0].uri == "oci://registry.example/granite:1.5"
    assert model.updated_at != model.created_at


def test_a_time_alone_changes_nothing(catalog: Kubeflow) -> None:
    granite(catalog)
    first = read(catalog)
    catalog.change(MODELS, catalog.lists[MODELS][0]["id"], createTimeSinceEpoch="1999999999999", id="77")
    assert read(catalog, known=first) == first
    catalog.change(MODELS, "77", description="New.")
    (model,) = read(catalog, known=first).models
    assert (model.description, model.created_at) == ("New.", "2033-05-18T03:33:19Z")


def test_only_the_chosen_sources_are_read(catalog: Kubeflow) -> None:
    catalog.source("other")
    catalog.source("broken", status="error", error="cannot load")
    catalog.offer("acme", "same")
    catalog.offer("other", "same")
    assert [model.id for model in read(catalog).models] == ["acme/same", "other/same"]
    listing = read(catalog, catalog_sources=("other",))
    assert [model.id for model in listing.models] == ["other/same"]
    assert listing.complete
    listing = read(catalog, catalog_sources=("acme", "othr"))
    assert not listing.complete
    assert "no source othr" in listing.problems[0].what


@pytest.mark.parametrize("status", ["error", "partially-available"])
def test_a_source_that_was_not_loaded_makes_the_list_incomplete(catalog: Kubeflow, status: str) -> None:
    catalog.source("hub", status=status, error="line one\nline two " + "x" * 5000)
    catalog.source("tools", status="error", assetType="mcp_servers")
    granite(catalog)
    listing = read(catalog)
    assert len(listing.models) == 1
    assert not listing.complete
    (problem,) = listing.problems
    assert f"hub is {status}: line one line two x" in problem.what
    assert len(problem.what) < 400


def test_sources_that_cannot_be_listed_make_the_list_incomplete(catalog: Kubeflow) -> None:
    granite(catalog)

    async def instead(request: Request) -> Response | None:
        return refusal(403) if request.url.path == SOURCES else None

    catalog.interfere = instead
    listing = read(catalog)
    assert len(listing.models) == 1
    assert not listing.complete


def test_an_empty_catalog_is_never_complete(catalog: Kubeflow) -> None:
    listing = read(catalog)
    assert (listing.models, listing.complete) == ((), False)
    assert "no models at all" in listing.problems[0].what


def test_a_selection_costs_no_artifacts_of_others(catalog: Kubeflow) -> None:
    granite(catalog)
    catalog.offer("acme", "other")
    assert len(read(catalog, select=Select(include=("ibm-*",))).models) == 1
    assert catalog.count("/artifacts") == 1


@pytest.mark.parametrize("body", ["<html>", "[]", '{"items": [], "nextPageToken": 5}', '{"items": 5}'])
def test_garbage_is_a_problem_and_deletes_nothing(catalog: Kubeflow, body: str) -> None:
    granite(catalog)

    async def instead(request: Request) -> Response | None:
        return PlainTextResponse(body) if request.url.path == MODELS else None

    catalog.interfere = instead
    listing = read(catalog)
    assert not listing.complete
    assert listing.problems


def test_a_model_whose_artifacts_cannot_be_read_is_unread(catalog: Kubeflow) -> None:
    granite(catalog)
    catalog.offer("acme", "other")
    catalog.offer("acme", "bad")
    catalog.lists[f"{SOURCES}/acme/models/bad/artifacts"] = [{"artifactType": "model-artifact", "id": "9"}]

    async def instead(request: Request) -> Response | None:
        return refusal(500, "down", **{"retry-after": "0"}) if "granite" in request.url.path else None

    catalog.interfere = instead
    catalog.spoil = lambda at, page: [each | {"uri": 5} if "/bad/" in at else each for each in page]
    listing = read(catalog)
    assert [model.name for model in listing.models] == ["other"]
    assert listing.unread == ("acme/bad", "acme/ibm-granite/granite")
    assert listing.complete
    assert {problem.model for problem in listing.problems} == set(listing.unread)


@pytest.mark.parametrize("name", ["..", ".", "../../registered_models", "a/../b", "?x=1#y", "%2e%2e", "дом"])
def test_a_name_leads_nowhere_else(catalog: Kubeflow, name: str) -> None:
    catalog.offer("acme", name)
    listing = read(catalog)
    assert [*listing.unread, *(model.id for model in listing.models)] == [f"acme/{name}"]
    asked = [request for request in catalog.requests if request.endswith("/artifacts")]
    assert len(asked) == (name not in ("..", "."))
    assert all(request.startswith(f"GET {SOURCES}/acme/models/") for request in asked)
    assert all(request.count("/") == 8 for request in asked)


def test_the_double_answers_as_described(catalog: Kubeflow) -> None:
    granite(catalog)
    for number in range(4):
        catalog.offer("acme", f"m{number}")
    catalog.source("other")
    path = st.sampled_from([SOURCES, MODELS, SENT, f"{SOURCES}/x/models/y/artifacts"])
    with httpx2.Client(base_url=catalog.url, trust_env=False) as client:

        @settings(max_examples=30)
        @given(
            path=path,
            query=st.fixed_dictionaries(
                {},
                optional={
                    "pageSize": st.sampled_from(["1", "3", "0", "x"]),
                    "orderBy": st.sampled_from(["ID", "NAME"]),
                    "sortOrder": st.sampled_from(["ASC", "DESC", "UP"]),
                    "nextPageToken": st.sampled_from(["", "?", "MTo="]),
                },
            ),
        )
        def ask(path: str, query: dict[str, str]) -> None:
            status = client.get(path, params=query).status_code
            assert status in (200, 400, 404)

        ask()
        page = client.get(MODELS, params={"source": "acme"}).json()
        assert [each["name"] for each in page["items"]] == ["ibm-granite/granite", "m0", "m1", "m2", "m3"]
        metrics = client.get(SENT, params={"artifactType": "metrics-artifact"}).json()
        assert metrics["size"] == 3
        assert client.get(f"{CATALOG}/labels").status_code == 501


_JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=10),
    st.lists(st.one_of(st.none(), st.text(max_size=5)), max_size=3),
    st.dictionaries(st.text(max_size=8), st.one_of(st.none(), st.text(max_size=5)), max_size=3),
)


def test_wrong_types_in_any_field_cost_at_most_their_own_model(catalog: Kubeflow) -> None:
    granite(catalog)
    catalog.offer("acme", "good", {"uri": "oci://good"})
    good = read(catalog).models[0]
    kinds = {
        "CatalogModel": MODELS,
        "CatalogSource": SOURCES,
        "CatalogModelArtifact": GRANITE,
        "CatalogMetricsArtifact": GRANITE,
    }

    def wrong(kind: str) -> st.SearchStrategy[dict[str, Any]]:
        fields = contract.properties(contract.ours("catalog"), kind)[0]
        return st.fixed_dictionaries({}, optional=dict.fromkeys(fields, _JUNK))

    whose = st.sampled_from(sorted(kinds)).flatmap(lambda kind: st.tuples(st.just(kind), wrong(kind)))

    @settings(max_examples=40)
    @given(whose=whose)
    def attempt(whose: tuple[str, dict[str, Any]]) -> None:
        kind, changes = whose
        at = int(kind == "CatalogMetricsArtifact")
        catalog.spoil = lambda where, page: (
            [*page[:at], page[at] | changes, *page[at + 1 :]] if where == kinds[kind] else page
        )
        listing = read(catalog)
        there = {model.id: model for model in listing.models}
        assert there["acme/good"] == good
        if listing.complete and not {"name", "source_id"} & changes.keys():
            assert there.keys() | set(listing.unread) == {"acme/good", "acme/ibm-granite/granite"}
        for model in listing.models:
            assert Model.model_validate_json(model.model_dump_json()) == model

    attempt()
