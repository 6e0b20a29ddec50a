"""``callboard docs build``: sites as TechDocs serves them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.running import Run
from tests.walk.house import card


@pytest.fixture
def tree(folder: Path, run: Run) -> Path:
    """A generated catalog of one model."""
    (folder / "callboard.yaml").write_text("sources: [{name: cards, type: files, path: cards}]\n")
    (folder / "cards").mkdir()
    (folder / "cards" / "one.md").write_text(card("one"))
    assert run("generate", "--out", "catalog").code == 0
    return folder / "catalog"


def test_a_site_is_built_where_techdocs_looks_for_it_and_not_twice(
    run: Run, tree: Path, folder: Path
) -> None:
    first, second = (
        run("docs", "build", "catalog", "--out", "sites"),
        run("docs", "build", "catalog", "--out", "sites"),
    )

    site = folder / "sites" / "default" / "resource" / "one"
    assert (first.code, first.out) == (0, "1 site built, 0 unchanged in sites\n")
    assert (second.code, second.out) == (0, "0 sites built, 1 unchanged in sites\n")
    assert "Says what one says." in (site / "index.html").read_text()
    assert json.loads((site / "techdocs_metadata.json").read_text())["site_name"]


def test_one_bad_site_stops_no_other_and_ends_with_1(run: Run, tree: Path, folder: Path) -> None:
    (tree / "bad").mkdir()
    entity = (tree / "models" / "one" / "catalog-info.yaml").read_text().replace("name: one", "name: bad", 1)
    (tree / "bad" / "catalog-info.yaml").write_text(entity)

    done = run("docs", "build", "catalog", "--out", "sites")

    assert done.code == 1
    assert "bad" in done.err
    assert (folder / "sites" / "default" / "resource" / "one" / "index.html").is_file()


def test_without_the_engine_it_says_what_to_install(
    run: Run, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda *_: None)

    done = run("docs", "build", "catalog", "--out", "sites")

    assert (done.code, done.out) == (2, "")
    assert "pip install '.[docs]' in a checkout" in done.err


def test_out_must_be_given(run: Run, tree: Path) -> None:
    assert run("docs", "build", "catalog").code == 2
