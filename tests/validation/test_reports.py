"""Each output, and that nothing hostile gets through one."""

from __future__ import annotations

import dataclasses
import json
import os
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from callboard.validation.check import validate_files
from callboard.validation.diagnostics import Diagnostic, Report
from callboard.validation.reports import OUTPUTS, render
from tests.contracts import sarif

ONE = Diagnostic(
    "a/catalog-info.yaml", 2, 8, "error", "name-format", "'b c' is wrong; write b-c", "domain:default/b c"
)
FILES = {"a/catalog-info.yaml": b"metadata:\n  name: b c\n"}
REPORT = Report(2, 3, (ONE,))


def test_text_shows_the_line_and_a_caret_below_the_place() -> None:
    assert render("text", REPORT, FILES) == (
        "a/catalog-info.yaml\n"
        "  2:8  error  name-format  [domain:default/b c]\n"
        "    'b c' is wrong; write b-c\n"
        "    2 |   name: b c\n"
        "      |        ^\n"
        "\n"
        "3 entities in 2 files: 1 error, 0 warnings\n"
    )


def test_text_counts_when_there_is_nothing_to_say() -> None:
    assert render("text", Report(1, 1, ()), {}) == "1 entity in 1 file: 0 errors, 0 warnings\n"


def test_text_shows_only_a_part_of_a_long_line() -> None:
    one = Diagnostic("a", 1, 500, "error", "c", "m", None)
    lines = render("text", Report(1, 1, (one,)), {"a": b"x" * 499 + b"Y" + b"x" * 500}).splitlines()
    assert len(lines[3]) < 200
    assert lines[3][lines[4].index("^")] == "Y"


def test_json_is_exactly_the_contract() -> None:
    assert json.loads(render("json", REPORT, FILES)) == {
        "files": 2,
        "entities": 3,
        "diagnostics": [
            {
                "file": "a/catalog-info.yaml",
                "line": 2,
                "column": 8,
                "severity": "error",
                "code": "name-format",
                "message": "'b c' is wrong; write b-c",
                "entity": "domain:default/b c",
            }
        ],
    }


def test_github_escapes_what_its_runner_would_act_upon() -> None:
    one = Diagnostic("a,b:c%\n.yaml", 1, 2, "warning", "x", "100%\r\n::error::gotcha ##[add-mask]a", None)
    line = render("github", Report(1, 0, (one,)), {}).splitlines()[0]
    assert line == (
        "::warning file=a%2Cb%3Ac%25\\u000a.yaml,line=1,col=2,title=x"
        "::100%25\\u000d\\u000a::error::gotcha ##\\[add-mask]a"
    )


def test_github_gets_ten_of_each_and_the_rest_is_counted() -> None:
    errors = tuple(Diagnostic("a", n, 1, "error", "x", "m", None) for n in range(1, 13))
    warnings = tuple(Diagnostic("a", n, 1, "warning", "x", "m", None) for n in range(1, 12))
    lines = render("github", Report(1, 1, errors + warnings), {}).splitlines()
    assert sum(line.startswith("::error ") for line in lines) == 10
    assert sum(line.startswith("::warning ") for line in lines) == 10
    left_out = lines.index("2 errors more, which GitHub would not show here:")
    assert lines[left_out + 1 : left_out + 3] == ["- a:11:1 x: m", "- a:12:1 x: m"]
    assert "1 warning more, which GitHub would not show here:" in lines
    assert lines[-1] == "1 entity in 1 file: 12 errors, 11 warnings"


def test_markdown_is_a_table_with_errors_first() -> None:
    warning = Diagnostic("a.yaml", 1, 1, "warning", "x", "m", None)
    text = render("markdown", Report(2, 3, (warning, ONE)), FILES)
    assert text.startswith("## Catalog validation\n\n3 entities in 2 files: 1 error, 1 warning.\n\n| Where |")
    assert text.index("name-format") < text.index("| warning |")


def test_markdown_counts_what_it_leaves_out() -> None:
    many = tuple(Diagnostic("a", n, 1, "error", "x", "m", None) for n in range(1, 132))
    assert render("markdown", Report(1, 1, many), {}).endswith("\n31 diagnostics more.\n")


PATHS = st.binary(max_size=20).map(os.fsdecode)
PLACES = st.integers(1, 10**6)
SEVERITIES = st.sampled_from(["error", "warning"])
CODES = st.sampled_from(["name-format", "schema"])
HOSTILE = st.text(st.one_of(st.sampled_from("|`*_<>&@#[]()!\\~\n\r:/wWhtps.-"), st.characters()), max_size=40)


@given(HOSTILE, HOSTILE, HOSTILE)
def test_no_value_breaks_out_of_the_markdown(file: str, message: str, entity: str) -> None:
    one = Diagnostic(file, 1, 1, "error", "x", message, entity)
    html = MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(
        render("markdown", Report(1, 1, (one,)), {})
    )
    assert html.count("<td>") == 5
    tags = set(re.findall(r"<(/?[a-z0-9]+)", html))
    assert {tag.lstrip("/") for tag in tags} <= {
        "h2",
        "p",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "code",
    }


