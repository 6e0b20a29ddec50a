"""MLflow, read from a real server with really trained models, also through a proxy that spoils answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from callboard.config import SecretReference, Select
from callboard.model import Listing, Model
from callboard.sources.context import Context
from callboard.sources.mlflow import Settings, list_models
from tests.servers import mlflow, threads
from tests.servers.doubles import hang, spoil
from tests.servers.mlflow import MLflowServer
from tests.servers.threads import Proxy

CANARY = "canary-mlflow-token-7f3a9"
MODELS = "/registered-models/search"
VERSIONS = "/model-versions/search"
RUNS = "/runs/search"
FILES = "get-artifact"
LOGGED = "/artifacts/files"


@pytest.fixture
def proxy(mlflow_server: MLflowServer) -> Iterator[Proxy]:
    with threads.proxying(mlflow_server.url) as proxy:
        yield proxy


def read(url: str, *, known: Listing | None = None, **settings: Any) -> Listing:
    models = {model.id: model for model in known.models} if known else {}
    return list_models(
        Settings(name="prod", type="mlflow", url=url, **settings), Context(Path.cwd(), known=models)
    )


def by_name(listing: Listing) -> dict[str, Model]:
    return {model.name: model for model in listing.models}


def edit(proxy: Proxy, part: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """The server's JSON answers for paths with ``part`` pass through ``change``."""

    async def interfere(request: Request, _: int) -> Response | None:
        if part not in request.url.path:
            return None
        said = await proxy.forward(request)
        return Response(json.dumps(change(json.loads(bytes(said.body)))), media_type="application/json")

    proxy.interfere = interfere


def test_a_trained_model_is_read_with_all_that_mlflow_knows(mlflow_server: MLflowServer) -> None:
    listing = read(mlflow_server.url)
    model = by_name(listing)["iris-classifier"]
    assert listing.complete
    assert listing.unread == ()
    assert (model.source, model.id) == ("prod", "iris-classifier")
    assert model.provenance["owner"] == "prod"
    assert "card" not in model.provenance
    assert model.description == "Classifies irises: *setosa*, *versicolor*, *virginica*."
    assert model.owner == "group:default/flowers"
    assert model.license is not None
    assert model.license.id == "apache-2.0"
    assert model.library == "sklearn"
    assert model.languages == ("en",)
    assert model.tasks == ("tabular-classification",)
    assert model.properties == {"team-note": 'quotes " and : and {{ 7*7 }}'}
    assert model.links[0].url == f"{mlflow_server.url}/#/models/iris-classifier"
    assert [(v.name, v.state, v.aliases) for v in model.versions] == [
        ("3", "READY", ("champion",)),
        ("2", "Staging", ()),
        ("1", "READY", ("fallback",)),
    ]
    newest = model.versions[0]
    assert newest.description == "Least regularised."
    assert newest.tags == {"params.C": "1.0", "trained_by": "iris C=1.0"}
    assert newest.run_id
    assert newest.created_at
    assert newest.created_at.endswith("Z")
    assert len(newest.created_at) == 20


def test_the_signature_comes_from_the_file_that_mlflow_wrote(mlflow_server: MLflowServer) -> None:
    version = by_name(read(mlflow_server.url))["iris-classifier"].versions[0]
    assert version.signature is not None
    assert [(p.name, p.type, p.shape) for p in version.signature.inputs] == [
        ("sepal length (cm)", "double", None),
        ("sepal width (cm)", "double", None),
        ("petal length (cm)", "double", None),
        ("petal width (cm)", "double", None),
    ]
    assert [(p.name, p.type, p.shape) for p in version.signature.outputs] == [("output", "int64", (-1,))]
    assert [(p.name, p.type, p.optional) for p in version.signature.parameters] == [
        ("threshold", "double", True)
    ]
    (artifact,) = version.artifacts
    assert artifact.format == "sklearn"
    assert artifact.size is not None
    assert artifact.size > 1000
    assert artifact.uri.startswith("models:/m-")


