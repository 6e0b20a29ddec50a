"""Targets of Locations and placeholders: what they lead to in the tree, and what nobody has looked at."""

from __future__ import annotations

from pathlib import Path

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

    assert [(one.line, one.code) for one in report.diagnostics] == [
        (line, "location-target-missing") for line in (8, 9, 10)
    ]


def test_what_comes_from_standard_input_stands_nowhere() -> None:
    assert validate_files({"-": location("a.yaml").encode()}).diagnostics == ()


def test_a_file_of_nothing_but_patterns_costs_no_more_than_some() -> None:
    text = location(*(f"'none{number}/*.yaml'" for number in range(1000)))
    assert len(said(text)) == 100


def test_messages_stay_on_one_line_whatever_a_target_is_called() -> None:
    report = validate_files({"a\n/all.yaml": location('"b\\nc.yaml"', '"d\\te*"').encode()})
    assert len(report.diagnostics) == 2
    assert not [one for one in report.diagnostics if "\n" in one.message or "\t" in one.message]
