"""The lock: written the same everywhere, read with suspicion."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.catalog.generated import Generated
from callboard.catalog.identity import Key
from callboard.catalog.lock import BadLock, Lock, read_lock, write_lock
from callboard.model import Evaluation, Model, Version

_TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=30)
_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=8,
)


def _lock() -> Lock:
    record = Model(
        source="cards",
        id="one",
        name="one",
        properties={"b": "2", "a": "1"},
        versions=(Version(name="1", evaluations=(Evaluation(metric="f1", value=0.91),)),),
    )
    generated = Generated(
        entities=({"kind": "Resource", "metadata": {"name": "one"}},),
        pages={"docs/index.md": "# one\n\ntext\n"},
    )
    return Lock(key=Key("acme/models", "cards", "one"), record=record, inputs="0", generated=generated)


def test_what_is_written_is_read_again() -> None:
    assert read_lock(write_lock(_lock())) == _lock()


def test_what_each_of_several_sources_says_is_read_again() -> None:
    lock = _lock()
    other = Key("acme/models", "kserve", "ml/one"), Model(source="kserve", id="ml/one", name="one")
    both = lock.model_copy(update={"parts": ((lock.key, lock.record), other)})

    assert read_lock(write_lock(both)) == both
    assert b'"parts"' not in write_lock(lock)


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ([{"source": "a", "id": "1"}], "parts.0.record is missing"),
        ([{"source": "a", "id": "", "record": {}}], "parts.0.id"),
        ([{"source": "a", "id": one, "record": {"source": "a", "id": one, "name": one}} for one in "12"],
         "parts holds two models of one source"),
        ({"a": 1}, "parts is not a list"),
    ],
)  # fmt: skip
def test_parts_that_cannot_be_are_refused(parts: object, why: str) -> None:
    content = json.loads(write_lock(_lock())) | {"parts": parts}

    with pytest.raises(BadLock, match=why):
        read_lock(json.dumps(content).encode())


def test_the_order_of_properties_does_not_change_the_bytes() -> None:
    lock = _lock()
    other = lock.model_copy(
        update={"record": lock.record.model_copy(update={"properties": {"a": "1", "b": "2"}})}
    )

    assert write_lock(lock) == write_lock(other)


def test_the_order_of_an_entitys_keys_is_kept() -> None:
    entity = {"kind": "Resource", "apiVersion": "x", "metadata": {"name": "one", "annotations": {}}}
    lock = _lock().model_copy(update={"generated": Generated(entities=(entity,))})

    (read,) = read_lock(write_lock(lock)).generated.entities

    assert list(read) == ["kind", "apiVersion", "metadata"]


@given(
    st.lists(st.dictionaries(_TEXT, _VALUES, max_size=4), max_size=3),
    st.dictionaries(_TEXT, _TEXT, max_size=3),
)
def test_any_content_comes_back(entities: list[dict[str, Any]], pages: dict[str, str]) -> None:
    lock = _lock().model_copy(update={"generated": Generated(entities=tuple(entities), pages=pages)})

    assert read_lock(write_lock(lock)).generated == lock.generated


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"null",
        b"[]",
        b"[" * 200_000,
        b'{"lock": 2}',
        b'{"lock": NaN}',
        b'{"lock": 1, "key": "x", "record": {}, "entities": [], "pages": {}}',
        json.dumps({"lock": 1, "more": True}).encode(),
        b" " * (17 * 1024 * 1024),
    ],
)
def test_anything_else_is_refused_in_one_sentence(content: bytes) -> None:
    with pytest.raises(BadLock) as refused:
        read_lock(content)

    assert 0 < len(str(refused.value)) < 500


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("record", "versions"), "x", "record.versions is not a list"),
        (("record", "name"), 1, "record.name is not text"),
        (("record",), [], "record is not a mapping"),
        (("key",), [], "key is not a mapping"),
        (("lock",), 2, "lock is not 1, so another version of Callboard wrote it"),
        (("entities",), {}, "entities is not a list"),
        (("pages", "x.md"), "x", "pages.x.md is not a list"),
        (("inputs",), "x" * 101, "inputs: string should have at most 100 characters"),
        (("more",), 1, "more is not known here"),
    ],
)
def test_what_is_wrong_is_said_in_words(path: tuple[str, ...], value: object, said: str) -> None:
    content = json.loads(write_lock(_lock()))
    inner = content
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value

    with pytest.raises(BadLock) as refused:
        read_lock(json.dumps(content).encode())

    assert str(refused.value) == said


@given(st.binary(max_size=200))
def test_no_bytes_make_the_reader_fail_otherwise(content: bytes) -> None:
    with pytest.raises(BadLock):
        read_lock(content)
