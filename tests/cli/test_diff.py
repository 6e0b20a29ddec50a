"""``callboard diff``: what a sync would change."""

from __future__ import annotations

import json

import yaml

from tests.cli.running import Run
from tests.walk.house import House, card


def test_it_shows_what_a_sync_would_change_and_writes_nothing(at_home: House, run: Run) -> None:
    at_home.card("one", card("one"))
    at_home.land_everything()
    at_home.card("one", card("one", version="2"))
    at_home.card("two", card("two"))
    mark = at_home.forge.log.mark()

    done = run("diff", "-o", "json")

    one, two = json.loads(done.out)
    assert (done.code, done.err) == (0, "")
    assert (one["kind"], one["name"], two["kind"], two["name"]) == ("changed", "one", "new", "two")
    assert "catalog-info.yaml" in one["files"]["changed"]
    assert any("2" in sentence for sentence in one["differences"])
    assert (at_home.counts(mark).writes, at_home.counts(mark).pushes) == (0, 0)
    assert yaml.safe_load(run("diff", "-o", "yaml").out) == [one, two]


def test_people_get_a_row_for_each_model(at_home: House, run: Run) -> None:
    at_home.card("one", card("one"))

    header, row = run("diff").out.splitlines()

    assert header.split() == ["CHANGE", "MODEL", "FILES", "WHAT"]
    assert row.split()[:2] == ["new", "one"]


def test_nothing_to_change_is_said(at_home: House, run: Run) -> None:
    at_home.card("one", card("one"))
    at_home.land_everything()

    assert run("diff").out == "1 model, nothing to change.\n"
    assert run("diff", "-o", "json").out == "[]\n"


def test_an_edit_by_hand_that_the_registry_contradicts_is_named(at_home: House, run: Run) -> None:
    at_home.card("one", card("one"))
    at_home.land_everything()
    path = "models/one/catalog-info.yaml"
    at_home.edit(path, at_home.read(path).replace("group:default/fraud", "group:default/mine"))
    at_home.card("one", card("one", owner="group:default/theirs"))

    (one,) = json.loads(run("diff", "-o", "json").out)

    (kept,) = [each for each in one["kept"] if each["registry"] == "group:default/theirs"]
    assert kept["person"] == "group:default/mine"


def test_a_deletion_is_shown(at_home: House, run: Run) -> None:
    at_home.card("one", card("one"))
    at_home.card("two", card("two"))
    at_home.land_everything()
    (at_home.folder / "cards" / "two.md").unlink()

    (change,) = json.loads(run("diff", "-o", "json").out)

    assert (change["kind"], change["name"]) == ("removed", "two")
    assert ".callboard.lock" in change["files"]["removed"]


def test_no_source_that_answers_ends_with_3(at_home: House, run: Run) -> None:
    (at_home.folder / "cards").rmdir()

    assert run("diff").code == 3
