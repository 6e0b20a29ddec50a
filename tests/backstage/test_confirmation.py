"""Whether an entity that was found is the one that was merged."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.backstage.confirmation import (
    ORIGIN,
    Confirmation,
    confirm,
    difference,
    entity_ref,
    location_ref,
    processing_errors,
)
from callboard.redaction import Secret

TARGET = "https://forge.example/acme/catalog/blob/main/models/fraud/catalog-info.yaml"

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
)
keys = st.text("abcdef", min_size=1, max_size=3)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)
documents = st.dictionaries(keys, values, max_size=4).map(
    lambda spec: {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Resource",
        "metadata": {"name": "fraud", "tags": ["tabular"]},
        "spec": {"type": "ai-model", **spec},
    }
)


def kept(document: dict[str, Any], target: str = TARGET) -> dict[str, Any]:
    """The document as Backstage keeps it."""
    found = copy.deepcopy(document)
    found["metadata"] = {
        "namespace": "default",
        "uid": "1",
        "etag": "2",
        "annotations": {ORIGIN: f"url:{target}"},
        **found["metadata"],
    }
    found["relations"] = [{"type": "ownedBy", "targetRef": "group:default/ml"}]
    return found


def status(message: str, *, kind: str = "backstage.io/catalog-processing", level: str = "error") -> Any:
    return {"items": [{"type": kind, "level": level, "message": message}]}


DOCUMENT: dict[str, Any] = {
    "apiVersion": "backstage.io/v1alpha1",
    "kind": "Resource",
    "metadata": {"name": "Fraud"},
    "spec": {"type": "ai-model", "owner": "group:default/ml", "dependsOn": ["resource:base"]},
}


def judged(found: dict[str, Any] | None, **more: Any) -> Confirmation:
    return confirm(DOCUMENT, found, target=TARGET, **more)


@given(documents)
def test_what_backstage_adds_does_not_matter(document: dict[str, Any]) -> None:
    assert confirm(document, kept(document), target=TARGET).state == "confirmed"


def paths(value: object, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The ways to everything that a document says, itself first."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(path for key, each in inner for path in paths(each, (*at, key)))]


@given(documents, st.data())
def test_whatever_else_is_different_is_stale(document: dict[str, Any], data: st.DataObject) -> None:
    path = data.draw(st.sampled_from([path for path in paths(document)[1:] if path != ("metadata",)]))
    found = kept(document)
    outer: Any = found
    for key in path[:-1]:
        outer = outer[key]
    outer[path[-1]] = ["something else", outer[path[-1]]]
    said = confirm(document, found, target=TARGET)
    assert said.state == "stale"
    assert ".".join(map(str, path)) in said.why


@given(documents, st.data())
def test_whatever_is_missing_is_stale(document: dict[str, Any], data: st.DataObject) -> None:
    path = data.draw(st.sampled_from([path for path in paths(document)[1:] if path != ("metadata",)]))
    found = kept(document)
    outer: Any = found
    for key in path[:-1]:
        outer = outer[key]
    del outer[path[-1]]
    assert confirm(document, found, target=TARGET).state == "stale"


@given(documents, st.text(max_size=40), st.lists(st.text(max_size=10), max_size=2))
def test_another_location_is_foreign_whatever_it_holds(
    document: dict[str, Any], other: str, errors: list[str]
) -> None:
    found = kept(document, f"{TARGET}{other}x")
    assert confirm(document, found, target=TARGET, location_errors=errors).state == "foreign"


@given(
    st.none() | st.recursive(scalars, lambda inner: st.dictionaries(keys, inner) | st.lists(inner)),
    st.sampled_from(["metadata", "status", "relations", "spec", "kind"]),
    st.recursive(scalars, lambda inner: st.dictionaries(keys, inner) | st.lists(inner)),
)
def test_no_answer_of_any_shape_makes_it_fail(expected_spec: Any, key: str, value: Any) -> None:
    expected = {**DOCUMENT, "spec": expected_spec}
    found = {**kept(DOCUMENT), key: value}
    assert confirm(expected, found, target=TARGET).entity_ref == "resource:default/fraud"
    processing_errors(found)
    entity_ref(found)


def test_what_is_not_there_is_pending_until_the_location_says_why() -> None:
    assert judged(None).state == "pending"
    said = judged(None, location_errors=["NotFoundError: no matching files"])
    assert (said.state, said.entity_ref) == ("error", "resource:default/fraud")
    assert "no matching files" in said.why
    assert TARGET in said.why


def test_who_holds_a_foreign_entity_is_told() -> None:
    said = judged(kept(DOCUMENT, "https://other.example/catalog.yaml"))
    assert said.state == "foreign"
    assert "url:https://other.example/catalog.yaml" in said.why
    nobody = kept(DOCUMENT)
    del nobody["metadata"]["annotations"]
    assert judged(nobody).state == "foreign"


def test_an_entity_that_claims_to_come_from_elsewhere_is_not_ours_even_if_we_wrote_it() -> None:
    document = copy.deepcopy(DOCUMENT)
    document["metadata"]["annotations"] = {ORIGIN: "url:https://other.example"}
    assert confirm(document, kept(document), target=TARGET).state == "foreign"


def test_processing_errors_count_even_when_the_values_are_right() -> None:
    found = kept(DOCUMENT) | {"status": status("it broke")}
    assert judged(found).state == "error"
    assert "it broke" in judged(found).why
    assert judged(kept(DOCUMENT), location_errors=["file is gone"]).state == "error"


@pytest.mark.parametrize(
    "harmless",
    [status("x", level="warning"), status("x", kind="kubernetes.io/health"), {"items": None}, {}, None, "x"],
)
def test_other_statuses_do_not_count(harmless: Any) -> None:
    assert judged(kept(DOCUMENT) | {"status": harmless}).state == "confirmed"


def test_an_orphan_is_stale() -> None:
    found = kept(DOCUMENT)
    found["metadata"]["annotations"]["backstage.io/orphan"] = "true"
    assert judged(found).state == "stale"


def test_an_error_message_is_one_short_line_without_secrets() -> None:
    secret = Secret("canary-0123456789")
    message = f"\x1b[31mbad\n{secret.reveal()}\x00" + "x" * 1000
    (said,) = processing_errors({"status": status(message)})
    assert said.startswith("[31mbad *** xxx")
    assert len(said) == 500
    assert said.isprintable()


@pytest.mark.parametrize(
    ("expected", "found", "path"),
    [
        (1, 1.0, None),
        (12345678901234567890, 12345678901234567000, None),
        (10**400, 1, ()),
        (float("nan"), None, None),
        (float("inf"), 1.0, ()),
        (True, 1, ()),
        (0, False, ()),
        ("1", 1, ()),
        (None, None, None),
        (None, "", ()),
        ({"a": None}, {}, ("a",)),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3], "c": 0}}, ("a", "b", 1)),
        ([1], [1, 2], ()),
        ({}, [], ()),
        ({"definition": {"$text": "./openapi.yaml"}}, {"definition": "openapi: 3.1.0"}, None),
        ({"definition": {"$text": "./openapi.yaml"}}, {}, ("definition",)),
        ({"$text": "a", "b": 1}, "text", ()),
    ],
)
def test_the_first_difference_is_found(expected: Any, found: Any, path: tuple[Any, ...] | None) -> None:
    assert difference(expected, found) == path


@pytest.mark.parametrize(
    ("document", "ref"),
    [
        ({"kind": "API", "metadata": {"name": "A.b_C", "namespace": "Team"}}, "api:team/a.b_c"),
        ({"kind": "Resource", "metadata": {"name": "x"}}, "resource:default/x"),
        ({"kind": 3, "metadata": []}, "?:default/?"),
    ],
)
def test_entity_references_are_as_backstage_writes_them(document: Any, ref: str) -> None:
    assert entity_ref(document) == ref


def test_the_reference_of_a_location_is_the_one_that_backstage_makes() -> None:
    # Seen in a real Backstage; the contract tests compare others.
    assert location_ref("x") == "location:default/generated-d2840d2ca255e3eb999bddc3fa1d0f33dc4cd959"
