"""What is read quickly is what is read with care."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callboard.documents.building import Builder
from callboard.documents.exact.stream import documents
from callboard.documents.limits import Limits
from callboard.documents.ordinary import unmistakable_documents
from callboard.documents.quick import read_quickly
from callboard.documents.reader import read_documents
from callboard.documents.values import same

KEYS = ["a", "x-y", "k8s/io", "$ref", "/p/{id}", "__proto__", '"q r"', "'s t'", "on", "true", "1", "<<"]
PLAIN = [
    "x",
    "foo bar",
    "it's",
    "a:b",
    "http://x/y#z",
    "größe",
    "infinity",
    "a, b",
    "a]b",
    "-x",
    "5 x",
    "- x",
]
TOLD_APART = [
    "5",
    "-5",
    "1.50",
    "1.2.3",
    "true",
    "null",
    "00",
    "1e3",
    "1_0",
    "yes",
    "Null",
    "~",
    "12:30",
    ".5",
]
QUOTED = ['"d\\u00e9"', '"d\\n"', "'s''q'", '"a: b"', "''"]
FLOW = [
    "[a, b]",
    "[]",
    "{a: b}",
    "{a: [x, 'y'], b: {c: 2}}",
    "{a, b}",
    "[a: b]",
    "[x,]",
    "{a:b}",
    "[[]]",
    "[on]",
]
HEADS = ["|", ">", "|-", ">-", "|+", ">2"]
LINES = [
    *(
        f"{dash}{value}{end}"
        for dash in ("", "- ", "- - ")
        for value in (*PLAIN, *TOLD_APART)
        for end in ("", " # c")
    ),
    *(f"{dash}{key}:" for dash in ("", "- ", "-  ") for key in KEYS),
    *("---", "--- # c", "--- x", "...", "%YAML 1.2", "", " ", "   ", "# c", "-", "\t", "&a", "!x", "? a"),
]
ENTRY = st.builds(
    lambda dash, key, gap, value, end: f"{dash}{key}:{gap}{value}{end}",
    st.sampled_from(["", "", "- "]),
    st.sampled_from(KEYS) | st.integers(1, 9).map(lambda number: f"k{number}"),
    st.sampled_from([" ", " ", "  "]),
    st.sampled_from([*PLAIN, *TOLD_APART, *QUOTED, *FLOW, *HEADS]),
    st.sampled_from(["", "", " # c"]),
)
INDENTED = st.builds(
    lambda columns, line: " " * columns + line,
    st.sampled_from([0, 0, 0, 1, 2, 2, 4, 61]),
    ENTRY | st.sampled_from(LINES),
)
TEXTS = st.builds(
    lambda lines, eol, end: eol.join(lines) + end,
    st.lists(INDENTED, max_size=8),
    st.sampled_from(["\n", "\n", "\r\n"]),
    st.sampled_from(["\n", "\n", "", "\n\n"]),
)


def carefully(text: str) -> tuple[list[Any], bool]:
    """The documents by the exact reader, and whether readers take anything in them differently."""
    values, doubts = [], False
    for read in documents(text):
        assert read.node is not None, read.malformed
        builder = Builder(Limits())
        values.append(builder.root(read.node, read.aliased or ()))
        doubts |= bool(builder.ambiguous or builder.odd_keys)
    return values, doubts


@pytest.mark.no_cover
@settings(max_examples=600)
@given(TEXTS)
def test_what_is_read_quickly_is_what_is_read_with_care(text: str) -> None:
    quick = read_quickly(text, Limits())
    if quick is None:
        return
    values, doubts = carefully(text)
    assert same(values, quick)
    assert not doubts


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\n",
        "a: it's, (so) 5 x\nb: [x, {c: d}]\n",
        "# c\n---\na: |\n  no: [\n\n   b\nc: >-\n  d\n---\ne: f\n",
        "a:\r\n  - b: 'c'\r\n    d: \"e\\n\"\r\n",
        "$ref: '#/a'\nversion: 1.2.3\nsize: 20\nright: true\n",
    ],
)
def test_what_people_write_is_read_quickly(text: str) -> None:
    assert read_quickly(text, Limits()) == carefully(text)[0]


@pytest.mark.parametrize(
    "text",
    [
        *(
            f"a: {value}\n"
            for value in ("no", "0777", "1e3", "2026-01-01", "12:30", "~", ".5", "=", "+1", "1_0")
        ),
        *(f"{key}: a\n" for key in ("on", "y", "null", "1", "1.5", "<<", "~")),
        "a: 1\na: 2\n",
        "a: [b\n",
        "a: &b c\n",
        "a: !!str 1\n",
        "a:\tb\n",
        "a: \ufffd\n",
        "a: \x85\n",
        "- a\n",
        "a\n",
        "",
        "---\n---\na: b\n",
        "a: |\n  b",
        "".join(f"{' ' * depth}a:\n" for depth in range(90)),
        "- " * 30 + "a: b\n",
        "a: " + "[" * 90 + "]" * 90 + "\n",
    ],
)
def test_whatever_is_not_beyond_doubt_is_left_to_care(text: str) -> None:
    assert read_quickly(text, Limits()) is None


def test_a_text_with_too_many_values_for_a_limit_is_left_to_care() -> None:
    text = "a: b\n" * 1000
    assert read_quickly(text, Limits(nodes=1000)) is None
    assert read_quickly("a: b\n", Limits(depth=10)) is None


def test_large_texts_are_told_apart_part_by_part() -> None:
    assert unmistakable_documents("---\na: |\n  b\n" * 300_000) == 300_000
    assert unmistakable_documents("- a: b\n" * 300_000) == 1
    assert unmistakable_documents("---\na: b\n" * 300_000 + "\t") == 0
    # Here PCRE2 gives up, and so does any limit of ours.
    assert unmistakable_documents("a\n" * 2_000_000) == 0


def test_text_is_told_apart_where_no_machine_code_may_be_made() -> None:
    # PR_SET_MDWE; nothing is forbidden by a Linux before 6.3, or by other systems.
    program = (
        "import ctypes, sys; sys.platform == 'linux' and ctypes.CDLL(None).prctl(65, 1, 0, 0, 0)\n"
        "from callboard.documents.ordinary import is_ordinary, unmistakable_documents\n"
        "print(unmistakable_documents('---\\na: b\\n' * 1000), is_ordinary('a: no\\n'))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout == "1000 True\n", done.stderr


def test_places_are_found_in_what_was_read_quickly() -> None:
    text = "# c\n---\na: b\n---\n# d\ne:\n  - f\n  - g: h\n"
    assert read_quickly(text, Limits()) is not None
    first, second = read_documents(text, "f.yaml").documents
    assert str(first.place(("a",))) == "f.yaml:3:4"
    assert str(second.place(("e", 1, "g"), key=True)) == "f.yaml:8:5"
    assert [first.index, second.index] == [0, 1]
