"""What is said of one file, whatever is in it, and whatever Callboard itself gets wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from callboard.documents.place import Place
from callboard.documents.reader import Document, Reading, read_documents
from callboard.validation import one_file
from callboard.validation.check import validate_files
from callboard.validation.diagnostics import Finding, Report
from callboard.validation.policy import Policy
from callboard.validation.policy_settings import Policy as Settings

GROUP = (
    b"apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: {name: %s}\nspec: {type: t, children: []}\n"
)


class Defective(Policy):
    """A policy with a defect: it fails on whatever is called ``bad``."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(Settings())
        self._error = error

    def findings(self, entity: Mapping[str, Any]) -> Iterator[Finding]:
        if entity["metadata"]["name"] == "bad":
            raise self._error
        yield from ()


class MoreDefective(Defective):
    """One that fails where others have to know about it, too."""

    def files(self, entity: Mapping[str, Any]) -> Iterator[str]:
        yield from (finding.code for finding in self.findings(entity))


def check(policy: Policy) -> Report:
    both = GROUP % b"bad" + b"---\n" + GROUP % b"c d"
    return validate_files({"bad.yaml": both, "good.yaml": GROUP % b"a b"}, policy=policy)


@pytest.mark.parametrize("text", ["$yaml: ./a", "{$text: ./a}", "{$text: 5}", "{$json: [a]}"])
def test_a_whole_document_is_no_placeholder(text: str) -> None:
    report = validate_files({"a.yaml": text.encode(), "b.yaml": GROUP % b"a b"})
    assert [one.code for one in report.diagnostics] == [
        *["missing-field"] * 3,
        "unknown-field",
        "name-format",
    ]


def test_a_placeholder_is_looked_up_where_its_place_is_dropped_later() -> None:
    lost = '{"labels": {"__proto__": [{"$text": "b"}]}, "name": "n"}'
    kept = '{"annotations": {"backstage.io/managed-by-location": {"$text": "b"}}, "name": "n"}'
    text = "apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata: %s\nspec: {type: file, target: /a}\n"
    (one,) = validate_files({"a.yaml": (text % lost).encode()}).diagnostics
    assert (one.line, one.column, one.code) == (3, 47, "placeholder-target")
    assert validate_files({"a.yaml": (text % kept).encode()}).diagnostics == ()


def test_a_defect_costs_one_entity_and_is_told() -> None:
    found = {(one.file, one.code): one for one in check(Defective(KeyError("x\ny"))).diagnostics}
    assert list(found) == [
        ("bad.yaml", "internal-error"),
        ("bad.yaml", "name-format"),
        ("good.yaml", "name-format"),
    ]
    assert "failed on this file (KeyError in test_one_file.py:" in found["bad.yaml", "internal-error"].message


def test_a_defect_in_what_others_know_costs_one_file() -> None:
    report = check(MoreDefective(RecursionError()))
    assert [(one.file, one.code) for one in report.diagnostics] == [
        ("bad.yaml", "internal-error"),
        ("good.yaml", "name-format"),
    ]
    assert report.entities == 3


def test_a_defect_in_reading_costs_one_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(content: bytes, *more: Any, **options: Any) -> Reading:
        if content == b"bad":
            raise AssertionError
        return read_documents(content, *more, **options)

    monkeypatch.setattr(one_file, "read_documents", failing)
    report = validate_files({"bad.yaml": b"bad", "good.yaml": GROUP % b"a b"})
    assert [(one.file, one.code) for one in report.diagnostics] == [
        ("bad.yaml", "internal-error"),
        ("good.yaml", "name-format"),
    ]


def test_a_defect_in_finding_places_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(_self: Document, _path: object = (), *, key: bool = False) -> Place:
        raise RecursionError(key)

    monkeypatch.setattr(Document, "place", failing)
    report = validate_files({"a.yaml": GROUP % b"a", "b.yaml": GROUP % b"a"})
    assert [(one.file, one.code) for one in report.diagnostics] == [("b.yaml", "internal-error")]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("text", [GROUP.decode(), "{a: b}", "a\n---\nb: [\n"])
def test_a_file_in_utf_16_is_told_to_be_one(encoding: str, text: str) -> None:
    (one,) = validate_files({"a.yaml": text.encode(encoding)}).diagnostics
    assert (one.line, one.column, one.code, one.severity) == (1, 1, "yaml-encoding", "error")
    assert one.message.startswith("it looks like UTF-16")


def test_what_only_begins_like_utf_16_is_judged_by_what_it_holds() -> None:
    assert validate_files({"a.yaml": b"#\0\n"}).diagnostics == ()
    assert not validate_files({"a.yaml": b"#\0\n" + GROUP % b"a"}).errors


@pytest.mark.parametrize("error", [MemoryError(), KeyboardInterrupt()])
def test_what_is_no_defect_ends_the_check(error: BaseException) -> None:
    with pytest.raises(type(error)):
        check(Defective(error))
