"""Keys and names."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.catalog.identity import Key, assign_names, base_name, entity_name

_BACKSTAGE_NAME = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_KEYS = st.builds(Key, st.just("acme/models"), st.sampled_from(["a", "b"]), st.text(min_size=1, max_size=20))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("fraud-detector", "fraud-detector"),
        ("granite-3.1-8b_lab", "granite-3.1-8b_lab"),
        ("../../etc/passwd", "etc-passwd"),
        ("a/b", "a-b"),
        ("Modèle de fraude", "Modele-de-fraude"),
        ("欺诈检测", ""),
        ("🤖🔥", ""),
        ("x" * 200, "x" * 63),
        ("-._", ""),
    ],
)
def test_names_follow_backstages_rules(name: str, expected: str) -> None:
    assert base_name(name) == expected


@pytest.mark.parametrize("name", ["欺诈检测", "🤖", "", "..."])
def test_a_name_that_cannot_be_said_is_told_by_its_key(name: str) -> None:
    assert re.fullmatch(r"model-[0-9a-f]{8}", entity_name(name, Key("s", "a", "1"), frozenset()))


@pytest.mark.parametrize(
    ("name", "begins"),
    [("con", "con-"), ("NUL.txt", "NUL-txt-"), ("Aux", "Aux-"), ("prn.", "prn-"), ("com1.v2.x", "com1-v2-x-"),
     ("lpt9", "lpt9-")],
)  # fmt: skip
def test_a_name_that_no_folder_can_have_on_windows_is_told_by_its_key(name: str, begins: str) -> None:
    named = entity_name(name, Key("s", "a", "1"), frozenset())

    assert re.fullmatch(re.escape(begins) + "[0-9a-f]{8}", named)


@pytest.mark.parametrize("name", ["console", "null", "com10", "auxiliary.txt", "model.con"])
def test_a_name_that_only_looks_like_one_of_these_stays(name: str) -> None:
    assert entity_name(name, Key("s", "a", "1"), frozenset()) == name


def test_names_that_differ_only_by_dot_and_dash_stay_apart() -> None:
    names = assign_names({Key("s", "a", "1"): "a.b", Key("s", "a", "2"): "a-b"}, {}, frozenset())

    assert set(names.values()) == {"a.b", "a-b"}


def test_a_published_name_never_changes() -> None:
    old, new = Key("s", "z", "1"), Key("s", "a", "1")

    names = assign_names({old: "Other title now", new: "fraud"}, {old: "fraud"}, frozenset())

    assert names[old] == "fraud"
    assert names[new].startswith("fraud-")


@given(st.dictionaries(_KEYS, st.text(max_size=80), max_size=12), st.sets(st.text(max_size=5).map(str.lower)))
def test_every_model_gets_its_own_valid_name_whatever_it_is_called(
    wanted: dict[Key, str], taken: set[str]
) -> None:
    names = assign_names(wanted, {}, taken)

    lowered = [name.lower() for name in names.values()]
    assert set(names) == set(wanted)
    assert len(set(lowered)) == len(lowered)
    assert not set(lowered) & taken
    assert all(_BACKSTAGE_NAME.fullmatch(name) and len(name) <= 63 for name in names.values())


@given(st.dictionaries(_KEYS, st.text(max_size=20), min_size=1, max_size=8))
def test_names_do_not_depend_on_the_order_of_models(wanted: dict[Key, str]) -> None:
    backwards = dict(reversed(wanted.items()))

    assert assign_names(wanted, {}, frozenset()) == assign_names(backwards, {}, frozenset())
