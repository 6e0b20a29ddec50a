"""What Backstage accepts, Callboard accepts, and nothing else; the real one is asked.

Files by the thousand, made from a seed, are read and judged by both. ``CALLBOARD_FUZZ=100000`` has so many
made from another seed, which a failure tells. Where the two differ because Backstage is wrong,
``differences.json`` holds the file and says why.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from callboard.documents.reader import read_documents
from callboard.validation.check import validate_files
from callboard.validation.policy import Policy
from callboard.validation.policy_settings import Policy as PolicySettings
from tests.validation.backstage_catalog import Backstage, Verdict, backstage, comparable
from tests.validation.mutants import ENTITIES, files

FUZZ = int(os.environ.get("CALLBOARD_FUZZ", "0"))
SEED = random.SystemRandom().randrange(10**9) if FUZZ else 1
WITHOUT_AI = Policy(PolicySettings(ai_model=False))
DIFFERENCES: list[dict[str, str]] = json.loads(
    Path(__file__).with_name("differences.json").read_text("utf-8")
)
_ROUND = 2000
_MATTER_TO_AI = (b"mcp-server", b"AiResource", b"dependencyOf")


@pytest.fixture(scope="module")
def real() -> Iterator[Backstage]:
    with backstage() as running:
        yield running


def refused(file: bytes, policy: Policy | None = None) -> list[str]:
    """Why Callboard would not take the file; an unknown kind is no more than a warning to it."""
    report = validate_files({"catalog-info.yaml": file}, policy=policy)
    return [
        one.message for one in report.diagnostics if one.severity == "error" or one.code == "unknown-kind"
    ]


@dataclass(frozen=True)
class Difference:
    """A file that the two take differently."""

    file: bytes
    backstage: Any
    callboard: Any

    def __str__(self) -> str:
        return f"{self.file!r}\n  Backstage: {self.backstage}\n  Callboard: {self.callboard}"


def differences(real: Backstage, some: Sequence[bytes]) -> Iterator[Difference]:
    for file, verdicts in zip(some, real.verdicts(some), strict=True):
        yield from _of_verdicts(file, verdicts)
        if all(one.value is not None for one in verdicts):
            yield from _of_values(file, [one.value for one in verdicts])


def _of_verdicts(file: bytes, verdicts: list[Verdict]) -> Iterator[Difference]:
    with_ai = [one.with_ai for one in verdicts if one.with_ai]
    without_ai = [one.without_ai for one in verdicts if one.without_ai]
    ours = refused(file)
    if bool(with_ai) != bool(ours):
        yield Difference(file, with_ai, ours)
    # The module makes a difference to few files, so the others are not judged twice.
    if bool(with_ai) != bool(without_ai) or any(word in file for word in _MATTER_TO_AI):
        ours = refused(file, WITHOUT_AI)
        if bool(without_ai) != bool(ours):
            yield Difference(file, without_ai, ours)


def _of_values(file: bytes, theirs: list[Any]) -> Iterator[Difference]:
    reading = read_documents(file, "f", forgiving=True)
    ours = [one.value for one in reading.documents if one.value is not None]
    if reading.faults or comparable(ours) != comparable(theirs):
        yield Difference(file, theirs, reading.faults or ours)


@pytest.mark.no_cover
def test_the_two_take_every_file_alike(real: Backstage) -> None:
    count = FUZZ or 20_000
    for start in range(0, count, _ROUND):
        seed = SEED + start // _ROUND
        found = list(differences(real, list(files(seed, min(_ROUND, count - start)))))
        shown = "\n".join(map(str, found[:10]))
        assert not found, f"{len(found)} of {_ROUND} files from the seed {seed}:\n{shown}"


@pytest.mark.parametrize("entity", ENTITIES)
def test_every_kind_is_accepted_by_both(real: Backstage, entity: Any) -> None:
    file = json.dumps(entity).encode()
    assert [one.with_ai for one in next(real.verdicts([file]))] == [None]
    assert refused(file) == []


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\na: 2\n",
        "a: [\n",
        "a: b: c\n",
        "- a\n",
        "just text\n",
        "a: &a [*a]\n",
        "a: *missing\n",
        "a: 1\n---\nb: [\n",
        "a:\n\tb: 1\n",
        "a: 'x\n",
        "a: @b\n",
    ],
)
def test_what_is_no_yaml_or_no_entity_is_refused_by_both(real: Backstage, text: str) -> None:
    assert [one for one in next(real.verdicts([text.encode()])) if one.value is None]
    assert refused(text.encode())


@pytest.mark.parametrize("text", ["$yaml: ./a\n", "{$text: 5}\n", "{$json: [a]}\n"])
def test_a_whole_document_is_no_placeholder_to_either(real: Backstage, text: str) -> None:
    assert all(one.with_ai for one in next(real.verdicts([text.encode()])))
    assert refused(text.encode())


def test_what_backstage_gets_wrong_is_little_and_still_so(real: Backstage) -> None:
    assert len(DIFFERENCES) <= 20
    for one in DIFFERENCES:
        assert list(differences(real, [one["file"].encode()])), f"no longer different: {one['why']}"
