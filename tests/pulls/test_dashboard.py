from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callboard.forges.protocol import PullRequest
from callboard.pulls.dashboard import Order, dashboard_text, same_text, ticked
from callboard.pulls.dashboard_rows import (
    FROM_PULL_REQUESTS,
    FROM_REGISTRIES,
    Row,
    row_of_declined,
    row_of_merged,
    row_of_pull,
    row_of_waiting,
)
from callboard.pulls.limits import LONGEST_BODY
from callboard.pulls.verdict import Reason, Verdict
from tests.pulls.changes import new_version
from tests.pulls.examples import HEAD, facts
from tests.pulls.test_texts import HOSTILE, acts

EVERYTHING = FROM_PULL_REQUESTS | FROM_REGISTRIES
BRANCH = "callboard/fraud-detector-0123456789"


def pull(number: int = 7, **changed: Any) -> PullRequest:
    url = f"https://forge.example/acme/catalog/pull/{number}"
    return replace(
        facts().pull, number=number, url=url, created_at=f"2026-01-{number % 28 + 1:02}T03:04:05Z", **changed
    )


def verdict(kind: Any = "wait", *sentences: str) -> Verdict:
    return Verdict(kind, HEAD, tuple(Reason(kind, "code", sentence, "Do it.") for sentence in sentences))


def review(number: int = 7, **changed: Any) -> Row:
    return row_of_pull(pull(number, **changed), verdict("wait", "Approvals: 0 of 1."), "models")


def waiting(branch: str = BRANCH) -> Row:
    return row_of_waiting([new_version()], branch, "10 are open already.")


def tick(body: str, *boxes: str) -> str:
    for box in boxes:
        assert f" <!-- callboard:do {box} -->" in body
        body = re.sub(rf"- \[ \] (.* <!-- callboard:do {re.escape(box)} -->)", r"- [x] \1", body)
    return body


def test_each_row_says_what_it_is_what_is_missing_and_since_when() -> None:
    body = dashboard_text([review()], EVERYTHING)

    assert "### ⏳ Waiting for a review or a check (1)" in body
    assert (
        "| [#7](https://forge.example/acme/catalog/pull/7) Fraud detector: version 4 "
        "| Approvals: 0 of 1. | 2026-01-08 |"
    ) in body


def test_a_grouped_one_names_its_first_models_and_counts_the_rest() -> None:
    paths = tuple(f"models/model-{number}/catalog-info.yaml" for number in range(6))

    body = dashboard_text([review(title="6 models: 6 new", paths=(*paths, "README.md"))], EVERYTHING)

    assert "6 models: 6 new (model-0, model-1, model-2, and 3 more) |" in body


@pytest.mark.parametrize(
    ("row", "heading", "boxes"),
    [
        (row_of_merged(pull(), "models", "pending: not there yet"), "❌ Merged, but", []),
        (row_of_pull(pull(), verdict("blocked", "No."), "models"), "⛔", ["rebase", "recreate", "hold"]),
        (row_of_pull(pull(), verdict("merge"), "models", failed="405"), "⛔", ["rebase", "recreate", "hold"]),
        (row_of_pull(pull(), verdict("step-back", "No."), "models"), "✋", ["rebase", "recreate", "hold"]),
        (review(), "⏳", ["rebase", "recreate", "hold", "merge"]),
        (
            row_of_pull(pull(), verdict("regenerate", "No."), "models"),
            "⏳",
            ["rebase", "recreate", "hold", "merge"],
        ),
        (row_of_pull(pull(), verdict("merge"), "models"), "✅ Ready", ["merge", "hold"]),
        (row_of_pull(pull(), verdict("hold", "It is a draft."), "models"), "⏸️", ["unhold", "rebase"]),
        (row_of_pull(pull(), verdict("not-ours", "No."), "models"), "👤", []),
        (row_of_declined(pull(), "models", "Closed."), "🚫", ["reopen"]),
    ],
)
def test_each_section_has_the_boxes_that_make_sense_there(row: Row, heading: str, boxes: list[str]) -> None:
    body = dashboard_text([row], EVERYTHING)

    assert f"### {heading}" in body
    assert re.findall("callboard:do (.*) -->", body) == ["check-all", *(f"{box} 7" for box in boxes)]


