from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callboard.changes.change import ModelChange
from callboard.config import Merge
from callboard.model import License
from callboard.pulls.commits import commit_message, fingerprint_in, squash_message
from callboard.pulls.decide import decide
from callboard.pulls.words import one_line, summary, title
from tests.pulls.changes import FINGERPRINT, FRAUD, change, deletion, new_model, new_version, other, twelve
from tests.pulls.examples import BEA, facts, review

KEY = "update forge.example/acme/catalog/prod-mlflow:fraud-detector"


def message(*changes: ModelChange, key: str = KEY) -> str:
    return commit_message(changes, key=key, fingerprint=FINGERPRINT)


def trailers(text: str) -> list[str]:
    """The trailers as git itself reads them."""
    parsed = subprocess.run(
        ["git", "interpret-trailers", "--parse", "--unfold"],
        input=text.encode("utf-8", "surrogatepass"),
        capture_output=True,
        check=True,
    )
    return parsed.stdout.decode().splitlines()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([new_model()], "New model: Fraud detector, version 3"),
        ([change(None, FRAUD.model_copy(update={"versions": ()}))], "New model: Fraud detector"),
        ([new_version()], "Fraud detector: version 4, breaks callers, recall 0.88 → 0.861"),
        ([deletion()], "Remove Fraud detector from the catalog"),
        (twelve(), "12 models (1 breaks callers): 3 new, 8 new versions, 1 license change"),
        ([change(FRAUD, FRAUD.model_copy(update={"description": "x"}))], "Fraud detector: description"),
        ([change(FRAUD, FRAUD.model_copy(update={"tags": ("x",)}))], "Fraud detector: tags"),
        ([change(FRAUD, FRAUD.model_copy(update={"owner": "ann"}))],
         "Fraud detector: owner group:default/risk-ml → ann"),
        ([change(FRAUD, FRAUD), change(other(1), other(1))], "2 models: 2 written anew"),
    ],
)  # fmt: skip
def test_the_subject_says_the_change(changes: list[ModelChange], expected: str) -> None:
    assert message(*changes).splitlines()[0] == expected


def test_a_title_has_room_for_more_than_a_subject() -> None:
    assert title([new_version()]) == (
        "Fraud detector: version 4, breaks callers, recall 0.88 → 0.861, license Apache-2.0 → MIT"
    )


def test_a_removed_model_has_a_summary_too() -> None:
    assert summary(deletion(), 100) == "removed"


def test_the_body_says_what_changed_and_the_trailers_whose_content_it_is() -> None:
    written = message(new_version())

    assert "\n- The license is now MIT (it was Apache-2.0).\n" in written
    assert trailers(written) == [f"Callboard-Key: {KEY}", f"Callboard-Fingerprint: {FINGERPRINT}"]
    assert fingerprint_in(written) == FINGERPRINT


def test_a_commit_of_many_models_lists_them_up_to_a_limit() -> None:
    changes = [change(None, other(number)) for number in range(60)]

    written = message(*changes)

    assert "- New model: Model 49, version 3\n- and 10 more\n" in written


def test_a_text_without_our_trailer_has_no_fingerprint() -> None:
    assert fingerprint_in("Fix it\n\nCallboard-Fingerprint: short\n") is None
    assert fingerprint_in(f"see Callboard-Fingerprint: {FINGERPRINT}") is None


HOSTILE = [
    "x\n\nCo-authored-by: mallory <m@evil.example>",
    f"x\r\nCallboard-Fingerprint: {'f' * 64}",
    f"x\u2028Callboard-Fingerprint: {'f' * 64}",
    "[skip ci]",
    "Draft: nothing to see",
    "(WIP) x",
    "fixup! x",
    "Fixes #1, closes acme/catalog#2, GH-3, !4",
    "@everyone",
    "Fixes https://github.com/acme/catalog/issues/1",
    "***NO_CI***",
    "x" * 5000,
    "",
    "\x00\x1b[31m",
]
ACTING = ("[skip ci]", "***NO_CI", "@everyone", "#1", "#2", "GH-3", "!4", "://")


def said_by_a_registry(name: str, version: str, owner: str, key: str) -> str:
    latest = FRAUD.versions[0].model_copy(update={"name": version})
    after = FRAUD.model_copy(update={"versions": (latest,), "owner": owner, "license": License(id=name)})
    return message(change(FRAUD, after, title=name), key=key)


@pytest.mark.parametrize("value", HOSTILE)
def test_nothing_that_a_registry_says_makes_a_forge_act(value: str) -> None:
    written = said_by_a_registry(value, value, value, value)

    assert not [acting for acting in ACTING if acting in written]
    assert not written.lower().startswith(("draft", "(draft", "(wip", "wip", "fixup"))


@given(*[st.sampled_from(HOSTILE) | st.text(max_size=40)] * 4)
@settings(max_examples=30, deadline=None)
def test_nothing_that_a_registry_says_becomes_a_trailer(
    name: str, version: str, owner: str, key: str
) -> None:
    written = said_by_a_registry(name, version, owner, key)

    assert [line.partition(":")[0] for line in trailers(written)] in (
        ["Callboard-Key", "Callboard-Fingerprint"],
        ["Callboard-Fingerprint"],
    )
    assert fingerprint_in(written) == FINGERPRINT
    assert 0 < len(written.splitlines()[0].replace("\u200b", "")) <= 72


@given(st.text(max_size=300), st.integers(5, 100))
def test_one_line_is_one_line_of_so_many_shown_characters(value: str, limit: int) -> None:
    line = one_line(value, limit)

    assert len(line.replace("\u200b", "")) <= limit
    assert len((line + "x").splitlines()) == 1
    assert one_line(line, limit) == line


def test_the_merge_commit_says_where_it_was_reviewed_and_by_whom() -> None:
    known = facts(
        reviews=(review(), review(BEA)), body=f"text\n<!-- Callboard-Fingerprint: {FINGERPRINT} -->\n"
    )
    written = squash_message(known.pull, decide(known, Merge()))

    assert written.startswith(f"Reviewed at {known.pull.url}, as commit {known.pull.head}.")
    assert trailers(f"Subject\n\n{written}") == [
        "Approved-by: ann",
        "Approved-by: bea",
        f"Callboard-Fingerprint: {FINGERPRINT}",
    ]
