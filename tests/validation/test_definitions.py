"""API definitions: what is not what its type says, and that hostile ones cost no more than a moment."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callboard.validation.definitions import definition_findings
from callboard.validation.definitions.limits import LARGEST, LARGEST_GRAPHQL

OPENAPI = """\
openapi: {version}
info: {{title: Fraud, version: '1'}}
paths:
  /score:
    post:
      responses:
        200:
          description: A score
          content: {{application/json: {{schema: {{$ref: '#/components/schemas/Score'}}}}}}
components: {{schemas: {{Score: {{type: number}}}}}}
"""
SWAGGER = "swagger: '2.0'\ninfo: {title: a, version: '1'}\npaths: {}\n"
LONG_KEY = json.dumps(
    {"swagger": "2.0", "info": {"title": "a", "version": "1"}, "paths": {}, "x-" + "k" * 2000: 1}
)
ALIASES = "a: &a [x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join(['*' + old] * 8)}]\n" for old, new in pairwise("abcdefghi")
)
PROTO = """\
syntax = "proto3"; // {
/* { */ package a.b;
message A { string a = 1 [json_name = "{"]; }
service S { rpc Do(A) returns (stream A); }
"""


def said(kind: str, definition: object) -> list[tuple[str, str]]:
    entity = {"kind": "API", "spec": {"type": kind, "definition": definition}}
    found = list(definition_findings(entity))
    assert all(one.severity == "warning" and one.path == ("spec", "definition") for one in found)
    return [(one.code, one.what) for one in found]


@pytest.mark.parametrize(
    ("kind", "definition"),
    [
        *(("openapi", OPENAPI.format(version=version)) for version in ("3.0.3", "3.1.0", "3.2.0")),
        ("openapi", SWAGGER),
        ("openapi", '{\n\t"openapi": "3.0.0",\n\t"info": {"title": "a", "version": "1"}, "paths": {}}'),
        ("openapi", LONG_KEY),
        ("asyncapi", "asyncapi: 2.6.0\ninfo: {title: a, version: '1'}\nchannels: {}"),
        ("asyncapi", "asyncapi: 3.0.0\ninfo: {title: a, version: '1'}"),
        ("graphql", "type Query { score(a: ID!): Float }"),
        ("grpc", PROTO),
        ("grpc", 'edition = "2023"; enum E { A = 0; }'),
        ("trpc", "anything"),
        ("my-own", "{"),
        ("openapi", ""),
        ("openapi", {"$text": "./openapi.yaml"}),
    ],
)
def test_nothing_is_said_of_what_is_right_or_of_another_type(kind: str, definition: object) -> None:
    assert said(kind, definition) == []


LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.0", import: [%s])\n'


@pytest.mark.parametrize(
    "definition",
    [
        LINK % '"@key", {name: "@shareable", as: "@shared"}, "FieldSet"'
        + 'type A @key(fields: "id") { id: ID! @shared\n b: FieldSet @federation__external @federation }',
        'schema @link(url: "https://a.example/v2.3", as: "f") { query: Q } type Q { a: Int @f__tag }',
        'type A @key(fields: "id") { id: ID! }\nextend type Query { a: A }',
        "extend type A { id: ID! @external }",
    ],
)
def test_a_subgraph_may_use_what_federation_defines(definition: str) -> None:
    assert said("graphql", definition) == []


@pytest.mark.parametrize(
    ("definition", "words"),
    [
        (LINK % '"@key"' + "type A @other { a: Int }", "Unknown directive '@other'"),
        (LINK % '"@key"' + "type A @shareable { a: Int }", "Unknown directive '@shareable'"),
        (LINK % '"@key"' + "type A { a: Foo }", "Unknown type 'Foo'"),
        ("directive @key on OBJECT\nextend type A @key { a: Int }", "Cannot extend type 'A'"),
        ("extend schema @link(url: 1, import: [1, {a: 1}]) extend schema @link type A @b { a: Int }", "'@b'"),
    ],
)
def test_what_federation_does_not_define_is_still_told(definition: str, words: str) -> None:
    ((_, what),) = said("graphql", definition)
    assert words in what
    assert not what.endswith(".")


def test_references_begin_at_the_nearest_schema_with_an_address_of_its_own() -> None:
    schemas = {
        "A": {"$id": "https://a.example/a", "$defs": {"Z": {}}, "items": {"$ref": "#/$defs/Z"}},
        "B": {"$id": "https://a.example/b", "items": {"$ref": "#/$defs/Z"}},
        "C": {"$id": "#c", "items": {"$ref": "#/components/schemas/A"}},
    }
    whole = {
        "openapi": "3.1.0",
        "info": {"title": "a", "version": "1"},
        "paths": {},
        "components": {"schemas": schemas},
    }
    ((code, what),) = said("openapi", json.dumps(whole))
    assert code == "definition-invalid"
    assert "components/schemas/B/items/$ref" in what


@pytest.mark.parametrize(
    ("definition", "hint"),
    [("openapi: 3.10", "put it in quotes, as in openapi: '3.10'"), ('{"openapi": 3.10}', "put it in quotes")],
)
def test_a_version_without_quotes_is_told_as_it_is_written(definition: str, hint: str) -> None:
    (found,) = definition_findings({"kind": "API", "spec": {"type": "openapi", "definition": definition}})
    assert found.hint == hint


@pytest.mark.parametrize(
    ("kind", "definition", "code", "words"),
    [
        ("openapi", "openapi: [", "definition-syntax", "line 1"),
        ("openapi", "The registry publishes no definition", "definition-syntax", "it is no mapping"),
        ("openapi", "openapi: 3.1.0\n---\na: b", "definition-syntax", "more than one document"),
        ("openapi", '{"openapi": "3.0.0", "a" "b"}', "definition-syntax", "not YAML"),
        ("openapi", "openapi: 3.10", "definition-invalid", "openapi is a number, and"),
        ("openapi", "info: {}", "definition-invalid", "it has no openapi"),
        ("openapi", "openapi: 4.0.0", "definition-unchecked", "not one of the versions known"),
        ("openapi", "swagger: '1.2'", "definition-unchecked", "not one of the versions known"),
        ("openapi", SWAGGER.replace("paths", "path"), "definition-invalid", "'paths' is missing"),
        (
            "openapi",
            OPENAPI.format(version="3.0.0").replace("description", "descriptio"),
            "definition-invalid",
            "line 7, paths//score/post/responses/200/description: 'description' is missing",
        ),
        (
            "openapi",
            OPENAPI.format(version="3.1.0").replace("Score:", "Scores:"),
            "definition-invalid",
            "application/json/schema/$ref: '#/components/schemas/Score' leads to nothing",
        ),
        ("asyncapi", "asyncapi: 2.6.0\ninfo: []\nchannels: {}", "definition-invalid", "it has no info"),
        ("asyncapi", "asyncapi: 3.0.0\ninfo: {title: a, version: 1}", "definition-invalid", "line 2"),
        ("asyncapi", "asyncapi: 2.6.0\ninfo: {title: a, version: '1'}", "definition-invalid", "no channels"),
        ("asyncapi", "asyncapi: 1.0.0", "definition-unchecked", "known"),
        ("graphql", "type Query {\n  a: }", "definition-syntax", "line 2"),
        ("graphql", "type Query { a: Foo }", "definition-invalid", "Unknown type 'Foo'"),
        ("graphql", "{ a }", "definition-invalid", "it holds queries"),
        ("grpc", "The registry publishes no definition", "definition-syntax", "begins with 'The'"),
        ("grpc", "message A { {", "definition-syntax", "2 { too many"),
        ("grpc", "message A {}}", "definition-syntax", "there is a } too many"),
        ("grpc", 'syntax = "proto3;\n', "definition-syntax", "does not end"),
        ("grpc", "message A {}\n/* ", "definition-syntax", "line 2"),
        ("grpc", "message A { # }", "definition-syntax", "'#' has no place"),
        ("grpc", 'syntax = "proto3";', "definition-invalid", "declares no service"),
    ],
)
def test_each_problem_is_told_with_its_line(kind: str, definition: str, code: str, words: str) -> None:
    found = said(kind, definition)
    assert found[0][0] == code, found
    assert f"the {kind} definition: " in found[0][1]
    assert words in found[0][1]


def test_references_to_other_files_are_not_followed_and_examples_are_no_references() -> None:
    text = OPENAPI.format(version="3.1.0")
    for other in ("https://example.com/x", "file:///etc/passwd", "other.yaml#/a"):
        assert said("openapi", text.replace("#/components/schemas/Score", other)) == []
    assert said("openapi", text.replace("{type: number}", "{example: {$ref: '#/nowhere'}}")) == []
    assert said("openapi", text.replace("{type: number}", "{$ref: '#/paths/~1score/post'}")) == []


def test_a_definition_is_told_five_problems_at_most() -> None:
    text = OPENAPI.format(version="3.1.0") + "".join(f"x{n}: {{}}\n" for n in range(50))
    assert len(said("openapi", text)) <= 5
    assert len(said("graphql", "".join(f"type A{n} {{ a: B{n} }}\n" for n in range(5000)))) == 5


@pytest.mark.parametrize(
    ("kind", "definition"),
    [
        ("openapi", "[" * 50_000),
        ("openapi", "openapi: 3.0.0\nx-a: " + "{a: " * 200 + "}" * 200),
        ("openapi", ALIASES),
        ("openapi", "a" * (LARGEST + 1)),
        ("asyncapi", "a" * (LARGEST + 1)),
        ("graphql", "a" * (LARGEST_GRAPHQL + 1)),
        ("graphql", "type A { a: " + "[" * 20_000),
        ("graphql", "type A { a: Int }\n" * 7_500),
        ("grpc", "{" * (LARGEST + 1)),
    ],
)
def test_what_is_too_large_or_too_deep_is_not_looked_into(kind: str, definition: str) -> None:
    assert [code for code, _ in said(kind, definition)] == ["definition-unchecked"]


@pytest.mark.parametrize("unit", ["/*", '"', "'\\", "{", "a ", "//\n", "/* "])
def test_the_look_at_protocol_buffers_is_linear(unit: str) -> None:
    assert len(said("grpc", unit * (200_000 // len(unit)))) == 1


def test_the_address_of_an_mcp_server_is_one() -> None:
    remotes = [{"url": "https://a.example/mcp"}, {"url": "a.example"}, {"url": "javascript:x"}, {"url": 1}, 2]
    entity = {"kind": "API", "spec": {"type": "mcp-server", "remotes": remotes}}
    found = [(one.code, one.path) for one in definition_findings(entity)]
    assert found == [("definition-invalid", ("spec", "remotes", index, "url")) for index in (1, 2)]


_keys = st.sampled_from(["openapi", "info", "$ref", "paths", "asyncapi", "swagger"]) | st.text(max_size=3)
_values = st.recursive(
    st.none() | st.text(max_size=5),
    lambda inner: st.lists(inner) | st.dictionaries(_keys, inner),
    max_leaves=8,
)


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from(["openapi", "asyncapi", "graphql", "grpc", "mcp-server"]),
    st.text() | _values.map(json.dumps),
)
def test_no_definition_makes_the_check_fail(kind: str, definition: str) -> None:
    for prefix in ("", "openapi: 3.1.0\n", "type A { "):
        assert all("\n" not in what for _, what in said(kind, prefix + definition))


@pytest.mark.parametrize(
    "written",
    [
        *(
            '$ref: "#/lost"',
            "$ref: '#/lost'",
            "'$ref': '#/lost'",
            '"$ref" : "#/lost"',
            "$ref:\n          '#/lost'",
        ),
        *(
            '"\\u0024ref": "#/lost"',
            '$ref: "#/components\\u002flost"',
            "$ref: '#/components''s'",
            "$ref: '#/lost' # c",
        ),
        *(
            '$ref: !!str "#/lost"',
            "$ref: >-\n          #/lost",
            "$ref: &a '#/lost'",
            "? $ref\n        : '#/lost'",
        ),
    ],
)
def test_a_lost_reference_is_found_however_it_is_written(written: str) -> None:
    head = "openapi: 3.1.0\ninfo: {title: a, version: '1'}\npaths: {}\n"
    schema = f"components:\n  schemas:\n    A:\n      allOf:\n      - {written}\n"
    ((code, what),) = said("openapi", head + schema)
    assert code == "definition-invalid"
    assert what.endswith("leads to nothing in it")
