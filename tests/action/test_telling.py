"""What the runner is told, whatever the values are."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from callboard.action import telling
from tests.action.runner import parse_command, parse_values

NASTY = st.text(max_size=40) | st.sampled_from(
    [
        "::set-output name=changes::9", "\n::stop-commands::x\n", "##[error]x", "a|b\n| - |", "<b>x</b>",
        "[x](javascript:y)", "@octocat", "EOF\nchanges=1", "%0A%0D%3A%2C", "\r::debug::", "```",
        "\u2028::error::x",
    ]
)  # fmt: skip
URLS = st.sampled_from(["https://forge.example/a/b/pull/1"]) | NASTY
FINDINGS = st.fixed_dictionaries(
    {"source": NASTY, "what": NASTY, "where": NASTY, "hint": NASTY,
     "severity": st.sampled_from(["error", "warning"])},
    optional={"model": NASTY},
)  # fmt: skip
SYNC_PULLS = st.fixed_dictionaries(
    {"branch": NASTY, "action": st.sampled_from(["open", "leave"]), "why": NASTY, "models": st.lists(NASTY),
     "number": st.none() | st.integers(1, 99), "url": st.none() | URLS}
)  # fmt: skip
REASONS = st.fixed_dictionaries({"code": NASTY, "sentence": NASTY, "hint": NASTY})
RECONCILE_PULLS = st.fixed_dictionaries(
    {"number": st.integers(1, 99), "url": URLS, "title": NASTY,
     "done": st.sampled_from(["nothing", "merged"]),
     "verdict": st.sampled_from(["wait", "blocked", "step-back"]),
     "reasons": st.lists(REASONS, max_size=2)}
)  # fmt: skip
LOCATIONS = st.fixed_dictionaries({"target": NASTY, "state": st.just("confirmed")})
RECORDS = st.fixed_dictionaries(
    {"models": st.integers(0, 9), "changes": st.lists(st.just({}), max_size=2),
     "pull-requests": st.lists(SYNC_PULLS, max_size=3), "findings": st.lists(FINDINGS, max_size=3)}
) | st.fixed_dictionaries(
    {"registered": st.lists(LOCATIONS, max_size=2),
     "unregistered": st.lists(NASTY, max_size=2),
     "pull-requests": st.lists(RECONCILE_PULLS, max_size=3), "findings": st.lists(FINDINGS, max_size=3)}
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(["changes", "pull-requests", "findings"]), NASTY))
def test_values_come_out_of_the_runners_file_as_they_went_in(values: dict[str, str]) -> None:
    assert parse_values(telling.file_command(values, "callboard-0123456789abcdef")) == values


def test_a_pause_and_what_waits_for_a_refresh_are_told() -> None:
    record = {"models": 3, "changes": [], "pull-requests": [], "findings": [], "reworded": 2,
              "paused": "the label\n::error::x"}  # fmt: skip

    assert telling.log(record)[0] == r"paused by the label\u000a::error::x: nothing was written"
    assert "2 models to be refreshed when asked (input refresh), paused" in telling.summary("sync", record)


@given(RECORDS)
def test_outputs_hold_one_line_each(record: dict[str, Any]) -> None:
    outputs = telling.outputs(record)
    assert all(value.isascii() and "\n" not in value for value in outputs.values())
    assert all(pull["number"] for pull in json.loads(outputs["pull-requests"]))
    assert ("changes" in outputs) == ("changes" in record)


@given(RECORDS)
def test_the_log_gives_no_command(record: dict[str, Any]) -> None:
    for line in telling.log(record):
        assert parse_command(line) is None
        assert len(line.splitlines()) <= 1


@given(RECORDS)
def test_annotations_are_errors_and_warnings_with_a_title_and_nothing_else(record: dict[str, Any]) -> None:
    stuck = [one for one in record["pull-requests"] if one.get("verdict") in ("blocked", "step-back")]
    lines = telling.alerts(record)
    assert len(lines) == len(record["findings"]) + len(stuck)
    for line in lines:
        (shown,) = line.splitlines()
        command = parse_command(shown)
        assert command is not None
        assert command.name in ("error", "warning")
        assert command.properties.keys() == {"title"}


@given(RECORDS)
def test_the_summary_renders_as_tables_of_text(record: dict[str, Any]) -> None:
    summary = telling.summary("sync", record)
    tokens = MarkdownIt("commonmark").enable("table").parse(summary)
    inside = [child for token in tokens for child in token.children or ()]
    assert {child.content for child in inside if child.type == "html_inline"} <= {"<code>", "</code>"}
    assert {child.type for child in inside} <= {
        "text",
        "html_inline",
        "text_special",
        "link_open",
        "link_close",
    }
    links = {child.attrs["href"] for child in inside if child.type == "link_open"}
    assert links <= {"https://forge.example/a/b/pull/1"}
    rows = sum(token.type == "tr_open" for token in tokens)
    heads = sum(token.type == "thead_open" for token in tokens)
    locations = [*record.get("registered", ()), *record.get("unregistered", ())]
    assert rows - heads == len(record["pull-requests"]) + len(record["findings"]) + len(locations)


def test_what_does_not_fit_is_counted() -> None:
    finding = {"source": "cards", "what": "x" * 2000, "where": "y", "hint": "z", "severity": "error"}
    record = {"models": 1, "changes": [], "pull-requests": [], "findings": [finding] * 150}

    lines, summary = telling.alerts(record), telling.summary("sync", record)

    assert lines[10:] == ["140 errors more; see the summary of this job"]
    assert "50 more." in summary
    assert summary.startswith("## Callboard: sync\n\n1 model, 0 changes, 0 pull requests, 150 findings.\n")
    assert len(summary) < 1024 * 1024 / 4
