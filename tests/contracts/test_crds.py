"""Our own schemas of custom resources, held to the upstream definitions."""

from __future__ import annotations

import pytest

from tests.contracts import crds
from tests.servers.kubernetes import KSERVE

DEFINITIONS = [
    crds.Definition(kind.definition, kind.plural, kind.kind, kind.version)
    for kind in KSERVE
    if kind.definition
]


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda one: f"{one.kind}-{one.version}")
def test_our_schema_says_nothing_that_upstream_does_not(definition: crds.Definition) -> None:
    theirs = definition.upstream
    if theirs is not None:
        assert list(crds.differences(definition.ours, theirs)) == []
    assert definition.ours["properties"]["spec"]["properties"]


@pytest.mark.parametrize(
    ("predictor", "wrong"),
    [
        ({"model": {"modelFormat": {"name": "onnx"}, "storageUri": "s3://a"}}, 0),
        ({"model": {"modelFormat": {"name": "onnx"}, "storageURI": "s3://a"}}, 1),
        ({"model": {"modelFormat": {}}}, 1),
        ({"canaryTrafficPercent": "10"}, 1),
        ({"storageUris": []}, 1),
    ],
)
def test_an_object_is_right_or_wrong_by_each_schema(predictor: object, wrong: int) -> None:
    value = {"metadata": {"name": "a"}, "spec": {"predictor": predictor}}
    schemas = 1 + (DEFINITIONS[0].upstream is not None)
    assert len(crds.errors(DEFINITIONS[0], value)) == wrong * schemas


def test_a_difference_is_found() -> None:
    text, number = {"type": "string"}, {"type": "integer"}
    theirs = {"properties": {"spec": {"properties": {"a": text, "b": number}, "required": ["a"]}}}
    ours = {"properties": {"spec": {"properties": {"a": number, "c": {"items": text}}}}}
    assert list(crds.differences(ours, theirs)) == [
        "/spec: ['a'] is required",
        "/spec/a: type is string, not integer",
        "/spec/c: is not there",
    ]
