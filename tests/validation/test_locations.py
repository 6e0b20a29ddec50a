"""Targets of Locations and placeholders: what they lead to in the tree, and what nobody has looked at."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from callboard.validate import validate_paths
from callboard.validation.check import validate_files

LOCATION = "apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata: {name: all}\nspec:\n  targets:\n"
GROUP = "apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: {name: a}\nspec: {type: t, children: []}\n"
API = """\
apiVersion: backstage.io/v1alpha1
kind: API
metadata: {name: a}
spec:
  type: openapi
  lifecycle: production
  owner: ml
  definition:
    $text: %s
"""


def location(*targets: str, more: str = "") -> str:
    return LOCATION + "".join(f"    - {target}\n" for target in targets) + more


def said(text: str, **others: str) -> list[tuple[int, int, str]]:
    files = {"catalog/all.yaml": text.encode()} | {path: other.encode() for path, other in others.items()}
    report = validate_files(files, known_references=frozenset({"group:default/ml"}))
    assert not [
        one for one in report.diagnostics if one.severity == "error" and one.file == "catalog/all.yaml"
    ]
    return [(one.line, one.column, one.code) for one in report.diagnostics if one.file == "catalog/all.yaml"]


def test_a_target_that_is_not_there_is_told_with_its_place() -> None:
    text = location("./a.yaml", "b.yaml", "'sub/*.yaml'", "'none/*.yaml'", "'**/deep.yaml'")
    there = {"catalog/a.yaml": GROUP, "catalog/sub/x.yaml": "", "catalog/x/y/deep.yaml": ""}
    assert said(text, **there) == [(7, 7, "location-target-missing"), (9, 7, "location-target-missing")]


def test_a_folder_is_told_to_be_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"all.yaml": location("./t", "none"), "t/x/a.yaml": GROUP}
    on_disk(tmp_path, files)
    monkeypatch.chdir(tmp_path)
    for report in (
        validate_paths(["."]).report,
        validate_files({path: text.encode() for path, text in files.items()}),
    ):
        folder, none = (one.message for one in report.diagnostics if one.file == "all.yaml")
        assert "'./t' leads to a folder, which is no file" in folder
        assert "name a file in it, or several: './t/*.yaml'" in folder
        assert "add 'none', or correct the path" in none


def test_a_target_that_is_no_yaml_is_told() -> None:
    assert said(location("a.yaml"), **{"catalog/a.yaml": "a: ["}) == [(6, 7, "location-target-unreadable")]


@pytest.mark.parametrize(
    "text",
    [
        location("a.yaml", more="  presence: optional\n"),
        location("../elsewhere/a.yaml"),
        location("/a.yaml"),
        location("https://example.com/a.yaml"),
        location("https://example.com/a.yaml", "https://example.com/b.yaml", more="  presence: optional\n"),
        LOCATION.replace("targets:", "target: all.yaml"),
        "apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata: {name: all}\nspec: {}\n",
    ],
)
def test_nothing_is_said_of_what_is_right_or_cannot_be_known(text: str) -> None:
    assert said(text) == []


def test_addresses_elsewhere_are_told_where_others_depend_on_them() -> None:
    text = location("https://example.com/a.yaml", "https://example.com/b.yaml", "all.yaml")
    assert said(text) == [(6, 7, "location-target-unchecked")]


@pytest.mark.parametrize("target", ["javascript:x", "https://", "file:///etc/passwd", "'mailto:a@b'"])
def test_what_is_neither_a_path_nor_an_address_is_told(target: str) -> None:
    assert said(location(target)) == [(6, 7, "location-target-missing")]


def test_a_placeholder_is_read_every_time_and_has_to_lead_somewhere() -> None:
    assert said(API % "openapi.yaml", **{"catalog/openapi.yaml": "x"}) == [(9, 12, "placeholder-fetched")]
    both = [(9, 12, "placeholder-fetched"), (9, 12, "placeholder-missing")]
    assert said(API % "openapi.yaml") == both
    assert said(API % "https://example.com/a") == both[:1]


def test_what_stands_in_the_place_of_a_placeholder_is_not_judged() -> None:
    text = (
        "apiVersion: backstage.io/v1alpha1\nkind: Resource\nmetadata: {name: a}\nspec: {$yaml: spec.yaml}\n"
    )
    assert said(text, **{"catalog/spec.yaml": "x"}) == [(4, 15, "placeholder-fetched")]
    several = text.replace(
        "{$yaml: spec.yaml}", "{type: a, owner: ml, x: {$text: a, b: c}, z: [{$other: a}]}"
    )
    assert said(several) == []


def test_on_a_disk_targets_are_looked_up_where_they_lead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for path, text in {
        "catalog/all.yaml": location(
            "../teams/*/group.yml", "../b.json", "../c.yaml", "../none/*.yaml", "'a\\0b'"
        ),
        "teams/a/group.yml": "x",
        "b.json": "{}",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)

    report = validate_paths(["catalog/all.yaml"]).report

    about = [one for one in report.diagnostics if one.file == "catalog/all.yaml"]
    assert [(one.line, one.code) for one in about] == [
        (line, "location-target-missing") for line in (8, 9, 10)
    ]


BAD = "apiVersion: %s\nkind: %s\nmetadata: {name: bad name}\nspec: {}\n"
TEMPLATE = BAD % ("scaffolder.backstage.io/v1beta3", "Template")
SERVICE = json.dumps(
    {"apiVersion": "backstage.io/v1alpha1", "kind": "Location", "metadata": {"name": "bad name"}}
)


def on_disk(top: Path, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_text(text)


def found_from(*paths: str, **options: Any) -> list[tuple[str, int, str]]:
    report = validate_paths(paths, **options).report
    return [(one.file, one.line, one.code) for one in report.diagnostics if one.code != "unknown-kind"]


def test_what_only_a_location_leads_to_is_a_catalog_file_whatever_it_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    targets = ["./x/notyaml.txt", "./t/template.yaml", "./x/service.json", "./p/*.tpl", "./x/more"]
    on_disk(
        tmp_path,
        {
            "catalog/all.yaml": location(*targets),
            "catalog/x/notyaml.txt": "a: b: c",
            "catalog/t/template.yaml": TEMPLATE,
            "catalog/x/service.json": SERVICE,
            "catalog/p/one.tpl": TEMPLATE.replace("bad", "one"),
            "catalog/p/one.png": "a: b: c",
            "catalog/x/more": location("../../last.txt", "more", "../all.yaml"),
            "last.txt": GROUP.replace("a}", "b c}"),
        },
    )
    monkeypatch.chdir(tmp_path)
    expected = [
        ("catalog/all.yaml", 6, "location-target-unreadable"),
        ("catalog/p/one.tpl", 3, "name-format"),
        ("catalog/t/template.yaml", 3, "name-format"),
        ("catalog/x/more", 3, "duplicate-entity"),
        ("catalog/x/notyaml.txt", 1, "yaml-syntax"),
        ("catalog/x/service.json", 1, "missing-field"),
        ("catalog/x/service.json", 1, "name-format"),
        ("last.txt", 3, "name-format"),
    ]
    assert found_from(".") == expected
    monkeypatch.chdir(tmp_path / "catalog" / "x")
    assert (
        len(found_from("../all.yaml")) == len(expected) - 1
    )  # without a checkout, last.txt is of another tree
    (tmp_path / ".git").mkdir()
    assert len(found_from("../all.yaml")) == len(expected)
    (tmp_path / ".callboardignore").write_text("t/\n*.txt\n")
    assert len(found_from("../all.yaml")) == len(expected) - 4


def test_what_is_not_of_the_tree_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = tmp_path / "tree"
    on_disk(
        tmp_path,
        {
            "secret.txt": "a: b: c",
            "tree/x/.git/secret.txt": "a: b: c",
            "tree/all.yaml": location(
                "../secret.txt", "link.txt", "below/secret.txt", "x/.git/secret.txt", "'../*'"
            ),
        },
    )
    (tree / "link.txt").symlink_to("../secret.txt")
    (tree / "below").symlink_to("..")
    (tree / "zero").symlink_to("/dev/zero")
    (tree / "again.yaml").symlink_to("all.yaml")
    (tree / "more.yaml").write_text(location("zero", "again.yaml", ".").replace("all}", "more}"))
    monkeypatch.chdir(tree)

    assert [one for one in found_from("all.yaml", "more.yaml") if one[2] != "location-target-missing"] == []


def test_only_so_many_files_are_reached_from_locations() -> None:
    files = {f"{number}.txt": location(f"{number + 1}.txt").encode() for number in range(1500)}
    assert validate_files({"all.yaml": files["0.txt"], **files}).files == 1001


def test_what_a_location_leads_to_is_remembered_as_long_as_it_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = tmp_path / "tree"
    on_disk(tree, {f"{number:03}.yaml": GROUP.replace("a}", f"g{number}}}") for number in range(200)})
    on_disk(tree, {"all.yaml": location("x.txt", "'*.tpl'"), "x.txt": TEMPLATE})
    monkeypatch.chdir(tree)
    bad = [("x.txt", 3, "name-format")]
    for text, expected in ((TEMPLATE, bad), (TEMPLATE, bad), (TEMPLATE.replace("bad name", "good"), [])):
        (tree / "x.txt").write_text(text)
        checked = validate_paths((".",), cache=tmp_path / "cache")
        told = [
            (one.file, one.line, one.code) for one in checked.report.diagnostics if one.severity == "error"
        ]
        assert told == expected
        assert checked.files["x.txt"] == text.encode()
    (tree / "new.tpl").write_text(TEMPLATE)
    assert ("new.tpl", 3, "name-format") in found_from(".", cache=tmp_path / "cache")


def test_what_comes_from_standard_input_stands_nowhere() -> None:
    assert validate_files({"-": location("a.yaml").encode()}).diagnostics == ()


def test_a_file_of_nothing_but_patterns_costs_no_more_than_some() -> None:
    text = location(*(f"'none{number}/*.yaml'" for number in range(1000)))
    assert len(said(text)) == 100


def test_messages_stay_on_one_line_whatever_a_target_is_called() -> None:
    report = validate_files({"a\n/all.yaml": location('"b\\nc.yaml"', '"d\\te*"').encode()})
    assert len(report.diagnostics) == 2
    assert not [one for one in report.diagnostics if "\n" in one.message or "\t" in one.message]
