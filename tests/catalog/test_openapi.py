"""The definition generated from an ONNX signature says what calls look like, and that nobody serves it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from callboard.catalog.docs import render_docs
from callboard.catalog.docs.openapi import inferred_openapi
from callboard.model import Artifact, Endpoint, Model, Port, Signature, Version

SIGNATURE = Signature(
    inputs=(
        Port(name="x", type="float32", shape=("batch", 3)),
        Port(name="mask", type="bool", shape=(-1,), optional=True),
    ),
    outputs=(Port(name="label", type="string", shape=("batch",)), Port(name="any/where:0", type="uint8")),
)


def model(signature: Signature | None = SIGNATURE, *, format: str = "onnx", **fields: Any) -> Model:  # noqa: A002
    version = Version(name="1.2", signature=signature, artifacts=(Artifact(uri="model.onnx", format=format),))
    return Model(source="cards", id="m", name="m", versions=(version,), **fields)


def definition() -> Any:
    return yaml.safe_load(inferred_openapi(model(), "fraud") or "")


def tensor(name: str, datatype: str, shape: list[int], data: list[Any]) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": shape, "data": data}


def test_it_says_that_it_is_generated_and_not_served() -> None:
    said = definition()

    assert said["openapi"] == "3.1.0"
    assert "servers" not in said
    assert said["info"]["title"] == "fraud"
    assert said["info"]["version"] == "1.2"
    assert (said["info"]["x-generated"], said["info"]["x-served"]) == (True, False)
    assert list(said["paths"]) == ["/v2/models/fraud/infer"]


X = tensor("x", "FP32", [2, 3], [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
MASK = tensor("mask", "BOOL", [2], [True, False])


@pytest.mark.parametrize(
    ("inputs", "fits"),
    [
        ([X], True),
        ([X, MASK], True),
        ([MASK, X], True),
        ([MASK], False),
        ([X | {"shape": [2, 4]}], False),
        ([X | {"shape": [2]}], False),
        ([X | {"datatype": "FP64"}], False),
        ([X | {"data": ["text"]}], False),
        ([X, tensor("y", "FP32", [1], [1.0])], False),
        ([], False),
    ],
)
def test_calls_that_fit_the_signature_fit_the_definition(inputs: list[Any], fits: bool) -> None:
    call = definition()["paths"]["/v2/models/fraud/infer"]["post"]
    schema = call["requestBody"]["content"]["application/json"]["schema"]
    Draft202012Validator.check_schema(schema)

    assert Draft202012Validator(schema).is_valid({"inputs": inputs}) == fits


def test_an_answer_of_the_model_fits_too() -> None:
    call = definition()["paths"]["/v2/models/fraud/infer"]["post"]
    schema = call["responses"]["200"]["content"]["application/json"]["schema"]
    answer = [tensor("label", "BYTES", [1], ["a"]), tensor("any/where:0", "UINT8", [1, 1, 1], [0])]

    assert Draft202012Validator(schema).is_valid({"outputs": answer})
    assert not Draft202012Validator(schema).is_valid({"outputs": answer[:1]})


@pytest.mark.parametrize(
    "other",
    [
        model(None),
        model(format="sklearn"),
        model(SIGNATURE.model_copy(update={"outputs": ()})),
        model(SIGNATURE.model_copy(update={"inputs": (Port(name="x", type="complex64"),)})),
        model(SIGNATURE.model_copy(update={"inputs": (Port(name="```\n--8<--", type="bool"),)})),
        model(SIGNATURE.model_copy(update={"inputs": (Port(name="x", type="bool"),) * 2})),
        model(endpoints=(Endpoint(url="https://a.example", protocol="rest", definition="openapi: 3.1.0"),)),
    ],
)
def test_what_cannot_be_said_or_is_said_already_gets_none(other: Model) -> None:
    assert inferred_openapi(other, "fraud") is None


def test_it_has_a_page_of_its_own() -> None:
    def pages(one: Model) -> dict[str, str]:
        return render_docs(
            one, title="Fraud", entity_name="fraud", owner="group:default/a", lifecycle="x", system=None
        )

    page = pages(model())["docs/api.md"]

    assert "**not served**" in page
    assert yaml.safe_load(page.partition("```yaml\n")[2].partition("```")[0]) == definition()
    assert "docs/api.md" not in pages(model(None))
