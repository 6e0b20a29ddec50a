"""What reading may cost: bounded, told where it ends, and never less than real catalogs need."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from callboard.documents.exact import layout, nodes, tokens
from callboard.documents.exact.budget import Budget
from callboard.documents.exact.stream import documents
from callboard.documents.limits import Limits
from callboard.documents.place import Fault
from callboard.documents.reader import read_documents

LIMITS = Limits()


def told(content: str, limits: Limits) -> tuple[list[Any], list[tuple[str, int, int]]]:
    reading = read_documents(content, "f.yaml", limits)
    faults = [(fault.code, fault.place.line, fault.place.column) for fault in reading.faults]
    return [document.value for document in reading.documents], faults


def only_fault(content: str, limits: Limits = LIMITS) -> Fault:
    (fault,) = read_documents(content, "f.yaml", limits).faults
    return fault


def tokens_of(text: str) -> int:
    budget = Budget(tokens=sys.maxsize // 2)
    assert all(read.node is not None for read in documents(text, budget=budget))
    before = sys.maxsize // 2
    budget.begin_document()
    return before - budget.left


def test_a_document_beyond_the_tokens_of_one_ends_reading_at_its_place() -> None:
    text = "a: &x 1\n---\nb: &x [1, 2,\n 3, 4, 5]\n---\nc: 3\n"
    assert told(text, Limits(tokens_of_one=12)) == ([{"a": 1}], [("yaml-too-large", 3, 12)])
    fault = only_fault(text, Limits(tokens_of_one=12))
    assert fault.what.startswith("the document has more than 12 values")
    assert "nothing from here on was read" in fault.what


@pytest.mark.parametrize("between", ["---\n", "...\n"])
def test_documents_share_the_tokens_of_a_file(between: str) -> None:
    values, faults = told(f"&x a\n{between}" * 50, Limits(tokens=100))
    assert values == ["a"] * len(values)
    assert 5 < len(values) < 12
    ((code, line, _),) = faults
    assert code == "yaml-too-large"
    assert line in (2 * len(values), 2 * len(values) + 1)
    assert only_fault(f"&x a\n{between}" * 50, Limits(tokens=100)).what.startswith(
        "the file has more than 100"
    )


@pytest.mark.parametrize("value", ["b", "&x b"])
@pytest.mark.parametrize("head", ["", "%YAML 1.2\n"])
def test_a_file_has_no_more_documents_than_allowed(value: str, head: str) -> None:
    text = head + f"---\na: {value}\n" * 8
    assert told(text, Limits(documents=8)) == ([{"a": "b"}] * 8, [])
    values, faults = told(text, Limits(documents=5))
    assert values == [{"a": "b"}] * 5
    assert faults == [("yaml-too-large", 11 + bool(head), 1)]


def test_a_document_that_is_too_deep_leaves_those_behind_it_alone() -> None:
    text = "a: 1\n...\n# b\n[[[[[b]]]]]\n...\nc: 3\n"
    assert told(text, Limits(depth=3)) == ([{"a": 1}, {"c": 3}], [("yaml-too-deep", 4, 4)])


def test_what_was_read_by_directives_has_places() -> None:
    (document,) = read_documents("%TAG !e! tag:e,2026:\n---\na: !e!x [1, 2]\n", "f.yaml").documents
    assert str(document.place(("a", 1))) == "f.yaml:3:13"
    (document,) = read_documents("%YAML 1.1\n---\nx: v\non: z\n0b11: w\n", "f").documents
    assert document.value == {"x": "v", "true": "z", "3": "w"}
    assert [str(document.place((key,))) for key in document.value] == ["f:3:4", "f:4:5", "f:5:7"]


@pytest.mark.parametrize(
    "text",
    [
        "a: !" + "b!" * 5000 + " c",
        "a: !<" + "b" * 5000 + " c",
        "a: !" + "b" * 5000 + "! c",
        "a: !!" + "%ff" * 5000 + " c",
        "a: |" + "1" * 5000 + "\n",
    ],
)
def test_what_is_said_of_a_long_text_is_short(text: str) -> None:
    fault = only_fault(text)
    assert fault.code == "yaml-syntax"
    assert len(fault.what) < 150


ENTITY = """\
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: fraud-detection-model-with-a-long-name
  title: Fraud detection
  description: A sentence that is long enough to go on
    in the next line, as many tools write it
  annotations: &annotations
    backstage.io/techdocs-ref: dir:.
    backstage.io/source-location: url:https://git.example/models/tree/main/
    example.org/version: "12"
    example.org/stage: production
  labels:
    tier: gold
  tags: [python, fraud, tabular, scikit-learn]
  links:
    - url: https://registry.example/models/fraud
      title: Registry
    - url: https://docs.example/models/fraud
      title: Model card
