"""``callboard models``: neutral records for programs, a table for people."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from callboard.model import Model
from callboard.resources import shipped
from tests.cli.running import Ran, Run
from tests.walk.house import card

CONFIG = """\
sources:
  - {name: examples, type: files, path: examples}
  - {name: cards, type: files, path: cards}
"""


@pytest.fixture(autouse=True)
def _sources(folder: Path) -> None:
    (folder / "callboard.yaml").write_text(CONFIG)
    (folder / "examples").symlink_to(shipped("examples", "models"))
    (folder / "cards").mkdir()
    (folder / "cards" / "one.md").write_text(card("one"))


def records(done: Ran) -> list[dict[str, Any]]:
    said: list[dict[str, Any]] = json.loads(done.out)
    return said


@pytest.mark.parametrize("more", [(), ("--explain",)])
def test_the_json_is_a_list_that_is_valid_by_the_shipped_schema(run: Run, more: tuple[str, ...]) -> None:
    schema = json.loads(shipped("schemas", "model.schema.json").read_text())
    validator = jsonschema.Draft202012Validator(schema)

    done = run("models", "-o", "json", *more)

    assert (done.code, done.err) == (0, "")
    assert [list(validator.iter_errors(one)) for one in records(done)] == [[]] * 6
    assert {Model.model_validate(one).name for one in records(done)} >= {"one", "fraud-detector"}


def test_yaml_says_the_same_as_json(run: Run) -> None:
    assert yaml.safe_load(run("models", "-o", "yaml").out) == records(run("models", "-o", "json"))


def test_people_get_a_row_for_each_model(run: Run) -> None:
    rows = run("models").out.splitlines()

    assert rows[0].split() == ["SOURCE", "NAME", "VERSION", "OWNER", "TASKS"]
    assert rows[-1].split() == ["cards", "one", "1", "group:default/fraud"]
    assert len(rows) == 7


def test_one_source_can_be_asked_alone(run: Run) -> None:
    assert [one["name"] for one in records(run("models", "--source", "cards", "-o", "json"))] == ["one"]


def test_a_source_that_is_not_configured_ends_with_2_and_the_nearest(run: Run) -> None:
    done = run("models", "--source", "card")

    assert (done.code, done.out) == (2, "")
    assert "There is no source 'card' in callboard.yaml. Did you mean 'cards'?" in done.err


def test_names_are_selected_by_a_glob_in_any_case(run: Run) -> None:
    names = [one["name"] for one in records(run("models", "--select", "SUPPORT-*", "-o", "json"))]

    assert names == ["support-assistant", "support-embeddings"]


def test_models_are_selected_by_what_they_are_and_not_only_by_name(run: Run) -> None:
    every = records(run("models", "-o", "json"))

    chosen = records(run("models", "--select", "*,category=embedding,-name=one", "-o", "json"))

    assert chosen == [one for one in every if "embedding" in one.get("categories", ())] != []
    done = run("models", "--select", "colour=red")
    assert (done.code, done.out) == (2, "")
    assert "--select: 'colour' cannot be selected by; use one of: name, tag," in done.err


def test_a_field_can_be_set_for_one_run_and_says_so(run: Run) -> None:
    done = run("models", "--source", "cards", "--set", "cards/one.title=A: b", "--explain", "-o", "json")

    (one,) = records(done)
    assert (one["title"], one["provenance"]["title"], one["provenance"]["owner"]) == (
        "A: b",
        "--set",
        "cards",
    )
    assert one["said"] == {"title": None}
    wrong = run("models", "--set", "cards/one.titel=x")
    assert (wrong.code, wrong.out) == (2, "")
    assert "--set: 'titel' cannot be set; did you mean 'title'?" in wrong.err


def test_a_wrong_override_is_a_finding_at_its_place_and_holds_back_its_model_only(
    run: Run, folder: Path
) -> None:
    (folder / "overrides").mkdir()
    (folder / "overrides" / "x.yaml").write_text("cards:\n  one:\n    ownr: group:default/x\n")
    (folder / "callboard.yaml").write_text(CONFIG + "overrides: [overrides/*.yaml]\n")

    done = run("models", "-o", "json")

    assert done.code == 1
    assert "overrides/x.yaml:3:5: error: ownr is not a field that can be overridden" in done.err
    assert "did you mean 'owner'?" in done.err
    assert {one["source"] for one in records(done)} == {"examples"}


def test_a_selection_of_nothing_is_said_and_is_no_finding(run: Run) -> None:
    shown, said = run("models", "--select", "x"), run("models", "--select", "x", "-o", "json")

    assert (shown.code, shown.out, shown.err) == (0, "", "No models.\n")
    assert (said.code, said.out, said.err) == (0, "[]\n", "")


def test_models_that_are_one_are_shown_as_one_and_say_who_said_what(run: Run, folder: Path) -> None:
    (folder / "cards" / "two.md").write_text("---\nname: two\nlicense: mit\n---\n")
    (folder / "more").mkdir()
    other = "---\nname: zwei\nlibrary_name: onnx\nlicense: apache-2.0\n---\n"
    (folder / "more" / "zwei.md").write_text(other)
    (folder / "callboard.yaml").write_text(
        "sources: [{name: cards, type: files, path: cards}, {name: more, type: files, path: more}]\n"
        "links: {same: [['cards:two', 'more:zwei']]}\n"
    )

    together, alone = (
        run("models", "-o", "json", "--explain"),
        run("models", "-o", "json", "--source", "more"),
    )

    one, two = records(together)
    assert [one["name"], two["name"]] == ["one", "two"]
    assert two["known_in"][1] == {"source": "more", "id": "zwei", "name": "zwei"}
    assert (two["provenance"]["license"], two["provenance"]["library"]) == ("cards", "more")
    assert "registries disagree on the license" in together.err
    assert [model["name"] for model in records(alone)] == ["zwei"]


def test_every_field_is_explained_by_who_said_it(run: Run) -> None:
    for one in records(run("models", "--explain", "-o", "json")):
        fields = one.keys() - {"source", "id", "provenance", "said", "categories"}
        by_tables = {"categories": "the table of tasks"} if "categories" in one else {}
        assert one["provenance"] == dict.fromkeys(fields, one["source"]) | by_tables
    rows = [row.split() for row in run("models", "--explain", "--source", "cards").out.splitlines()]
    assert rows[0] == ["MODEL", "FIELD", "SAID", "BY"]
    assert ["cards:", "one", "owner", "cards"] in rows


def test_a_model_that_cannot_be_read_stops_no_other_and_ends_with_1(run: Run, folder: Path) -> None:
    (folder / "cards" / "bad").mkdir()
    (folder / "cards" / "bad" / "model.onnx").write_bytes(b"no model at all")

    done = run("models", "-o", "json")

    assert done.code == 1
    assert len(records(done)) == 6
    assert "cards/bad/model.onnx" in done.err


def test_sources_of_which_none_answers_end_with_3(run: Run, folder: Path) -> None:
    (folder / "callboard.yaml").write_text("sources: [{name: gone, type: files, path: gone}]\n")

    done = run("models", "-o", "json")

    assert (done.code, done.out) == (3, "[]\n")


def test_programs_read_the_very_name_that_the_registry_says(run: Run, folder: Path) -> None:
    name = "two \x1b[31m\u202e\U0001f469\u200d\U0001f52c \U000e0041"
    (folder / "cards" / "two.md").write_text(f"---\nname: {json.dumps(name, ensure_ascii=False)}\n---\n")

    done = run("models", "--source", "cards", "-o", "json")

    assert name in [one["name"] for one in records(done)]
    assert not {"\x1b", "\u202e", "\u200d", "\U000e0041"} & set(done.out)
