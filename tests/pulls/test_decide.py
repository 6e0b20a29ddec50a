from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callboard.config import Merge, QuietHours, Rebase, RequiredCheck, TextRule
from callboard.forges.protocol import Account, Check, ForcePush, Review
from callboard.pulls.decide import decide
from callboard.pulls.facts import PullFacts
from callboard.pulls.owners import Owner, Requirement
from callboard.pulls.verdict import Verdict
from tests.pulls.examples import ANN, BEA, BOT, CYD, HEAD, OTHER, THIRD, facts, review

CHECKED = Merge(required_checks=(RequiredCheck(name="catalog"),))


def test_what_is_ours_approved_checked_and_valid_is_merged_at_its_head() -> None:
    verdict = decide(facts(), CHECKED)

    assert (verdict.kind, verdict.head, verdict.reasons) == ("merge", HEAD, ())
    assert verdict.approved_by == ("ann",)


@pytest.mark.parametrize(
    ("changed", "kind", "code"),
    [
        ({"author": ANN}, "not-ours", "other-author"),
        ({"identity": Account("", "")}, "not-ours", "other-author"),
        ({"author": Account("", "ghost"), "identity": Account("", "")}, "not-ours", "other-author"),
        ({"author": Account("2", "callboard[bot]")}, "not-ours", "other-author"),
        ({"head_repository": "mallory/catalog"}, "not-ours", "other-repository"),
        ({"head_repository": ""}, "not-ours", "other-repository"),
        ({"head_repository": "", "repository": ""}, "not-ours", "other-repository"),
        ({"head_ref": "fraud-detector"}, "not-ours", "other-branch"),
        ({"head_ref": "x/callboard/fraud"}, "not-ours", "other-branch"),
        ({"paths": ("models/a.yaml", ".github/workflows/ci.yaml")}, "not-ours", "other-paths"),
        ({"paths": ("models-of-others/a.yaml",)}, "not-ours", "other-paths"),
        ({"paths": ("models/../.github/a.yaml",)}, "not-ours", "other-paths"),
        ({"paths": ("models/a\\..\\b",)}, "not-ours", "other-paths"),
        ({"paths": ("models",)}, "not-ours", "other-paths"),
        ({"path": ""}, "not-ours", "other-paths"),
        ({"paths_complete": False}, "not-ours", "paths-unknown"),
        ({"paused": True}, "hold", "paused"),
        ({"draft": True}, "hold", "draft"),
        ({"labels": ("model-catalog", "HOLD")}, "hold", "hold-label"),
        ({"state": "closed"}, "blocked", "not-open"),
        ({"state": "merged"}, "blocked", "not-open"),
        ({"paths": ()}, "blocked", "empty"),
        ({"mergeable": None}, "wait", "mergeable-unknown"),
        ({"mergeable": False}, "regenerate", "conflicting"),
        ({"mergeable": False, "made_by_us": False}, "step-back", "people-conflicting"),
        ({"made_by_us": False}, "step-back", "people-committed"),
        ({"current": False, "reviews": ()}, "regenerate", "outdated"),
        ({"errors": ("models/fraud-detector/catalog-info.yaml:3:1 owner is missing",)}, "blocked", "invalid"),
        ({"errors": None}, "wait", "not-validated"),
        ({"checks": ()}, "wait", "check-missing"),
        ({"checks": (Check("catalog", "pending", "x"),)}, "wait", "check-pending"),
        ({"checks": (Check("catalog", "neutral", "x"),)}, "blocked", "check-undecided"),
        ({"checks": (Check("catalog", "failure", "x"),)}, "blocked", "check-failed"),
        ({"checks": (Check("catalog", "success", "x"), Check("other", "failure", "x"))}, "blocked",
         "check-failed"),
        ({"checks": (Check("catalog", "success", "x"), Check("catalog", "neutral", "y"))}, "blocked",
         "check-undecided"),
        ({"reviews": ()}, "wait", "approvals-missing"),
        ({"reviews": (review(state="changes-requested"),)}, "blocked", "changes-requested"),
        ({"reviews": (review(), review(BEA, "changes-requested"))}, "blocked", "changes-requested"),
        ({"blocked_by_forge": True}, "blocked", "protected"),
        ({"in_queue": True}, "wait", "in-queue"),
    ],
)  # fmt: skip
def test_each_thing_that_stands_in_the_way_is_named(changed: dict[str, Any], kind: str, code: str) -> None:
    verdict = decide(facts(**changed), CHECKED)

    assert verdict.kind == kind
    assert code in [reason.code for reason in verdict.reasons]