spec:
  type: ai-model
  lifecycle: production
  owner: group:default/fraud
  system: payments
  dependsOn:
    - resource:default/transactions
    - resource:default/customers
"""


def test_ten_thousand_entities_in_one_file_are_never_too_many() -> None:
    assert 10_000 * tokens_of(ENTITY) <= LIMITS.tokens
    assert LIMITS.documents >= 10_000
    assert LIMITS.nodes >= 10_000 * ENTITY.count("\n") * 2


def test_a_large_definition_costs_no_more_than_its_lines() -> None:
    definition = json.dumps(
        {"paths": {f"/models/{n}": {"get": "\U0001f600 \n"} for n in range(4000)}}, indent=1
    )
    block = "definition: |\n" + "".join(f"  {line}\n" for line in definition.split("\n"))
    for text in (json.dumps({"definition": definition}, indent=1), block):
        assert len(text) > 180_000
        assert tokens_of(text) < 30 + text.count("\n")
    assert LIMITS.tokens_of_one > 3 * 2 * 1024 * 1024 // (len(definition) // definition.count("\n"))


@pytest.mark.parametrize("text", ["|+\n{}", "a\n{} b", "'\n{}'", '"a\n{}"', "[a\n{} b]"])
@pytest.mark.parametrize("line", ["\n", " c\n"])
def test_every_line_of_a_scalar_counts(text: str, line: str) -> None:
    fault = only_fault("a: &x " + text.format(line * 50), Limits(tokens_of_one=40))
    assert (fault.code, fault.place.line in (1, 2)) == ("yaml-too-large", True)


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> Iterator[list[int]]:
    """How often a function is called, in a list of one number."""
    calls, function = [0], getattr(owner, name)

    def counting(*args: Any) -> Any:
        calls[0] += 1
        return function(*args)

    with monkeypatch.context() as patched:
        patched.setattr(owner, name, counting)
        yield calls


@pytest.mark.parametrize("depth", [1, 80])
def test_comments_behind_many_collections_are_looked_at_once(
    monkeypatch: pytest.MonkeyPatch, depth: int
) -> None:
    looked: list[object] = []

    class Watched(frozenset[Any]):
        def __contains__(self, one: object) -> bool:
            looked.append(one)
            return super().__contains__(one)

    monkeypatch.setattr(layout, "LAYOUT", Watched(tokens.LAYOUT))
    text = "".join(f"{' ' * n}a:\n" for n in range(depth)) + f"{' ' * depth}a: &x b\n" + "#\n" * 1000
    (read,) = documents(text)
    assert read.node is not None
    assert 2000 <= len(looked) <= 2100


def test_keys_in_keys_are_searched_for_line_ends_once(monkeypatch: pytest.MonkeyPatch) -> None:
    text = f"[{'a,' * 1000}]"
    for _ in range(78):
        text = f"[{text}: b]"
    with counted(monkeypatch, nodes._Composer, "_has_newline") as calls:
        (read,) = documents(text)
    assert read.malformed is not None
    assert "longer than 1,024" in read.malformed.what
    assert 1000 <= calls[0] <= 1300


def test_documents_of_yaml_1_1_share_their_handles() -> None:
    text = (
        "%YAML 1.1\n%TAG !e! tag:e,2026:\n" + "--- !e!x a\n" * 5 + "...\n%TAG !f! tag:f,2026:\n--- !f!x b\n"
    )
    read = list(documents(text))
    assert len({id(one.directives.handles) for one in read}) == 2
    assert [one.node is not None for one in read] == [True] * 6
    assert "!e!" not in read[-1].directives.handles
