"""Repairs: what is wrong is put right, nothing else changes, and a second run finds nothing to do."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callboard.documents.editor import comments
from callboard.documents.reader import read_documents
from callboard.documents.values import same
from callboard.validation.check import validate_files
from callboard.validation.fix import fix_file, fixed
from callboard.validation.references import KINDS

STYLES = sorted((Path(__file__).parents[1] / "documents" / "corpus").glob("*.yaml"))

OURS = "apiVersion: backstage.io/v1alpha1\n"
BEFORE = """\
# about the whole
kind: component  # kind
# about the version
apiVersion: backstage.io/v1alpha1

metadata:
  name: 'fraud '   # the name
  labels: {on: yes, x: 1.10, "y": true, z: 0777}
  tags:
    - ML
    - "Deep-Learning"  # two
    - 3.1
    - 2
  annotations:
    example.com/date: 2026-01-01
spec: {type: service, lifecycle: production, owner: team, free: [no, 0777, &x yes, *x, 'no', ~]}
"""
AFTER = """\
# about the whole
# about the version
apiVersion: backstage.io/v1alpha1

kind: Component  # kind
metadata:
  name: 'fraud'   # the name
  labels: {'on': 'yes', x: '1.10', "y": 'true', z: '0777'}
  tags:
    - ML
    - "deep-learning"  # two
    - 3.1
    - '2'
  annotations:
    example.com/date: '2026-01-01'