def test_metrics_become_evaluations_on_the_dataset_they_were_measured_with(
    mlflow_server: MLflowServer,
) -> None:
    listing = read(mlflow_server.url)
    version = by_name(listing)["iris-classifier"].versions[0]
    found = {e.metric: e for e in version.evaluations}
    assert set(found) == {"accuracy", "f1_macro"}
    assert 0.9 < found["accuracy"].value <= 1
    assert found["accuracy"].higher_is_better
    assert found["accuracy"].dataset == "iris-held-out"
    assert found["accuracy"].source == version.run_id
    nan = [p for p in listing.problems if p.model == "iris-classifier"]
    assert [p.severity for p in nan] == ["warning"] * 3
    assert all("broken" in p.what for p in nan)


def test_files_of_a_run_are_found_however_mlflow_stored_them(mlflow_server: MLflowServer) -> None:
    model = by_name(read(mlflow_server.url))["diabetes-risk"]
    assert model.description == "Progression of diabetes after a year."
    formats = {v.name: (v.artifacts[0].format, v.signature is not None) for v in model.versions}
    assert formats == {"3": ("sklearn", True), "2": ("files", False), "1": ("sklearn", True)}
    assert {v.artifacts[0].uri.partition(":")[0] for v in model.versions} == {"runs", "mlflow-artifacts"}
    assert model.versions[0].signature is not None
    assert model.versions[0].signature.inputs[0].shape == (-1, 10)


def test_names_that_would_hurt_elsewhere_are_read_as_they_are(mlflow_server: MLflowServer) -> None:
    names = set(by_name(read(mlflow_server.url)))
    assert {"дом-модель", "模型", "🦊🚀", "Case-Model", "case-model", "dot.model", "dot-model"} <= names
    assert {"n" * 200, "{{ 7*7 }} ${{ secrets.X }}"} <= names


def test_two_requests_list_everything_and_files_are_read_once(proxy: Proxy) -> None:
    first = read(proxy.url)
    versions = sum(len(model.versions) for model in first.models)
    assert proxy.count(MODELS) == 1
    assert proxy.count(VERSIONS) == 1
    assert proxy.count(RUNS) == 1
    assert proxy.count(FILES) + proxy.count(LOGGED) == versions == 6
    proxy.requests.clear()
    assert read(proxy.url, known=first) == first
    assert proxy.count(FILES) + proxy.count(LOGGED) == 0
    assert len(proxy.requests) == 4


def test_a_version_of_another_run_does_not_take_over_what_was_known(proxy: Proxy) -> None:
    first = read(proxy.url)
    iris = by_name(first)["iris-classifier"]
    changed = iris.versions[0].model_copy(update={"run_id": "0" * 32})
    known = first.model_copy(
        update={"models": (iris.model_copy(update={"versions": (changed, *iris.versions[1:])}),)}
    )
    proxy.requests.clear()
    again = read(proxy.url, known=known, select=Select(include=("iris-*",)))
    assert proxy.count(FILES) == 1
    assert by_name(again)["iris-classifier"] == iris


@pytest.mark.no_cover
def test_a_thousand_models_with_three_thousand_versions_take_two_requests(tmp_path: Path) -> None:
    with mlflow.running(tmp_path) as server, threads.proxying(server.url) as proxy:
        mlflow.fill(server, models=1000, versions=3)
        listing = read(proxy.url)
        assert listing.complete
        assert listing.problems == ()
        assert len(listing.models) == 1000
        assert all([v.name for v in m.versions] == ["3", "2", "1"] for m in listing.models)
        assert all(v.evaluations[0].metric == "accuracy" for m in listing.models for v in m.versions)
        assert (proxy.count(MODELS), proxy.count(VERSIONS), proxy.count(RUNS)) == (1, 1, 6)
        assert len(proxy.requests) == 9


