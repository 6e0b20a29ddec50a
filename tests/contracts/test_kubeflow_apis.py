"""The check of Kubeflow's answers finds what is wrong, and our description agrees with Kubeflow's own."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.contracts import kubeflow_apis

MODELS = "/api/model_registry/v1alpha3/registered_models"
VERSIONS = "/api/model_registry/v1alpha3/model_versions"
CATALOG = "/api/model_catalog/v1alpha1/sources/s/models"


def page(*items: dict[str, Any]) -> dict[str, Any]:
    return {"items": list(items), "nextPageToken": "", "pageSize": 10, "size": len(items)}


def complaints(path: str, answer: Any, *, query: str = "", status: int = 200, method: str = "GET") -> str:
    body = json.dumps(answer).encode()
    return "\n".join(kubeflow_apis.errors(method, path, query, status, "application/json", body))


RIGHT = {
    "name": "m",
    "id": "1",
    "customProperties": {"a": {"metadataType": "MetadataIntValue", "int_value": "3"}},
}


@pytest.mark.parametrize(
    ("path", "answer", "complaint"),
    [
        (MODELS, page({"id": "1"}), "name"),
        (MODELS, page({"name": "m", "state": "GONE"}), "GONE"),
        (MODELS, page({"name": "m", "id": 1}), "not of type"),
        (MODELS, {"items": []}, "nextPageToken"),
        (MODELS, page({"name": "m", "customProperties": {"a": "text"}}), "customProperties/a"),
        (MODELS, page({"name": "m", "customProperties": {"a": {"string_value": ""}}}), "customProperties/a"),
        (VERSIONS, page({"name": "1"}), "registeredModelId"),
        (f"{VERSIONS}/1/artifacts", page({"artifactType": "metric", "value": "0.9"}), "items/0"),
        (f"{VERSIONS}/1/artifacts", page({"artifactType": "picture"}), "items/0"),
        (f"{CATALOG}/a%2Fb/artifacts", page({"artifactType": "model-artifact"}), "items/0"),
        (f"{CATALOG}/a/b/artifacts", page(), "no operation"),
        ("/api/model_registry/v1alpha3/pictures", page(), "no operation"),
    ],
)
def test_what_kubeflow_does_not_answer_is_a_violation(path: str, answer: Any, complaint: str) -> None:
    assert complaint in complaints(path, answer)


@pytest.mark.parametrize("query", ["pageSize=0", "orderBy=NAME", "page=1", "sortOrder=UP"])
def test_what_kubeflow_is_not_asked_is_a_violation(query: str) -> None:
    assert complaints(MODELS, page(), query=query)
    assert not complaints(MODELS, {"code": "400", "message": "no"}, query=query, status=400)
    assert complaints(MODELS, {"error": "no"}, query=query, status=400)
    assert "does not answer" in complaints(MODELS, {"code": "418", "message": "no"}, status=418)


def test_what_is_right_is_no_violation() -> None:
    metric = {"artifactType": "metric", "name": "f1", "value": 0.9}
    model = {"artifactType": "model-artifact", "uri": "s3://a/b", "state": "LIVE"}
    assert not complaints(MODELS, page(RIGHT), query="pageSize=10&orderBy=ID&sortOrder=ASC&nextPageToken=x")
    assert not complaints(f"{VERSIONS}/1/artifacts", page(metric, model))
    assert not complaints(f"{CATALOG}/a%2Fb/artifacts", page(model | {"uri": "oci://a/b:1"}))


def _types(document: dict[str, Any], schema: dict[str, Any]) -> Any:
    """What a property may be, without words about it."""
    while "$ref" in schema or (len(schema.get("allOf", [])) == 1 and "properties" not in schema):
        ref = schema.get("$ref") or schema["allOf"][0]["$ref"]
        schema = document["components"]["schemas"][ref.rpartition("/")[2]]
    kept: dict[str, Any] = {
        key: schema[key] for key in ("type", "enum", "pattern", "format", "nullable") if key in schema
    }
    if isinstance(schema.get("items"), dict):
        kept["items"] = _types(document, schema["items"])
    if isinstance(schema.get("additionalProperties"), dict):
        kept["additionalProperties"] = _types(document, schema["additionalProperties"])
    return kept


@pytest.mark.optional
@pytest.mark.parametrize("api", kubeflow_apis.APIS)
def test_our_description_says_what_kubeflows_own_says(api: str) -> None:
    ours, theirs = kubeflow_apis.ours(api), kubeflow_apis.upstream(api)
    if theirs is None:
        pytest.skip("Kubeflow's own description is in no package; it is compared where it is at hand")
    described = ours["components"]["schemas"]
    for name in described.keys() - {"OurArtifact"}:  # a part of artifacts, all of which are compared
        assert name in theirs["components"]["schemas"], name
        mine, needed = kubeflow_apis.properties(ours, name)
        real, required = kubeflow_apis.properties(theirs, name)
        assert (sorted(mine), needed) == (sorted(real), required), name
        for key in mine:
            assert _types(ours, mine[key]) == _types(theirs, real[key]), f"{name}.{key}"
        told = [one["components"]["schemas"][name].get("discriminator") for one in (ours, theirs)]
        assert told[0] == told[1], name
    (_, own), (_, upstream) = kubeflow_apis.descriptions(api)
    for identifier, operation in own.operations.items():
        real_operation = upstream.operations[identifier]
        assert (operation.method, operation.path) == (real_operation.method, real_operation.path)
        allowed = {(each["in"], each["name"]): each["schema"] for each in real_operation.parameters}
        for each in operation.parameters:
            assert _types(ours, each["schema"]) == _types(theirs, allowed[each["in"], each["name"]]), each
        assert operation.raw["responses"].keys() <= real_operation.raw["responses"].keys()