@pytest.mark.parametrize("output", ["text", "github", "markdown"])
@given(file=HOSTILE, message=HOSTILE, line=HOSTILE)
def test_no_value_gives_orders_to_a_terminal_or_a_runner(
    output: str, file: str, message: str, line: str
) -> None:
    one = Diagnostic(file, 1, 1, "error", "x", message, message)
    text = render(output, Report(1, 1, (one,)), {file: line.encode("utf-8", "replace")})
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e]|##\\[", text)
    commands = [line for line in text.split("\n") if line.lstrip().startswith("::")]
    assert len(commands) == (1 if output == "github" else 0) or file.startswith("::")


def test_text_is_colored_only_when_it_is_asked_to_be() -> None:
    plain = render("text", REPORT, FILES)
    colored = render("text", REPORT, FILES, color=True)
    assert "\x1b[31m" in colored
    assert re.sub("\x1b\\[[0-9]+m", "", colored) == plain
    assert render("json", REPORT, FILES, color=True) == render("json", REPORT, FILES)


def test_the_caret_stands_below_what_is_two_columns_wide() -> None:
    one = Diagnostic("a", 1, 4, "error", "c", "m", None)
    lines = render("text", Report(1, 1, (one,)), {"a": "\u6a21e\u0301x".encode()}).splitlines()
    # Two columns for the first character, one for the second, none for the accent upon it.
    assert len(lines[4]) - 1 == len("    1 | ") + 3


def test_codequality_is_what_gitlab_reads() -> None:
    report = Report(2, 3, (dataclasses.replace(ONE, file="./a/catalog-info.yaml"),))
    (issue,) = json.loads(render("codequality", report, {"./a/catalog-info.yaml": FILES[ONE.file]}))
    fingerprint = issue.pop("fingerprint")
    assert re.fullmatch("[0-9a-f]{64}", fingerprint)
    assert issue == {
        "description": "'b c' is wrong; write b-c (domain:default/b c)",
        "check_name": "name-format",
        "severity": "major",
        "location": {"path": "a/catalog-info.yaml", "lines": {"begin": 2}},
    }
    assert render("codequality", Report(1, 1, ()), {}) == "[]\n"


def test_a_fingerprint_stays_while_lines_move_and_no_two_are_one() -> None:
    def known_by(text: str) -> list[str]:
        files = {"a.yaml": text.encode()}
        issues = json.loads(render("codequality", validate_files(files), files))
        return [one["fingerprint"] for one in issues if one["check_name"] == "tag-format"]

    text = "kind: Domain\nmetadata:\n  tags: [A, A,\n    B]\n"
    before = known_by(text)
    assert len(set(before)) == 3
    assert known_by(f"# new\n\n{text}") == before
    assert set(known_by(text.replace("B", "C"))) & set(before) == set(before[:2])


def test_what_is_below_the_folder_that_we_are_in_is_named_from_there() -> None:
    one = dataclasses.replace(ONE, file=str(Path.cwd() / "a" / "b.yaml"))
    report = Report(1, 1, (one,))
    assert json.loads(render("codequality", report, {}))[0]["location"]["path"] == "a/b.yaml"
    assert "file=a/b.yaml," in render("github", report, {})
    (run,) = json.loads(render("sarif", report, {}))["runs"]
    assert run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "a/b.yaml"}


@settings(max_examples=50)
@given(
    st.lists(st.builds(Diagnostic, PATHS, PLACES, PLACES, SEVERITIES, CODES, HOSTILE, st.none() | HOSTILE))
)
def test_sarif_is_valid_by_its_official_schema(diagnostics: list[Diagnostic]) -> None:
    report = Report(1, 1, ()).with_more(diagnostics)
    log = json.loads(render("sarif", report, {}))
    assert sarif.errors(log) == []
    assert len(log["runs"][0]["results"]) == len(set(diagnostics))


def test_the_schema_refuses_what_is_no_sarif() -> None:
    log = json.loads(render("sarif", REPORT, FILES))
    log["runs"][0]["results"][0]["level"] = "fatal"
    assert sarif.errors(log)


def test_sarif_leaves_out_what_github_would_refuse_warnings_first_and_counts_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("callboard.validation.reports.sarif.MOST", 1)
    warning = Diagnostic("a", 1, 1, "warning", "x", "m", None)
    log = json.loads(render("sarif", Report(1, 1, (warning, ONE)), FILES))
    (run,) = log["runs"]
    assert sarif.errors(log) == []
    assert [result["level"] for result in run["results"]] == ["error"]
    (notification,) = run["invocations"][0]["toolExecutionNotifications"]
    assert notification["message"]["text"].startswith("1 diagnostic more")


def test_sarif_names_each_rule_once_and_each_place() -> None:
    other = Diagnostic("b c.yaml", 1, 1, "warning", "unsafe-link", "m", None)
    log = json.loads(render("sarif", Report(2, 3, (ONE, other, ONE)), FILES))
    (run,) = log["runs"]
    assert log["version"] == "2.1.0"
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["name-format", "unsafe-link"]
    assert [result["ruleIndex"] for result in run["results"]] == [0, 0, 1]
    assert [result["level"] for result in run["results"]] == ["error", "error", "warning"]
    location = run["results"][2]["locations"][0]["physicalLocation"]
    assert location == {
        "artifactLocation": {"uri": "b%20c.yaml"},
        "region": {"startLine": 1, "startColumn": 1},
    }


@pytest.mark.parametrize("output", OUTPUTS)
def test_every_output_survives_a_file_that_is_not_text(output: str) -> None:
    files = {"a\udcff.yaml": b"a: \xff\n"}
    assert render(output, validate_files(files), files).endswith("\n")