def test_a_pull_request_that_was_pointed_at_another_branch_is_left_alone() -> None:
    verdict = decide(replace(facts(), base_ref="production"), CHECKED)

    assert verdict.kind == "step-back"
    assert verdict.reasons[0].code == "other-base"


def test_all_reasons_are_told_and_the_gravest_decides() -> None:
    verdict = decide(
        facts(labels=("hold",), reviews=(), errors=("bad",), checks=(Check("catalog", "pending", "x"),)),
        CHECKED,
    )

    assert verdict.kind == "hold"
    assert [reason.code for reason in verdict.reasons] == [
        "hold-label",
        "invalid",
        "check-pending",
        "approvals-missing",
    ]


def test_others_pull_requests_are_validated_all_the_same() -> None:
    verdict = decide(facts(author=ANN, errors=("owner is missing",)), CHECKED)

    assert [reason.code for reason in verdict.reasons] == ["other-author", "invalid"]


def test_what_is_approved_and_mergeable_is_never_written_anew() -> None:
    verdict = decide(facts(current=False, checks=(Check("catalog", "pending", "x"),)), CHECKED)

    assert verdict.kind == "wait"
    assert decide(facts(current=False), CHECKED).kind == "merge"


NOT_APPROVED: dict[str, Any] = {"reviews": ()}


@pytest.mark.parametrize(
    ("rebase", "changed", "kind"),
    [
        ("conflicted", {"behind": True, **NOT_APPROVED}, "wait"),
        ("behind", {"behind": True, **NOT_APPROVED}, "regenerate"),
        ("never", {"behind": True, **NOT_APPROVED}, "wait"),
        ("conflicted", {"mergeable": False}, "regenerate"),
        ("behind", {"mergeable": False, "behind": True}, "regenerate"),
        ("never", {"mergeable": False}, "blocked"),
        ("never", {"mergeable": False, "current": False}, "blocked"),
        ("conflicted", {"current": False, **NOT_APPROVED}, "regenerate"),
        ("behind", {"current": False, **NOT_APPROVED}, "regenerate"),
        ("never", {"current": False, **NOT_APPROVED}, "wait"),
        ("never", {"registry_newer": True, "current": False, **NOT_APPROVED}, "regenerate"),
        ("conflicted", {"registry_newer": True, **NOT_APPROVED}, "regenerate"),
        ("never", {"registry_newer": True, "mergeable": False}, "regenerate"),
        ("behind", {"behind": True}, "merge"),
        ("behind", {"behind": True, "registry_newer": True, "mergeable": None}, "wait"),
        ("behind", {"behind": True, "in_queue": True, "registry_newer": True, **NOT_APPROVED}, "wait"),
        ("behind", {"behind": True, "made_by_us": False}, "step-back"),
        ("never", {"mergeable": False, "made_by_us": False}, "step-back"),
    ],
)
def test_the_rebase_policy_says_when_a_head_is_written_anew(
    rebase: Rebase, changed: dict[str, Any], kind: str
) -> None:
    assert decide(facts(**changed), CHECKED, rebase).kind == kind


@pytest.mark.parametrize(
    ("mark", "command"), [("#", "Comment /rebase to"), ("!", "Comment /callboard rebase to")]
)
def test_what_is_never_rebased_by_itself_says_how_to_ask_for_it(mark: str, command: str) -> None:
    (reason,) = decide(facts(mergeable=False, mark=mark), CHECKED, "never").reasons

    assert reason.code == "conflicting"
    assert reason.hint.startswith(command)


