"""On which events a configuration is acted upon, and from which checkout."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.action.trust import EVENTS, Start, refusal
from tests.action.events import example, schedule

HEAD = example("pull_request_review")["pull_request"]["head"]["sha"]
BASE = "b" * 40


def start(
    event: str, ref: str, payload: Any, branch: str | None = "main", commit: str | None = BASE,
    origin: str | None = "https://github.com/acme/models",
) -> Start:  # fmt: skip
    return Start(event, ref, payload, branch, commit, origin)


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("push", example("push")),
        ("workflow_dispatch", example("workflow_dispatch")),
        ("schedule", schedule()),
        ("repository_dispatch", example("repository_dispatch")),
        ("pull_request_review", example("pull_request_review")),
        ("issue_comment", example("issue_comment")),
        ("issues", example("issues")),
    ],
)
def test_what_people_merged_is_acted_upon(event: str, payload: Any) -> None:
    ref = "refs/pull/2/merge" if event == "pull_request_review" else "refs/heads/main"
    assert refusal("sync", start(event, ref, payload)) is None


@pytest.mark.parametrize("event", ["pull_request", "pull_request_target", "workflow_run", ""])
def test_other_events_are_refused_whatever_is_checked_out(event: str) -> None:
    said = refusal("reconcile", start(event, "refs/heads/main", example("pull_request")))
    assert said is not None
    assert said.startswith(f"reconcile does not run on {event or 'no event'}: ")
    assert "on pull requests, run validate" in said


@pytest.mark.parametrize("event", ["push", "workflow_dispatch"])
@pytest.mark.parametrize("ref", ["refs/heads/feature", "refs/tags/main", "refs/heads/main/x", "main", ""])
def test_only_the_default_branch_is_acted_upon(event: str, ref: str) -> None:
    said = refusal("sync", start(event, ref, example(event)))
    assert said is not None
    assert "from the default branch only (main)" in said


@pytest.mark.parametrize("payload", [{}, {"repository": None}, {"repository": {"default_branch": 1}}])
def test_an_event_that_does_not_name_the_default_branch_is_refused(payload: Any) -> None:
    assert refusal("sync", start("push", "refs/heads/", payload)) is not None


@pytest.mark.parametrize(
    ("branch", "commit"),
    [(None, None), (None, BASE), ("main", None), ("callboard/fraud", BASE), ("main", HEAD), ("", BASE)],
)
def test_a_review_needs_a_checkout_of_the_base_branch(branch: str | None, commit: str | None) -> None:
    payload = example("pull_request_review")
    if commit is None and branch == "main":
        commit = HEAD
    said = refusal("sync", start("pull_request_review", "refs/pull/2/merge", payload, branch, commit))
    assert said is not None
    assert "Check out 'ref: main'" in said


def test_a_review_of_a_pull_request_into_another_branch_may_use_the_default_branch() -> None:
    payload = example("pull_request_review")
    payload["pull_request"]["base"]["ref"] = "release"
    for branch in ("main", "release"):
        assert refusal("sync", start("pull_request_review", "refs/pull/2/merge", payload, branch)) is None


@pytest.mark.parametrize("event", ["issue_comment", "issues"])
@pytest.mark.parametrize(
    ("branch", "origin"),
    [
        (None, "https://github.com/acme/models"),  # refs/pull/2/merge: on no branch
        ("callboard/fraud", "https://github.com/acme/models"),
        ("main", "https://github.com/mallory/models"),  # a fork has a main, too
        ("main", "https://github.com/mallory/acme/models-too"),
        ("main", None),
    ],
)
def test_a_comment_needs_a_checkout_of_our_default_branch(
    event: str, branch: str | None, origin: str | None
) -> None:
    said = refusal("reconcile", start(event, "refs/heads/main", example(event), branch, BASE, origin))
    assert said is not None
    assert "from this repository's default branch only. Check out 'ref: main'" in said


@pytest.mark.parametrize("origin", ["https://github.com/acme/models.git", "https://ghe.example/Acme/Models/"])
def test_how_an_address_is_written_makes_no_difference(origin: str) -> None:
    given = start("issue_comment", "refs/heads/main", example("issue_comment"), origin=origin)
    assert refusal("reconcile", given) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)
PAYLOADS = st.dictionaries(st.sampled_from(["repository", "pull_request"]), JSON)


@given(st.sampled_from([*EVENTS, "pull_request"]), st.text(), PAYLOADS, st.none() | st.text())
def test_a_payload_that_names_no_branch_is_never_trusted(
    event: str, ref: str, payload: dict[str, Any], branch: str | None
) -> None:
    said = refusal("sync", start(event, ref, payload, branch))
    assert (said is None) == (event in ("schedule", "repository_dispatch"))