def test_the_token_is_sent_to_the_server_and_written_nowhere(
    proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TEST_TOKEN", CANARY)
    spoil(proxy, "/", then=JSONResponse({"message": f"who is {CANARY}?"}, 401))
    listing = read(proxy.url, token=SecretReference(env="MLFLOW_TEST_TOKEN"))
    assert proxy.headers[0]["authorization"] == f"Bearer {CANARY}"
    assert not listing.complete
    assert len(proxy.requests) == 1
    (problem,) = listing.problems
    assert "401" in problem.what
    assert "token" in problem.hint
    assert MODELS in problem.where
    assert CANARY not in listing.model_dump_json()


def test_a_user_name_and_a_password_are_sent(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TEST_PASSWORD", CANARY)
    read(proxy.url, username="ann", password=SecretReference(env="MLFLOW_TEST_PASSWORD"))
    assert proxy.headers[0]["authorization"].startswith("Basic ")
    listing = read(proxy.url, username="ann")
    assert "password" in listing.problems[0].what


def test_a_token_that_is_not_there_is_a_problem_that_names_the_variable(mlflow_server: MLflowServer) -> None:
    listing = read(mlflow_server.url, token=SecretReference(env="NO_SUCH_VARIABLE_HERE"))
    assert not listing.complete
    assert "NO_SUCH_VARIABLE_HERE" in listing.problems[0].what


def test_a_server_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    listing = read("ftp://nowhere".replace("ftp", "http"), timeout=0.2, ca_bundle=tmp_path / "none.pem")
    assert not listing.complete
    assert "none.pem" in listing.problems[0].what


@pytest.mark.parametrize("part", [MODELS, VERSIONS])
@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<html>Log in</html>", "not JSON"),
        ("[" * 100_000, "nested too deeply"),
        ('{"registered_models": 5, "model_versions": {}}', "no list"),
        ("[]", "no list"),
        ("null", "no list"),
        ('{"registered_models"', "not JSON"),
    ],
)
def test_garbage_is_a_problem_and_deletes_nothing(proxy: Proxy, part: str, body: str, said: str) -> None:
    spoil(proxy, part, then=PlainTextResponse(body))
    listing = read(proxy.url)
    assert not listing.complete
    assert any(said in problem.what for problem in listing.problems)
    assert listing.models == ()
    assert ("iris-classifier" in listing.unread) is (part == VERSIONS)


def test_an_empty_answer_is_not_an_empty_registry(proxy: Proxy) -> None:
    spoil(proxy, MODELS, then=JSONResponse({}))
    listing = read(proxy.url)
    assert (listing.models, listing.unread, listing.complete) == ((), (), False)
    assert "no models at all" in listing.problems[0].what


def test_a_selection_that_matches_nothing_is_complete(proxy: Proxy) -> None:
    listing = read(proxy.url, select=Select(include=("nothing-*",)))
    assert (listing.models, listing.unread, listing.complete) == ((), (), True)
    assert proxy.count(VERSIONS) == 0


def test_excluded_models_cost_nothing(proxy: Proxy) -> None:
    listing = read(proxy.url, select=Select(include=("IRIS-*", "d*"), exclude=("dot*", "diabetes-*")))
    assert set(by_name(listing)) == {"iris-classifier"}
    assert proxy.count(FILES) == 3


def test_a_server_that_is_busy_is_asked_again_when_it_says(proxy: Proxy) -> None:
    busy = JSONResponse({"message": "slow down"}, 429, {"retry-after": "0"})
    spoil(proxy, MODELS, busy, busy)
    listing = read(proxy.url)
    assert listing.complete
    assert proxy.count(MODELS) == 3


def test_a_server_that_fails_three_times_is_read_the_fourth_time(proxy: Proxy) -> None:
    failed = JSONResponse({"error_code": "INTERNAL_ERROR"}, 500, {"retry-after": "0"})
    spoil(proxy, VERSIONS, failed, failed, failed)
    assert read(proxy.url).complete


