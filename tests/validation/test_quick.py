"""The quick answer and jsonschema agree on what is valid."""

from __future__ import annotations

import copy
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callboard.validation.quick import is_surely_right, is_surely_valid
from callboard.validation.references import FIELDS as FIELDS_OF_KINDS
from callboard.validation.rules import RULES, rules_for
from callboard.validation.schemas import schema_findings

SPEC = {"type": "t", "lifecycle": "l", "owner": "o"}
SPECS: dict[str, dict[str, Any]] = {
    "API": {**SPEC, "definition": "d"},
    "AiResource": {**SPEC, "type": "skill"},
    "Component": SPEC,
    "Domain": {"owner": "o"},
    "Group": {"type": "t", "children": []},
    "Location": {"target": "./a.yaml"},
    "Mine": {},
    "Resource": SPEC,
    "System": {"owner": "o"},
    "User": {"memberOf": []},
}
FIELDS = """
apiVersion kind metadata spec extra metadata.name metadata.labels metadata.annotations metadata.links
metadata.tags metadata.title spec.type spec.lifecycle spec.owner spec.definition spec.remotes spec.memberOf
spec.children spec.targets spec.presence spec.category spec.skills spec.dependsOn spec.profile
"""
VALUES: list[Any] = [
    *(None, True, 0, 1.0, 10**400, math.nan, math.inf, "", " ", "\n", "\ud800", "x" * 501, "API", "skill"),
    *("mcp-server", "rule", "plugin", "backstage.io/v1beta1", "required"),
    *([], [""], ["a"], [1], [None], [[]], [{"url": "u"}], [{"type": "sse", "url": "x"}], ["a", "a"]),
    *({}, {"a": "b"}, {"a": 1}, {"": None}, {"email": ""}),
]


def entity(kind: str) -> dict[str, Any]:
    metadata = {"name": "n", "links": [{"url": "https://a"}]}
    return copy.deepcopy(
        {"apiVersion": "backstage.io/v1alpha1", "kind": kind, "metadata": metadata, "spec": SPECS[kind]}
    )


@pytest.mark.parametrize("kind", SPECS)
def test_what_is_right_is_surely_valid(kind: str) -> None:
    assert is_surely_valid(entity(kind))


CHANGES = st.lists(
    st.tuples(st.sampled_from(FIELDS.split()), st.sampled_from(VALUES)), min_size=1, max_size=3
)


def changed_by(changes: list[tuple[str, Any]], kind: str) -> dict[str, Any]:
    changed = entity(kind)
    for path, value in changes:
        *parents, last = path.split(".")
        holder = changed[parents[0]] if parents else changed
        if isinstance(holder, dict):
            holder[last] = value
    return changed


@given(st.sampled_from(list(SPECS)), CHANGES)
def test_what_is_surely_valid_is_valid_to_jsonschema_and_the_other_way_round(
    kind: str, changes: list[tuple[str, Any]]
) -> None:
    changed = changed_by(changes, kind)
    assert is_surely_valid(changed) == (not list(schema_findings(changed)))


@pytest.mark.parametrize("kind", sorted({*SPECS} - {"Mine"}))
def test_what_is_right_is_surely_right(kind: str) -> None:
    assert is_surely_right(entity(kind))


KEYS = ["a", "a.b/c-d", "A/b", "a/b/c", "-a", "a.b/", "/a", "", "a\n", "é", f"{'x' * 64}", f"{'a.' * 40}b/c"]
TEXTS = [
    *(
        *KEYS,
        "Ab_c.d",
        "a--b",
        "a_b",
        "c++",
        "a#b:c",
        "A",
        " a",
        "a ",
        "component:a",
        "component:b/a",
        ":a",
        "b/",
    ),
    *(
        "b/a",
        "a:b:c",
        "a/b:c",
        "x" * 63,
        "https://a.b",
        "https://a.b/\u202e",
        "http://a:99999",
        "https://xn--a.b",
    ),
    *(
        "http://1.2.3.4",
        "http://a.1",
        "http://a_b.c",
        "javascript:x",
        " javascript:x",
        "//a.b",
        "mailto:a",
        "\u3000",
    ),
    *(
        "v1",
        "a.b/v1",
        "a.b/v-1",
        "group:default/team",
        "0",
        "http://a.b:8080/x?y#z",
        "https://a-.b",
        "HTTPS://A.B",
    ),
]
PLACES = [
    *("apiVersion", "metadata.name", "metadata.namespace", "metadata.title", "metadata.tags.0"),
    *("metadata.labels.a", "metadata.links.0.url", "metadata.links.0.title", "metadata.links.0.icon"),
]
KEYED = ["metadata.labels", "metadata.annotations"]
PAGES = ["backstage.io/view-url", "backstage.io/edit-url"]


def with_text(place: str, text: str) -> dict[str, Any]:
    """A Component with the text at a place, which is otherwise right."""
    made = entity("Component")
    made["metadata"] |= {"tags": ["a"], "labels": {"a": "b"}, "annotations": {"a": "b"}}
    inner: Any = made
    *parents, last = place.split(".") if place not in PAGES else ("metadata", "annotations", place)
    for parent in parents:
        inner = inner[int(parent) if parent.isdigit() else parent]
    if place in KEYED:
        inner[last][text] = "b"
    else:
        inner[int(last) if last.isdigit() else last] = text
    return made


STRINGS = st.sampled_from(TEXTS) | st.text(alphabet="aZ0-_./:# \n\u00e9", max_size=8)


def agrees(entity: dict[str, Any]) -> bool:
    """Whether what need not be looked at more closely is what no rule has anything to say of."""
    said = [finding for rule in rules_for(entity) for finding in rule(entity)]
    return said == [finding for rule in RULES for finding in rule(entity)]


@pytest.mark.parametrize("place", [*PLACES, *KEYED, *PAGES])
def test_what_is_surely_right_is_right_by_every_rule(place: str) -> None:
    for text in TEXTS:
        assert agrees(with_text(place, text)), text


@settings(max_examples=300)
@given(st.sampled_from([*PLACES, *KEYED, *PAGES]), STRINGS)
def test_what_is_surely_right_is_right_by_every_rule_whatever_it_is(place: str, text: str) -> None:
    assert agrees(with_text(place, text))


@pytest.mark.parametrize("kind", sorted({*SPECS} - {"Mine"}))
def test_references_that_are_surely_right_are_right_by_every_rule(kind: str) -> None:
    for field in FIELDS_OF_KINDS[kind]:
        for text in TEXTS:
            for value in (text, ["a:b/c", text]):
                made = entity(kind)
                made["spec"][field] = value
                assert agrees(made)


@given(st.sampled_from(list(SPECS)), CHANGES)
def test_what_is_of_no_right_kind_or_type_is_looked_at(kind: str, changes: list[tuple[str, Any]]) -> None:
    assert agrees(changed_by(changes, kind))