def test_what_waits_for_room_can_be_opened_by_its_branch() -> None:
    body = dashboard_text([waiting()], EVERYTHING)

    assert "### 🕓 Not opened yet (1)" in body
    assert ticked(tick(body, f"open {BRANCH}")) == (Order("open", branch=BRANCH),)


def test_what_needs_somebody_comes_first_and_the_oldest_of_it() -> None:
    blocked = [row_of_pull(pull(number), verdict("blocked", "No."), "models") for number in (12, 3, 27)]

    body = dashboard_text([waiting(), review(), *blocked], EVERYTHING)

    positions = [body.index(said) for said in ("pull/3)", "pull/12)", "pull/27)", "pull/7)", "Not opened")]
    assert positions == sorted(positions)


def test_a_verdict_with_more_reasons_says_how_many() -> None:
    row = row_of_pull(pull(), verdict("blocked", "The check a failed.", "b", "c"), "models")

    assert row.missing == "The check a failed. And 2 more."


def test_ticked_boxes_are_orders_in_their_order() -> None:
    body = dashboard_text([review(), waiting()], EVERYTHING)

    assert ticked(body) == ()
    assert ticked(tick(body, "check-all", "merge 7", "rebase 7")) == (
        Order("check-all"),
        Order("rebase", 7),
        Order("merge", 7),
    )
    assert ticked(tick(body, "merge 7").replace("\n", "\r\n").replace("[x]", "[X]")) == (Order("merge", 7),)


def test_where_people_without_write_permission_can_tick_some_boxes_are_none() -> None:
    held = row_of_pull(pull(8), verdict("hold", "It is a draft."), "models")
    body = dashboard_text([review(), held], EVERYTHING, word="merge request")
    smuggled = "- [x] please <!-- callboard:do recreate 7 -->\n" + tick(body, "hold 7")

    assert re.findall("callboard:do (.*) -->", body) == ["check-all", "hold 7"]
    assert ticked(smuggled, "merge request") == (Order("hold", 7),)
    assert ticked(smuggled) == (Order("recreate", 7), Order("hold", 7))


@pytest.mark.parametrize(
    "line",
    [
        "- [x] rebase <!-- callboard:do rebase -->",
        "- [x] rebase <!-- callboard:do rebase 0 -->",
        "- [x] rebase <!-- callboard:do rebase 7; -->",
        "- [x] rebase <!-- callboard:do rebase 7 8 -->",
        "- [x] rebase <!-- callboard:do approve 7 -->",
        "- [x] rebase <!-- callboard:do check-all 7 -->",
        "- [x] rebase <!-- callboard:do rebase 7 --> and more",
        "- [x] rebase <b> <!-- callboard:do rebase 7 -->",
        "> - [x] rebase <!-- callboard:do rebase 7 -->",
        "  - [x] rebase <!-- callboard:do rebase 7 -->",
        "- [x] open <!-- callboard:do open --force -->",
        "- [x] open <!-- callboard:do open ../x\\y -->",
        "- [x] open <!-- callboard:do open -->",
        "- [v] rebase <!-- callboard:do rebase 7 -->",
        "- [x] rebase",
        "/rebase",
    ],
)
def test_what_is_not_exactly_a_box_orders_nothing(line: str) -> None:
    assert ticked(line) == ()


def test_a_box_in_the_notes_orders_nothing() -> None:
    body = dashboard_text([review()], EVERYTHING)
    noted = body.replace("_What you write here stays._", "- [x] rebase <!-- callboard:do rebase 7 -->")

    assert noted != body
    assert ticked(noted) == ()


def test_what_was_ordered_is_unticked_with_what_came_of_it_and_that_stays() -> None:
    body = tick(dashboard_text([review(8), review()], EVERYTHING), "rebase 7", "merge 8")
    done = dashboard_text(
        [review(8), review()],
        EVERYTHING,
        before=body,
        handled=[Order("rebase", 7)],
        done=["rebase #7: written anew"],
    )

    assert ticked(done) == (Order("merge", 8),)
    assert "- rebase #\u200b7: written anew" in done
    assert dashboard_text([review(8), review()], EVERYTHING, before=done) == done