def test_a_server_that_goes_on_failing_leaves_every_model_unread(proxy: Proxy) -> None:
    spoil(proxy, VERSIONS, then=JSONResponse({"error_code": "INTERNAL_ERROR"}, 500, {"retry-after": "0"}))
    listing = read(proxy.url)
    assert not listing.complete
    assert listing.models == ()
    assert {"iris-classifier", "diabetes-risk"} <= set(listing.unread)
    assert "500" in listing.problems[0].what


def test_a_server_that_never_answers_ends_as_a_problem(proxy: Proxy) -> None:
    proxy.interfere = hang
    listing = read(proxy.url, timeout=0.3)
    assert not listing.complete
    assert "no complete answer" in listing.problems[0].what


def test_an_error_on_the_second_page_keeps_the_first_and_is_incomplete(proxy: Proxy) -> None:
    edit(proxy, MODELS, lambda answer: answer | {"next_page_token": "more"})
    real = proxy.interfere

    async def interfere(request: Request, before: int) -> Response | None:
        if MODELS in request.url.path and before:
            return JSONResponse({"registered_models": "gone"})
        return await real(request, before) if real else None

    proxy.interfere = interfere
    listing = read(proxy.url)
    assert not listing.complete
    assert "iris-classifier" in by_name(listing)
    assert listing.unread == ()


def test_a_page_token_that_comes_back_ends_the_listing(proxy: Proxy) -> None:
    async def interfere(request: Request, before: int) -> Response | None:
        if MODELS not in request.url.path:
            return None
        return JSONResponse({"registered_models": [{"name": f"m{before}"}], "next_page_token": "string"})

    proxy.interfere = interfere
    listing = read(proxy.url)
    assert proxy.count(MODELS) == 2
    assert not listing.complete
    assert any("does not end" in problem.what for problem in listing.problems)


def test_a_model_that_stands_on_two_pages_is_one_model(proxy: Proxy) -> None:
    async def interfere(request: Request, before: int) -> Response | None:
        if MODELS not in request.url.path:
            return None
        page: dict[str, Any] = {"registered_models": [{"name": "a"}, {"name": f"b{before}"}]}
        return JSONResponse(page if before else page | {"next_page_token": "t"})

    proxy.interfere = interfere
    listing = read(proxy.url)
    assert [model.name for model in listing.models] == ["a", "b0", "b1"]
    assert listing.complete


BAD_RECORDS = [
    ("description", 5),
    ("tags", "none"),
    ("tags", [{"key": 1}]),
    ("creation_timestamp", "yesterday"),
    ("creation_timestamp", 10**30),
    ("last_updated_timestamp", -(10**18)),
    ("aliases", [["champion", "3"]]),
]


@pytest.mark.parametrize(("key", "value"), BAD_RECORDS)
def test_a_bad_record_costs_its_own_model_only(proxy: Proxy, key: str, value: Any) -> None:
    def change(answer: dict[str, Any]) -> dict[str, Any]:
        for model in answer["registered_models"]:
            if model["name"] == "dot.model":
                model[key] = value
        return answer

    edit(proxy, MODELS, change)
    listing = read(proxy.url)
    assert listing.complete
    assert listing.unread == ("dot.model",)
    assert "dot.model" not in by_name(listing)
    assert {"dot-model", "iris-classifier"} <= set(by_name(listing))
    assert [p.model for p in listing.problems if p.severity == "error"] == ["dot.model"]


@pytest.mark.parametrize(("key", "value"), [("version", None), ("tags", 1), ("creation_timestamp", 10**30)])
def test_a_bad_version_costs_its_own_model_only(proxy: Proxy, key: str, value: Any) -> None:
    def change(answer: dict[str, Any]) -> dict[str, Any]:
        next(v for v in answer["model_versions"] if v["name"] == "iris-classifier")[key] = value
        return answer

    edit(proxy, VERSIONS, change)
    listing = read(proxy.url)
    assert listing.complete
    assert listing.unread == ("iris-classifier",)
    assert "diabetes-risk" in by_name(listing)