def test_what_somebody_wants_changed_is_not_kept_from_being_written_anew() -> None:
    known = facts(current=False, reviews=(review(), review(BEA, "changes-requested")))

    assert decide(known, CHECKED).kind == "regenerate"


def test_what_is_approved_and_conflicts_is_written_anew() -> None:
    assert decide(facts(current=False, mergeable=False), CHECKED).kind == "regenerate"


def test_peoples_commits_need_one_more_approval_since_nobody_approves_their_own_work() -> None:
    one = facts(made_by_us=False)
    two = facts(made_by_us=False, reviews=(review(ANN), review(BEA)))

    assert decide(one, CHECKED).kind == "step-back"
    assert "Approvals: 1 of 2." in decide(one, CHECKED).reasons[-1].sentence
    assert decide(two, CHECKED).kind == "merge"


def test_a_deletion_says_that_a_person_decides() -> None:
    verdict = decide(facts(deletion=True, reviews=()), CHECKED)

    assert "for a person to decide" in verdict.reasons[0].sentence


def test_the_forges_protection_is_only_told_when_nothing_else_is_missing() -> None:
    verdict = decide(facts(blocked_by_forge=True, reviews=()), CHECKED)

    assert [reason.code for reason in verdict.reasons] == ["approvals-missing"]


accounts = st.sampled_from([BOT, ANN, BEA, CYD, Account("", "ghost")])
commits = st.sampled_from([HEAD, OTHER, THIRD, ""])
times = st.integers(1, 6).map(lambda second: f"2026-01-01T00:00:0{second}Z") | st.just("garbage")
reviews = st.builds(
    Review,
    author=accounts,
    state=st.sampled_from(["approved", "approved", "changes-requested", "commented", "dismissed", "pending"]),
    commit=commits,
    submitted_at=times,
    author_can_write=st.sampled_from([True, True, True, False]),
    author_is_person=st.sampled_from([True, True, True, False]),
)
checks = st.builds(
    Check,
    name=st.sampled_from(["catalog", "lint"]),
    state=st.sampled_from(["success", "success", "success", "failure", "pending", "neutral"]),
    source=st.sampled_from(["actions", "actions", "mallory"]),
)


