"""JSON Schemas of others: where something is wrong, and that neither schema nor value can hurt."""

from __future__ import annotations

from typing import Any

import pytest

from callboard.validation.json_schema import BadSchema, JsonSchema


def said(schema: dict[str, Any], value: object) -> list[tuple[object, ...]]:
    return [(one.path, one.keyword, one.key) for one in JsonSchema(schema).mismatches(value, 10)]


def test_keys_that_look_like_numbers_are_keys() -> None:
    schema = {"properties": {"200": {"items": {"type": "string"}}}}
    assert said(schema, {"200": ["a", 1]}) == [(("200", 1), "type", False)]


def test_what_is_missing_and_what_is_too_much_is_named() -> None:
    schema = {
        "properties": {"a": {"required": ["b"], "additionalProperties": False, "properties": {"b": {}}}}
    }
    assert said(schema, {"a": {"c": 1}}) == [
        (("a", "c"), "additionalProperties", True),
        (("a", "b"), "required", False),
    ]


def test_of_several_schemas_the_one_that_is_meant_says_what_is_wrong() -> None:
    reference = {"required": ["$ref"], "properties": {"$ref": {"type": "string"}}}
    response = {"properties": {"content": {"required": ["type"]}}, "required": ["content"]}
    assert said({"oneOf": [reference, response]}, {"content": {}}) == [
        (("content", "type"), "required", False)
    ]


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ({"properties": {"a": {"type": "strin"}}}, ("properties", "a", "type")),
        ({"pattern": "(?=a)"}, ("pattern",)),
        ({"$ref": "https://example.com/schema.json"}, ()),
        ({"$ref": "file:///etc/passwd"}, ()),
        ({"$schema": "https://example.com/draft"}, ()),
    ],
)
def test_a_schema_that_cannot_be_used_is_refused(schema: dict[str, Any], path: tuple[str, ...]) -> None:
    with pytest.raises(BadSchema) as raised:
        JsonSchema(schema)
    assert raised.value.path == path
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("value", [float("nan"), 10**400, "\ud800", {"\ud800": 1}, ["x" * 100_000]])
def test_odd_values_are_answered_in_few_words(value: object) -> None:
    found = list(JsonSchema({"type": "boolean"}).mismatches(value, 10))
    assert found
    assert all(len(one.message) <= 200 for one in found)


def test_a_schema_that_refers_to_itself_ends() -> None:
    assert said({"$ref": "#"}, {"a": 1}) == []


def test_of_a_large_value_only_the_first_problem_is_told() -> None:
    schema = {"items": {"type": "string"}}
    assert len(said(schema, list(range(8)))) == 8
    assert len(said(schema, list(range(20_000)))) == 1
    assert len(said(schema, ["x" * 200_000, 1, 2])) == 1
