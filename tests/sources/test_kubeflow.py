"""Kubeflow's Model Registry, read from a double that is held to Kubeflow's description of its API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from callboard.config import SecretReference, Select
from callboard.http import LARGEST_ANSWER
from callboard.model import Counterpart, Listing, Model
from callboard.sources.context import Context
from callboard.sources.kubeflow import Settings, list_models
from tests.contracts import kubeflow_apis as contract
from tests.servers import kubeflow
from tests.servers.doubles import bomb, hang, spoil
from tests.servers.kubeflow import REGISTRY, Kubeflow, refusal, said

CANARY = "canary-kubeflow-token-7c1d2"
MODELS = f"{REGISTRY}/registered_models"
VERSIONS = f"{REGISTRY}/model_versions"
SERVICES = f"{REGISTRY}/inference_services"
RUN = "0123456789abcdef0123456789abcdef"


@pytest.fixture(scope="module")
def running() -> Iterator[Kubeflow]:
    with kubeflow.running() as double:
        yield double


@pytest.fixture
def registry(running: Kubeflow) -> Iterator[Kubeflow]:
    """An empty registry, whose answers must all have been as described."""
    running.clear()
    yield running
    assert running.violations == []


def read(registry: Kubeflow, *, known: Listing | None = None, **changes: Any) -> Listing:
    models = {model.id: model for model in known.models} if known else {}
    settings = Settings(name="hub", type="kubeflow", url=registry.url, **changes)
    return list_models(settings, Context(Path.cwd(), known=models))


def by_name(listing: Listing) -> dict[str, Model]:
    return {model.name: model for model in listing.models}


def fraud(registry: Kubeflow, name: str = "fraud", **changes: Any) -> tuple[str, str]:
    """A model with one version and its artifact: the ids of model and version."""
    model = registry.register(name, **changes)
    version = registry.version(model, "v1")
    registry.artifact(version, uri=f"s3://models/{name}/1", modelFormatName="onnx")
    return model, version


def test_a_registered_model_is_read_with_all_that_the_registry_knows(registry: Kubeflow) -> None:
    model = registry.register(
        "fraud",
        description="Finds fraud.",
        owner="ann",
        provider="Acme",
        license="apache-2.0",
        licenseLink="https://www.apache.org/licenses/LICENSE-2.0",
        libraryName="xgboost",
        language=["en", "fr"],
        tasks=["tabular-classification"],
        maturity="Generally Available",
        externalId="crm-7",
        readme="# Fraud\n\nHow it works.\n",
        customProperties=said(
            risk="high", validated=True, trees=300, depth=6.5, payments="", base_model="acme/base"
        ),
    )
    first = registry.version(model, "v1", state="ARCHIVED")
    registry.artifact(first, uri="s3://models/fraud/1", modelFormatName="xgboost")
    second = registry.version(
        model,
        "v2",
        description="Better.",
        author="bob",
        externalId="b",
        customProperties=said(quality="good"),
    )
    registry.artifact(
        second,
        uri=f"oci://quay.example/fraud@sha256:{'a' * 64}",
        modelFormatName="onnx",
        modelFormatVersion="1.16",
        state="LIVE",
    )
    registry.artifact(second, artifactType="doc-artifact", name="guide", uri="s3://models/fraud/guide.pdf")
    registry.artifact(second, artifactType="dataset-artifact", name="payments-2025", uri="s3://data/p")
    registry.artifact(second, artifactType="metric", name="f1", value=0.91, experimentRunId="7")
    registry.artifact(second, artifactType="parameter", name="eta", value="0.1")
    listing = read(registry)
    (read_model,) = listing.models
    assert (listing.complete, listing.problems, listing.unread) == (True, (), ())
    assert (read_model.id, read_model.name, read_model.source) == (model, "fraud", "hub")
    assert (read_model.owner, read_model.provider, read_model.state) == ("ann", "Acme", "LIVE")
    assert read_model.description == "Finds fraud."
    assert read_model.license is not None
    assert (read_model.license.id, read_model.library) == ("apache-2.0", "xgboost")
    assert read_model.license.url == "https://www.apache.org/licenses/LICENSE-2.0"
    assert (read_model.languages, read_model.tasks) == (("en", "fr"), ("tabular-classification",))
    assert read_model.tags == ("payments",)
    assert read_model.properties == {
        "depth": "6.5",
        "externalId": "crm-7",
        "maturity": "Generally Available",
        "risk": "high",
        "trees": "300",
        "validated": "true",
    }
    assert read_model.lineage.base_models == ("acme/base",)
    assert read_model.lineage.datasets == ("payments-2025",)
    assert read_model.card is not None
    assert read_model.card.markdown.startswith("# Fraud")
    assert read_model.created_at == "2026-01-01T00:00:01Z"
    assert read_model.provenance["owner"] == "hub"
    newest, oldest = read_model.versions
    assert (newest.name, newest.id, newest.state) == ("v2", second, "LIVE")
    assert (oldest.name, oldest.id, oldest.state) == ("v1", first, "ARCHIVED")
    assert [(a.format, a.digest) for a in newest.artifacts] == [
        ("onnx", f"sha256:{'a' * 64}"),
        ("document", None),
    ]
    (evaluation,) = newest.evaluations
    assert (evaluation.metric, evaluation.value, evaluation.source) == ("f1", 0.91, "experiment run 7")
    assert newest.tags == {
        "artifact.dataset.payments-2025": "s3://data/p",
        "artifact.modelFormatVersion": "1.16",
        "author": "bob",
        "externalId": "b",
        "params.eta": "0.1",
        "quality": "good",
    }


def test_artifacts_are_asked_for_only_of_versions_not_seen(registry: Kubeflow) -> None:
    for number in range(20):
        fraud(registry, f"m{number}", customProperties=said(datasets="a, b"))
    model = registry.register("traced")
    version = registry.version(model, "v1")
    registry.artifact(version, uri=f"runs:/{RUN}/model", customProperties=said(mlflow_run_id=RUN))
    registry.artifact(version, artifactType="metric", name="f1", value=0.5)
    registry.artifact(version, artifactType="parameter", name="eta", value="1")
    registry.artifact(version, artifactType="dataset-artifact", name="data")
    first = read(registry)
    assert registry.count("/artifacts") == 21
    assert len(registry.requests) == 25
    registry.requests.clear()
    assert read(registry, known=first) == first
    assert registry.count("/artifacts") == 0
    assert len(registry.requests) == 4
    new = registry.version(model, "v2")
    registry.artifact(new, uri="s3://new")
    registry.requests.clear()
    again = read(registry, known=first)
    assert [r for r in registry.requests if "/artifacts" in r] == [f"GET {VERSIONS}/{new}/artifacts"]
    assert by_name(again)["traced"].versions[1] == by_name(first)["traced"].versions[0]


def test_a_version_is_asked_again_when_it_changed_or_had_no_artifact_yet(registry: Kubeflow) -> None:
    model, version = fraud(registry)
    bare = registry.version(model, "v2")
    coming = registry.version(model, "v3")
    registry.artifact(coming, uri="s3://upload", state="PENDING")
    first = read(registry)
    registry.artifact(bare, uri="s3://late")
    registry.lists[f"{VERSIONS}/{coming}/artifacts"][0].update(uri="s3://there", state="LIVE")
    registry.requests.clear()
    second = read(registry, known=first)
    assert registry.count("/artifacts") == 2
    (read_model,) = second.models
    assert [v.artifacts[0].uri for v in read_model.versions] == [
        "s3://there",
        "s3://late",
        "s3://models/fraud/1",
    ]
    registry.change(VERSIONS, version, description="new")
    registry.requests.clear()
    assert read(registry, known=second).models[0].versions[2].description == "new"
    assert registry.requests[-1] == f"GET {VERSIONS}/{version}/artifacts"
    assert registry.count("/artifacts") == 1


def test_known_records_of_another_version_are_not_taken_over(registry: Kubeflow) -> None:
    fraud(registry)
    first = read(registry)
    (model,) = first.models
    (version,) = model.versions
    for changes in ({"id": "999"}, {"name": "v9"}, {"updated_at": "2020-01-01T00:00:00Z"}):
        other = model.model_copy(update={"versions": (version.model_copy(update=changes),)})
        registry.requests.clear()
        assert read(registry, known=first.model_copy(update={"models": (other,)})) == first
        assert registry.count("/artifacts") == 1


def test_well_known_properties_count_as_the_bridge_reads_them(registry: Kubeflow) -> None:
    own = {
        "Owner": "model-owner",
        "Lifecycle": "staging",
        "License": "Apache-2",
        "Usage": "Call it with care.",
        "Ethics": "https://ethics.example/x",
        "Homepage URL": "https://home.example",
        "TechDocs": "no address",
        "API Spec": "openapi: 3.1.0",
        "API Type": "OpenAPI",
        "Registered from": "catalog",
    }
    model = registry.register("fraud", owner="field", customProperties=said(**own))
    old = registry.version(model, "v1", customProperties=said(Owner="old-owner", Lifecycle="retired"))
    newest = registry.version(model, "v2", customProperties=said(Owner="version-owner", Usage="As v2."))
    registry.version(model, "v3", state="ARCHIVED", customProperties=said(Owner="archived-owner"))
    environment = registry.environment("prod")
    registry.service(
        model, environment, modelVersionId=newest, customProperties=said(url="https://f.example")
    )
    (read_model,) = read(registry).models
    assert old
    assert (read_model.owner, read_model.lifecycle) == ("version-owner", "staging")
    assert read_model.license is not None
    assert (read_model.license.id, read_model.license.url) == ("Apache-2", None)
    assert read_model.card is not None
    assert "## Usage\n\nAs v2." in read_model.card.markdown
    assert {(link.title, link.url) for link in read_model.links} == {
        ("Ethics", "https://ethics.example/x"),
        ("Homepage", "https://home.example"),
    }
    assert read_model.properties == {"Registered from": "catalog", "TechDocs": "no address"}
    (endpoint,) = read_model.endpoints
    assert (endpoint.protocol, endpoint.definition) == ("openapi", "openapi: 3.1.0")


def test_an_endpoint_is_what_the_registry_says_and_nothing_is_guessed(registry: Kubeflow) -> None:
    model, version = fraud(registry)
    other, _ = fraud(registry, "other")
    prod = registry.environment("prod")
    uid = "8c2c54a8-6c4b-4f7e-9a51-0f8d0c1b2a3f"
    url = "https://fraud-prod.apps.example"
    registry.service(
        model,
        prod,
        name=f"fraud-v1/{uid}",
        runtime="kserve-onnx",
        modelVersionId=version,
        customProperties=said(url=url),
    )
    registry.service(model, prod, name=f"silent/{uid}", modelVersionId=version)
    registry.lists[SERVICES].append(registry.lists[SERVICES][0] | {"id": "900"})
    registry.service(model, prod, name="gone", desiredState="UNDEPLOYED", customProperties=said(url=url))
    registry.service(model, prod, name="odd", customProperties=said(url="javascript:alert(1)"))
    registry.service(other, "999", name="a/b", customProperties=said(url="http://o.example"))
    models = by_name(read(registry))
    (endpoint,) = models["fraud"].endpoints
    assert (endpoint.url, endpoint.server, endpoint.runtime) == (url, "prod/fraud-v1", "kserve-onnx")
    assert (endpoint.version, endpoint.protocol, endpoint.needs_key) == ("v1", "rest", None)
    (endpoint,) = models["other"].endpoints
    assert (endpoint.server, endpoint.version) == ("a/b", None)


def test_endpoints_that_cannot_be_listed_are_left_as_they_were(registry: Kubeflow) -> None:
    model, version = fraud(registry)
    registry.service(
        model,
        registry.environment("prod"),
        modelVersionId=version,
        customProperties=said(url="https://f.example"),
    )
    first = read(registry)
    spoil(registry, SERVICES, then=refusal(403, "not yours"))
    again = read(registry, known=first)
    assert again.models == first.models
    assert again.complete
    assert "listing the inference services" in again.problems[0].what
    assert read(registry).models[0].endpoints == ()


def test_one_bad_inference_service_costs_the_endpoints_of_its_own_model_only(registry: Kubeflow) -> None:
    environment = registry.environment("prod")
    for name in ("bad", "good"):
        registry.service(
            fraud(registry, name)[0], environment, customProperties=said(url="https://x.example")
        )
    registry.spoil = lambda at, page: [{**page[0], "runtime": 5}, *page[1:]] if at == SERVICES else page
    models = by_name(read(registry))
    assert models["good"].endpoints
    assert models["bad"].endpoints == ()


def test_what_is_said_of_mlflow_becomes_counterparts(registry: Kubeflow) -> None:
    model = registry.register("fraud", customProperties=said(mlflow_registered_model="fraud-mlflow"))
    version = registry.version(
        model,
        "v1",
        externalId="models:/fraud-mlflow/3",
        customProperties=said(**{"MLflow run ID": RUN}),
    )
    registry.artifact(
        version,
        uri=f"mlflow-artifacts:/1/{RUN}/artifacts/model",
        modelSourceKind="kfp",
        modelSourceClass="pipelinerun",
        modelSourceId=RUN,
        modelSourceName="nightly",
    )
    registry.artifact(
        version, uri="s3://b", modelSourceKind="MLflow", modelSourceId=RUN, modelSourceName="fm"
    )
    registry.artifact(
        version,
        uri="s3://c",
        modelSourceKind="catalog",
        modelSourceClass="redhat",
        modelSourceName="ibm/granite",
    )
    registry.artifact(
        version,
        uri="https://hf.example/x",
        customProperties=said(
            model_origin="huggingface_hub",
            repo="ibm/granite",
            mlflow_model_uri="models:/fraud-mlflow@champion",
        ),
    )
    (read_model,) = read(registry).models
    said_of = {
        (c.registry, c.model, c.version, c.run_id, c.uri, c.of_version) for c in read_model.counterparts
    }
    assert said_of == {
        ("mlflow", "fraud-mlflow", None, None, None, None),
        ("mlflow", None, None, RUN, None, "v1"),
        ("mlflow", "fraud-mlflow", "3", None, "models:/fraud-mlflow/3", "v1"),
        ("mlflow", None, None, RUN, f"mlflow-artifacts:/1/{RUN}/artifacts/model", "v1"),
        ("mlflow", "fm", None, RUN, None, "v1"),
        ("mlflow", None, None, None, "models:/fraud-mlflow@champion", "v1"),
        ("kubeflow", "redhat/ibm/granite", None, None, None, "v1"),
        ("huggingface", "ibm/granite", None, None, None, "v1"),
    }
    assert all(isinstance(c, Counterpart) and c.said_by for c in read_model.counterparts)


def test_artifacts_that_are_gone_and_metrics_that_are_no_numbers_are_left_out(registry: Kubeflow) -> None:
    model, version = fraud(registry)
    registry.artifact(version, uri="s3://gone", state="MARKED_FOR_DELETION")
    registry.artifact(version, uri="")
    registry.artifact(version, artifactType="metric", name="f1", value=0.1)
    registry.artifact(version, artifactType="metric", name="f1", value=0.2)
    path = f"{VERSIONS}/{version}/artifacts"
    registry.artifact(version, artifactType="metric", name="loss", value=0.3)
    registry.spoil = lambda at, page: [
        each | ({"value": float("nan")} if each["name"] == "loss" else {}) if at == path else each
        for each in page
    ]
    listing = read(registry)
    (read_model,) = listing.models
    assert [artifact.uri for artifact in read_model.versions[0].artifacts] == ["s3://models/fraud/1"]
    assert [(e.metric, e.value) for e in read_model.versions[0].evaluations] == [("f1", 0.2)]
    (problem,) = listing.problems
    assert (problem.model, problem.severity) == (model, "warning")
    assert "loss" in problem.what


def test_all_pages_are_followed_by_their_tokens(registry: Kubeflow) -> None:
    registry.page_size = 3
    for number in range(7):
        fraud(registry, f"m{number}")
    listing = read(registry)
    assert len(listing.models) == 7
    assert listing.complete
    assert registry.count("registered_models") == 3


def test_rows_that_appear_while_pages_are_read_double_and_hide_nothing(registry: Kubeflow) -> None:
    registry.page_size = 2
    for number in range(4):
        fraud(registry, f"m{number}")

    async def meanwhile(request: Request) -> Response | None:
        if request.url.path == MODELS and "nextPageToken" in request.query_params:
            registry.interfere = None
            fraud(registry, "late")
            registry.lists[MODELS].reverse()
        return None

    registry.interfere = meanwhile
    listing = read(registry)
    assert sorted(model.name for model in listing.models) == ["late", "m0", "m1", "m2", "m3"]


def test_ten_thousand_models_on_one_page_are_read(registry: Kubeflow) -> None:
    page = {"items": [{"name": f"m{n}", "id": str(n)} for n in range(1, 10_001)], "nextPageToken": ""}
    spoil(registry, MODELS, then=PlainTextResponse(json.dumps(page)))
    listing = read(registry)
    assert len(listing.models) == 10_000
    assert len(registry.requests) == 4


@pytest.mark.parametrize("part", [MODELS, VERSIONS, "/artifacts"])
def test_a_page_token_that_comes_back_is_never_complete(registry: Kubeflow, part: str) -> None:
    model, version = fraud(registry)
    page = {
        MODELS: {"name": "fraud", "id": model},
        VERSIONS: {"name": "v1", "id": version, "registeredModelId": model},
        "/artifacts": {"artifactType": "model-artifact", "uri": "s3://a"},
    }[part]
    answer = PlainTextResponse(json.dumps({"items": [page], "nextPageToken": "string", "size": 1}))

    async def instead(request: Request) -> Response | None:
        return answer if request.url.path.endswith(part) else None

    registry.interfere = instead
    listing = read(registry)
    assert registry.count(part) <= 3
    assert any("does not end" in problem.what for problem in listing.problems)
    if part == MODELS:
        assert not listing.complete
        assert len(listing.models) == 1
    else:
        assert listing.unread == (model,)


@pytest.mark.parametrize("part", [MODELS, VERSIONS, "/artifacts"])
@pytest.mark.parametrize(
    "body",
    ["<html>Log in</html>", "[" * 100_000, '{"items": 5}', "[]", "null", '{"items": []', '{"items": null}'],
)
def test_garbage_is_a_problem_and_deletes_nothing(registry: Kubeflow, part: str, body: str) -> None:
    model, _ = fraud(registry)
    spoil(registry, part, then=PlainTextResponse(body))
    listing = read(registry)
    assert listing.models == ()
    assert len(listing.problems) == 1
    assert (not listing.complete) if part == MODELS else listing.unread == (model,)


def test_an_address_of_another_api_is_told(registry: Kubeflow) -> None:
    spoil(registry, "/", then=refusal(404))
    listing = read(registry)
    assert not listing.complete
    assert "`api`" in listing.problems[0].hint


def test_an_empty_answer_is_not_an_empty_registry(registry: Kubeflow) -> None:
    listing = read(registry)
    assert (listing.models, listing.unread, listing.complete) == ((), (), False)
    assert "no models at all" in listing.problems[0].what


def test_excluded_models_cost_nothing(registry: Kubeflow) -> None:
    fraud(registry)
    fraud(registry, "tmp-1")
    listing = read(registry, select=Select(include=("FRAUD*",)))
    assert set(by_name(listing)) == {"fraud"}
    assert listing.complete
    assert registry.count("/artifacts") == 1
    registry.requests.clear()
    assert read(registry, select=Select(include=("none",))).complete
    assert len(registry.requests) == 1


def test_versions_that_cannot_be_listed_leave_all_models_unread(registry: Kubeflow) -> None:
    model, _ = fraud(registry)
    spoil(registry, VERSIONS, then=refusal(500, "down", **{"retry-after": "0"}))
    listing = read(registry)
    assert (listing.models, listing.unread) == ((), (model,))
    assert "down" in listing.problems[0].what


def test_a_failing_server_is_not_asked_for_the_artifacts_of_every_version(registry: Kubeflow) -> None:
    for number in range(10):
        fraud(registry, f"m{number}")
    spoil(registry, "/artifacts", then=refusal(403, "not yours"))
    listing = read(registry)
    assert len(listing.unread) == 10
    assert registry.count("/artifacts") == 3
    assert "7 models were not read further" in listing.problems[-1].what


def test_a_busy_server_is_asked_again_when_it_says(registry: Kubeflow) -> None:
    fraud(registry)
    spoil(registry, MODELS, refusal(429, "later", **{"retry-after": "0"}), None)
    assert read(registry).complete


def test_a_server_that_hangs_ends_by_its_own_timeout(registry: Kubeflow) -> None:
    registry.interfere = hang
    listing = read(registry, timeout=0.2)
    assert not listing.complete
    assert "no complete answer" in listing.problems[0].what


def test_a_token_goes_to_the_server_only_and_stands_nowhere(
    registry: Kubeflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBEFLOW_TEST_TOKEN", CANARY)
    registry.token = CANARY
    fraud(registry)
    token = SecretReference(env="KUBEFLOW_TEST_TOKEN")
    assert read(registry, token=token).complete
    assert set(registry.authorizations) == {f"Bearer {CANARY}"}
    with kubeflow.running() as elsewhere:
        spoil(registry, "/", then=RedirectResponse(f"{elsewhere.url}{MODELS}"))
        listing = read(registry, token=token)
        assert elsewhere.requests == []
    assert "not followed" in listing.problems[0].what
    spoil(registry, "/", then=refusal(401, f"{CANARY} is not valid"))
    refused = read(registry, token=token)
    assert "401" in refused.problems[0].what
    assert CANARY not in listing.model_dump_json() + refused.model_dump_json()
    assert "NO_SUCH" in read(registry, token=SecretReference(env="NO_SUCH")).problems[0].what


def test_a_bomb_is_cut_off(registry: Kubeflow) -> None:
    spoil(registry, MODELS, then=bomb(LARGEST_ANSWER + 1))
    listing = read(registry)
    assert not listing.complete
    assert "more than" in listing.problems[0].what


def test_times_that_lie_are_left_out_and_order_nothing(registry: Kubeflow) -> None:
    model, _ = fraud(registry, createTimeSinceEpoch="99999999999999999", lastUpdateTimeSinceEpoch="-5")
    registry.version(model, "v2", createTimeSinceEpoch="0")
    (read_model,) = read(registry).models
    assert (read_model.created_at, read_model.updated_at) == (None, None)
    assert [version.name for version in read_model.versions] == ["v2", "v1"]


@pytest.mark.parametrize("identifier", [None, "", "../x", "1/2", -1, True, "9" * 30, "\ud800"])
@pytest.mark.parametrize("path", [MODELS, VERSIONS])
def test_a_record_without_a_usable_id_deletes_nothing(registry: Kubeflow, path: str, identifier: Any) -> None:
    bad, _ = fraud(registry, "bad")
    fraud(registry, "good")
    registry.spoil = lambda at, page: [{**page[0], "id": identifier}, *page[1:]] if at == path else page
    listing = read(registry)
    assert "good" in by_name(listing)
    if path == MODELS:
        assert not listing.complete
    else:
        assert listing.unread == (bad,)
    assert not any(".." in request for request in registry.requests)
    listing.model_dump_json()


def test_a_version_of_no_known_model_leaves_all_models_unread(registry: Kubeflow) -> None:
    fraud(registry)
    registry.spoil = lambda at, page: [{"name": "v1", "id": "5"}] if at == VERSIONS else page
    assert read(registry).models == ()


def test_the_double_pages_and_refuses_as_described(registry: Kubeflow) -> None:
    import httpx2

    for number in range(5):
        fraud(registry, f"m{number}")
    paths = [MODELS, VERSIONS, SERVICES, f"{VERSIONS}/2/artifacts", f"{VERSIONS}/999/artifacts"]
    with httpx2.Client(base_url=registry.url, trust_env=False) as client:

        @settings(max_examples=60)
        @given(
            path=st.sampled_from(paths),
            query=st.fixed_dictionaries(
                {},
                optional={
                    "pageSize": st.sampled_from(["1", "2", "1000", "0", "-1", "many"]),
                    "orderBy": st.sampled_from(["ID", "CREATE_TIME", "LAST_UPDATE_TIME", "SIZE"]),
                    "sortOrder": st.sampled_from(["ASC", "DESC", "UP"]),
                    "nextPageToken": st.sampled_from(["", "MTo=", "no token", "eA=="]),
                },
            ),
        )
        def ask(path: str, query: dict[str, str]) -> None:
            assert client.get(path, params=query).status_code in (200, 400, 404)

        ask()
        seen: list[str] = []
        token = ""
        while True:
            query = {
                "pageSize": "2",
                "orderBy": "LAST_UPDATE_TIME",
                "sortOrder": "DESC",
                "nextPageToken": token,
            }
            answer = client.get(MODELS, params=query).json()
            seen += [each["name"] for each in answer["items"]]
            token = answer["nextPageToken"]
            if not token:
                break
        assert seen == [f"m{number}" for number in (4, 3, 2, 1, 0)]
        assert client.get(f"{REGISTRY}/experiments").status_code == 501
        assert client.post(MODELS, json={}).status_code == 501


_JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(
        ["", "\0", "\x1b[31m", "../..", "x" * 100_000, "---\n{}\n---\n", "]]>", "NaN", "9" * 400]
    ),
    st.lists(st.one_of(st.none(), st.integers(), st.text(max_size=5)), max_size=3),
    st.dictionaries(
        st.text(max_size=8), st.one_of(st.none(), st.integers(), st.text(max_size=5)), max_size=3
    ),
)
_VALUES = ("metadataType", "int_value", "double_value", "string_value", "bool_value", "struct_value", "type")
_PROPERTIES = st.dictionaries(
    st.one_of(
        st.text(max_size=10), st.sampled_from(["Owner", "url", "mlflow_run_id", "API Spec", "datasets"])
    ),
    st.one_of(
        _JUNK,
        st.fixed_dictionaries(
            {
                "metadataType": st.sampled_from(
                    ["MetadataStringValue", "MetadataDoubleValue", "MetadataStructValue"]
                )
            },
            optional=dict.fromkeys(_VALUES[1:], _JUNK),
        ),
    ),
    max_size=3,
)


def _fields(schema: str) -> list[str]:
    return sorted(contract.properties(contract.ours("registry"), schema)[0])


def _wrong(schema: str) -> st.SearchStrategy[dict[str, Any]]:
    """Changes to some fields of a record, by the contract's names."""
    return st.fixed_dictionaries(
        {},
        optional={
            name: st.one_of(_JUNK, _PROPERTIES) if name == "customProperties" else _JUNK
            for name in _fields(schema)
        },
    )


