"""Many files: by one process, by several, or from memory, the report is the same."""

from __future__ import annotations

import io
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from callboard.checking import cache as caching
from callboard.checking import memory as remembering
from callboard.checking import signatures as signing
from callboard.checking.judge import Judge
from callboard.checking.many import check_many
from callboard.checking.workers import WORTHWHILE, Workers
from callboard.validation.check import validate_files
from callboard.validation.contents import Files, content
from callboard.validation.diagnostics import Report
from tests.checking.test_workers import thread

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
    with thread():
        assert checked(tree, jobs=2) == expected


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
    ("last", "known"),
    [
        (b"", b""),
        (b"\xff\xfe", b"\x00"),
        (b"[" * 100_000, b"[" * 100_000),
        (b'{"judge": JUDGE}', b"[]"),
        (b'{"judge": JUDGE, "question": 1}', b'{"files": 1, "facts": []}'),
        (b'{"judge": JUDGE}', b'{"facts": {"a": [[[1, 2]], [3], 4, null, 5, 6]}, "files": {"003.yaml": 1}}'),
    ],
)
@pytest.mark.parametrize("sealed", [True, False])
def test_a_damaged_memory_is_done_without(
    tree: Path, tmp_path: Path, last: bytes, known: bytes, sealed: bool
) -> None:
    expected = checked(tree, jobs=1, cache=tmp_path / "cache")
    (kept,) = (tmp_path / "cache").iterdir()
    last = last.replace(b"JUDGE", json.dumps(Judge().digest()).encode())
    write(kept, last, known, sealed=sealed)
    assert checked(tree, jobs=1, cache=tmp_path / "cache") == expected


def write(file: Path, *texts: bytes, sealed: bool = True) -> None:
    seals = [caching.digest_of(text if sealed else text + b"?").encode() for text in texts]
    file.write_bytes(b"\n".join(line for pair in zip(seals, texts, strict=True) for line in pair))


def test_an_answer_of_wrong_types_is_done_without(tree: Path, tmp_path: Path) -> None:
    checked(tree, jobs=1, cache=tmp_path / "cache")
    (kept,) = (tmp_path / "cache").iterdir()
    _, last, _, known = kept.read_bytes().split(b"\n")
    for name in ("beside", "report", "question", "stand"):
        for value in (None, 1, "a", [[1]], [["a", 1]], [1, 2, [[1]]], {"a": 1}):
            hurt = json.dumps({**json.loads(last), name: value}).encode()
            write(kept, hurt, known)
            assert checked(tree, jobs=1, cache=tmp_path / "cache") == here(tree), (name, value)


def test_what_is_remembered_is_for_this_user_only(tree: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    checked(tree, jobs=1, cache=cache)
    (kept,) = cache.iterdir()
    assert (cache.stat().st_mode & 0o777, kept.stat().st_mode & 0o777) == (0o700, 0o600)
    assert not caching.Cache(cache, tree).is_empty()
    kept.chmod(0o620)
    assert caching.Cache(cache, tree).is_empty()


def test_what_nobody_wrote_to_is_not_even_read(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, read = tmp_path / "cache", []
    monkeypatch.setattr(signing, "_RECENT", 0)

    def reading(path: str) -> bytes:
        read.append(path)
        return content(path)

    monkeypatch.setattr(remembering, "content", reading)
    expected = checked(tree, jobs=1, cache=cache)
    assert checked(tree, jobs=1, cache=cache) == expected
    assert read == []
    (tree / "020.yaml").touch()
    assert checked(tree, jobs=1, cache=cache) == expected
    assert read == ["020.yaml"]
    assert checked(tree, jobs=1, cache=cache) == expected
    assert read == ["020.yaml"]


def test_nothing_that_reads_or_judges_is_loaded_where_nothing_changed(tree: Path, tmp_path: Path) -> None:
    program = (
        "import sys, pathlib, callboard.validate as it;"
        "it.validate_paths(cache=pathlib.Path(sys.argv[1]));"
        "print({'yaml', 'jsonschema', 'jsonschema_rs'} & {*sys.modules})"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "cache")]
    first, second = (subprocess.run(command, capture_output=True, text=True, check=True) for _ in range(2))
    assert "yaml" in first.stdout
    assert second.stdout == "set()\n"


def test_a_change_that_leaves_size_and_time_is_noticed(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signing, "_RECENT", 0)
    expected = checked(tree, jobs=1, cache=tmp_path / "cache")
    before = (tree / "020.yaml").stat()
    with (tree / "020.yaml").open("r+") as file:
        file.write(text(20, name="n2_"))
    os.utime(tree / "020.yaml", ns=(before.st_atime_ns, before.st_mtime_ns))
    after = (tree / "020.yaml").stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert checked(tree, jobs=1, cache=tmp_path / "cache") == here(tree) != expected


def test_of_what_was_written_just_now_nothing_is_believed(tmp_path: Path) -> None:
    old, new, link = tmp_path / "old", tmp_path / "new", tmp_path / "link"
    old.write_text("a")
    link.symlink_to(old)
    new.write_text("a")
    later = time.time_ns() + 10**12
    os.utime(new, ns=(later, later))
    paths = [str(path) for path in (old, new, link, tmp_path, tmp_path / "nothing", tmp_path / "a\0b")]
    assert signing.signatures(paths) == {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(signing, "_RECENT", 0)
        assert list(signing.signatures(paths)) == [str(old)]


def test_a_file_that_cannot_be_read_is_told_and_not_remembered(tree: Path, tmp_path: Path) -> None:
    (tree / "050.yaml").unlink()
    (tree / "050.yaml").symlink_to(tree / "nowhere")
    for _ in range(2):
        files, nothing = Files(names(tree), io.BytesIO()), Files((), io.BytesIO())
        check_many(files, known_files=nothing, exists=os.path.isfile, jobs=1, cache=tmp_path / "cache")
        assert {one.code for one in files.problems} == {"unreadable-file"}
    assert not (tmp_path / "cache").exists()


def test_a_cache_that_cannot_be_written_changes_nothing(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    assert checked(tree, jobs=1, cache=tmp_path / "cache") == here(tree)


def test_old_folders_are_forgotten(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caching, "MOST_FOLDERS", 2)
    for folder in "abc":
        caching.Cache(tmp_path / "cache", tmp_path / folder).keep({}, {}, {}, None)
    assert len(list((tmp_path / "cache").iterdir())) == 2
