"""``callboard generate``: a folder that holds the catalog tree."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from callboard.validation.check import validate_files
from tests.cli.running import Run
from tests.walk.house import card


@pytest.fixture(autouse=True)
def _cards(folder: Path) -> None:
    (folder / "callboard.yaml").write_text("sources: [{name: cards, type: files, path: cards}]\n")
    (folder / "cards").mkdir()
    for name in ("one", "two"):
        (folder / "cards" / f"{name}.md").write_text(card(name))


def tree(folder: str | Path = "out") -> dict[str, bytes]:
    root = Path(folder)
    return {
        path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


def test_a_valid_tree_is_written(run: Run) -> None:
    done = run("generate", "--out", "out")

    files = tree()
    assert (done.code, done.err) == (0, "")
    assert done.out == f"2 models, 2 changed: {len(files)} files written, 0 removed in out\n"
    assert {
        "models/one/catalog-info.yaml",
        "models/one/docs/index.md",
        "models/two/.callboard.lock",
    } <= files.keys()
    assert validate_files(files).errors == 0


def test_a_second_run_writes_nothing(run: Run, folder: Path) -> None:
    run("generate", "--out", "out")
    before = {path: path.stat().st_mtime_ns for path in (folder / "out").rglob("*")}

    done = run("generate", "--out", "out")

    assert done.out == "2 models, 0 changed: 0 files written, 0 removed in out\n"
    assert {path: path.stat().st_mtime_ns for path in (folder / "out").rglob("*")} == before


def test_nothing_is_promoted_in_a_folder_where_nobody_can_approve_it(run: Run, folder: Path) -> None:
    with (folder / "callboard.yaml").open("a") as config:
        config.write("promotion: [{name: production}]\n")
    (folder / "cards" / "two.md").write_text(
        "---\nname: two\nversions: [{version: '1', aliases: [production]}]\n---\n# Two\n"
    )
    run("generate", "--out", "out")
    before = tree()

    done = run("generate", "--out", "out")

    assert done.out.splitlines() == [
        "2 models, 0 changed: 0 files written, 0 removed in out",
        "1 promotion left to callboard sync, for people to approve",
    ]
    assert (done.code, tree()) == (0, before)


SELECTED = "sources: [{name: cards, type: files, path: cards, select: {%s}}]\n"


def test_a_selection_that_became_narrower_deletes_nothing_unless_asked(run: Run, folder: Path) -> None:
    (folder / "cards" / "two.md").write_text(card("two", tags="old"))
    run("generate", "--out", "out")
    before = tree()
    (folder / "callboard.yaml").write_text(SELECTED % "tags: {exclude: [old]}")

    kept = run("generate", "--out", "out")

    assert (kept.code, tree()) == (0, before)
    assert "1 model (two) no longer selected and kept in the catalog" in kept.err
    assert run("generate", "--out", "out", "--prune").code == 0
    assert "models/one/catalog-info.yaml" in tree()
    assert not any(path.startswith("models/two/") for path in tree())


def test_a_model_that_its_registry_takes_out_of_the_selection_is_kept_as_well(run: Run, folder: Path) -> None:
    (folder / "callboard.yaml").write_text(SELECTED % "tags: {include: [tabular]}")
    run("generate", "--out", "out")
    before = tree()
    (folder / "cards" / "two.md").write_text(card("two", tags="other", version="2"))

    kept = run("generate", "--out", "out")

    assert (kept.code, tree()) == (0, before)
    assert "1 model (two) no longer selected and kept in the catalog" in kept.err


@pytest.mark.parametrize(("archived", "stays"), [("mark", True), ("leave", False)])
def test_an_archived_model_stays_marked_or_leaves(run: Run, folder: Path, archived: str, stays: bool) -> None:
    config = (folder / "callboard.yaml").read_text() + f"lifecycles: {{archived: {archived}}}\n"
    (folder / "callboard.yaml").write_text(config)
    run("generate", "--out", "out")
    (folder / "cards" / "two.md").write_text(card("two").replace("license:", "lifecycle: Archived\nlicense:"))

    assert run("generate", "--out", "out").code == 0

    text = tree().get("models/two/catalog-info.yaml", b"").decode()
    assert bool(text) == stays
    assert not stays or ("lifecycle: archived" in text and "- archived" in text)


def test_overrides_are_written_and_taken_back_without_a_trace(run: Run, folder: Path) -> None:
    run("generate", "--out", "out")
    before = tree()
    (folder / "o.yaml").write_text("cards: {one: {title: Better, tags: [new], tasks: [chat]}}\n")
    plain = (folder / "callboard.yaml").read_text()
    (folder / "callboard.yaml").write_text(plain + "overrides: [o.yaml]\n")

    run("generate", "--out", "out")
    text = tree()["models/one/catalog-info.yaml"].decode()
    assert "title: Better" in text
    assert {"- new", "- text", "- chat"} <= {line.strip() for line in text.splitlines()}
    assert "0 files written" in run("generate", "--out", "out").out
    (folder / "o.yaml").write_text("# moved\n" + (folder / "o.yaml").read_text())
    assert "0 files written" in run("generate", "--out", "out").out, "only a line number changed"
    (folder / "o.yaml").write_text("")
    run("generate", "--out", "out")

    assert tree() == before


def test_an_edit_by_hand_is_kept_while_the_registry_goes_on(run: Run, folder: Path) -> None:
    run("generate", "--out", "out")
    file = folder / "out/models/one/catalog-info.yaml"
    file.write_text(
        file.read_text().replace("owner: group:default/fraud", "owner: group:default/mine  # since May")
    )
    (folder / "cards" / "one.md").write_text(card("one", version="2"))

    done = run("generate", "--out", "out")

    text = file.read_text()
    assert done.code == 0
    assert "owner: group:default/mine  # since May" in text
    assert "callboard.dev/version: '2'" in text


@pytest.mark.parametrize(
    ("file", "hint"),
    [
        (".callboard.lock", "restore .callboard.lock from git's history, or"),
        ("catalog-info.yaml", "mend the file on the base branch, or"),
    ],
)
def test_a_broken_folder_that_is_deleted_as_advised_is_written_anew_in_its_place(
    run: Run, folder: Path, file: str, hint: str
) -> None:
    run("generate", "--out", "out")
    before = tree()
    (folder / "out/models/one" / file).write_text("{ broken")
    (folder / "cards" / "one.md").write_text(card("one", version="2"))

    refused = run("generate", "--out", "out")
    assert f"{hint} delete the whole folder to have it written anew" in " ".join(refused.err.split())
    assert refused.code == 1
    assert tree().keys() == before.keys()
    shutil.rmtree(folder / "out/models/one")
    mended = run("generate", "--out", "out")

    assert mended.code == 0
    assert tree().keys() == before.keys()


def test_a_file_that_was_deleted_stays_deleted_until_the_whole_folder_is(run: Run, folder: Path) -> None:
    run("generate", "--out", "out")
    before = tree()
    (folder / "out/models/one/docs/index.md").unlink()
    (folder / "cards" / "one.md").write_text(card("one", version="2"))

    run("generate", "--out", "out")
    deleted = tree()
    shutil.rmtree(folder / "out/models/one")
    run("generate", "--out", "out")

    assert before.keys() - deleted.keys() == {"models/one/docs/index.md"}
    assert tree().keys() == before.keys()


def test_an_edit_is_kept_however_the_folder_is_reached(run: Run, folder: Path) -> None:
    (folder / "real").mkdir()
    (folder / "link").symlink_to("real")
    out = str(folder / "link" / "out")
    run("generate", "--out", out)
    file = folder / "real/out/models/one/catalog-info.yaml"
    file.write_text(file.read_text().replace("group:default/fraud", "group:default/mine"))

    done = run("generate", "--out", out)

    assert "0 changed" in done.out
    assert "group:default/mine" in file.read_text()


def test_what_is_gone_from_the_registry_is_taken_out_of_the_folder(run: Run, folder: Path) -> None:
    run("generate", "--out", "out")
    (folder / "cards" / "two.md").unlink()

    done = run("generate", "--out", "out")

    assert done.code == 0
    assert "removed in out" in done.out
    assert {path.split("/")[1] for path in tree()} == {"one"}


def test_what_is_no_longer_selected_is_taken_out_only_when_told_to(run: Run, folder: Path) -> None:
    run("generate", "--out", "out")
    (folder / "callboard.yaml").write_text(
        "sources: [{name: cards, type: files, path: cards, select: {include: [one]}}]\n"
    )

    kept, pruned = run("generate", "--out", "out"), run("generate", "--out", "out", "--prune")

    assert ", 0 removed" in kept.out
    assert ", 0 removed" not in pruned.out
    assert {path.split("/")[1] for path in tree()} == {"one"}


@pytest.mark.parametrize(
    "linked", ["models", "models/one", "models/one/docs", "models/one/catalog-info.yaml"]
)
def test_nothing_is_written_through_a_link(run: Run, folder: Path, linked: str) -> None:
    mine = folder / "mine"
    mine.mkdir()
    (mine / "notes.txt").write_text("mine\n")
    link = folder / "out" / linked
    link.parent.mkdir(parents=True)
    link.symlink_to(mine / "notes.txt" if linked.endswith(".yaml") else mine)

    done = run("generate", "--out", "out")

    assert (done.code, done.out) == (2, "")
    assert f"out/{linked} is a symbolic link" in done.err
    assert tree(mine) == {"notes.txt": b"mine\n"}
    assert not [path for path in (folder / "out").rglob("*") if path.is_file() and not path.is_symlink()]


def test_a_link_within_the_folder_is_not_written_through_either(run: Run, folder: Path) -> None:
    (folder / "out" / "models" / "one").mkdir(parents=True)
    (folder / "out" / "notes.txt").write_text("mine\n")
    (folder / "out" / "models" / "one" / "catalog-info.yaml").symlink_to(folder / "out" / "notes.txt")

    assert run("generate", "--out", "out").code == 2
    assert (folder / "out" / "notes.txt").read_text() == "mine\n"


def test_out_must_be_given_and_be_a_folder_that_can_be_written(run: Run, folder: Path) -> None:
    (folder / "file").write_text("x")

    missing, file, below = (
        run("generate"), run("generate", "--out", "file"), run("generate", "--out", "file/below")
    )  # fmt: skip

    assert [missing.code, file.code, below.code] == [2, 2, 2]
    assert "--out" in missing.err
    assert "is a file" in file.err
    assert "cannot be written" in below.err


def test_a_source_that_does_not_answer_removes_nothing_and_ends_with_3(run: Run, folder: Path) -> None:
    run("generate", "--out", "out")
    before = tree()
    (folder / "cards").rename(folder / "gone")

    done = run("generate", "--out", "out")

    assert done.code == 3
    assert tree() == before


def test_one_bad_model_stops_no_other(run: Run, folder: Path) -> None:
    (folder / "cards" / "bad").mkdir()
    (folder / "cards" / "bad" / "model.onnx").write_bytes(b"no model")

    done = run("generate", "--out", "out")

    assert done.code == 1
    assert "cards/bad/model.onnx" in done.err
    assert {path.split("/")[1] for path in tree()} == {"one", "two"}
