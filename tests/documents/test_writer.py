from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from callboard.documents.reader import read_documents
from callboard.documents.values import same
from callboard.documents.writer import block_lines, dump, flow_text

TEXTS = st.text(max_size=30) | st.text("ab \n\t:#-'\"\\[{,&*!|>%@`?=~\r\x85\u2028\ufeff\x00😀", max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=10,
)


def plain(value: Any) -> Any:
    """What ruamel reads, without ruamel's own types."""
    if isinstance(value, dict):
        return {str(key): plain(held) for key, held in value.items()}
    return [plain(held) for held in value] if isinstance(value, list) else value


@example(None, "\x08\n").via("a control character that a block would begin with")
@settings(max_examples=300, deadline=None)
@given(VALUES, VALUES)
def test_every_reader_reads_what_was_written(one: Any, other: Any) -> None:
    documents = [{"first": one, "then": 1}, {"only": other}]
    text = dump(documents)
    reading = read_documents(text, "text")
    assert not reading.faults
    assert same([document.value for document in reading.documents], documents)
    assert same(list(yaml.safe_load_all(text)), documents)
    assert same([plain(held) for held in YAML(typ="safe", pure=True).load_all(text)], documents)


@settings(max_examples=300, deadline=None)
@given(VALUES)
def test_flow_text_stands_on_one_line_inside_of_any_brackets(value: Any) -> None:
    text = flow_text(value)
    assert not set(text) & set("\n\r\x85\u2028\u2029")
    assert same(yaml.safe_load(f"{{a: {text}, b: [{text}, 1]}}"), {"a": value, "b": [value, 1]})


@settings(max_examples=100, deadline=None)
@given(VALUES, st.sampled_from([2, 3, 4, 8]), st.booleans(), st.sampled_from([None, "'", '"']))
def test_indentation_and_quotes_do_not_change_what_is_read(
    value: Any, step: int, indent_lists: bool, quote: Any
) -> None:
    text = block_lines({"value": value}, step=step, indent_lists=indent_lists, quote=quote)
    assert same(yaml.safe_load(text), {"value": value})


def test_documents_look_as_people_write_them_for_backstage() -> None:
    entity = {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Resource",
        "metadata": {
            "name": "größe",
            "description": "a: b " + "long " * 60 + "end",
            "annotations": {"callboard.dev/digest": "7318e91234", "callboard.dev/version": "3"},
            "tags": ["no", "onnx"],
            "links": [{"url": "https://x", "title": "X"}],
        },
        "spec": {"definition": "openapi: 3\n\tpaths:  \n", "dependsOn": [], "served": False},
    }
    assert dump([entity, {"kind": "API"}]) == (
        "apiVersion: backstage.io/v1alpha1\n"
        "kind: Resource\n"
        "metadata:\n"
        "  name: größe\n"
        f"  description: 'a: b {'long ' * 60}end'\n"
        "  annotations:\n"
        "    callboard.dev/digest: '7318e91234'\n"
        "    callboard.dev/version: '3'\n"
        "  tags:\n"
        "    - 'no'\n"
        "    - onnx\n"
        "  links:\n"
        "    - url: https://x\n"
        "      title: X\n"
        "spec:\n"
        "  definition: |\n"
        "    openapi: 3\n"
        "    \tpaths:  \n"
        "  dependsOn: []\n"
        "  served: false\n"
        "---\n"
        "kind: API\n"
    )


@pytest.mark.parametrize("key", ["k" * 300, "a\nb", "no", "x: y", "", "- z"])
def test_a_key_stands_on_one_line_whatever_it_is(key: str) -> None:
    text = dump([{key: "v"}])
    assert text.count("\n") == 1
    assert not text.startswith("?")
    assert yaml.safe_load(text) == {key: "v"}


def test_half_of_a_surrogate_pair_becomes_a_question_mark_because_no_file_can_hold_it() -> None:
    assert dump([{"a": "x\ud800y"}]).encode() == b"a: 'x?y'\n"


def test_equal_values_are_written_out_each_time() -> None:
    shared = {"a": [1]}
    assert "&" not in dump([{"x": shared, "y": shared}])


def test_what_yaml_cannot_say_is_refused() -> None:
    with pytest.raises(yaml.YAMLError):
        dump([{"a": object()}])
