"""Typed values out of a registry's JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given

from callboard.sources.rest_values import MAX_LONG_TEXT, Values, plain
from tests.sources.test_queries import JSON

DIGEST = "ab" * 32
READERS: dict[str, Callable[[Values], Any]] = {
    "text": lambda values: values.text("x", "x"),
    "long": lambda values: values.long_text("x", "x"),
    "texts": lambda values: values.texts("x", "x"),
    "pairs": lambda values: values.pairs("x", "x"),
    "numbers": lambda values: values.numbers("x", "x"),
    "number": lambda values: values.number("x", "x"),
    "size": lambda values: values.size("x", "x"),
    "digest": lambda values: values.digest("x", "x"),
    "flag": lambda values: values.flag("x", "x"),
    "time": lambda values: values.time("x", "x"),
    "outcome": lambda values: values.outcome("x", "x", {"ok"}, {"bad"}),
    "items": lambda values: [item.scope for item in values.items("x", "x")],
}


@pytest.mark.parametrize(
    ("kind", "said", "gives", "fault"),
    [
        ("text", " a ", "a", False),
        ("text", 1.5, "1.5", False),
        ("text", None, None, False),
        ("text", True, None, True),
        ("text", float("nan"), None, True),
        ("text", "a" * 9000, "a" * 8192, True),
        ("text", "a\0b\ud83d", "ab\ufffd", False),
        ("long", "a\nb", "a\nb", False),
        ("long", 5, None, True),
        ("long", "a" * (MAX_LONG_TEXT + 1), None, True),
        ("texts", "one", ("one",), False),
        ("texts", ["a", 1, "a", {}, ""], ("a", "1"), True),
        ("texts", [str(number) for number in range(5001)], tuple(map(str, range(5000))), True),
        ("texts", "", (), False),
        ("pairs", {"b": True, "a": 1, "c": None, "d": [1], "": "x"}, {"a": "1", "b": "true"}, True),
        ("pairs", [], {}, True),
        ("pairs", dict.fromkeys(map(str, range(1001)), "x"), {}, True),
        ("numbers", {"b": 1, "a": 2.5, "note": "x", "no": None}, {"a": 2.5, "b": 1.0}, False),
        ("numbers", {"a": float("inf"), "b": 10**400, "c": [1]}, {}, True),
        ("number", "0.5", 0.5, False),
        ("number", "much", None, True),
        ("number", "nan", None, True),
        ("number", True, None, True),
        ("size", 0, 0, False),
        ("size", -1, None, True),
        ("size", 2**63, None, True),
        ("size", 1.0, None, True),
        ("digest", DIGEST.upper(), f"sha256:{DIGEST}", False),
        ("digest", f"sha256:{DIGEST}", f"sha256:{DIGEST}", False),
        ("digest", "latest", None, True),
        ("flag", False, False, False),
        ("flag", "yes", None, True),
        ("outcome", True, True, False),
        ("outcome", " OK ", True, False),
        ("outcome", "bad", False, False),
        ("outcome", "perhaps", None, True),
        ("outcome", None, None, True),
        ("time", "2026-02-03T04:05:06.789+02:00", "2026-02-03T02:05:06Z", False),
        ("time", "2026-02-03", "2026-02-03T00:00:00Z", False),
        ("time", 1_767_000_000, "2025-12-29T09:20:00Z", False),
        ("time", 1_767_000_000_000, "2025-12-29T09:20:00Z", False),
        ("time", "yesterday", None, True),
        ("time", "0001-01-01T00:00:00+23:59", None, True),
        ("time", -(10**30), None, True),
        ("time", True, None, True),
        ("time", "", None, False),
        ("items", [1, 2], [1, 2], False),
        ("items", {"a": 1}, [], True),
        ("items", None, [], False),
        ("items", [0] * 5001, [0] * 5000, True),
    ],
    ids=lambda said: repr(said)[:40],
)
def test_values_are_what_they_should_be_or_left_out(kind: str, said: Any, gives: Any, fault: bool) -> None:
    values = Values({"x": said}, set(), "at.")
    assert READERS[kind](values) == gives
    assert values.faults == ({"at.x"} if fault else set())


def test_an_expression_that_cannot_be_evaluated_is_a_fault() -> None:
    values = Values({"x": 1}, set())
    assert values.text("name", "length(x)") is None
    assert values.faults == {"name"}


def test_a_number_that_python_does_not_write_is_a_fault() -> None:
    values = Values({"x": 10**4400}, set())
    assert (values.text("x", "x"), values.faults) == (None, {"x"})


@given(JSON)
def test_nothing_raises_and_every_text_can_be_written(said: Any) -> None:
    for read in READERS.values():
        read(Values({"x": said}, set()))
    text = plain(said)
    assert text is None or text.encode()
