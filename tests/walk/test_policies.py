"""What the operator's policy asks for before a merge, on whole walks: owners, hours, turns, rebases."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from callboard.config import ForgeKind
from callboard.forges.protocol import PullRequest
from callboard.walk.acting import Handled
from callboard.walk.reconcile import reconcile
from tests.walk.house import ONE_SOURCE, REPOSITORY, House, card

SATURDAY = datetime(2026, 11, 21, 12, tzinfo=UTC)
MONDAY = datetime(2026, 11, 23, 12, tzinfo=UTC)


def _propose(house: House, *names: str) -> tuple[PullRequest, ...]:
    """A pull request for each model, one by one so that they are no import."""
    for name in names:
        house.card(name, card(name))
        house.sync()
    return house.workplace().forge.open_pull_requests()


def _pass(house: House, now: datetime = MONDAY) -> tuple[Handled, ...]:
    return reconcile(house.workplace(), None, progress=lambda _text: None, environ={}, now=now).handled


def _codes(handled: Handled) -> list[str]:
    return [reason.code for reason in handled.verdict.reasons]


def test_the_queue_of_the_forge_merges_what_may_be_merged(house: House) -> None:
    house.forge.set_queue(REPOSITORY)
    (pull,) = _propose(house, "one")
    waiting = _pass(house)
    house.approve(pull.number)

    queued, again = _pass(house), _pass(house)
    merged = house.forge.process_queue(REPOSITORY)
    _pass(house)

    assert [one.done for one in waiting] == ["nothing"]
    assert [one.done for one in queued] == ["queued"]
    assert [(one.done, _codes(one)) for one in again] == [("nothing", ["in-queue"])]
    assert merged == [pull.number]
    assert "name: one" in house.read("models/one/catalog-info.yaml")
    assert "callboard/" not in "".join(house.forge.repository(REPOSITORY).git.refs())


def test_a_hold_takes_out_of_the_queue_what_stands_there(house: House) -> None:
    house.forge.set_queue(REPOSITORY)
    (pull,) = _propose(house, "one")
    house.approve(pull.number)
    _pass(house)
    house.hands().comment(pull.number, "/hold")

    held, merged = _pass(house), house.forge.process_queue(REPOSITORY)
    mark = house.forge.log.mark()
    _pass(house)

    assert [one.verdict.kind for one in held] == ["hold"]
    assert merged == []
    assert house.counts(mark).writes == 0


def test_a_head_that_moved_in_the_queue_is_not_merged(house: House) -> None:
    house.forge.set_queue(REPOSITORY)
    (pull,) = _propose(house, "one")
    house.approve(pull.number)
    _pass(house)
    path = "models/one/docs/index.md"
    house.edit(path, house.read(path, pull.head_ref) + "\nMore.\n", pull.head_ref)

    assert house.forge.process_queue(REPOSITORY) == []
    assert [one.verdict.kind for one in _pass(house)] == ["step-back"]


def test_nothing_is_merged_in_quiet_hours_until_they_end_or_somebody_asks(house: House) -> None:
    house.config_text = ONE_SOURCE + "merge: {quiet-hours: [{days: [sat, sun]}]}\n"
    for pull in _propose(house, "one", "two"):
        house.approve(pull.number)

    quiet = _pass(house, SATURDAY)
    house.hands().comment(1, "/callboard merge")
    asked = _pass(house, SATURDAY)
    later = _pass(house, MONDAY)

    assert [_codes(one) for one in quiet] == [["quiet-hours"], ["quiet-hours"]]
    assert [(one.pull.number, one.done) for one in asked] == [(1, "merged"), (2, "nothing")]
    assert [(one.pull.number, one.done) for one in later] == [(2, "merged")]


def test_every_changed_path_needs_the_approval_of_one_of_its_owners(house: House) -> None:
    house.config_text = ONE_SOURCE + "merge: {code-owners: true}\n"
    sam = house.forge.add_user("sam")
    house.forge.set_role(REPOSITORY, "sam", "write")
    house.commit({"CODEOWNERS": b"models/ @sam\n"})
    (pull,) = _propose(house, "one")
    house.approve(pull.number)
    of_robin = _pass(house)
    house.approve(pull.number, token=sam)

    of_both = _pass(house)

    assert [one.done for one in of_robin] == ["nothing"]
    assert "sam" in of_robin[0].verdict.reasons[0].sentence
    assert [one.done for one in of_both] == ["merged"]


def test_a_code_owners_file_without_end_lets_nothing_pass(house: House) -> None:
    house.config_text = ONE_SOURCE + "merge: {code-owners: true}\n"
    house.commit({"CODEOWNERS": b"models/ @robin\n" * 20_000})
    (pull,) = _propose(house, "one")
    house.approve(pull.number)

    (handled,) = _pass(house)

    assert (handled.done, _codes(handled)) == ("nothing", ["owners-unknown"])


def test_the_owners_that_a_head_names_for_itself_do_not_count(house: House) -> None:
    house.config_text = ONE_SOURCE + "merge: {code-owners: true}\n"
    house.forge.add_user("sam")
    house.forge.set_role(REPOSITORY, "sam", "write")
    house.commit({"CODEOWNERS": b"models/ @sam\n"})
    (pull,) = _propose(house, "one")
    house.edit("CODEOWNERS", "models/ @robin\n", pull.head_ref)
    house.approve(pull.number)

    assert [one.verdict.kind for one in _pass(house)] == ["not-ours"]


def test_a_required_check_counts_only_from_whom_it_is_expected(house: House) -> None:
    house.config_text = ONE_SOURCE + "merge: {required-checks: [{name: catalog, source: someone-else}]}\n"
    (pull,) = _propose(house, "one")
    house.hands().report_check(pull.head, "catalog", "success")
    house.approve(pull.number)

    (handled,) = _pass(house)

    assert handled.done == "nothing"
    assert any("catalog" in reason.sentence for reason in handled.verdict.reasons)


@pytest.mark.parametrize(
    ("policy", "behind", "conflicting"),
    [
        ("conflicted", "nothing", "rewritten"),
        ("behind", "rewritten", "rewritten"),
        ("never", "nothing", "nothing"),
    ],
)
def test_what_is_written_anew_is_what_the_policy_says(
    house: House, policy: str, behind: str, conflicting: str
) -> None:
    house.card("one", card("one"))
    house.land_everything()
    house.config_text = ONE_SOURCE + f"pull-requests: {{rebase: {policy}}}\n"
    house.card("one", card("one", version="2"))
    house.sync()

    house.commit({"elsewhere.txt": b"the base branch goes on\n"})
    went_on = _pass(house)
    path = "models/one/catalog-info.yaml"
    # Both the person and the registry change what stands next to each other.
    house.edit(path, house.read(path).replace("version: '1'", "version: '1'  # checked"))
    conflicts = _pass(house)

    assert [one.done for one in went_on] == [behind]
    assert [one.done for one in conflicts] == [conflicting]


@pytest.mark.parametrize("policy", ["conflicted", "behind", "never"])
def test_what_is_approved_and_can_be_merged_is_never_written_anew(house: House, policy: str) -> None:
    house.config_text = ONE_SOURCE + f"pull-requests: {{rebase: {policy}}}\nmerge: {{hold-labels: [hold]}}\n"
    (pull,) = _propose(house, "one")
    house.approve(pull.number)
    house.hands().label(pull.number, "hold")
    house.commit({"elsewhere.txt": b"the base branch goes on\n"})

    held = _pass(house)
    house.hands().unlabel(pull.number, "hold")
    merged = _pass(house)

    assert [one.done for one in held] == ["nothing"]
    assert [one.done for one in merged] == ["merged"]


def test_when_one_of_many_is_merged_only_what_conflicts_with_it_is_touched(house: House) -> None:
    house.config_text = ONE_SOURCE + "pull-requests: {limit: 20}\n"
    names = [f"m{number}" for number in range(8)]
    for name in names:
        house.card(name, card(name))
    house.land_everything()
    for name in names:
        house.card(name, card(name, version="2"))
    house.sync()
    path = "models/m3/catalog-info.yaml"
    house.edit(path, house.read(path).replace("version: '1'", "version: '1'  # checked"))
    (first, *_) = pulls = house.workplace().forge.open_pull_requests()
    before = {pull.number: pull.head for pull in pulls}
    house.approve(first.number)

    handled = _pass(house)

    after = {pull.number: pull.head for pull in house.workplace().forge.open_pull_requests()}
    moved = {number for number, head in after.items() if head != before[number]}
    (conflicting,) = (pull for pull in pulls if "models/m3/catalog-info.yaml" in pull.paths)
    assert [one.pull.number for one in handled if one.done == "merged"] == [first.number]
    assert moved == {conflicting.number}


@pytest.mark.parametrize("forge_kind", ["github"])
def test_what_comes_from_a_fork_is_validated_explained_and_never_merged(
    house: House, forge_kind: ForgeKind
) -> None:
    house.card("one", card("one"))
    house.land_everything()
    sam = house.forge.add_user("sam")
    house.forge.fork(REPOSITORY, "sam")
    path = "models/one/catalog-info.yaml"
    broken = house.read(path).replace("type: ai-model", "type: ''")
    house.forge.commit("sam/model-catalog", "main", {path: broken.encode()}, "Break it", author="sam")
    made = house.api("POST", "/pulls", {"title": "Mine", "head": "sam:main", "base": "main"}, token=sam)
    house.approve(made["number"])

    (handled,) = _pass(house)
    mark = house.forge.log.mark()
    _pass(house)

    assert handled.verdict.kind == "not-ours"
    said = "\n".join(house.hands().comments(made["number"]))
    assert f"{path}:" in said
    assert "spec.type" in said or "type" in said
    assert house.counts(mark).writes == 0
