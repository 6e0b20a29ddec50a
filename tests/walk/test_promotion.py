"""A version is promoted in a pull request of its own, with gates and approvers, and people land it."""

from __future__ import annotations

from callboard.forges.protocol import PullRequest
from tests.walk.house import ONE_SOURCE, REPOSITORY, House

CATALOG = "models/fraud/catalog-info.yaml"
STAGES = """\
promotion:
  - name: production
    evaluations: [{metric: f1, at-least: 0.9, not-worse: true}]
"""


def _card(house: House, *versions: str, production: str, more: str = "", f1: float = 0.95) -> None:
    """The card of a model with these versions, newest first, each a little better than the one before."""
    lines = [
        f"  - {{version: '{name}', aliases: [{'production' if name == production else ''}], "
        f"evaluations: [{{metric: f1, value: {f1 + int(name) / 1000}}}]}}"
        for name in versions
    ]
    text = "\n".join(["---", "name: fraud", "license: mit", more or "tags: [tabular]", "versions:", *lines])
    house.card("fraud", f"{text}\n---\n# fraud\n\nSays what fraud says.\n")


def _only(house: House) -> PullRequest:
    (pull,) = house.workplace().forge.open_pull_requests()
    return pull


def _land(house: House) -> None:
    """People land what a sync proposes, whatever it is."""
    house.sync()
    pull = _only(house)
    house.approve(pull.number)
    house.hands().comment(pull.number, "/callboard merge")
    assert [one.done for one in house.reconcile().handled] == ["merged"]


def test_a_version_is_promoted_after_everything_else_and_only_when_a_person_says_so(house: House) -> None:
    house.config_text = ONE_SOURCE + STAGES
    _card(house, "1", production="1")

    house.sync()
    new = _only(house)
    house.approve(new.number)
    merged = house.reconcile().handled
    first = house.read(CATALOG)
    house.sync()
    promotion = _only(house)
    house.approve(promotion.number)
    waiting = house.reconcile().handled
    house.config_text = ONE_SOURCE
    waiting += house.reconcile().handled
    house.config_text = ONE_SOURCE + STAGES
    house.hands().comment(promotion.number, "/callboard merge")
    landed = house.reconcile().handled
    mark = house.forge.log.mark()
    house.sync(cache="elsewhere")

    assert new.title == "New model: fraud, version 1"
    assert [one.done for one in merged] == ["merged"]
    assert "production-version" not in first
    assert promotion.title == "fraud: version 1 to production"
    assert "/promote-fraud-" in promotion.head_ref
    assert "| f1 | at least 0.9, not worse than before | 0.951 | ✅ met |" in promotion.body
    assert "Is version 1 ready for production?" in promotion.body
    assert "a person lands a promotion" in promotion.body
    assert [(one.done, [reason.code for reason in one.verdict.reasons]) for one in waiting] == [
        ("nothing", ["promotion-by-people"])
    ] * 2  # also where the configuration does not name the stage any more
    assert [one.done for one in landed] == ["merged"]
    assert "callboard.dev/production-version: '1'" in house.read(CATALOG)
    assert house.counts(mark).writes == 0


def test_what_else_changes_goes_first_and_waits_only_while_a_promotion_is_open(house: House) -> None:
    house.config_text = ONE_SOURCE + STAGES
    _card(house, "1", production="1")
    _land(house)
    _land(house)
    _card(house, "2", "1", production="2")

    house.sync()
    update = _only(house)
    house.approve(update.number)
    house.reconcile()
    updated = house.read(CATALOG)
    house.sync()
    promotion = _only(house)
    _card(house, "2", "1", production="2", more="tags: [tabular, new]")
    later = house.sync()
    unmoved = _only(house)
    house.approve(promotion.number)
    house.hands().comment(promotion.number, "/callboard merge")
    house.reconcile()
    house.sync()

    assert update.title.startswith("fraud: version 2")
    assert "callboard.dev/version: '2'" in updated
    assert "callboard.dev/production-version: '1'" in updated
    assert promotion.title == "fraud: version 2 to production"
    assert [one.action for one in later.proposals] == ["unchanged"]
    assert unmoved.head == promotion.head
    assert "callboard.dev/production-version: '2'" in house.read(CATALOG)
    assert _only(house).title == "fraud: tags"


def test_a_version_that_measures_too_little_is_not_proposed_and_that_is_said(house: House) -> None:
    house.config_text = ONE_SOURCE + STAGES
    _card(house, "1", production="1", f1=0.8)
    _land(house)

    result = house.sync()

    assert house.workplace().forge.open_pull_requests() == ()
    assert [(one.model, one.severity) for one in result.desired.findings] == [("fraud", "warning")]
    assert (
        "it is not proposed for production: f1 of version 1 is 0.801; production asks for at least 0.9"
        in (result.desired.findings[0].what)
    )


def test_going_back_is_a_promotion_too_and_need_not_be_better(house: House) -> None:
    house.config_text = ONE_SOURCE + STAGES
    _card(house, "2", "1", production="2")
    _land(house)
    _land(house)
    _card(house, "2", "1", production="1")
    _land(house)

    house.sync()
    rollback = _only(house)

    assert rollback.title == "fraud: production back to version 1"
    assert "Is it right to go back to version 1 in production?" in rollback.body


def test_a_gate_that_is_raised_while_a_promotion_is_open_stops_it(house: House) -> None:
    house.config_text = ONE_SOURCE + STAGES
    _card(house, "1", production="1")
    _land(house)
    house.sync()
    promotion = _only(house)
    house.approve(promotion.number)
    house.hands().comment(promotion.number, "/callboard merge")

    house.config_text = ONE_SOURCE + STAGES.replace("0.9", "0.99")
    handled = house.reconcile().handled
    left = house.sync().obsolete
    house.hands().unapprove(promotion.number)
    (closed,) = house.sync().obsolete

    assert [(one.done, [reason.code for reason in one.verdict.reasons]) for one in handled] == [
        ("nothing", ["promotion-gate"])
    ]
    assert left == ()
    assert "it is not proposed for production: f1 of version 1 is 0.951" in closed.why[0]
    assert "production-version" not in house.read(CATALOG)


def test_only_an_approver_of_the_stage_opens_the_way(house: House) -> None:
    ann = house.forge.add_user("ann")
    house.forge.set_role(REPOSITORY, "ann", "write")
    house.config_text = ONE_SOURCE + STAGES + "    approvers: ['@ann']\n    approvals: 2\n"
    _card(house, "1", production="1")
    house.sync()
    house.approve(_only(house).number)
    house.reconcile()
    house.sync()
    promotion = _only(house)
    house.approve(promotion.number)
    house.hands().comment(promotion.number, "/callboard merge")

    without = house.reconcile().handled
    house.approve(promotion.number, token=ann)
    with_her = house.reconcile().handled

    assert [reason.code for reason in without[0].verdict.reasons] == [
        "approvals-missing",
        "promotion-approver-missing",
    ]
    assert [one.done for one in with_her] == ["merged"]
