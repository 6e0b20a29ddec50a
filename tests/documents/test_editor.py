from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path as File
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callboard.documents.editor import CannotEdit, append, comments, comments_of, edit, remove, update
from callboard.documents.edits import InsertItem, InsertKey, RemoveItem, RemoveKey, SetValue
from callboard.documents.reader import read_documents
from callboard.documents.values import same
from tests.documents.styles import Styled, styled_documents

CORPUS = [
    pytest.param(file.read_bytes().decode(), id=file.stem)
    for file in sorted((File(__file__).parent / "corpus").glob("*.yaml"))
]


def values_of(text: str) -> list[Any]:
    reading = read_documents(text, "text")
    assert not reading.faults, text
    return [document.value for document in reading.documents]


def survives(lines: list[str], text: str) -> bool:
    """Whether all the lines stand in the text, in their order."""
    rest = iter(text.splitlines())
    return all(line in rest for line in lines)


VALUES = st.sampled_from(["new", "no", "two\nlines\n", 7, None, ["x", "y"], {"k": {"l": "m"}}, [], {}])


@settings(max_examples=400, deadline=None)
@given(styled_documents(), st.data())
def test_in_any_style_an_edit_changes_its_place_and_no_other_line(
    styled: Styled, data: st.DataObject
) -> None:
    text = styled.text
    assert same(values_of(text), [styled.value, {"other": 1}])
    path = data.draw(st.sampled_from(styled.paths))
    value = data.draw(VALUES)
    choices: list[Any] = [SetValue(path, value)]
    choices.append(RemoveKey(path) if isinstance(path[-1], str) else RemoveItem(path[:-1], path[-1]))
    held = styled.at(path)
    if isinstance(held, dict):
        after = data.draw(st.sampled_from([None, *held]))
        choices.append(InsertKey(path, "added", value, after))
    elif isinstance(held, list):
        choices.append(InsertItem(path, data.draw(st.integers(0, len(held))), value))
    one = data.draw(st.sampled_from(choices))
    written = edit(text, 0, [one])
    assert values_of(written)[1] == {"other": 1}
    assert Counter(comments(text)) <= Counter(comments(written))
    assert survives(styled.lines_outside(path), written), (one, text, written)


@settings(max_examples=200, deadline=None)
@given(styled_documents(), styled_documents())
def test_any_document_can_become_any_other(one: Styled, other: Styled) -> None:
    written = update(one.text, 0, other.value)
    assert same(values_of(written), [other.value, {"other": 1}])
    assert Counter(comments(one.text)) <= Counter(comments(written))


@pytest.mark.parametrize("text", CORPUS)
def test_a_document_is_added_at_the_end_of_any_file(text: str) -> None:
    if text.startswith("a: 1\n...\nb"):
        with pytest.raises(CannotEdit):
            append(text, {"kind": "API"})
        return
    written = append(text, {"kind": "API", "l": ["x"]})
    assert written.startswith(text)
    assert values_of(written) == [*values_of(text), {"kind": "API", "l": ["x"]}]


@pytest.mark.parametrize("text", CORPUS)
def test_any_document_of_any_file_can_be_removed_but_for_its_comments(text: str) -> None:
    values = values_of(text)
    if len(values) < 2 or "&" in text or text.startswith("a: 1\n...\nb"):
        values = values[:0] if "&" in text else values[:1]
    for index in range(len(values)):
        if text.startswith("a: 1\n...\nb"):
            continue
        written = remove(text, index)
        rest = values_of(text)
        del rest[index]
        assert same(values_of(written), rest)
        assert Counter(comments(written)) == Counter(comments(text))


def test_line_ends_and_the_missing_last_one_stay() -> None:
    text = "a: 1\r\nb:\r\n  - x"
    written = edit(text, 0, [InsertItem(("b",), 1, "z"), InsertKey((), "c", {"d": ["e"]}, "a")])
    assert written == "a: 1\r\nc:\r\n  d:\r\n    - e\r\nb:\r\n  - x\r\n  - z"
    assert append("a: 1\r\n", {"b": 2}) == "a: 1\r\n---\r\nb: 2\r\n"


def test_a_byte_order_mark_stays() -> None:
    assert edit("\ufeffa: 1\n", 0, [SetValue(("a",), 2)]) == "\ufeffa: 2\n"
    assert append("\ufeffa: 1\n", {"b": 2}) == "\ufeffa: 1\n---\nb: 2\n"
    assert remove("\ufeffa: 1\n---\nb: 2\n", 0) == "\ufeff---\nb: 2\n"
    assert comments("\ufeff# x\na: 1\n") == ["# x"]