@pytest.mark.parametrize("record", [5, {}, {"name": ""}, {"name": 5}, {"name": "\ud800"}, None, ["a"]])
def test_a_record_that_could_be_any_models_makes_the_listing_incomplete(proxy: Proxy, record: Any) -> None:
    def change(answer: dict[str, Any]) -> dict[str, Any]:
        answer["registered_models"].append(record)
        return answer

    edit(proxy, MODELS, change)
    listing = read(proxy.url)
    assert not listing.complete
    assert listing.unread == ()
    assert "iris-classifier" in by_name(listing)
    listing.model_dump_json()


def test_a_version_of_no_model_leaves_all_models_unread(proxy: Proxy) -> None:
    edit(proxy, VERSIONS, lambda answer: {"model_versions": [*answer["model_versions"], {}]})
    listing = read(proxy.url)
    assert listing.models == ()
    assert "iris-classifier" in listing.unread


def test_runs_that_cannot_be_read_keep_what_was_known_of_them(proxy: Proxy) -> None:
    first = read(proxy.url)
    spoil(proxy, RUNS, then=JSONResponse({"message": "no permission"}, 403))
    again = read(proxy.url, known=first)
    assert by_name(again) == by_name(first)
    assert any("no permission" in problem.what for problem in again.problems)
    anew = read(proxy.url)
    assert anew.complete
    assert by_name(anew)["iris-classifier"].versions[0].evaluations == ()


def test_one_bad_run_does_not_cost_the_others(proxy: Proxy) -> None:
    def change(answer: dict[str, Any]) -> dict[str, Any]:
        answer["runs"][0]["data"]["metrics"] = [{"key": "accuracy", "value": "high"}]
        return answer

    edit(proxy, RUNS, change)
    listing = read(proxy.url)
    versions = [v for model in listing.models for v in model.versions]
    assert sum(1 for v in versions if v.evaluations) >= 3
    assert any("metrics" in p.what for p in listing.problems if p.severity == "error")


@pytest.mark.parametrize(
    "body",
    [
        "signature: {inputs: '[{]'}",
        "signature: {inputs: '" + "[" * 50_000 + "'}",
        'signature: {inputs: \'[{"name": "x"}]\'}',
        "signature: 5",
        "- a list",
        "a: [",
        "",
        "&a [*a]",
    ],
)
def test_a_bad_mlmodel_file_costs_the_signature_only(proxy: Proxy, body: str) -> None:
    spoil(proxy, FILES, PlainTextResponse(body))
    listing = read(proxy.url, select=Select(include=("iris-classifier",)))
    newest, *others = by_name(listing)["iris-classifier"].versions
    assert newest.signature is None
    assert all(version.signature for version in others)
    (problem,) = [p for p in listing.problems if p.severity == "error"]
    assert problem.model == "iris-classifier"
    assert "version 3" in problem.what


def test_files_that_could_not_be_read_are_asked_for_again(proxy: Proxy) -> None:
    spoil(proxy, FILES, Response(status_code=403))
    first = read(proxy.url, select=Select(include=("iris-classifier",)))
    assert by_name(first)["iris-classifier"].versions[0].signature is None
    proxy.interfere = None
    proxy.requests.clear()
    again = read(proxy.url, known=first, select=Select(include=("iris-classifier",)))
    assert by_name(again)["iris-classifier"].versions[0].signature is not None
    assert proxy.count(FILES) == 1


def test_a_broken_artifact_store_is_not_asked_for_every_file(proxy: Proxy) -> None:
    async def interfere(request: Request, _: int) -> Response | None:
        broken = FILES in request.url.path or LOGGED in request.url.path
        return Response(status_code=403) if broken else None

    proxy.interfere = interfere
    listing = read(proxy.url)
    assert listing.complete
    assert proxy.count(FILES) + proxy.count(LOGGED) == 3
    assert any("3 MLmodel files were not asked for" in problem.what for problem in listing.problems)
    assert {"iris-classifier", "diabetes-risk"} <= set(by_name(listing))