spec: {type: service, lifecycle: production, owner: team, free: ['no', 0777, &x yes, *x, 'no', ~]}
""".replace("- ML", "- ml")


@pytest.mark.parametrize("eol", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_what_is_safe_is_put_right_and_no_other_byte_changes(eol: str, mark: str) -> None:
    before, after = ((mark + text.replace("\n", eol)).encode() for text in (BEFORE, AFTER))
    assert fixed(before, "a.yaml")[0] == after
    assert fixed(after, "a.yaml") == (after, ())


def test_every_repair_says_what_and_where() -> None:
    _, fixes = fixed(BEFORE.encode(), "a.yaml")
    assert [(one.line, one.column, one.code) for one in fixes][:3] == [
        (2, 7, "unknown-kind"),
        (7, 9, "name-format"),
        (8, 12, "ambiguous-scalar"),
    ]
    assert fixes[1].what == "'fraud ' became 'fraud'"
    assert fixes[-1].code == "key-order"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a: [", id="no YAML"),
        pytest.param("a: no\nb: \xff", id="not UTF-8"),
        pytest.param("a: no\na: no\n", id="a key twice"),
        pytest.param("a: no\nb: x\u2028y\n", id="a line end of YAML 1.1 only"),
        pytest.param("a: &x no\nb: *x\n", id="shared with another place"),
        pytest.param("a: !!str no\n", id="has a tag of its own"),
        pytest.param("<<: x\na: =\n", id="merging is meant"),
        pytest.param("a: 0777\nb: 1e5\n", id="numbers where any value may stand"),
        pytest.param("metadata: {tags: [ML, ml]}\n", id="would be there twice"),
        pytest.param("metadata: {tags: [a b, 3.1], name: b c}\n", id="takes a person"),
        pytest.param("metadata:\n  name: |\n    x\n", id="a block scalar"),
        pytest.param(
            "{kind: X, apiVersion: backstage.io/v1, metadata: {}}\n", id="flow style has no lines to move"
        ),
        pytest.param(
            "kind: &k backstage.io/v1\nmetadata: {}\napiVersion: *k\n", id="an alias must follow its anchor"
        ),
    ],
)
def test_what_is_not_safe_stays(text: str) -> None:
    whole = text if "apiVersion" in text else OURS + text
    assert fixed(whole.encode("latin-1" if "\xff" in text else "utf-8"), "a.yaml")[1] == ()


@pytest.mark.parametrize("version", ["apiVersion: v1\n", "apiVersion: 1\n", ""])
def test_what_others_read_stays_whatever_they_read(version: str) -> None:
    text = f"kind: component\nmetadata: {{name: 'a ', tags: [ML]}}\ndata: {{debug: no}}\n{version}".encode()
    assert fixed(text, "catalog-info.yaml") == (text, ())
    both = b"kind: Foo\n" + OURS.encode() + b"metadata: {on: a}\n---\n" + text
    after, fixes = fixed(both, "catalog-info.yaml")
    assert after == OURS.encode() + b"kind: Foo\nmetadata: {'on': a}\n---\n" + text
    assert [one.code for one in fixes] == ["ambiguous-scalar", "key-order"]


def test_what_a_right_kind_shows_to_be_wrong_is_put_right_too() -> None:
    after, fixes = fixed(f"{OURS}kind: domain\nspec: {{owner: 0777}}\n".encode(), "a.yaml")
    assert after.decode() == f"{OURS}kind: Domain\nspec: {{owner: '0777'}}\n"
    assert [one.code for one in fixes] == ["unknown-kind", "wrong-type"]


def test_no_repair_makes_two_tags_of_one_name() -> None:
    after, _ = fixed(f"{OURS}metadata: {{tags: [ML, Ml]}}\n".encode(), "a.yaml")
    assert after.decode() == f"{OURS}metadata: {{tags: [ml, Ml]}}\n"


def test_keys_move_with_the_comments_above_them_and_the_end_of_the_file_stays() -> None:
    text = "metadata:\n  name: x\n# kind\n# of it\nkind: X\nspec: {}\napiVersion: backstage.io/b"
    after, (one,) = fixed(text.encode(), "a.yaml")
    assert (
        after.decode()
        == "apiVersion: backstage.io/b\n# kind\n# of it\nkind: X\nmetadata:\n  name: x\nspec: {}"
    )
    assert one.what == "the keys stand in the order apiVersion, kind, metadata, spec"


@pytest.mark.parametrize("file", [pytest.param(file, id=file.stem) for file in STYLES])
def test_a_repair_keeps_every_style(file: Path) -> None:
    right(file.read_bytes())


TOKENS = [
    "ml",
    "ML",
    "'ML '",
    '" Big"',
    "no",
    "3",
    "2026-01-01",
    "a b",
    "0777",
    "1.0",
    "true",
    "~",
    '"on"',
    "Ü",
]
TOKEN = st.sampled_from(TOKENS)
KIND = st.sampled_from(["Domain", "domain", '" api"', "Foo"])
VERSION = st.sampled_from(["backstage.io/v1alpha1", "backstage.io/v1beta1", "no"])
COMMENT = st.sampled_from(["", "  # no: 0777", " # it's"])


@st.composite
def entities(draw: st.DrawFn) -> bytes:
    keys = {
        "apiVersion": f" {draw(VERSION)}{draw(COMMENT)}\n",
        "kind": f" {draw(KIND)}{draw(COMMENT)}\n",
        "metadata": draw(metadata()),
        "spec": f" {{owner: {draw(TOKEN)}, on: [{draw(TOKEN)}, {draw(TOKEN)}]}}{draw(COMMENT)}\n",
    }
    order = draw(st.permutations(list(keys)))
    above = {key: draw(st.sampled_from(["", "", f"# {key}\n", "\n", "\n# apart\n\n"])) for key in keys}
    text = "".join(f"{above[key]}{key}:{keys[key]}" for key in order)
    text = (
        draw(st.sampled_from(["", "---\n", "# top\n---\n"])) + text + draw(st.sampled_from(["", "---\nno\n"]))
    )
    text = text.removesuffix(draw(st.sampled_from(["", "\n"])))
    return (
        draw(st.sampled_from(["", "\ufeff"])) + text.replace("\n", draw(st.sampled_from(["\n", "\r\n"])))
    ).encode()


@st.composite
def metadata(draw: st.DrawFn) -> str:
    tags = draw(st.lists(TOKEN, min_size=1, max_size=4))
    labels = draw(st.lists(TOKEN, min_size=1, max_size=3))
    if draw(st.booleans()):
        inner = ", ".join(f"k{number}: {one}" for number, one in enumerate(labels))
        return f" {{name: {draw(TOKEN)}, tags: [{', '.join(tags)}], labels: {{{inner}}}}}{draw(COMMENT)}\n"
    lines = [f"  name: {draw(TOKEN)}{draw(COMMENT)}", "  tags:"]
    lines += [f"    - {one}{draw(COMMENT)}" for one in tags]
    lines += ["  labels:", *(f"    k{number}:   {one}{draw(COMMENT)}" for number, one in enumerate(labels))]
    return "\n" + "\n".join(lines) + "\n"


@settings(max_examples=150)
@given(entities())
def test_a_repaired_file_has_the_same_values_but_what_was_wrong(text: bytes) -> None:
    right(text)


def right(before: bytes) -> None:
    after, fixes = fixed(before, "a.yaml")
    assert fixed(after, "a.yaml") == (after, ())
    assert bool(fixes) == (before != after)
    if not fixes:
        return
    assert sorted(comments(before.decode())) == sorted(comments(after.decode()))
    for old, new in zip(values(before), values(after), strict=True):
        changes = dict(differences(old, new))
        assert all(is_repair(*change) for change in changes.values()), changes
    lines = {one.line for one in fixes}
    if all(one.code != "key-order" for one in fixes):
        pairs = zip(before.split(b"\n"), after.split(b"\n"), strict=True)
        assert {number for number, (one, other) in enumerate(pairs, 1) if one != other} == lines
    else:
        assert len(before) + 8 * len(fixes) >= len(after)
    said = [{(one.code, one.message) for one in problems(text)} for text in (before, after)]
    if all(one.code != "unknown-kind" for one in fixes):
        assert len(said[1]) <= len(said[0])


def problems(text: bytes) -> Any:
    return validate_files({"a.yaml": text}).diagnostics


def values(text: bytes) -> list[Any]:
    reading = read_documents(text, "a.yaml")
    assert not reading.faults
    return [document.value for document in reading.documents]


def differences(old: Any, new: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, tuple[Any, Any]]]:
    if isinstance(old, dict) and isinstance(new, dict) and old.keys() == new.keys():
        for key in old:
            yield from differences(old[key], new[key], (*path, key))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, pair in enumerate(zip(old, new, strict=True)):
            yield from differences(*pair, (*path, index))
    elif not same(old, new):
        yield path, (old, new)


def is_repair(old: Any, new: Any) -> bool:
    if isinstance(old, bool | int | float):
        (written,) = values(new.encode()) if isinstance(new, str) else [None]
        return same(written, old)
    return isinstance(old, str) and (new in (old.strip(), old.strip().lower()) or new in KINDS)


def test_a_file_is_written_at_once_with_its_permissions_and_through_a_link(tmp_path: Path) -> None:
    file = tmp_path / "catalog-info.yaml"
    file.write_bytes(f"{OURS}a: no\n".encode())
    file.chmod(0o640)
    (tmp_path / "link.yaml").symlink_to(file)

    assert [one.what for one in fix_file(tmp_path / "link.yaml")] == ["no became 'no'"]

    assert (tmp_path / "link.yaml").is_symlink()
    assert file.read_text() == f"{OURS}a: 'no'\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert sorted(one.name for one in tmp_path.iterdir()) == ["catalog-info.yaml", "link.yaml"]


def test_what_cannot_be_written_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "catalog-info.yaml"
    file.write_bytes(f"{OURS}a: no\n".encode())

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="No space left"):
        fix_file(file)
    assert [one.name for one in tmp_path.iterdir()] == ["catalog-info.yaml"]
    assert file.read_text() == f"{OURS}a: no\n"


def test_what_cannot_be_read_is_not_repaired(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert fix_file(tmp_path / "pipe") == ()
