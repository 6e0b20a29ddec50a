"""YAML from outside: what it means, where it stands, and what it may cost."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from callboard.documents import libyaml
from callboard.documents.building import Builder, Limits
from callboard.documents.exact.stream import documents
from callboard.documents.reader import Reading, read_documents
from callboard.documents.values import same


def values(content: bytes | str) -> list[Any]:
    reading = read_documents(content, "f.yaml")
    assert reading.faults == ()
    return [document.value for document in reading.documents]


def faults(reading: Reading) -> list[tuple[str, int, int]]:
    return [(fault.code, fault.place.line, fault.place.column) for fault in reading.faults]


def test_scalars_are_read_as_yaml_1_2() -> None:
    text = (
        "a: no\nb: 2026-01-01\nc: 0777\nd: 0o17\ne: .inf\nf: 12:30:45\ng: ~\nh: 'no'\n1: one\ntrue: t\n~: n\n"
    )
    assert values(text) == [
        {
            "a": "no",
            "b": "2026-01-01",
            "c": 777,
            "d": 15,
            "e": float("inf"),
            "f": "12:30:45",
            "g": None,
            "h": "no",
            "1": "one",
            "true": "t",
            "": "n",
        }
    ]


def test_a_merge_key_is_a_key_like_any_other() -> None:
    assert values("a: &a {x: 1}\nb: {<<: *a}\n") == [{"a": {"x": 1}, "b": {"<<": {"x": 1}}}]


def test_tags_of_the_core_schema_hold_and_others_leave_strings() -> None:
    assert values("[!!str 1, !!int 2, !!float 3, !!null '', !!bool true, !foo bar, ! 5]") == [
        ["1", 2, "3", None, True, "bar", "5"]
    ]


@pytest.mark.parametrize("text", ["!!int x", "!!bool 1", "!!int true", "!!float a"])
def test_a_value_that_does_not_fit_its_tag_is_a_string(text: str) -> None:
    assert values(f"a: {text}") == [{"a": text.split()[1]}]


def test_a_tag_that_would_run_python_makes_a_string() -> None:
    assert values("!!python/object/apply:os.system [id]") == [["id"]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("# nothing\n", []),
        ("---\n", [None]),
        ("a: 1\n---\n", [{"a": 1}, None]),
        ("# first\n---\na: 1\n", [{"a": 1}]),
        ("%YAML 1.2\n---\na: 1\n", [{"a": 1}]),
        ("%TAG !e! tag:e,2026:\n# c\n---\na: !e!x 1\n...\n%YAML 1.2\n---\nb: 2\n", [{"a": "1"}, {"b": 2}]),
        ("a: 1\n...\nb: 2\n", [{"a": 1}, {"b": 2}]),
        ("a: 1\n...\n# c\n...\n", [{"a": 1}, None]),
        ("---a: 1\n", [{"---a": 1}]),
        ("a: |\n  ---\n  x\n", [{"a": "---\nx\n"}]),
        ("\ufeffa: 1\r\n---\r\nb: 2\r\n", [{"a": 1}, {"b": 2}]),
    ],
)
def test_a_text_holds_any_number_of_documents(text: str, expected: list[Any]) -> None:
    assert values(text) == expected
    assert values(text.encode()) == expected


def test_what_is_wrong_in_one_document_leaves_the_others_alone() -> None:
    text = b"a: 1\n---\nb: [\n---\nc: 1\nc: 2\n---\nd: \xff\n---\n" + b"[" * 3000 + b"\n---\ne: 5\n"
    reading = read_documents(text, "f.yaml")
    assert [(document.index, document.value) for document in reading.documents] == [
        (0, {"a": 1}),
        (5, {"e": 5}),
    ]
    assert faults(reading) == [
        ("yaml-syntax", 4, 1),
        ("yaml-duplicate-key", 6, 1),
        ("yaml-encoding", 8, 4),
        ("yaml-too-deep", 10, 101),
    ]
    assert str(reading.documents[1].place(("e",))) == "f.yaml:12:4"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("a: b: c", "quote the value"),
        ("a:\n\tb: 1", "indent with spaces"),
        ("a: @b", "put the value in quotes"),
        ("a: 'b", "close the quote"),
        ("a: [1, 2", "close the"),
        ("a: *b", "define the anchor"),
        ("- a\nb: 1", "indentation"),
        ("a: !x!y z", "remove the tag"),
        ('a: "\\q"', "backslash"),
    ],
)
def test_a_text_that_is_not_yaml_is_answered_with_what_to_do(text: str, hint: str) -> None:
    (fault,) = read_documents(text, "f").faults
    assert fault.code == "yaml-syntax"
    assert hint in fault.hint


def test_a_place_is_that_of_the_value_or_of_its_key() -> None:
    (document,) = read_documents(
        "metadata:\n  name: 'x'\n  tags:\n    - one\n    - b: {1: z}\n", "c.yaml"
    ).documents
    assert str(document.place()) == "c.yaml:1:1"
    assert str(document.place(("metadata", "name"))) == "c.yaml:2:9"
    assert str(document.place(("metadata", "name"), key=True)) == "c.yaml:2:3"
    assert str(document.place(("metadata", "tags", 0))) == "c.yaml:4:7"
    assert str(document.place(("metadata", "tags", 1, "b", "1"))) == "c.yaml:5:14"


def test_a_path_that_leads_nowhere_has_the_place_of_what_should_hold_it() -> None:
    (document,) = read_documents("metadata:\n  name: x\nspec:\n  - a\n", "c.yaml").documents
    assert str(document.place(("metadata", "title"))) == "c.yaml:1:1"
    assert str(document.place(("spec", 7, "a"), key=True)) == "c.yaml:3:1"
    assert str(document.place(("nothing",))) == "c.yaml:1:1"


def test_scalars_that_two_versions_of_yaml_take_differently_are_found_with_their_places() -> None:
    (document,) = read_documents("a: no\non: 'no'\nb: [0777, x]\n", "c.yaml").documents
    assert [(one.text, one.place.line, one.place.column) for one in document.ambiguous] == [
        ("no", 1, 4),
        ("on", 2, 1),
        ("0777", 3, 5),
    ]


def test_what_ends_a_line_in_yaml_1_1_only_is_a_character_like_any_other() -> None:
    text = "a\u2028: b\x85c\nd: 'e\u2029 f'\n\ue000: g\n"
    (document,) = read_documents(text, "c.yaml").documents
    assert document.value == {"a\u2028": "b\x85c", "d": "e\u2029 f", "\ue000": "g"}
    assert str(document.place(("a\u2028",))) == "c.yaml:1:5"
    assert str(document.place(("\ue000",))) == "c.yaml:3:4"


def test_aliases_share_what_they_stand_for() -> None:
    (value,) = values("a: &x [1, 2]\nb: *x\nc: &y k\nd: *y\n")
    assert value == {"a": [1, 2], "b": [1, 2], "c": "k", "d": "k"}
    assert value["a"] is value["b"]


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{after}: &{after} [{','.join([f'*{before}'] * 9)}]\n"
    for before, after in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("content", "limits", "code"),
    [
        (b"[" * 30_000, Limits(), "yaml-too-deep"),
        (b"- " * 30_000, Limits(), "yaml-too-deep"),
        (b"? " * 30_000, Limits(), "yaml-too-deep"),
        (b"{a: " * 30_000, Limits(), "yaml-too-deep"),
        ("".join(f"{' ' * n}a:\n" for n in range(1000)).encode(), Limits(), "yaml-too-deep"),
        (b"a: {b: [c: [d]]}", Limits(depth=3), "yaml-too-deep"),
        (BOMB.encode(), Limits(), "yaml-alias-bomb"),
        (b"a: &a b\nc: [" + b"*a, " * 101 + b"]", Limits(), "yaml-alias-bomb"),
        (b"a: &a " + b"x" * 9000 + b"\nc: [" + b"*a, " * 90 + b"]", Limits(nodes=5000), "yaml-alias-bomb"),
        (b"&a [*a]", Limits(), "yaml-alias-cycle"),
        (b"a: &a {b: *a}", Limits(), "yaml-alias-cycle"),
        (b"x" * 11, Limits(bytes=10), "yaml-too-large"),
        (b"- a\n" * 20, Limits(nodes=10), "yaml-too-large"),
        (b"---\n" * 20, Limits(nodes=10), "yaml-too-large"),
        (b"a: \0", Limits(), "yaml-character"),
        ("a: 1".encode("utf-16"), Limits(), "yaml-encoding"),
        (b"[a]: 1", Limits(), "yaml-key"),
    ],
)
def test_what_goes_beyond_a_limit_is_a_fault(content: bytes, limits: Limits, code: str) -> None:
    assert [fault.code for fault in read_documents(content, "f", limits).faults] == [code]


def test_a_lone_surrogate_in_a_string_is_a_fault() -> None:
    assert faults(read_documents("a: \ud800", "f")) == [("yaml-encoding", 1, 4)]


@pytest.mark.parametrize("between", ["---\n", "...\n"])
def test_reading_stops_after_so_many_faults_and_says_so(between: str) -> None:
    whole = read_documents(between.join(["[\n"] * 7), "f", Limits(faults=7)).faults
    assert [fault.code for fault in whole] == ["yaml-syntax"] * 7
    *told, last = read_documents(between.join(["[\n"] * 50), "f", Limits(faults=7)).faults
    assert [fault.code for fault in told] == ["yaml-syntax"] * 7
    assert (last.code, last.place.column) == ("too-many-problems", 1)
    assert last.place.line in (14, 15)


@given(st.binary(max_size=200))
def test_no_bytes_make_reading_fail(content: bytes) -> None:
    reading = read_documents(content, "f")
    for document in reading.documents:
        assert document.place().line >= 1


FRAGMENTS = st.sampled_from(
    (
        *("a: ", "- ", "[", "]", "{", "}", ", ", "b", "&x ", "*x", "'", '"', "\n", "  ", "---\n", "...\n"),
        *("|\n", "#", "? ", ": ", "!!str ", "%YAML 1.2\n", "\t", "\r\n", "é", "0777"),
    )
)


@settings(max_examples=300)
@given(st.lists(FRAGMENTS, max_size=25).map("".join))
def test_reading_by_pieces_finds_what_reading_the_whole_text_finds(text: str) -> None:
    reading = read_documents(text, "f", forgiving=True)
    whole = list(documents(text))
    assert len(reading.documents) + len(reading.faults) == len(whole)
    for document in reading.documents:
        read = whole[document.index]
        assert read.node is not None
        assert same(document.value, Builder(Limits()).root(read.node, read.aliased))


TEXT = st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_json_means_the_same_as_in_json_and_every_value_has_its_place(value: Any) -> None:
    text = json.dumps(value, indent=1)
    (document,) = read_documents(text, "f.json").documents
    assert document.value == value
    lines = text.splitlines()

    def check(inner: Any, path: tuple[str | int, ...]) -> None:
        place = document.place(path)
        assert lines[place.line - 1][place.column - 1 :].startswith(json.dumps(inner, indent=1)[0])
        items = (
            inner.items() if isinstance(inner, dict) else enumerate(inner) if isinstance(inner, list) else ()
        )
        for step, child in items:
            check(child, (*path, step))

    check(value, ())


@settings(max_examples=60)
@given(st.lists(FRAGMENTS, max_size=25).map("".join))
def test_the_parser_without_libyaml_reads_the_same(text: str) -> None:
    def read(parser: type[Any]) -> list[str] | None:
        kept, libyaml._parser = libyaml._parser, parser
        try:
            return [yaml.serialize(node) for node in libyaml.compose(text) if node is not None]
        except yaml.YAMLError:
            return None
        finally:
            libyaml._parser = kept

    fast, pure = read(libyaml._parser), read(libyaml._PurePython)
    # Each is a little stricter than the other somewhere; where both read, they read the same.
    assert fast is None or pure is None or fast == pure