_KINDS = {
    "RegisteredModel": (MODELS, 0),
    "ModelVersion": (VERSIONS, 0),
    "InferenceService": (SERVICES, 0),
    "ServingEnvironment": (f"{REGISTRY}/serving_environments", 0),
    "ModelArtifact": ("/artifacts", 0),
    "Metric": ("/artifacts", 1),
    "DataSet": ("/artifacts", 2),
}


def test_wrong_types_in_any_field_cost_at_most_their_own_model(registry: Kubeflow) -> None:
    bad, version = fraud(registry, "bad")
    registry.artifact(version, artifactType="metric", name="f1", value=0.5)
    registry.artifact(version, artifactType="dataset-artifact", name="data")
    good, _ = fraud(registry, "good")
    environment = registry.environment("prod")
    registry.service(bad, environment, customProperties=said(url="https://bad.example"))
    registry.service(good, environment, customProperties=said(url="https://good.example"))
    untouched = by_name(read(registry))["good"]
    assert untouched.endpoints
    known = Listing(source="hub", models=(untouched,))
    whose = st.sampled_from(sorted(_KINDS)).flatmap(lambda kind: st.tuples(st.just(kind), _wrong(kind)))

    @settings(max_examples=50)
    @given(whose=whose)
    def attempt(whose: tuple[str, dict[str, Any]]) -> None:
        kind, changes = whose
        part, at = _KINDS[kind]
        path = f"{VERSIONS}/{version}/artifacts" if part == "/artifacts" else part
        registry.spoil = lambda where, page: (
            [*page[:at], page[at] | changes, *page[at + 1 :]] if where == path else page
        )
        listing = read(registry, known=known)
        if not {"id", "registeredModelId"} & changes.keys():
            # What an environment is called is part of its services' names.
            hidden = {"endpoints": ()} if kind == "ServingEnvironment" else {}
            found = by_name(listing)["good"].model_copy(update=hidden)
            assert found == untouched.model_copy(update=hidden)
            assert {model.id for model in listing.models} | set(listing.unread) == {good, bad}
        if listing.complete and kind != "RegisteredModel":
            assert {model.id for model in listing.models} | set(listing.unread) == {good, bad}
        for model in listing.models:
            assert Model.model_validate_json(model.model_dump_json()) == model

    attempt()


def test_settings_name_the_api() -> None:
    assert Settings(name="a", type="kubeflow", url="https://a.example").api == "registry"
    with pytest.raises(ValidationError, match="catalog-sources is for"):
        Settings(name="a", type="kubeflow", url="https://a.example", catalog_sources=("x",))
    with pytest.raises(ValidationError, match="registry"):
        Settings.model_validate({"name": "a", "type": "kubeflow", "url": "https://a.example", "api": "hub"})
