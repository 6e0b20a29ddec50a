"""The quick answer and jsonschema agree on what is valid."""

from __future__ import annotations

import copy
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.validation.quick import is_surely_valid
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


@given(
    st.sampled_from(list(SPECS)),
    st.lists(st.tuples(st.sampled_from(FIELDS.split()), st.sampled_from(VALUES)), min_size=1, max_size=3),
)
def test_what_is_surely_valid_is_valid_to_jsonschema_and_the_other_way_round(
    kind: str, changes: list[tuple[str, Any]]
) -> None:
    changed = entity(kind)
    for path, value in changes:
        *parents, last = path.split(".")
        holder = changed[parents[0]] if parents else changed
        if isinstance(holder, dict):
            holder[last] = value
    assert is_surely_valid(changed) == (not list(schema_findings(changed)))
