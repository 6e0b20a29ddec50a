"""Edits of YAML that people wrote: the values change as asked, every other character stays.

An edit is a splice at the place of the value (``splices``). Its result is read again and compared with what
was asked for; if it says anything else, ruamel's round trip is tried and compared likewise; if that fails
too, nothing is edited and ``CannotEdit`` says why. No edit loses a comment.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from yaml import YAMLError

from callboard.documents.cuts import Shared
from callboard.documents.edits import (
    Edit,
    InsertItem,
    InsertKey,
    RemoveItem,
    RemoveKey,
    SetValue,
    applied,
    edits_between,
)
from callboard.documents.reader import read_documents
from callboard.documents.round_trip import quoted, round_trip
from callboard.documents.spans import Layout, lay_out
from callboard.documents.splices import Splicer, append_document, remove_document
from callboard.documents.values import same

_MARK = "\ufeff"


class CannotEdit(Exception):
    """The text cannot be edited without harm; the message says why, in one sentence."""


def edit(text: str, document: int, edits: Sequence[Edit]) -> str:
    """``text`` with ``edits`` made one after the other in one of its documents, counted from 0.

    Raises CannotEdit if the text cannot be read, if an edit leads nowhere, or if it cannot be made without
    changing another value or losing a comment.
    """
    body = text.removeprefix(_MARK)
    values = _values(body)
    for one in edits:
        try:
            wanted = [*values]
            wanted[document] = applied(values[document], one)
        except (LookupError, TypeError, ValueError):
            raise CannotEdit(f"nothing stands where {one} leads") from None
        body = _first_right(
            body,
            wanted,
            partial(_splice, document, one),
            partial(_round_trip, document, one),
        )
        values = wanted
    return text[: len(text) - len(text.removeprefix(_MARK))] + body


def update(text: str, document: int, value: Any) -> str:
    """``text`` with the fewest edits after which one of its documents holds ``value``. Raises CannotEdit."""
    values = _values(text.removeprefix(_MARK))
    if document >= len(values):
        raise CannotEdit(f"there is no document {document + 1}")
    return edit(text, document, edits_between(values[document], value))


def append(text: str, value: Mapping[str, Any]) -> str:
    """``text`` with one more document at its end. Raises CannotEdit."""
    body = text.removeprefix(_MARK)
    wanted = [*_values(body), value]
    written = _first_right(body, wanted, lambda layout: append_document(layout, value))
    return text[: len(text) - len(body)] + written


def remove(text: str, document: int) -> str:
    """``text`` without one of its documents; the comments in it stay. Raises CannotEdit."""
    body = text.removeprefix(_MARK)
    wanted = _values(body)
    if document >= len(wanted):
        raise CannotEdit(f"there is no document {document + 1}")
    del wanted[document]
    written = _first_right(body, wanted, lambda layout: remove_document(layout, document))
    return text[: len(text) - len(body)] + written


def comments(text: str) -> list[str]:
    """Every comment of a text, in order, from its ``#`` on. Raises CannotEdit if the text cannot be read."""
    body = text.removeprefix(_MARK)
    _values(body)
    return _comments(_laid_out(body))


def comments_of(text: str, document: int) -> list[str]:
    """The comments inside of one document. Raises CannotEdit."""
    body = text.removeprefix(_MARK)
    _values(body)
    layout = _laid_out(body)
    if document >= len(layout.parts):
        raise CannotEdit(f"there is no document {document + 1}")
    part = layout.parts[document]
    stop = layout.parts[document + 1].start if document + 1 < len(layout.parts) else len(body)
    return [body[a:b] for a, b in layout.comments if part.start <= a < stop]


def _values(text: str) -> list[Any]:
    reading = read_documents(text, "the text")
    if reading.faults:
        fault = reading.faults[0]
        raise CannotEdit(f"line {fault.place.line}, column {fault.place.column}: {fault.what}")
    return [document.value for document in reading.documents]


def _laid_out(text: str) -> Layout:
    try:
        return lay_out(text)
    except YAMLError:
        # The reader takes each document for itself; what is legal alone may not be in a stream.
        raise CannotEdit("a document behind '...' does not begin with '---'") from None


def _comments(layout: Layout) -> list[str]:
    return [layout.text[start:end] for start, end in layout.comments]


def _round_trip(document: int, one: Edit, layout: Layout) -> str:
    if not isinstance(one, RemoveKey | RemoveItem):
        one = replace(one, value=quoted(one.value))
    return round_trip(layout.text, document, lambda held: applied(held, one, copy=False))


def _splice(document: int, one: Edit, layout: Layout) -> str:
    splicer = Splicer(layout, layout.parts[document])
    match one:
        case SetValue(path, value):
            return splicer.set_value(path, value)
        case InsertKey(path, key, value, after):
            return splicer.insert_key(path, key, value, after)
        case RemoveKey(path):
            return splicer.remove_key(path)
        case InsertItem(path, index, value):
            return splicer.insert_item(path, index, value)
        case RemoveItem(path, index):
            return splicer.remove_item(path, index)


def _first_right(text: str, wanted: Sequence[Any], *ways: Callable[[Layout], str]) -> str:
    """The first text that holds what is wanted and all the comments of ``text``."""
    layout = _laid_out(text)
    if len(layout.parts) != len(_values(text)):
        raise CannotEdit("its documents cannot be told apart")
    for way in ways:
        try:
            written = way(layout)
        except Shared:
            raise CannotEdit(
                "the value has an anchor or is an alias, so others would change with it"
            ) from None
        except Exception:  # noqa: S112 - ruamel raises errors of many kinds for what it cannot keep
            continue
        if _is_right(written, wanted, Counter(_comments(layout))):
            return written
    raise CannotEdit("the way it is laid out cannot be kept")


def _is_right(written: str, wanted: Sequence[Any], comments_before: Counter[str]) -> bool:
    try:
        values = _values(written)
    except CannotEdit:
        return False
    return same(values, wanted) and comments_before <= Counter(_comments(_laid_out(written)))
