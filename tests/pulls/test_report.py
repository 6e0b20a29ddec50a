from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callboard.pulls.limits import LONGEST_CHECK_TITLE, LONGEST_SUMMARY, utf8
from callboard.pulls.report import CHECK_NAME, check_report
from callboard.redaction import Secret
from callboard.validation.check import validate_files
from callboard.validation.diagnostics import Diagnostic
from tests.pulls.test_texts import HOSTILE, acts

FILE = "models/fraud/catalog-info.yaml"


def problem(
    line: int = 3, severity: Any = "error", message: str = "owner is missing", **more: Any
) -> Diagnostic:
    facts = {"file": FILE, "column": 5, "code": "no-owner", "entity": "resource:default/fraud", **more}
    return Diagnostic(line=line, severity=severity, message=message, **facts)


def test_valid_files_are_a_success() -> None:
    report = check_report([])

    assert (report.name, report.state) == (CHECK_NAME, "success")
    assert report.title == "Valid for Backstage"
    assert report.annotations == ()
    assert "Backstage takes these files." in report.summary


def test_warnings_alone_do_not_fail() -> None:
    report = check_report([problem(severity="warning")])

    assert (report.state, report.title) == ("success", "Valid for Backstage, with 1 warning")
    assert [one.severity for one in report.annotations] == ["warning"]


def test_errors_fail_and_come_first_at_their_lines() -> None:
    found = [problem(2, "warning"), problem(9), problem(4), problem(1, file="models/a/catalog-info.yaml")]

    report = check_report(found)

    assert (report.state, report.title) == ("failure", "Not valid for Backstage: 3 errors, 1 warning")
    placed = [(one.path, one.line, one.column, one.severity) for one in report.annotations]
    assert placed == [
        ("models/a/catalog-info.yaml", 1, 5, "error"),
        (FILE, 4, 5, "error"),
        (FILE, 9, 5, "error"),
        (FILE, 2, 5, "warning"),
    ]
    assert report.annotations[0].title == "no-owner (resource:default/fraud)"
    assert report.annotations[0].message == "owner is missing"


def test_the_table_leads_to_the_lines() -> None:
    report = check_report([problem()], lambda path, line: f"https://forge.example/blob/abc/{path}#L{line}")

    link = f"https://forge.example/blob/abc/{FILE}#L3"
    assert f"| [{FILE}:3]({link}) | ❌ error | owner is missing (`no-owner`) |" in report.summary


def test_what_validation_finds_is_annotated_where_it_stands() -> None:
    broken = (
        b"apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: fraud\nspec:\n  type: 5\n"
    )

    report = check_report(validate_files({FILE: broken}).diagnostics)

    assert report.state == "failure"
    assert 6 in {one.line for one in report.annotations}


@pytest.mark.no_cover
@pytest.mark.parametrize("filler", ["x", "ä", "🌈"])
def test_thousands_of_problems_fit_and_are_counted(filler: str) -> None:
    report = check_report([problem(line, message=filler * 300) for line in range(1, 5001)])

    assert 0.9 * LONGEST_SUMMARY < utf8(report.summary) <= LONGEST_SUMMARY
    assert len(report.title) <= LONGEST_CHECK_TITLE
    shown = report.summary.count("❌ error")
    assert f"… and {5000 - shown:,} more problems, left out" in report.summary
    assert len(report.annotations) == 5000


@given(st.sampled_from(HOSTILE) | st.text(max_size=30), st.sampled_from(HOSTILE))
@settings(max_examples=40, deadline=None)
def test_nothing_in_a_file_is_more_than_text(said: str, path: str) -> None:
    report = check_report([problem(0, message=said, file=path, code=said, entity=said, column=0)])

    assert acts(report.summary) == []
    (annotation,) = report.annotations
    assert annotation.line == annotation.column == 1
    assert "\n" not in annotation.title + annotation.message


def test_a_secret_in_a_message_is_masked() -> None:
    Secret("canary-77aa41")

    report = check_report([problem(message="'canary-77aa41' is no owner")])

    assert "canary" not in report.summary + report.annotations[0].message
