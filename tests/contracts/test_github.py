"""The contract check itself finds what is wrong."""

from __future__ import annotations

import json

import pytest

from tests.contracts.github import Contract, Exchange, description
from tests.contracts.openapi import as_json_schema


def exchange(
    method: str, path: str, sent: object, status: int, received: object, query: str = ""
) -> Exchange:
    return Exchange(
        method,
        f"/api/v3{path}",
        query,
        b"" if sent is None else json.dumps(sent).encode(),
        status,
        "application/json",
        b"" if received is None else json.dumps(received).encode(),
    )


LABEL = {
    "id": 1,
    "node_id": "x",
    "url": "http://127.0.0.1/labels/x",
    "name": "x",
    "description": None,
    "color": "ffffff",
    "default": False,
}


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (exchange("GET", "/repos/o/r/nowhere", None, 200, {}), "no operation of GitHub's REST API"),
        (exchange("GET", "/repos/o/r/labels/x", None, 200, LABEL | {"id": "1"}), "is not of type"),
        (exchange("GET", "/repos/o/r/labels/x", None, 200, {"name": "x"}), "is a required property"),
        (exchange("GET", "/repos/o/r/labels/x", None, 200, LABEL | {"url": "no address"}), "uri"),
        (exchange("GET", "/repos/o/r/labels/x", None, 206, LABEL), "does not answer 206"),
        (exchange("GET", "/repos/o/r/labels", None, 200, [], "per_page=all"), "is no integer"),
        (exchange("GET", "/repos/o/r/labels", None, 200, [], "colour=red"), "is not described"),
        (exchange("GET", "/repos/o/r/pulls", None, 200, [], "state=new"), "has no such value"),
        (exchange("POST", "/repos/o/r/labels", {"name": 1}, 201, LABEL), "request: name"),
        (exchange("POST", "/repos/o/r/labels", None, 201, LABEL), "the body is missing"),
        (exchange("DELETE", "/repos/o/r/issues/comments/1", None, 204, {}), "has no body"),
        (exchange("GET", "/repos/o/r/labels/x", None, 501, {}), "does not implement"),
        (Exchange("GET", "/api/v3/user", "", b"", 500, "text/plain", b"Internal Server Error"), "crashed"),
    ],
)
def test_what_github_does_not_describe_is_a_violation(wrong: Exchange, complaint: str) -> None:
    contract = Contract()
    contract.check(wrong)
    assert complaint in "\n".join(contract.violations)
    assert not contract.conforming


def test_what_github_describes_conforms() -> None:
    contract = Contract()
    contract.check(exchange("GET", "/repos/o/r/labels/team%2Fml", None, 200, LABEL))
    contract.check(
        exchange("PUT", "/repos/o/r/pulls/1/merge", {"sha": 1}, 422, {"message": "", "documentation_url": ""})
    )
    assert contract.violations == []
    assert contract.conforming == {"issues/get-label": 1}


@pytest.mark.parametrize(
    ("sent", "complaint"),
    [
        ({"query": "{ viewer { login secrets } }"}, "Cannot query field 'secrets'"),
        ({"query": "{ viewer { login "}, "Syntax Error"),
        (
            {"query": "query($n: Int!) { repository(owner: 1, name: $n) { id } }", "variables": {"n": 1}},
            "String cannot represent a non string value",
        ),
        ({"query": "query($n: String!) { repository(owner: $n, name: $n) { id } }"}, "$n"),
    ],
)
def test_queries_are_checked_against_the_official_schema(sent: dict[str, object], complaint: str) -> None:
    contract = Contract()
    contract.check(
        Exchange("POST", "/graphql", "", json.dumps(sent).encode(), 200, "application/json", b"{}")
    )
    assert complaint in "\n".join(contract.violations)


def test_nullable_becomes_a_type_and_stays_where_it_is_a_name() -> None:
    assert as_json_schema({"type": "string", "enum": ["a"], "nullable": True}) == {
        "type": ["string", "null"],
        "enum": ["a", None],
    }
    assert as_json_schema({"allOf": [{}], "nullable": True}) == {"anyOf": [{"allOf": [{}]}, {"type": "null"}]}
    assert as_json_schema({"properties": {"nullable": {"type": "string"}}}) == {
        "properties": {"nullable": {"type": "string"}}
    }


def test_of_two_operations_that_fit_the_more_literal_one_is_meant() -> None:
    found = description().find("GET", "/repos/o/r/commits/release/2/status")
    assert found is not None
    assert found.id == "repos/get-combined-status-for-ref"
