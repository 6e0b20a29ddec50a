"""Properties that people write into Kubeflow, and what they say of other registries."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from callboard.model import Artifact
from callboard.sources.kubeflow_artifacts import artifact_of
from callboard.sources.kubeflow_properties import (
    Properties,
    Value,
    counterparts_of,
    mlflow_uri,
    model_source,
    plain_key,
)
from callboard.sources.kubeflow_records import ArtifactRecord, utc
from tests.servers.kubeflow import said

RUN = "0123456789abcdef0123456789abcdef"


def properties(**values: str | float | bool) -> Properties:
    return Properties.of({key: Value.model_validate(value) for key, value in said(**values).items()})


@pytest.mark.parametrize(
    ("kind", "field", "value", "text", "number"),
    [
        ("String", "string_value", "a", "a", None),
        ("Int", "int_value", "-3", "-3", -3.0),
        ("Int", "int_value", 7, "7", 7.0),
        ("Int", "int_value", "9" * 400, "9" * 400, None),
        ("Int", "int_value", "three", "three", None),
        ("Double", "double_value", 0.1, "0.1", 0.1),
        ("Double", "double_value", float("nan"), None, None),
        ("Double", "double_value", float("-inf"), None, None),
        ("Bool", "bool_value", False, "false", None),
        ("Struct", "struct_value", base64.b64encode(b'{"a": [1, 2]}').decode(), '{"a":[1,2]}', None),
        ("Struct", "struct_value", '{"a": 1}', '{"a": 1}', None),
        ("Struct", "struct_value", base64.b64encode(b"[" * 100_000).decode(), None, None),
        ("Struct", "struct_value", base64.b64encode(rb'["\ud800"]').decode(), '["\ufffd"]', None),
        ("Struct", "struct_value", base64.b64encode(b"\xff\xfe").decode(), "//4=", None),
        ("Proto", "proto_value", "aaaa", None, None),
        ("Array", "array_value", ["new"], None, None),
        ("String", "int_value", "3", None, None),
    ],
)
def test_a_value_is_what_its_type_says(
    kind: str, field: str, value: Any, text: str | None, number: float | None
) -> None:
    read = Value.model_validate({"metadataType": f"Metadata{kind}Value", field: value})
    assert read.number == number
    if text is not None or kind != "Struct":
        assert read.text == text


def test_keys_are_compared_by_letters_and_digits_alone() -> None:
    own = properties(**{"Homepage URL": " https://a.example ", "home_page": "x", "label": "", "": "y"})
    assert own.find("homepageurl") == ("Homepage URL", "https://a.example")
    assert own.get("nothing", "homepage") == "x"
    assert own.labels == ("label",)
    assert own.without(frozenset({"homepageurl", "homepage"})) == {"label": "", "": "y"}
    assert plain_key("MLflow run-ID ★") == "mlflowrunid"


@pytest.mark.parametrize(
    ("uri", "model", "version", "run"),
    [
        (f"runs:/{RUN}/model", None, None, RUN),
        ("models:/fraud/3", "fraud", "3", None),
        ("models:/fraud@champion", None, None, None),
        ("models:/fraud/Production", None, None, None),
        ("models:/m-0123456789abcdef0123456789abcdef", None, None, None),
        (f"mlflow-artifacts:/1/{RUN}/artifacts/model", None, None, RUN),
        (f"mlflow-artifacts://host/1/{RUN}/artifacts", None, None, RUN),
        ("mlflow-artifacts:/1/models/m-1/artifacts", None, None, None),
    ],
)
def test_a_uri_of_mlflow_says_no_more_than_it_must(
    uri: str, model: str | None, version: str | None, run: str | None
) -> None:
    (one,) = mlflow_uri(uri, "here", "v1")
    assert (one.registry, one.uri, one.said_by, one.of_version) == ("mlflow", uri, "here", "v1")
    assert (one.model, one.version, one.run_id) == (model, version, run)


@pytest.mark.parametrize(
    "uri", ["", "s3://b/runs:/x", "models:", "https://mlflow.example/#/models/x", f"s3://b/1/{RUN}/artifacts"]
)
def test_an_address_that_is_not_mlflows_says_nothing(uri: str) -> None:
    assert list(mlflow_uri(uri, "here", None)) == []


@pytest.mark.parametrize(
    "values",
    [
        {"run_id": RUN},
        {"mlflow_run_id": "../../x"},
        {"mlflow_run_id": ""},
        {"mlflow_version": "3"},
        {"mlflow_model_uri": "s3://models/x"},
        {"repo": "ibm/granite"},
        {"model_origin": "elsewhere", "repo": "ibm/granite"},
    ],
)
def test_properties_that_name_no_other_registry_say_nothing(values: dict[str, str]) -> None:
    assert list(counterparts_of(properties(**values), None)) == []


def test_a_version_counts_only_with_its_model() -> None:
    (one,) = counterparts_of(properties(mlflow_run=RUN, mlflow_version="3"), None)
    assert (one.model, one.version, one.run_id) == (None, None, RUN)
    (one,) = counterparts_of(properties(mlflow_model="fraud", mlflow_model_version="3"), "v1", "artifact ")
    assert (one.model, one.version, one.of_version) == ("fraud", "3", "v1")
    assert one.said_by == "artifact customProperties mlflow_model, mlflow_model_version"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (("kfp", "pipelinerun", RUN, "nightly"), []),
        (("catalog", None, None, "x"), []),
        (("catalog", "acme", None, None), []),
        (("catalog", "acme", None, "a/b"), [("kubeflow", "acme/a/b", None, None)]),
        (("mlflow", None, "17", None), []),
        (("mlflow", None, RUN, None), [("mlflow", None, RUN, None)]),
        (("MLflow", None, "models:/fraud/3", "fraud"), [
            ("mlflow", "fraud", None, "models:/fraud/3"), ("mlflow", "fraud", None, None)]),
        ((None, None, RUN, "x"), []),
    ],
)  # fmt: skip
def test_the_source_of_an_artifact_counts_where_it_is_known(
    source: tuple[str | None, str | None, str | None, str | None], expected: list[Any]
) -> None:
    found = [(one.registry, one.model, one.run_id, one.uri) for one in model_source(*source, "v1")]
    assert found == expected


@pytest.mark.parametrize(
    ("uri", "said_of_it", "digest"),
    [
        ("oci://r/a:1", {}, None),
        (f"oci://r/a@sha256:{'a' * 64}", {}, f"sha256:{'a' * 64}"),
        ("s3://a", {"SHA-256": "b" * 64}, f"sha256:{'b' * 64}"),
        ("s3://a", {"digest": f"sha256:{'b' * 64}"}, f"sha256:{'b' * 64}"),
        ("s3://a", {"digest": "md5:abc"}, None),
        (f"s3://a?x=sha256:{'a' * 64}z", {}, None),
    ],
)
def test_a_digest_is_taken_only_whole(uri: str, said_of_it: dict[str, str], digest: str | None) -> None:
    record = ArtifactRecord.model_validate(
        {"artifactType": "model-artifact", "uri": uri, "customProperties": said(**said_of_it)}
    )
    assert artifact_of(record) == Artifact(uri=uri, digest=digest)


@pytest.mark.parametrize(
    ("milliseconds", "time"),
    [(None, None), (0, None), (-1, None), (10**30, None), (1_767_225_600_999, "2026-01-01T00:00:00Z")],
)
def test_a_time_that_cannot_be_is_none(milliseconds: int | None, time: str | None) -> None:
    assert utc(milliseconds) == time
