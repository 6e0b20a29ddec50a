"""What webhooks are hints to, judged by GitHub's own examples and description of them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.service.events import GITHUB, Hint, read_github, read_gitlab
from tests.contracts.packages import CHECKOUT, Package, file_of

EXAMPLES = Package(
    "@octokit/webhooks-examples",
    "7.6.1",
    "sha512-De6U3XB6O3DtCa7bKgCMzTHdeopqqZ6SNivMYJnK65ierKL1AnNIA0tkRYCRS7lwGT792d+Ps1WbfHlso6MynQ==",
)
DESCRIPTION = Package(
    "@octokit/openapi-webhooks",
    "12.1.0",
    "sha512-Z5eDsLCUNbx1zHpZb1LNQirADqdMTvWJQ/deahi0ws+tWWnwHXB+Pr4jfmM9OrETS9Y5iW8ZRu1fdbudObhLrg==",
)
AT_HAND = CHECKOUT.parent / "shared" / "contracts" / "github"
NOTHING: tuple[tuple[str, str], ...] = (
    ("check_run", "created"),
    ("check_suite", "requested"),
    ("check_suite", "rerequested"),
    ("issues", "assigned"),
    ("issues", "opened"),
    ("repository", "publicized"),
    ("star", "created"),
    ("ping", ""),
)
"""What some of the examples tell, and what is no reason to look at anything."""


@cache
def examples() -> dict[str, list[dict[str, Any]]]:
    return {
        one["name"]: one["examples"]
        for one in _read("webhook-examples.json", EXAMPLES, "api.github.com/index.json")
    }


@cache
def description() -> dict[str, Any]:
    found: dict[str, Any] = _read("webhooks.openapi.json", DESCRIPTION, "generated/api.github.com.json")
    return found


def _read(name: str, package: Package, inside: str) -> Any:
    path = AT_HAND / name
    return json.loads(Path(path if path.exists() else file_of(package, inside)).read_text("utf-8"))


def named(event: str) -> dict[str, dict[str, Any]]:
    """GitHub's descriptions of an event: action (or nothing) to the schema of its payload."""
    found = {}
    for name, one in description()["webhooks"].items():
        operation = one["post"]
        subtype = operation["operationId"].split("/")
        if subtype[0] == event.replace("_", "-"):
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            found[name.removeprefix(event.replace("_", "-")).lstrip("-")] = schema
    return found


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        value: Any = description()
        for step in schema["$ref"].removeprefix("#/").split("/"):
            value = value[step]
        schema = value
    return schema


def variants(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """The schema, or those of which it is one."""
    schema = resolved(schema)
    return [resolved(one) for one in schema.get("oneOf", [schema])]


@pytest.mark.parametrize("event", ["push", *GITHUB])
def test_every_event_is_one_of_githubs_and_has_what_we_read_of_it(event: str) -> None:
    actions = named(event)

    assert actions
    for schema in (one for each in actions.values() for one in variants(each)):
        assert event in ("merge_group", "repository_ruleset") or "repository" in schema["required"]
        assert "full_name" in resolved(schema["properties"]["repository"])["required"]
        assert event != "push" or "ref" in schema["required"]
    wanted = GITHUB.get(event) or ()
    assert {action.replace("_", "-") for action in wanted} <= set(actions)


@pytest.mark.parametrize("event", sorted(name for name in GITHUB if name != "repository_ruleset"))
def test_githubs_examples_are_read(event: str) -> None:
    wanted = GITHUB[event]
    for example in examples()[event]:
        action = example.get("action")
        counts = wanted is None or action in wanted

        hint = read_github(event, example)

        name = f"{event}.{action}" if action else event
        assert hint == (Hint(name, example["repository"]["full_name"]) if counts else None)
        assert hint is None or hint.need("main") == "reconcile"


def test_githubs_pushes_are_hints_where_they_go_to_the_base_branch() -> None:
    needs = [
        (example["ref"], hint.need("master") if (hint := read_github("push", example)) else None)
        for example in examples()["push"]
    ]

    assert set(needs) == {("refs/tags/simple-tag", None), ("refs/heads/master", "sync")}
    hints = [read_github("push", one) for one in examples()["push"]]
    assert {hint.need("main") for hint in hints if hint} == {None}


@pytest.mark.parametrize(("event", "action"), NOTHING)
def test_what_nothing_follows_from_is_no_hint(event: str, action: str) -> None:
    found = [one for one in examples()[event] if one.get("action", "") == action]

    assert found
    assert {read_github(event, one) for one in found} == {None}


def gitlab(kind: str, **attributes: Any) -> dict[str, Any]:
    """A payload with the parts that GitLab documents for every kind."""
    project = {"id": 1, "path_with_namespace": "acme/ml/catalog", "default_branch": "main"}
    return {"object_kind": kind, "project": project, "object_attributes": attributes, "user": {"id": 7}}


@pytest.mark.parametrize(
    ("payload", "event"),
    [
        (gitlab("merge_request", action="open", iid=1), "merge_request.open"),
        (gitlab("merge_request", action="update", oldrev="abc"), "merge_request.update"),
        (gitlab("merge_request", action="approved"), "merge_request.approved"),
        (gitlab("merge_request", action="unapproval"), "merge_request.unapproval"),
        (gitlab("merge_request"), "merge_request"),  # a test delivery has no action
        (gitlab("note", action="create", noteable_type="MergeRequest", note="/merge"), "note.create"),
        (gitlab("note", noteable_type="Issue"), "note"),
        (gitlab("pipeline", status="success", ref="callboard/x"), "pipeline.success"),
        (gitlab("emoji", action="award", awardable_type="MergeRequest"), "emoji.award"),
        (gitlab("issue", action="update"), "issue.update"),
    ],
)
def test_what_gitlab_documents_is_read(payload: dict[str, Any], event: str) -> None:
    hint = read_gitlab(payload)

    assert hint == Hint(event, "acme/ml/catalog")
    assert hint.need("main") == "reconcile"


@pytest.mark.parametrize(
    "payload",
    [
        gitlab("note", noteable_type="Commit"),
        gitlab("pipeline", status="running"),
        gitlab("wiki_page", action="create"),
        gitlab("tag_push") | {"ref": "refs/tags/v1"},
        gitlab("push") | {"ref": "refs/tags/v1"},
        {"object_kind": "push", "ref": "refs/heads/main"},
    ],
)
def test_what_nothing_follows_from_on_gitlab_is_no_hint(payload: dict[str, Any]) -> None:
    assert read_gitlab(payload) is None


def test_a_push_of_gitlab_is_a_hint_where_it_goes_to_the_base_branch() -> None:
    hint = read_gitlab(gitlab("push") | {"ref": "refs/heads/release/1"})

    assert hint is not None
    assert (hint.need("release/1"), hint.need("main")) == ("sync", None)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
PAYLOAD = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("repository", "project", "object_kind", "ref", "action"), JSON)
)


@given(payload=JSON | PAYLOAD, event=st.sampled_from(["push", "issues", "", "x"]))
def test_whatever_is_in_a_payload_it_is_a_hint_or_nothing(payload: object, event: str) -> None:
    assert isinstance(read_github(event, payload), Hint | None)
    assert isinstance(read_gitlab(payload), Hint | None)