def mostly(usual: Any, rare: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from([usual] * 29 + [rare])


def nearly(usual: Any, *others: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from([usual, usual, usual, *others])


WORKDAY, SUNDAY = datetime(2026, 11, 20, 12, tzinfo=UTC), datetime(2026, 11, 22, 12, tzinfo=UTC)
owners = st.sampled_from(
    [
        *(Owner("user", account.login) for account in (BOT, ANN, BEA)),
        Owner("group", "acme/ml"),
        Owner("email", "ann@acme.example"),
        Owner("role", "maintainer"),
        Owner("user-or-group", "ann"),
    ]
)
requirements = st.builds(
    Requirement,
    paths=st.just(("models/x/catalog-info.yaml",)),
    owners=st.lists(owners, min_size=1, max_size=3, unique=True).map(tuple),
    approvals=st.sampled_from([1, 1, 1, 2]),
)


any_facts = st.builds(
    lambda pull, single, more: replace(facts(**pull), single_commits=single, **more),
    st.fixed_dictionaries(
        {
            "author": mostly(BOT, ANN),
            "state": mostly("open", "closed"),
            "draft": mostly(False, True),
            "head_repository": mostly("acme/catalog", "mallory/catalog"),
            "head_ref": mostly("callboard/x", "x"),
            "labels": mostly((), ("hold",)),
            "mergeable": st.sampled_from([True, True, True, False, None]),
            "blocked_by_forge": mostly(False, True),
            "paths": mostly(("models/x/catalog-info.yaml",), ("README.md",)),
            "paths_complete": mostly(True, False),
            "in_queue": mostly(False, True),
            "title": mostly("Fraud detector: version 4", "WIP"),
            "reviews": st.builds(
                lambda sure, more: (*sure, *more),
                st.sampled_from([(), (review(at=5),), (review(at=5), review(BEA, at=5))]),
                st.lists(reviews, max_size=3),
            ),
            "checks": st.lists(checks, max_size=2).map(tuple),
            "force_pushes": st.lists(
                st.builds(ForcePush, before=commits, after=commits, at=times), max_size=2
            ).map(tuple),
        }
    ),
    st.frozensets(commits),
    st.fixed_dictionaries(
        {
            "base_ref": mostly("main", "production"),
            "content": mostly("F", None),
            "content_of": st.dictionaries(commits, st.sampled_from(["F", "G", None])),
            "made_by_us": mostly(True, False),
            "current": mostly(True, False),
            "errors": st.sampled_from([(), (), (), (), ("bad",), None]),
            "deletion": st.booleans(),
            "paused": mostly(False, True),
            "registry_newer": mostly(False, True),
            "behind": st.booleans(),
            "now": st.sampled_from([None, WORKDAY, WORKDAY, WORKDAY, SUNDAY]),
            "merge_asked": st.sampled_from([None, None, "ann"]),
            "owned": st.none() | st.lists(requirements, max_size=1).map(tuple),
            "members": st.sampled_from([{}, {"acme/ml": None}, {"acme/ml": frozenset({"ann", "cyd"})}]),
        }
    ),
)
nearly_mergeable = st.builds(
    lambda changed: facts(**changed),
    st.fixed_dictionaries(
        {
            "reviews": nearly((review(at=5), review(BEA, at=6)), (review(at=5),), (review(BEA, at=5),)),
            "checks": nearly((Check("catalog", "success", "actions"),))
            | st.lists(checks, min_size=1, max_size=2).map(tuple),
            "title": nearly("Fraud detector: version 4", "WIP"),
            "in_queue": mostly(False, True),
            "mergeable": mostly(True, False),
            "current": st.booleans(),
            "behind": st.booleans(),
            "now": nearly(WORKDAY, SUNDAY, None),
            "merge_asked": nearly(None, "ann"),
            "owned": nearly((), None) | st.lists(requirements, min_size=1, max_size=2).map(tuple),
            "members": st.sampled_from([{}, {"acme/ml": None}, {"acme/ml": frozenset({"ann", "cyd"})}]),
        }
    ),
)
policies = st.builds(
    Merge,
    approvals=st.sampled_from([1, 1, 2]),
    required_checks=st.sampled_from(
        [(), (RequiredCheck(name="catalog"),), (RequiredCheck(name="catalog", source="actions"),)]
    ),
    code_owners=st.booleans(),
    title=st.sampled_from([None, TextRule(match="version"), TextRule(refuse="^WIP")]),
    quiet_hours=st.sampled_from([(), (QuietHours(days=("sat", "sun")),)]),
)
rebases: st.SearchStrategy[Rebase] = st.sampled_from(["conflicted", "behind", "never"])


@given(any_facts, policies, rebases)
@settings(max_examples=1000, deadline=None)
def test_nothing_is_merged_that_is_not_ours_approved_checked_valid_and_free(
    known: PullFacts, policy: Merge, rebase: Rebase
) -> None:
    judge(known, policy, decide(known, policy, rebase))


@given(nearly_mergeable, policies, rebases)
@settings(max_examples=600, deadline=None)
def test_what_only_the_policy_can_stop_is_stopped_by_it(
    known: PullFacts, policy: Merge, rebase: Rebase
) -> None:
    judge(known, policy, decide(known, policy, rebase))


def judge(known: PullFacts, policy: Merge, verdict: Verdict) -> None:
    """What must be so whatever the verdict is, and what a merge needs: the rules said another way."""

    assert verdict.head == known.pull.head
    if verdict.kind != "merge":
        assert verdict.reasons
        assert all(reason.code and reason.sentence and reason.hint for reason in verdict.reasons)
        assert verdict.kind == verdict.reasons[0].calls_for
        return
    pull = known.pull
    assert not verdict.reasons
    assert pull.author == BOT
    assert pull.head_repository == "acme/catalog"
    assert pull.head_ref.startswith("callboard/")
    assert pull.base_ref == known.base_ref
    assert all(path.startswith("models/") for path in pull.paths)
    assert pull.paths_complete
    assert (pull.state, pull.draft, pull.labels, known.paused) == ("open", False, (), False)
    assert pull.mergeable
    assert not pull.blocked_by_forge
    assert known.errors == ()
    assert all(check.state in ("success", "neutral") for check in pull.checks)
    assert all(
        any(
            check.name == one.name and check.state == "success" and one.source in (None, check.source)
            for check in pull.checks
        )
        for one in policy.required_checks
    )
    approvers = {
        one.author.id
        for one in pull.reviews
        if one.state == "approved"
        and one.author_can_write
        and one.author_is_person
        and one.author.id not in ("", BOT.id)
        and (one.commit == HEAD or known.content_of.get(one.commit) == known.content or pull.force_pushes)
    }
    assert len(approvers) >= policy.approvals
    assert len(verdict.approved_by) >= policy.approvals
    assert verdict.approved_at is None or verdict.approved_at <= datetime(2026, 1, 1, 0, 0, 9, tzinfo=UTC)
    assert not pull.in_queue
    assert policy.title is None or pull.title != "WIP"
    assert not policy.quiet_hours or known.merge_asked or known.now == WORKDAY
    if policy.code_owners:
        assert known.owned is not None
        for one in known.owned:
            named = {owner.name for owner in one.owners if owner.kind in ("user", "user-or-group")}
            if Owner("group", "acme/ml") in one.owners:
                named |= known.members.get("acme/ml") or frozenset()
            assert len(named & set(verdict.approved_by) - {BOT.login}) >= one.approvals


@given(any_facts, policies, st.data())
@settings(max_examples=600, deadline=None)
def test_taking_an_approval_away_never_leads_to_a_merge(
    known: PullFacts, policy: Merge, data: st.DataObject
) -> None:
    approved = [one for one in known.pull.reviews if one.state == "approved"]
    if not approved:
        return
    gone = data.draw(st.sampled_from(approved))
    left = list(known.pull.reviews)
    left.remove(gone)

    fewer = decide(replace(known, pull=replace(known.pull, reviews=tuple(left))), policy)

    if decide(known, policy).kind != "merge":
        assert fewer.kind != "merge"


@given(any_facts, policies)
@settings(max_examples=300, deadline=None)
def test_the_order_in_which_the_forge_tells_its_facts_does_not_matter(
    known: PullFacts, policy: Merge
) -> None:
    pull = known.pull
    turned = replace(pull, checks=pull.checks[::-1], labels=pull.labels[::-1])

    assert decide(replace(known, pull=turned), policy).kind == decide(known, policy).kind


@given(any_facts, policies, rebases)
@settings(max_examples=200, deadline=None)
def test_asking_for_the_merge_lifts_quiet_hours_and_nothing_else(
    known: PullFacts, policy: Merge, rebase: Rebase
) -> None:
    calm = policy.model_copy(update={"quiet_hours": ()})

    asked = decide(replace(known, merge_asked="ann"), policy, rebase)

    assert asked == decide(replace(known, merge_asked=None), calm, rebase)


@given(any_facts | nearly_mergeable, policies, rebases)
@settings(max_examples=500, deadline=None)
def test_what_is_approved_and_mergeable_and_ours_is_never_regenerated(
    known: PullFacts, policy: Merge, rebase: Rebase
) -> None:
    verdict = decide(known, policy, rebase)

    if verdict.kind == "regenerate":
        assert not known.pull.in_queue or not known.pull.mergeable
        assert rebase != "never" or known.registry_newer
        assert known.made_by_us
        assert (
            not known.pull.mergeable
            or len(verdict.approved_by) < policy.approvals
            or any(reason.code == "changes-requested" for reason in verdict.reasons)
        )
