"""GitLab's documented answers become the facts that decide whether a merge request may be merged."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.forges.gitlab_facts import Around, Person, is_person, pull_request
from callboard.forges.protocol import Account, PullRequest
from callboard.pulls.approvals import Approvals, approvals
from callboard.pulls.facts import PullFacts

BOT = {"id": 7, "username": "project_3_bot_a1", "name": "callboard"}
ROBIN = {"id": 11, "username": "robin", "name": "Robin"}
SAM = {"id": 12, "username": "sam", "name": "Sam"}
FIRST, SECOND, THIRD = "1" * 40, "2" * 40, "3" * 40
CAN_WRITE = Person(can_write=True, is_person=True)


def _mr(**different: Any) -> dict[str, Any]:
    """As in "Retrieve a merge request" of docs.gitlab.com, cut to what is read."""
    return {
        "iid": 5,
        "web_url": "https://gitlab.example/acme/ml/catalog/-/merge_requests/5",
        "title": "Fraud detector: version 2",
        "description": "Body",
        "author": BOT,
        "state": "opened",
        "draft": False,
        "source_branch": "callboard/fraud",
        "target_branch": "main",
        "source_project_id": 3,
        "target_project_id": 3,
        "sha": SECOND,
        "labels": ["model-catalog"],
        "detailed_merge_status": "mergeable",
        "has_conflicts": False,
        "diff_refs": {"base_sha": "b" * 40, "head_sha": SECOND, "start_sha": "a" * 40},
        "changes_count": "1",
        "head_pipeline": None,
        "created_at": "2026-03-01T10:00:00.000Z",
        "updated_at": "2026-03-01T10:00:00.000Z",
        **different,
    }


def _note(identifier: int, body: str, at: str, author: dict[str, Any] = ROBIN, *, system: bool = True) -> Any:
    return {"id": identifier, "body": body, "author": author, "created_at": at, "system": system}


def _version(identifier: int, head: str, at: str, state: str = "collected") -> Any:
    return {"id": identifier, "head_commit_sha": head, "created_at": at, "state": state}


def _facts(around: Around, **different: Any) -> PullRequest:
    return pull_request(_mr(**different), around, source="acme/ml/catalog", person=lambda _id: CAN_WRITE)


def _approvals(pull: PullRequest, content: dict[str, str] | None = None) -> Approvals:
    """What the approvals come to, where each commit has content of its own unless told otherwise."""
    known = {FIRST: "one", SECOND: "two", THIRD: "three"} | (content or {})
    return approvals(
        PullFacts(
            pull=pull,
            identity=Account("7", "project_3_bot_a1"),
            repository="acme/ml/catalog",
            base_ref="main",
            branch_prefix="callboard/",
            path="models",
            content=known[pull.head],
            content_of=known,
            single_commits=frozenset({FIRST, SECOND}),  # as the commits that we make are
        )
    )


PUSHED_TWICE = (
    _version(2, SECOND, "2026-03-01T12:00:00.500Z"),
    _version(1, FIRST, "2026-03-01T10:00:00.500Z"),
)


def _approved_at(at: str, **different: Any) -> Around:
    return Around(
        notes=[_note(1, "approved this merge request", at)],
        approved_by=[{"user": ROBIN}],
        versions=PUSHED_TWICE,
        **different,
    )


def test_an_approval_of_the_head_counts() -> None:
    pull = _facts(_approved_at("2026-03-01T13:00:00.000Z"))

    assert [(one.state, one.commit) for one in pull.reviews] == [("approved", SECOND)]
    assert [who.login for who in _approvals(pull).by] == ["robin"]


def test_an_approval_before_the_last_push_is_for_what_was_there_then() -> None:
    pull = _facts(_approved_at("2026-03-01T11:00:00.000Z"))

    given = _approvals(pull)

    assert pull.reviews[0].commit == FIRST
    assert given.by == ()
    assert [one.code for one in given.uncounted] == ["approved-other-content"]


def test_an_approval_outlives_a_push_of_equal_content() -> None:
    pull = _facts(_approved_at("2026-03-01T11:00:00.000Z"))

    assert [who.login for who in _approvals(pull, {FIRST: "two"}).by] == ["robin"]


@pytest.mark.parametrize("at", ["2026-03-01T12:00:00.100Z", "2026-03-01T12:00:00.900Z"])
def test_an_approval_in_the_second_of_a_push_may_be_for_either_head(at: str) -> None:
    pull = _facts(_approved_at(at))

    assert _approvals(pull).by == ()
    assert [who.login for who in _approvals(pull, {FIRST: "two"}).by] == ["robin"]


def test_an_approval_given_in_another_time_zone_is_placed_right() -> None:
    pull = _facts(_approved_at("2026-03-01T12:30:00.000+02:00"))

    assert pull.reviews[0].commit == FIRST


def test_an_approval_without_a_time_does_not_count() -> None:
    pull = _facts(Around(approved_by=[{"user": ROBIN}], versions=PUSHED_TWICE))

    assert pull.reviews[0].commit == ""
    assert _approvals(pull).by == ()


def test_an_approval_that_was_taken_back_is_none() -> None:
    notes = [
        _note(1, "approved this merge request", "2026-03-01T13:00:00.000Z"),
        _note(2, "unapproved this merge request", "2026-03-01T14:00:00.000Z"),
    ]

    assert _facts(Around(notes=notes, versions=PUSHED_TWICE)).reviews == ()


def test_an_approval_that_the_forge_reset_is_none() -> None:
    notes = [_note(1, "approved this merge request", "2026-03-01T13:00:00.000Z")]

    assert _facts(Around(notes=notes, approved_by=[], versions=PUSHED_TWICE)).reviews == ()


def test_a_comment_that_reads_like_an_approval_is_none() -> None:
    notes = [_note(1, "approved this merge request", "2026-03-01T13:00:00.000Z", system=False)]
    around = Around(notes=notes, approved_by=[{"user": ROBIN}], versions=PUSHED_TWICE)

    assert _approvals(_facts(around)).by == ()


@pytest.mark.parametrize(
    ("user", "person"),
    [
        (ROBIN, True),
        (ROBIN | {"bot": False}, True),
        (ROBIN | {"bot": True}, False),
        (BOT, False),
        (BOT | {"bot": False}, False),
        ({"username": "project_12_bot"}, False),
        ({"username": "project_12_bot3"}, False),
        ({"username": "group_109_bot_8a7f"}, False),
        ({"username": "project_botany"}, True),
        ({"username": "my_project_3_bot"}, True),
        (None, False),
    ],
)
def test_the_bots_of_project_and_group_tokens_are_no_persons(user: Any, person: bool) -> None:
    assert is_person(user) is person


def test_who_asks_for_changes_stands_against_it() -> None:
    reviewers = [{"user": SAM, "state": "requested_changes"}, {"user": ROBIN, "state": "approved"}]
    around = _approved_at("2026-03-01T13:00:00.000Z", reviewers=reviewers)

    given = _approvals(_facts(around))

    assert [who.login for who in given.against] == ["sam"]
    assert [who.login for who in given.by] == ["robin"]


def test_an_own_approval_taken_over_by_a_request_for_changes_does_not_count() -> None:
    notes = [
        _note(1, "approved this merge request", "2026-03-01T13:00:00.000Z"),
        _note(2, "requested changes", "2026-03-01T14:00:00.000Z"),
    ]
    around = Around(notes=notes, approved_by=[{"user": ROBIN}], versions=PUSHED_TWICE)

    given = _approvals(_facts(around))

    assert (given.by, [who.login for who in given.against]) == ((), ["robin"])


def test_bots_and_guests_are_told_as_what_they_are() -> None:
    around = _approved_at("2026-03-01T13:00:00.000Z")
    asked: list[str] = []

    def person(user: str) -> Person:
        asked.append(user)
        return Person(can_write=False, is_person=False)

    (review,) = pull_request(_mr(), around, source="acme/ml/catalog", person=person).reviews

    assert asked == ["11"]
    assert not review.author_can_write
    assert not review.author_is_person


def test_every_push_is_told_and_a_changed_base_is_no_push() -> None:
    versions = (
        _version(3, SECOND, "2026-03-01T14:00:00.000Z"),
        _version(2, SECOND, "2026-03-01T12:00:00.000Z"),
        _version(1, FIRST, "2026-03-01T10:00:00.000Z"),
    )

    (push,) = _facts(Around(versions=versions)).force_pushes

    assert (push.before, push.after, push.at) == (FIRST, SECOND, "2026-03-01T12:00:00.000Z")


@pytest.mark.parametrize(
    ("status", "mergeable", "blocked"),
    [
        ("mergeable", True, False),
        ("checking", None, False),
        ("unchecked", None, False),
        ("preparing", None, False),
        ("approvals_syncing", None, False),
        ("", None, False),
        ("conflict", False, False),
        ("need_rebase", False, False),
        ("not_approved", True, True),
        ("ci_must_pass", True, True),
        ("ci_still_running", True, True),
        ("discussions_not_resolved", True, True),
        ("merge_request_blocked", True, True),
        ("draft_status", True, True),
        ("a_status_of_next_year", True, True),
    ],
)
def test_what_the_merge_status_says(status: str, mergeable: bool | None, blocked: bool) -> None:
    pull = _facts(Around(), detailed_merge_status=status)

    assert (pull.mergeable, pull.blocked_by_forge) == (mergeable, blocked)


def test_a_conflict_counts_whatever_else_is_missing() -> None:
    pull = _facts(Around(), detailed_merge_status="not_approved", has_conflicts=True)

    assert (pull.mergeable, pull.blocked_by_forge) == (False, False)


def test_a_renamed_file_counts_with_both_its_names() -> None:
    pull = _facts(Around(diffs=[{"old_path": "outside/a", "new_path": "models/x/a"}]))

    assert pull.paths == ("models/x/a", "outside/a")
    assert pull.paths_complete


@pytest.mark.parametrize("count", ["2", "1000+", "", None])
def test_fewer_files_than_there_are_is_said(count: str | None) -> None:
    diffs = [{"old_path": "models/x/a", "new_path": "models/x/a"}]

    assert not _facts(Around(diffs=diffs), changes_count=count).paths_complete


@pytest.mark.parametrize("refs", [None, {"head_sha": FIRST, "start_sha": "a" * 40}])
def test_the_files_of_an_earlier_head_are_not_those_of_this_one(refs: dict[str, str] | None) -> None:
    diffs = [{"old_path": "models/x/a", "new_path": "models/x/a"}]

    assert not _facts(Around(diffs=diffs), diff_refs=refs).paths_complete


def test_a_version_that_overflowed_is_not_complete() -> None:
    diffs = [{"old_path": "models/x/a", "new_path": "models/x/a"}]
    versions = (_version(1, SECOND, "2026-03-01T10:00:00.000Z", "overflow"),)

    assert not _facts(Around(diffs=diffs, versions=versions)).paths_complete


def _status(identifier: int, name: str, status: str, *, allow_failure: bool = False, ref: str = "x") -> Any:
    author = {"id": 1, "username": "ci"}
    return {
        "id": identifier,
        "name": name,
        "status": status,
        "allow_failure": allow_failure,
        "ref": ref,
        "author": author,
    }


@pytest.mark.parametrize(
    ("status", "allow_failure", "state"),
    [
        ("success", False, "success"),
        ("failed", False, "failure"),
        ("canceled", False, "failure"),
        ("skipped", False, "neutral"),
        ("manual", False, "pending"),
        ("running", False, "pending"),
        ("waiting_for_callback", False, "pending"),
        ("failed", True, "neutral"),
        ("manual", True, "neutral"),
        ("running", True, "pending"),
    ],
)
def test_what_a_job_says(status: str, allow_failure: bool, state: str) -> None:
    (check,) = _facts(Around(statuses=[_status(1, "lint", status, allow_failure=allow_failure)])).checks

    assert (check.name, check.state, check.source) == ("lint", state, "ci")


def test_a_job_that_ran_again_counts_as_it_ended_last() -> None:
    statuses = [_status(2, "lint", "success"), _status(1, "lint", "failed")]

    assert [check.state for check in _facts(Around(statuses=statuses)).checks] == ["success"]


def test_the_pipeline_of_the_head_is_a_check() -> None:
    pull = _facts(Around(), head_pipeline={"status": "failed", "source": "merge_request_event"})

    assert [(one.name, one.state, one.source) for one in pull.checks] == [
        ("pipeline", "failure", "merge_request_event")
    ]


def test_what_was_not_read_to_its_end_holds_the_merge_back() -> None:
    assert [check.state for check in _facts(Around(cut=("notes",))).checks] == ["pending"]


@pytest.mark.parametrize(
    ("state", "told"), [("opened", "open"), ("locked", "open"), ("closed", "closed"), ("merged", "merged")]
)
def test_states(state: str, told: str) -> None:
    assert _facts(Around(), state=state).state == told


@pytest.mark.parametrize(
    ("commits", "merged"),
    [
        ({"merge_commit_sha": "m", "squash_commit_sha": "s"}, "m"),
        ({"merge_commit_sha": None, "squash_commit_sha": "s"}, "s"),
        ({"merge_commit_sha": None, "squash_commit_sha": None}, SECOND),
    ],
)
def test_the_merge_commit_is_the_one_on_the_base_branch(commits: dict[str, Any], merged: str) -> None:
    assert _facts(Around(), state="merged", **commits).merge_commit == merged
    assert _facts(Around(), **commits).merge_commit is None


SECONDS = st.integers(0, 6)


@given(pushes=st.lists(SECONDS, min_size=1, max_size=5), approved=st.none() | SECONDS, listed=st.booleans())
def test_no_approval_counts_for_content_that_was_not_the_head(
    pushes: list[int], approved: int | None, listed: bool
) -> None:
    pushes = sorted(pushes)
    heads = [str(position) * 40 for position in range(len(pushes))]
    versions = [
        _version(number, head, f"2026-03-01T10:00:{at:02}.500Z")
        for number, (head, at) in enumerate(zip(heads, pushes, strict=True))
    ]
    at = None if approved is None else f"2026-03-01T10:00:{approved:02}.400Z"
    notes = [_note(1, "approved this merge request", at)] if at else []
    around = Around(
        notes=notes, approved_by=[{"user": ROBIN}] if listed else [], versions=tuple(reversed(versions))
    )
    pull = _facts(around, sha=heads[-1])

    content = {head: head for head in heads}
    counted = _approvals(pull, content).by

    last_push = pushes[-1]
    if counted:
        assert listed
        assert approved is not None
        # Either nothing was ever pushed but the head, or it was there for more than the second.
        assert len(pushes) == 1 or approved > last_push