def test_equal_facts_give_equal_bytes_whatever_their_order() -> None:
    rows = [review(number) for number in range(1, 20)]
    body = dashboard_text([*rows, waiting()], EVERYTHING)

    assert dashboard_text([waiting(), *reversed(rows)], EVERYTHING) == body
    assert dashboard_text([waiting(), *rows], EVERYTHING, before=body) == body
    assert same_text(body, body.replace("\n", "\r\n").rstrip())


def test_a_walk_leaves_the_sections_that_it_does_not_know() -> None:
    declined = row_of_declined(pull(3), "models", "It was closed.")
    body = dashboard_text([review(), waiting(), declined], EVERYTHING)

    looked_after = dashboard_text([review()], FROM_PULL_REQUESTS, before=body)
    read = dashboard_text([waiting(), declined], FROM_REGISTRIES, before=body)

    assert looked_after == read == body
    ordered = tick(body, f"open {BRANCH}", "reopen 3", "hold 7")
    assert dashboard_text([review()], FROM_PULL_REQUESTS, before=ordered) == ordered
    without = dashboard_text([], FROM_REGISTRIES, before=ordered, handled=[Order("hold", 7)])
    assert "Not opened yet" not in without
    assert ticked(without) == ()
    assert "pull/7" in without


def test_without_anything_to_do_it_says_so() -> None:
    assert "No merge request of Callboard was open when it last looked" in dashboard_text(
        [], EVERYTHING, word="merge request"
    )


def test_the_notes_of_people_stay_as_they_are() -> None:
    note = "Ask **Ann** first.\n\n\n\n<!-- mine -->\n| a | b |\n- [ ] buy milk"
    body = dashboard_text([], EVERYTHING).replace("_What you write here stays._", note)

    again = dashboard_text([review()], EVERYTHING, before=body)

    assert f"<!-- callboard:notes -->\n{note}\n<!-- /callboard:notes -->" in again
    cut = body.replace("<!-- /callboard:notes -->", "")
    assert note in dashboard_text([], EVERYTHING, before=cut)


@pytest.mark.parametrize("notes", ["", "n" * 30_000])
def test_however_many_rows_it_fits_and_says_what_was_cut(notes: str) -> None:
    before = dashboard_text([], EVERYTHING).replace("_What you write here stays._", notes or "none")
    rows = [review(number) for number in range(1, 700)]
    declined = [row_of_declined(pull(number), "models", "Closed.") for number in range(1000, 1400)]

    body = dashboard_text([*rows, *declined], EVERYTHING, before=before)

    assert len(body) <= LONGEST_BODY
    assert notes in body
    assert "Waiting for a review or a check (699)" in body
    shown = body.count("| Approvals: 0 of 1. |")
    assert f"… and {699 - shown:,} more, left out because the forge takes no longer text." in body
    assert body.count("<!-- callboard:part") == body.count("<!-- /callboard:part -->") == 2
    assert body.count("<details>") == body.count("</details>")
    assert dashboard_text([*rows], FROM_PULL_REQUESTS, before=body) == body


texts = st.sampled_from(HOSTILE) | st.text(max_size=40)


@given(texts, texts, texts, st.sampled_from(["review", "failed", "theirs", "declined"]))
@settings(max_examples=60, deadline=None)
def test_nothing_from_outside_is_more_than_text_and_orders_nothing(
    name: str, missing: str, model: str, section: Any
) -> None:
    link = "https://forge.example/acme/catalog/pull/7"
    rows = [Row(section, name, missing, (model,), "#7", link, name, "7")]

    body = dashboard_text(rows, EVERYTHING, done=[missing])

    own = ("<!-- callboard:", "<!-- /callboard:", "<input class=", "{'href': 'https://forge.example", "#7")
    assert [one for one in acts(body) if not one.startswith(own)] == []
    assert ticked(body) == ()
    assert set(re.findall("callboard:do ([a-z-]+)", body)) <= {
        "check-all",
        "rebase",
        "recreate",
        "hold",
        "merge",
        "reopen",
    }
    assert dashboard_text(rows, EVERYTHING, before=body) == body
    kept = dashboard_text([], FROM_REGISTRIES if section != "declined" else FROM_PULL_REQUESTS, before=body)
    assert kept == body
