"""What a plain scalar means, and when it must be quoted so that nobody takes it for something else."""

from __future__ import annotations

import math
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from callboard.documents.reader import read_documents
from callboard.documents.scalars import needs_quotes, read_plain, reads_differently

WORDS = r"""
y n yes No ON off true False null ~ = << 0 -1 +1 1_000 0777 0o17 0x1F 0b101 1e5 7318e91234 1.5
.5 1. -.INF
.inf .nan 12:30:45
190:20:30 2026-01-01 2026-01-01T10:00:00Z 1.2.3 v1 - -- --- ... .. ? ?a : :a a: a:b #a a# @a `a` *a
&a !a |a >a %a 'a' "a" [a] {a} a,b a[0] http://a.b/c?d=e#f group:default/a sha256:9f86 C:\x a&b a*b a'b a"b é
模型 😀 a😀 0a 1a 1.2.3.4 +a -a ._ 1__0 0_ nan inf NaN Infinity 1,000
"""
TRICKY = (*WORDS.split(), "\u0661", "a\tb", "1\xa0", "5 6")
CHARACTERS = st.one_of(
    st.sampled_from("aZyn019.:-_+=<~#&*!|>%@`'\"[]{},? \t\\/eExXoObB\xa0\x85\u2028\ufeff"), st.characters()
)
TEXTS = st.one_of(st.sampled_from(TRICKY), st.text(CHARACTERS, max_size=12), st.text(max_size=12))


def styles(text: str) -> str:
    return f"k: {text}\n{text}: k\nl:\n- {text}\n- [{text}, {{{text}: {text}}}]\n"


def expected(text: str) -> dict[str, Any]:
    return {"k": text, text: "k", "l": [text, [text, {text: text}]]}


@given(TEXTS)
@example("k")
def test_a_scalar_that_needs_no_quotes_is_itself_to_every_reader(text: str) -> None:
    if needs_quotes(text) or text in ("k", "l"):
        return
    written = styles(text)
    assert [document.value for document in read_documents(written, "f").documents] == [expected(text)]
    assert yaml.safe_load(written) == expected(text)
    assert YAML(typ="safe", pure=True).load(written) == expected(text)


@given(st.from_regex(r"[a-z][a-z0-9./-]{5,20}", fullmatch=True))
def test_ordinary_words_need_no_quotes(text: str) -> None:
    assert not needs_quotes(text)


@pytest.mark.parametrize(
    "text",
    [
        "fraud detector",
        "group:default/ml-platform",
        "https://a.example/x",
        "v1.2.0",
        "backstage.io/v1alpha1",
        "ärger",
    ],
)
def test_what_catalogs_are_full_of_stays_plain(text: str) -> None:
    assert not needs_quotes(text)


TAKEN_OTHERWISE = """
y N yes no on Off true null ~ = << 1 0777 0o17 0x1f 0b1 1_000 1e5 7318e91234
12345678901234567890123456789012 1.5
.inf .nan 12:30:45 2026-01-01 - --- ... ? : a: #a @a `a *a &a !a |a >a %a 'a "a [a {a ,a
"""


@pytest.mark.parametrize("text", TAKEN_OTHERWISE.split())
def test_what_some_reader_takes_for_something_else_needs_quotes(text: str) -> None:
    assert needs_quotes(text)


@pytest.mark.parametrize(
    "text", ["", " a", "a ", "a: b", "a #b", "a\nb", "a\x00b", "\ufeffa", "a\x85b", "\ud800"]
)
def test_what_is_no_plain_scalar_needs_quotes(text: str) -> None:
    assert needs_quotes(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("nUll", "nUll"),
        ("true", True),
        ("FALSE", False),
        ("yes", "yes"),
        ("0777", 777),
        ("0o17", 15),
        ("0x1F", 31),
        ("-12", -12),
        ("1_000", "1_000"),
        ("1e3", 1000.0),
        ("1.", 1.0),
        (".5", 0.5),
        (".", "."),
        ("-.inf", -math.inf),
        ("12:30", "12:30"),
        ("2026-01-01", "2026-01-01"),
        ("\u0661", "\u0661"),
        ("9" * 5000, math.inf),
    ],
)
def test_plain_scalars_mean_what_the_core_schema_says(text: str, value: object) -> None:
    read = read_plain(text)
    assert read == value
    assert type(read) is type(value)


def test_not_a_number_is_a_float() -> None:
    assert math.isnan(float(str(read_plain(".nan"))))


@given(TEXTS)
def test_what_pyyaml_and_we_read_differently_is_said_to_be_so(text: str) -> None:
    if text != text.strip() or len(text.splitlines()) > 1:
        return
    try:
        theirs = yaml.safe_load(f"[{text}]")
    except (yaml.YAMLError, ValueError):
        return
    ours = read_documents(f"[{text}]", "f").documents
    if not ours or ours[0].value != [text] or not isinstance(theirs, list):
        return
    if any(isinstance(one, dict) for one in theirs):
        return  # Not a scalar at all, to one of them.
    assert theirs == [text] or reads_differently(text)


@pytest.mark.parametrize(
    "text", ["y", "no", "0777", "1_0", "1e5", "0o17", "1:30", "2026-01-01", "=", "<<", "0b1"]
)
def test_scalars_that_two_versions_of_yaml_take_differently(text: str) -> None:
    assert reads_differently(text)


@pytest.mark.parametrize(
    "text", ["true", "~", "", "12", "0", "-1.5", "1.5e+3", ".inf", ".nan", "a", "1.2.3", "-", "."]
)
def test_scalars_that_all_versions_of_yaml_take_alike(text: str) -> None:
    assert not reads_differently(text)
