from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callboard.catalog.merge_values import Edited, Merge
from callboard.documents.values import ABSENT, same

WORDS = st.sampled_from(["owner", "tags", "links", "url", "title", "a"])
SCALARS = st.sampled_from(["x", "y", "z", 1, 1.0, True, None])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)
MAPPINGS = st.dictionaries(WORDS, VALUES, max_size=5)


def merged(base: Any, current: Any, wished: Any) -> Any:
    return Merge(base, current, wished).value


@pytest.mark.parametrize(
    ("base", "current", "wished", "result"),
    [
        ({"owner": "a"}, {"owner": "b"}, {"owner": "c"}, {"owner": "b"}),
        ({"owner": "a"}, {"owner": "a"}, {"owner": "c"}, {"owner": "c"}),
        ({"owner": "a"}, {}, {"owner": "a"}, {}),
        ({"owner": "a"}, {}, {"owner": "c"}, {}),
        ({"owner": "a"}, {"owner": "a"}, {}, {}),
        ({"owner": "a"}, {"owner": "b"}, {}, {"owner": "b"}),
        ({}, {"mine": 1}, {"new": 2}, {"new": 2, "mine": 1}),
        ({"v": 1}, {"v": True}, {"v": 2}, {"v": True}),
        (["a", "b"], ["a", "c"], ["a", "b", "d"], ["a", "d", "c"]),
        (["a", "b"], ["b", "mine", "a"], ["a"], ["mine", "a"]),
        (["a"], ["a", "mine"], ABSENT, ["mine"]),
        ({"t": ["a"]}, {"t": ["a", "mine"]}, {}, {"t": ["mine"]}),
        ({"m": {"a": 1}}, {"m": {"a": 1, "mine": 2}}, {}, {"m": {"mine": 2}}),
        (["a", "a"], ["a"], ["a", "a", "a"], ["a", "a"]),
        ({"a": 1}, ["mine"], {"a": 2}, ["mine"]),
    ],
)
def test_people_keep_what_they_changed_and_the_rest_arrives(
    base: Any, current: Any, wished: Any, result: Any
) -> None:
    assert merged(base, current, wished) == result


def test_new_keys_stand_where_they_are_generated() -> None:
    value = merged({"a": 1, "c": 3}, {"c": 3, "mine": 0, "a": 1}, {"a": 1, "b": 2, "c": 3, "d": 4})
    assert list(value) == ["c", "d", "mine", "a", "b"]
    assert list(merged({}, {"mine": 0}, {"z": 1})) == ["z", "mine"]


def test_links_are_told_apart_by_what_they_lead_to() -> None:
    base = [{"url": "u", "title": "U"}, {"url": "v", "title": "V"}, {"url": "w", "title": "W"}]
    mine = [{"url": "v", "title": "Mine"}, {"url": "m", "title": "M"}, {"url": "u", "title": "U"}]
    wished = [
        {"url": "u", "title": "U2"},
        {"url": "v", "title": "V", "icon": "i"},
        {"url": "w", "title": "W"},
    ]
    assert merged(base, mine, wished) == [
        {"url": "v", "title": "Mine", "icon": "i"},
        {"url": "m", "title": "M"},
        {"url": "u", "title": "U2"},
    ]


def test_pages_of_a_navigation_are_told_apart_by_their_title() -> None:
    base = [{"Overview": "index.md"}, {"Usage": "usage.md"}]
    mine = [{"Start here": "start.md"}, {"Overview": "index.md"}, {"Usage": "usage.md"}]
    wished = [{"Overview": "index.md"}, {"Usage": "use.md"}, {"Versions": "versions.md"}]
    assert merged(base, mine, wished) == [mine[0], *wished]


def test_what_people_changed_is_told_with_what_the_registry_says() -> None:
    merge = Merge(
        {"owner": "a", "type": "t", "tags": ["x"], "links": [{"url": "u", "title": "U"}, {"url": "v"}]},
        {"owner": "b", "type": "u", "tags": ["x", "y"], "links": [{"url": "u", "title": "M"}], "mine": 1},
        {"owner": "c", "type": "t", "tags": ["x"], "links": [{"url": "v", "title": "V"}]},
    )
    assert merge.edited == [
        Edited(("owner",), "b", "c", conflict=True),
        Edited(("type",), "u", "t", conflict=False),
        Edited(("tags",), ["x", "y"], ["x"], conflict=False),
        Edited(("links", "url=u"), {"url": "u", "title": "M"}, ABSENT, conflict=True),
        Edited(("links", "url=v"), ABSENT, {"url": "v", "title": "V"}, conflict=True),
        Edited(("links",), [{"url": "u", "title": "M"}], [{"url": "v", "title": "V"}], conflict=False),
        Edited(("mine",), 1, ABSENT, conflict=False),
    ]


@settings(max_examples=500, deadline=None)
@given(MAPPINGS | st.just(ABSENT), MAPPINGS)
def test_without_news_everything_stays(base: Any, current: Any) -> None:
    merge = Merge(base, current, base)
    assert same(merge.value, current)
    assert not any(one.conflict for one in merge.edited)


@settings(max_examples=500, deadline=None)
@given(MAPPINGS | st.just(ABSENT), MAPPINGS, MAPPINGS)
def test_a_second_merge_changes_nothing(base: Any, current: Any, wished: Any) -> None:
    value = merged(base, current, wished)
    assert same(merged(wished, value, wished), value)


@settings(max_examples=500, deadline=None)
@given(MAPPINGS, MAPPINGS)
def test_where_nobody_edited_everything_arrives(base: Any, wished: Any) -> None:
    merge = Merge(base, base, wished)
    assert same(merge.value, wished)
    assert merge.edited == []


@settings(max_examples=500, deadline=None)
@given(MAPPINGS, MAPPINGS)
def test_without_a_base_nothing_is_lost(current: Any, wished: Any) -> None:
    value = merged(ABSENT, current, wished)
    assert all(key in value for key in (*current, *wished))
    assert all(same(value[key], held) for key, held in current.items() if not isinstance(held, dict | list))
