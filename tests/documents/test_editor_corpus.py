"""Every edit at every place of every style in ``corpus``: what changes is the value, and only its lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from difflib import SequenceMatcher
from pathlib import Path as File
from typing import Any

import pytest
import yaml

from callboard.documents import libyaml
from callboard.documents.editor import CannotEdit, comments, edit
from callboard.documents.edits import (
    Edit,
    InsertItem,
    InsertKey,
    RemoveItem,
    RemoveKey,
    SetValue,
    applied,
)
from callboard.documents.place import Path
from callboard.documents.reader import read_documents
from callboard.documents.values import same

CORPUS = sorted((File(__file__).parent / "corpus").glob("*.yaml"))

# Where people wrote so that a place has no line of its own: the round trip may move other lines, or give up.
BY_ROUND_TRIP = {"complex-keys", "quoted-keys", "anchors", "document-after-dots"}

NEW_VALUES: list[Any] = ["new", "no", 7, None, "two\nlines\n", ["x"], {"k": "v", "l": ["m"]}, [], {}]


def texts() -> list[Any]:
    return [pytest.param(file.read_bytes().decode(), id=file.stem) for file in CORPUS]


def values_of(text: str) -> list[Any]:
    reading = read_documents(text, "text")
    assert not reading.faults
    return [document.value for document in reading.documents]


def edits_of(value: Any, path: Path = ()) -> Iterator[Edit]:
    if path:
        yield from (SetValue(path, new) for new in NEW_VALUES)
    if isinstance(value, dict):
        keys = list(value)
        yield from (InsertKey(path, "added", new, after) for after in [None, *keys] for new in NEW_VALUES)
        for key, held in value.items():
            yield RemoveKey((*path, key))
            yield from edits_of(held, (*path, key))
    elif isinstance(value, list):
        for index in range(len(value) + 1):
            yield from (InsertItem(path, index, new) for new in NEW_VALUES)
        for index, held in enumerate(value):
            yield RemoveItem(path, index)
            yield from edits_of(held, (*path, index))


def lines_of(text: str, document: int, path: Path) -> range:
    """The lines of an entry, by PyYAML's composer."""
    body = text.removeprefix("\ufeff")
    node = list(libyaml.compose(body))[document]
    assert node is not None
    first, last = node.start_mark, node.end_mark
    for step in path:
        if isinstance(node, yaml.MappingNode):
            name, node = next((key, held) for key, held in node.value if key.value == step)
            first, last = name.start_mark, node.end_mark
        else:
            assert isinstance(node, yaml.SequenceNode)
            assert isinstance(step, int)
            # The dash of an item stands behind the item before it.
            first = node.value[step - 1].end_mark if step else node.start_mark
            node = node.value[step]
            last = node.end_mark
    assert first is not None
    assert last is not None
    return range(first.line, last.line + 1)


def touched_by(one: Edit, value: Any) -> Path:
    if not isinstance(one, RemoveKey | RemoveItem):
        return one.path
    *path, step = one.path if isinstance(one, RemoveKey) else (*one.path, one.index)
    holder = value
    for part in path:
        holder = holder[part]
    # Without its last entry, the collection is written as an empty one.
    return (*path, step) if len(holder) > 1 else tuple(path)


def bare(line: str) -> str:
    return line.replace(",", "").strip(" -")


def changed_lines(before: str, after: str) -> list[int]:
    """The lines of ``before`` that did not survive."""
    old, new = before.removeprefix("\ufeff").splitlines(), after.removeprefix("\ufeff").splitlines()
    changes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return [line for kind, start, stop, _, _ in changes if kind != "equal" for line in range(start, stop)]


@pytest.mark.parametrize("text", texts())
def test_every_edit_at_every_place_changes_the_value_and_only_its_lines(
    text: str, request: pytest.FixtureRequest
) -> None:
    style = request.node.callspec.id
    for document, value in enumerate(values_of(text)):
        for one in edits_of(value):
            try:
                after = edit(text, document, [one])
            except CannotEdit:
                assert style in BY_ROUND_TRIP, one
                continue
            wanted = values_of(text)
            wanted[document] = applied(value, one)
            assert same(values_of(after), wanted), one
            assert Counter(comments(text)) <= Counter(comments(after)), one
            if style in BY_ROUND_TRIP:
                continue
            touched = lines_of(text, document, touched_by(one, value))
            for line in set(changed_lines(text, after)) - set(touched):
                # What stands on one line with the dash or the comma of what was removed moves, no more.
                assert isinstance(one, RemoveKey | RemoveItem), (one, after)
                assert touched.start - 2 <= line <= touched.stop, (one, after)
                assert bare(text.splitlines()[line]) in map(bare, after.splitlines()), (one, after)
            if isinstance(one, InsertKey | InsertItem) and len(touched) > 1:
                assert len(changed_lines(text, after)) <= 2, (one, after)