def test_the_quotes_that_a_person_chose_stay() -> None:
    text = "a: \"x\"\nb: 'y'\nc: z\n"
    edits = [SetValue((key,), "new") for key in "abc"]
    assert edit(text, 0, edits) == "a: \"new\"\nb: 'new'\nc: new\n"


def test_a_literal_keeps_its_place_and_its_comment() -> None:
    text = "spec:\n  definition: |  # from the gateway\n      one\n      two\n  type: x\n"
    written = edit(text, 0, [SetValue(("spec", "definition"), "one\nthree\n")])
    assert written == "spec:\n  definition: | # from the gateway\n      one\n      three\n  type: x\n"


def test_comments_of_what_is_removed_stay() -> None:
    text = "tags:\n  - a # why a\n  # about b\n  - b # why b\nowner: x # who\n"
    assert edit(text, 0, [RemoveItem(("tags",), 0)]) == text.replace("- a # why a", "# why a")
    assert edit(text, 0, [RemoveKey(("tags",))]) == "# why a\n# about b\n# why b\nowner: x # who\n"


@pytest.mark.parametrize(
    "one",
    [SetValue(("use",), 1), RemoveKey(("use",)), SetValue(("base", "a"), 2), RemoveKey(("base",))],
)
def test_what_is_shared_by_an_anchor_is_not_edited(one: Any) -> None:
    with pytest.raises(CannotEdit, match="anchor"):
        edit("base: &b\n  a: 1\nuse: *b\nother: 2\n", 0, [one])


def test_beside_an_anchor_edits_are_made() -> None:
    text = "base: &b\n  a: 1\nuse: *b\nother: 2\n"
    assert edit(text, 0, [SetValue(("other",), 3)]) == text.replace("2", "3")


def test_what_cannot_be_cut_is_edited_by_a_round_trip() -> None:
    written = edit("? a\n: b\nc: d # e\n", 0, [SetValue(("a",), "no"), InsertKey((), "x", {"y": ["z"]}, "a")])
    assert values_of(written) == [{"a": "no", "x": {"y": ["z"]}, "c": "d"}]
    assert "# e" in written
    windows = edit("? a\r\n: b\r\nc: d\r\n", 0, [RemoveKey(("a",))])
    assert windows == "c: d\r\n"


@pytest.mark.parametrize(
    ("text", "act"),
    [
        ("a: [", lambda text: edit(text, 0, [SetValue(("a",), 1)])),
        ("a: 1\na: 2\n", lambda text: append(text, {})),
        ("a: 1\n", lambda text: edit(text, 0, [SetValue(("b",), 1)])),
        ("a: 1\n", lambda text: edit(text, 1, [SetValue(("a",), 1)])),
        ("a: 1\n", lambda text: edit(text, 0, [InsertKey((), "x", 1, "b")])),
        ("a: 1\n", lambda text: update(text, 1, {})),
        ("a: 1\n", lambda text: remove(text, 1)),
        ("a: 1\n", lambda text: comments_of(text, 1)),
        ("a: 1\n...\nb: 2\n", lambda text: edit(text, 0, [SetValue(("a",), 2)])),
        ("a: 1\n", lambda text: edit(text, 0, [SetValue(("a",), "\ud800")])),
        ("[" * 5000, lambda text: comments(text)),
    ],
)
def test_what_cannot_be_edited_is_refused(text: str, act: Callable[[str], object]) -> None:
    with pytest.raises(CannotEdit):
        act(text)


def test_comments_are_found_by_document() -> None:
    text = "# top\na: '# no' # a\n---\n# b1\nb: 1 # b2\n--- # c\n|\n # no\n"
    assert comments(text) == ["# top", "# a", "# b1", "# b2", "# c"]
    assert [comments_of(text, index) for index in range(3)] == [["# a"], ["# b1", "# b2"], ["# c"]]


@settings(max_examples=300, deadline=None)
@given(st.text("ab:-?#&*!|>'\"%@,[]{} \n\t\r", max_size=40), st.data())
def test_no_text_breaks_the_editor(text: str, data: st.DataObject) -> None:
    reading = read_documents(text, "text")
    value = data.draw(VALUES)
    for document in reading.documents:
        before = [held.value for held in reading.documents]
        keys = list(document.value) if isinstance(document.value, dict) else [0]
        for one in (SetValue((keys[0],) if keys else (), value), InsertKey((), "added", value)):
            try:
                written = edit(text, document.index, [one])
            except CannotEdit:
                continue
            after = values_of(written)
            del before[document.index], after[document.index]
            assert same(before, after)
            before.insert(document.index, document.value)
