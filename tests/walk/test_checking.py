"""Checks on heads, and what people are told who change the catalog themselves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from callboard.forges.protocol import PullRequest
from callboard.model import Problem
from callboard.pulls.comments import NUDGE_MARKER, VALIDATION_MARKER
from callboard.pulls.report import CHECK_NAME
from callboard.pulls.verdict import Reason, Verdict
from callboard.sandbox.forge.faults import Fault
from callboard.validation.check import validate_files
from callboard.validation.diagnostics import Report
from callboard.walk import facts
from callboard.walk.acting import Handled
from callboard.walk.base import Base, base_of_commit
from callboard.walk.checking import explain_to_others, write_checks
from callboard.walk.facts import Examined, gather
from callboard.walk.nudging import nudge
from callboard.walk.workplace import Workplace
from tests.walk.house import ONE_SOURCE, House, card

CHECKED = ONE_SOURCE + "pull-requests: {check: true}\n"
CATALOG = "models/one/catalog-info.yaml"


def base_of(workplace: Workplace) -> Base:
    commit = workplace.repository.fetch("main", "callboard/")
    return base_of_commit(workplace.repository, commit, "models")


def examined(workplace: Workplace) -> tuple[Examined, ...]:
    base, forge = base_of(workplace), workplace.forge
    pulls = forge.open_pull_requests()
    return gather(workplace, base, forge.identity(), pulls, lambda _pull: True, now=datetime.now(UTC))


def explain(house: House) -> tuple[Problem, ...]:
    workplace = house.workplace()
    return explain_to_others(workplace, base_of(workplace), examined(workplace))


def propose(house: House, path: str, text: str) -> int:
    """Robin changes one file of the catalog on a branch."""
    house.edit(path, text, "typo")
    return house.hands().propose("typo", "Fix a typo")


def said(house: House, number: int) -> str:
    (comment,) = house.hands().comments(number)
    assert comment.startswith(VALIDATION_MARKER)
    return comment


def test_each_head_is_checked_once(house: House) -> None:
    house.config_text = CHECKED
    house.card("one", card("one"))
    house.sync()
    workplace = house.workplace()

    assert write_checks(workplace, examined(workplace)) == ()

    (one,) = examined(workplace)
    (check,) = [check for check in one.facts.pull.checks if check.name == CHECK_NAME]
    assert check.state == "success"
    assert check.title.startswith("Valid for Backstage")
    mark = house.forge.log.mark()
    assert write_checks(workplace, [one]) == ()
    assert house.counts(mark).writes == 0


def test_an_invalid_head_fails_its_check(house: House) -> None:
    house.config_text = CHECKED
    house.card("one", card("one"))
    (proposal,) = house.sync().proposals
    house.edit(CATALOG, house.read(CATALOG, proposal.branch).replace("owner:", "owners:"), proposal.branch)
    workplace = house.workplace()

    write_checks(workplace, examined(workplace))

    (one,) = examined(workplace)
    (check,) = [check for check in one.facts.pull.checks if check.name == CHECK_NAME]
    assert check.state == "failure"
    assert "error" in check.title


def test_a_pull_request_that_validation_fails_on_stops_no_other(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.card("one", card("one"))
    house.land_everything()
    texts = {
        "placeholder": "$yaml: ./a\n",
        "defect": house.read(CATALOG) + "# defect\n",
        "fine": house.read(CATALOG) + "# fine\n",
    }
    for branch, text in texts.items():
        house.edit(CATALOG, text, branch)
        house.hands().propose(branch, branch)

    def failing(files: Mapping[str, bytes]) -> Report:
        if b"# defect" in files[CATALOG]:
            raise KeyError(CATALOG)
        return validate_files(files)

    monkeypatch.setattr(facts, "validate_files", failing)
    found = {one.facts.pull.title: one.facts.errors for one in examined(house.workplace())}
    assert found["fine"] == ()
    assert found["placeholder"]
    assert found["defect"]
    assert "this is a defect of Callboard" in found["defect"][0]


def test_without_configuration_nothing_is_checked(house: House) -> None:
    house.card("one", card("one"))
    house.sync()
    workplace = house.workplace()
    found = examined(workplace)
    mark = house.forge.log.mark()

    assert write_checks(workplace, found) == ()
    assert house.counts(mark).writes == 0


def test_a_check_that_the_forge_refuses_is_told_and_stops_nothing(house: House) -> None:
    house.config_text = CHECKED
    for name in ("one", "two"):
        house.card(name, card(name))
    house.sync()
    workplace = house.workplace()
    found = examined(workplace)
    operations = ("gitlab/statuses/create",) if house.kind == "gitlab" else ("checks/create",)
    for operation in operations:
        house.forge.faults.add(Fault(operation, 500, after_applying=False))

    problems = write_checks(workplace, found)

    assert len(problems) == 1
    checked = [one for one in examined(workplace) if one.facts.pull.checks]
    assert len(checked) == 1


def test_people_are_told_which_of_their_edits_stay(house: House) -> None:
    house.card("one", card("one"))
    house.land_everything()
    text = house.read(CATALOG).replace("owner: group:default/fraud", "owner: group:default/payments")
    number = propose(house, CATALOG, text)

    assert explain(house) == ()

    comment = said(house, number)
    assert "### ✅ Valid for Backstage" in comment
    assert "spec.owner | group:default/payments | group:default/fraud |" in comment
    assert f"| {CATALOG} " in comment
    assert f"A person merges this {house.workplace().forge.word}" in comment
    mark = house.forge.log.mark()
    assert explain(house) == ()
    assert house.counts(mark).writes == 0


def test_edits_that_the_base_branch_has_already_are_not_told_again(house: House) -> None:
    house.card("one", card("one"))
    house.land_everything()
    owned = house.read(CATALOG).replace("owner: group:default/fraud", "owner: group:default/payments")
    house.edit(CATALOG, owned)
    number = propose(house, CATALOG, owned.replace("lifecycle: experimental", "lifecycle: production"))

    explain(house)

    comment = said(house, number)
    assert "spec.lifecycle | production | experimental |" in comment
    assert "payments" not in comment


def test_what_another_callboard_wrote_is_no_edit(house: House) -> None:
    house.card("one", card("one"))
    house.land_everything()
    house.card("one", card("one", version="2", owner="group:default/payments"))
    (proposal,) = house.sync().proposals
    assert proposal.pull is not None
    paths = house.hands().files(proposal.pull.number)
    house.commit({path: house.read(path, proposal.branch).encode() for path in paths}, "theirs")
    number = house.hands().propose("theirs", "The same, by somebody else")

    explain(house)

    assert "What happens to these edits" not in said(house, number)


def test_a_broken_lock_hides_no_edit(house: House) -> None:
    house.card("one", card("one"))
    house.land_everything()
    text = house.read(CATALOG).replace("owner: group:default/fraud", "owner: group:default/payments")
    house.commit({CATALOG: text.encode(), "models/one/.callboard.lock": b"{"}, "typo")
    number = house.hands().propose("typo", "Break it")

    explain(house)

    assert "spec.owner | group:default/payments |" in said(house, number)


def test_people_are_told_what_is_wrong_at_its_line(house: House) -> None:
    house.card("one", card("one"))
    house.land_everything()
    broken = house.read(CATALOG).replace("owner: group:default/fraud", "owner: 5", 1)
    line = 1 + broken[: broken.index("owner: 5")].count("\n")
    number = propose(house, CATALOG, broken)

    explain(house)

    comment = said(house, number)
    assert "### ❌ Backstage would not take this: " in comment
    head = next(one for one in house.workplace().forge.open_pull_requests() if one.number == number).head
    assert f"[{CATALOG}:{line}]({house.workplace().forge.file_url(CATALOG, head)}#L{line})" in comment


def test_what_does_not_touch_the_catalog_is_left_in_peace(house: House) -> None:
    house.card("one", card("one"))
    house.land_everything()
    number = propose(house, "README.md", "# Models\n")

    assert explain(house) == ()

    assert house.hands().comments(number) == []


def test_a_step_back_names_who_edited_the_branch(house: House) -> None:
    house.card("one", card("one"))
    (proposal,) = house.sync().proposals
    assert proposal.pull is not None
    house.edit("models/one/docs/index.md", "Mine.\n", proposal.branch)

    house.reconcile()

    (comment,) = house.hands().comments(proposal.pull.number)
    assert "It was edited by **robin**." in comment


def test_a_refusal_of_an_invalid_head_leads_to_the_line(house: House) -> None:
    house.card("one", card("one"))
    (proposal,) = house.sync().proposals
    assert proposal.pull is not None
    broken = house.read(CATALOG, proposal.branch).replace("owner: group:default/fraud", "owner: 5", 1)
    line = 1 + broken[: broken.index("owner: 5")].count("\n")
    head = house.edit(CATALOG, broken, proposal.branch)

    house.reconcile()

    (comment,) = house.hands().comments(proposal.pull.number)
    assert (
        f"[{CATALOG}:{line}]({house.workplace().forge.file_url(CATALOG, head)}#L{line}) | ❌ error" in comment
    )


WAIT = Verdict("wait", "0" * 40, (Reason("wait", "approvals-missing", "Approvals: 0 of 1.", "Ask Ann."),))
HOLD = Verdict("hold", "0" * 40, (Reason("hold", "draft", "It is a draft.", "Mark it."),))
LATER = datetime.now(UTC) + timedelta(days=15)


def open_one(house: House) -> PullRequest:
    house.card("one", card("one"))
    house.sync()
    (pull,) = house.workplace().forge.open_pull_requests()
    return pull


def test_what_nobody_touches_is_reminded_of_once(house: House) -> None:
    pull = open_one(house)
    workplace = house.workplace()

    assert nudge(workplace, [Handled(pull, WAIT)], LATER) == ()

    (comment,) = house.hands().comments(pull.number)
    assert comment.startswith(NUDGE_MARKER)
    assert "Nobody has touched this for 14 days" in comment
    assert "**Approvals: 0 of 1.** Ask Ann." in comment
    (again,) = workplace.forge.open_pull_requests()
    mark = house.forge.log.mark()
    nudge(workplace, [Handled(again, WAIT)], LATER + timedelta(days=100))
    assert house.counts(mark).writes == 0


def test_what_is_held_or_fresh_or_not_to_be_reminded_of_is_left_alone(house: House) -> None:
    pull = open_one(house)
    mark = house.forge.log.mark()

    nudge(house.workplace(), [Handled(pull, HOLD), Handled(pull, WAIT, "rewritten")], LATER)
    nudge(house.workplace(), [Handled(pull, WAIT)], LATER - timedelta(days=3))
    house.config_text = ONE_SOURCE + "pull-requests: {nudge-after: null}\n"
    nudge(house.workplace(), [Handled(pull, WAIT)], LATER)

    assert house.counts(mark).writes == 0


def test_a_comment_of_a_person_puts_the_reminder_off(house: House) -> None:
    number = open_one(house).number
    house.hands().comment(number, "I look at it tomorrow.")
    (pull,) = house.workplace().forge.open_pull_requests()

    (comment,) = pull.comments
    assert comment.author_is_person
    spoken = datetime.fromisoformat(comment.created_at)
    nudge(house.workplace(), [Handled(pull, WAIT)], spoken + timedelta(days=13))

    assert len(house.hands().comments(number)) == 1


def test_a_reminder_that_the_forge_refuses_is_told(house: House) -> None:
    pull = open_one(house)
    operation = "gitlab/notes/create" if house.kind == "gitlab" else "issues/create-comment"
    house.forge.faults.add(Fault(operation, 500, after_applying=False))

    (problem,) = nudge(house.workplace(), [Handled(pull, WAIT)], LATER)

    assert problem.source == "forge"
