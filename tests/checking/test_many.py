"""Many files: by one process, by several, or from memory, the report is the same."""

from __future__ import annotations

import io
import os
import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from callboard.checking import cache as caching
from callboard.checking.many import check_many
from callboard.checking.workers import WORTHWHILE, WorkerEnded, Workers, workers
from callboard.validation.check import validate_files
from callboard.validation.diagnostics import Report
from callboard.validation.find import Files

COUNT = WORTHWHILE + 20
FINE = """\
apiVersion: backstage.io/v1alpha1
kind: Resource
metadata:
  name: {name}
spec: {{type: ai-model, owner: {owner}, dependsOn: [resource:{needs}]}}
"""
GROUP = """\
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: team}
spec: {type: team, children: []}
"""


def text(number: int, **changes: str) -> str:
    return FINE.format(**{"name": f"n{number}", "owner": "team", "needs": "n0", **changes})


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "tree"
    folder.mkdir()
    for number in range(COUNT):
        (folder / f"{number:03}.yaml").write_text(text(number))
    (folder / "group.yaml").write_text(GROUP)
    (folder / "003.yaml").write_text(text(2))
    (folder / "005.yaml").write_text(text(5, owner="nobody"))
    (folder / "007.yaml").write_text(text(7, name="no name"))
    (folder / "009.yaml").write_text("a: [")
    (folder / "011.yaml").write_text(
        text(11).replace("spec:", "  annotations: {backstage.io/techdocs-ref: dir:.}\nspec:")
    )
    monkeypatch.chdir(folder)
    return folder


def names(tree: Path) -> list[str]:
    return sorted(path.name for path in tree.glob("*.yaml"))


def checked(tree: Path, *, jobs: int | None = None, cache: Path | None = None) -> Report:
    files = Files(names(tree), io.BytesIO())
    nothing = Files((), io.BytesIO())
    return check_many(files, known_files=nothing, exists=os.path.isfile, jobs=jobs, cache=cache)


def here(tree: Path) -> Report:
    contents: Mapping[str, bytes] = {name: (tree / name).read_bytes() for name in names(tree)}
    return validate_files(contents, exists=os.path.isfile)


def test_the_report_is_the_same_by_one_process_by_several_and_from_memory(tree: Path, tmp_path: Path) -> None:
    expected = here(tree)
    assert {one.code for one in expected.diagnostics} == {
        "duplicate-entity",
        "name-format",
        "techdocs-missing",
        "unresolved-reference",
        "yaml-syntax",
    }
    cache = tmp_path / "cache"
    assert checked(tree, jobs=1) == expected
    assert checked(tree, jobs=3) == expected
    assert [checked(tree, jobs=2, cache=cache) for _ in range(3)] == [expected] * 3


def test_from_memory_is_never_other_than_anew_whatever_changes(tree: Path, tmp_path: Path) -> None:
    draw, cache = random.Random(1), tmp_path / "cache"
    for _ in range(12):
        file = tree / f"{draw.randrange(30):03}.yaml"
        change = draw.randrange(6)
        if change == 0:
            file.unlink(missing_ok=True)
        elif change == 1:
            (tree / "mkdocs.yml").write_text("site_name: x") if draw.random() < 0.5 else (
                (tree / "mkdocs.yml").unlink(missing_ok=True)
            )
        else:
            file.write_text(
                text(
                    draw.randrange(COUNT),
                    owner=draw.choice(["team", "nobody", "''"]),
                    needs=draw.choice(["n0", "n1", "gone"]),
                )
            )
        assert checked(tree, jobs=1, cache=cache) == here(tree)


def test_what_did_not_change_is_not_read_as_yaml_again(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = checked(tree, cache=tmp_path / "cache")
    asked: list[object] = []

    def ask(_self: Workers, _work: object, questions: Sequence[object]) -> list[object]:
        asked.extend(questions)
        return [None] * len(questions)

    monkeypatch.setattr(Workers, "ask", ask)
    assert checked(tree, cache=tmp_path / "cache") == expected
    assert asked == []
    (tree / "020.yaml").write_text(text(20, name="other"))
    checked(tree, cache=tmp_path / "cache")
    assert "020.yaml" in asked
    assert "021.yaml" not in asked


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"question": 1}',
        b'{"a": [[[1, 2]], [3], 4, null, 5, 6]}',
    ],
)
@pytest.mark.parametrize("sealed", [True, False])
def test_a_damaged_memory_is_done_without(tree: Path, tmp_path: Path, damage: bytes, sealed: bool) -> None:
    expected = checked(tree, jobs=1, cache=tmp_path / "cache")
    kept = list((tmp_path / "cache").iterdir())
    assert len(kept) == 2
    for file in kept:
        file.write_bytes(caching.digest_of(damage).encode() + b"\n" + damage if sealed else damage)
    assert checked(tree, jobs=1, cache=tmp_path / "cache") == expected


def test_a_file_that_cannot_be_read_is_told_and_not_remembered(tree: Path, tmp_path: Path) -> None:
    (tree / "050.yaml").unlink()
    (tree / "050.yaml").symlink_to(tree / "nowhere")
    for _ in range(2):
        files, nothing = Files(names(tree), io.BytesIO()), Files((), io.BytesIO())
        check_many(files, known_files=nothing, exists=os.path.isfile, jobs=1, cache=tmp_path / "cache")
        assert {one.code for one in files.problems} == {"unreadable-file"}
    assert not list(tmp_path.glob("cache/*.report"))


def test_a_cache_that_cannot_be_written_changes_nothing(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    assert checked(tree, jobs=1, cache=tmp_path / "cache") == here(tree)


def test_old_folders_are_forgotten(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caching, "MOST_FOLDERS", 2)
    for folder in "abc":
        caching.Cache(tmp_path / "cache", tmp_path / folder).keep_facts({}, {})
    assert len(list(tmp_path.glob("cache/*.facts"))) == 2


def test_a_process_that_dies_is_told() -> None:
    with workers(2) as some, pytest.raises(WorkerEnded, match="--jobs 1"):
        list(some.ask(dying, list(range(2 * WORTHWHILE))))


def dying(questions: Sequence[int]) -> list[int]:
    if WORTHWHILE in questions:
        os._exit(9)
    return list(questions)


def test_answers_come_in_the_order_of_the_questions() -> None:
    questions = list(range(2 * WORTHWHILE))
    with workers(2) as some:
        assert list(some.ask(same, questions)) == questions


def same(questions: Sequence[int]) -> list[int]:
    return list(questions)
