"""The check of GitLab's answers finds what is wrong, and agrees with GitLab's own schemas."""

from __future__ import annotations

import json
import posixpath
from typing import Any

import jsonschema_rs
import pytest

from callboard.sandbox.gitlab.rest import OPERATIONS
from tests.contracts import gitlab_rest
from tests.contracts.github import Contract, Exchange

LABEL: dict[str, Any] = {
    "id": 1,
    "name": "x",
    "color": "#ffffff",
    "text_color": "#000000",
    "description": None,
    "description_html": None,
    "subscribed": False,
    "priority": None,
    "is_project_label": True,
}
LABELS = "/api/v4/projects/acme%2Fcatalog/labels"


def exchange(method: str, path: str, status: int, received: object) -> Exchange:
    body = b"" if received is None else json.dumps(received).encode()
    return Exchange(method, path, "", b"", status, "application/json", body)


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (exchange("GET", "/api/v4/nowhere", 200, {}), "no operation of GitLab's REST API"),
        (exchange("GET", "/api/v4/projects/acme/catalog/labels", 200, []), "no operation"),
        (exchange("GET", LABELS, 200, LABEL), "is not of type"),
        (exchange("GET", LABELS, 200, [LABEL | {"id": "1"}]), "is not of type"),
        (exchange("GET", LABELS, 200, [LABEL | {"color": "red"}]), "does not match"),
        (exchange("GET", LABELS, 200, [{"id": 1}]), "is a required property"),
        (exchange("GET", LABELS, 206, [LABEL]), "does not answer 206"),
        (exchange("POST", LABELS, 409, {"message": "x", "documentation_url": "y"}), "body"),
        (exchange("GET", LABELS, 501, {}), "does not implement"),
        (exchange("DELETE", "/api/v4/projects/1/repository/branches/x", 204, {}), "has no body"),
        (exchange("GET", "/api/v4/projects/1/repository/files/a/raw", 200, {}), "not of raw bytes"),
        (Exchange("GET", LABELS, "", b"", 200, "text/plain", b"[]"), "does not answer text/plain"),
        (Exchange("GET", LABELS, "", b"", 304, "", b"x"), "304 has a body"),
    ],
)
def test_what_gitlab_does_not_answer_is_a_violation(wrong: Exchange, complaint: str) -> None:
    contract = Contract()
    contract.check(wrong)
    assert complaint in "\n".join(contract.violations)
    assert not contract.conforming


def test_what_is_right_is_counted_by_operation() -> None:
    contract = Contract()
    contract.check(exchange("GET", LABELS, 200, [LABEL]))
    contract.check(exchange("POST", LABELS, 409, {"message": "Label already exists"}))
    assert not contract.violations
    assert contract.conforming == {"gitlab/labels/list": 1}


def test_every_operation_of_the_sandbox_is_described_and_no_other() -> None:
    built = {each.id: f"{each.method} {each.path}" for each in OPERATIONS}
    described = {each.id: f"{each.method} {each.path}" for each in gitlab_rest.operations().values()}
    assert built == described


def test_every_described_answer_has_a_schema() -> None:
    for operation in gitlab_rest.operations().values():
        if operation.entity:
            assert operation.entity in gitlab_rest.entities()["definitions"]
    jsonschema_rs.meta.validate(gitlab_rest.entities())


def _properties(schema: dict[str, Any], file: str) -> tuple[dict[str, Any], set[str]]:
    """All properties of a schema in a file of GitLab's and those required, through ``allOf``."""
    properties, required = dict(schema.get("properties", {})), set(schema.get("required", []))
    for part in schema.get("allOf", []):
        source = posixpath.normpath(posixpath.join(posixpath.dirname(file), part.get("$ref", "")))
        inner, needed = _properties(gitlab_rest.upstream(source) if "$ref" in part else part, source)
        properties |= inner
        required |= needed
    return properties, required


def _types(schema: dict[str, Any]) -> set[str]:
    named = schema.get("type", [])
    return {named} if isinstance(named, str) else set(named)


@pytest.mark.optional
def test_ours_asks_for_no_less_than_gitlabs_own() -> None:
    if not gitlab_rest.UPSTREAM.exists():
        pytest.skip("GitLab's own schemas are in no package; they are checked where they are at hand")
    compared = 0
    for name, ours in gitlab_rest.entities()["definitions"].items():
        source = gitlab_rest.upstream_of(name)
        if source is None:
            continue
        file, _, pointer = source.partition("#")
        theirs = gitlab_rest.upstream(file)
        properties, required = _properties(theirs["items"] if pointer else theirs, file)
        assert not required - set(ours["required"]), f"{name} lacks what {source} requires"
        for key in ours["properties"].keys() & properties.keys():
            allowed, own = _types(properties[key]), _types(ours["properties"][key])
            assert not allowed or own <= allowed, f"{name}.{key}: {own} is more than {allowed} in {source}"
            compared += 1
    assert compared > 100
