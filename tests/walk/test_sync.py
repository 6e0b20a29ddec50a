"""What a sync proposes, and that it proposes nothing twice."""

from __future__ import annotations

from typing import Any

import pytest

from callboard.config import ForgeKind
from callboard.forges.protocol import DASHBOARD_LABEL
from callboard.pulls.asked import IGNORED_LABEL, REOPENED_LABEL
from callboard.walk.pausing import PAUSED_LABEL
from callboard.walk.sync import sync
from tests.walk.house import REPOSITORY, House, card


def test_a_new_model_becomes_one_pull_request_with_all_its_files(house: House) -> None:
    house.card("fraud", card("fraud-detector"))

    result = house.sync()

    (proposal,) = result.proposals
    assert proposal.pull is not None
    files = house.hands().files(proposal.pull.number)
    assert {"models/fraud-detector/catalog-info.yaml", "models/fraud-detector/.callboard.lock"} <= files
    assert "models/fraud-detector/docs/index.md" in files
    assert house.hands().labels(proposal.pull.number) == ["model-catalog"]


def test_the_text_calls_it_what_the_forge_calls_it(house: House) -> None:
    house.card("one", card("one"))
    (proposal,) = house.sync().proposals
    assert proposal.pull is not None

    _, text = house.hands().text(proposal.pull.number)

    words = {"github": "pull request", "gitlab": "merge request"}
    said = words.pop(house.kind)
    assert f"close this {said}" in text
    assert all(other not in text for other in words.values())


def test_a_second_sync_writes_nothing_even_from_a_fresh_clone(house: House) -> None:
    for name in ("one", "two", "three"):
        house.card(name, card(name))
    house.sync()
    mark = house.forge.log.mark()

    again = house.sync(cache="other")

    counts = house.counts(mark)
    assert (counts.writes, counts.pushes) == (0, 0)
    assert {proposal.action for proposal in again.proposals} == {"unchanged"}


def test_after_the_merge_nothing_is_proposed_any_more(house: House) -> None:
    house.card("one", card("one"))
    house.land_everything()
    mark = house.forge.log.mark()

    again = house.sync(cache="other")

    assert again.desired.changes == ()
    assert house.counts(mark).writes == house.counts(mark).pushes == 0


def test_however_many_files_one_pull_request_is_one_push_and_the_fewest_writes(
    house: House,
) -> None:
    house.config_text += "pull-requests: {group-by: all}\n"
    for number in range(12):
        house.card(f"model-{number}", card(f"model-{number}"))
    mark = house.forge.log.mark()

    result = house.sync()

    assert len(result.proposals) == 1
    assert (house.counts(mark).pushes, house.counts(mark).writes) == (1, house.hands().writes_to_open)


def test_all_branches_of_a_walk_go_out_in_one_push(house: House) -> None:
    for number in range(4):
        house.card(f"model-{number}", card(f"model-{number}"))
    mark = house.forge.log.mark()

    house.sync()

    assert house.counts(mark).pushes == 1


def test_no_more_pull_requests_are_opened_than_allowed(house: House) -> None:
    house.config_text += "pull-requests: {limit: 2}\n"
    for number in range(2):
        house.card(f"model-{number}", card(f"model-{number}"))
    house.sync()
    house.card("model-2", card("model-2"))

    result = house.sync()

    assert [proposal.action for proposal in result.proposals] == ["unchanged", "unchanged", "wait"]
    assert "limit" in result.proposals[2].why


def test_a_dry_run_decides_everything_and_writes_nothing(house: House) -> None:
    house.card("one", card("one"))
    mark = house.forge.log.mark()

    result = house.sync(dry_run=True)

    assert [proposal.action for proposal in result.proposals] == ["open"]
    assert house.counts(mark).writes == house.counts(mark).pushes == 0


def test_an_open_pull_request_follows_its_registry(house: House) -> None:
    house.card("one", card("one", version="1"))
    (first,) = house.sync().proposals
    house.card("one", card("one", version="2"))

    (second,) = house.sync().proposals

    assert second.action == "update"
    assert second.pull is not None
    assert first.pull is not None
    assert second.pull.number == first.pull.number
    assert "version: '2'" in house.read("models/one/catalog-info.yaml", second.branch)
    assert "2" in house.hands().text(second.pull.number)[0]


def test_a_pull_request_that_people_closed_is_not_opened_again_for_the_same_content(house: House) -> None:
    house.card("one", card("one", version="1"))
    (first,) = house.sync().proposals
    assert first.pull is not None
    house.hands().close(first.pull.number)

    (again,) = house.sync().proposals
    house.card("one", card("one", version="2"))
    (changed,) = house.sync().proposals

    assert again.action == "declined"
    assert changed.action == "open"


def test_a_person_who_committed_to_the_branch_is_left_alone(house: House) -> None:
    house.card("one", card("one", version="1"))
    (first,) = house.sync().proposals
    head = house.edit("models/one/docs/index.md", "# mine\n", first.branch)
    house.card("one", card("one", version="2"))

    (second,) = house.sync().proposals

    assert second.action == "leave"
    assert "People committed" in second.why
    assert house.forge.repository(REPOSITORY).git.resolve(f"refs/heads/{first.branch}") == head


def test_a_walk_that_died_after_the_push_is_finished_by_the_next_one(house: House) -> None:
    house.card("one", card("one"))
    house.forge.fail_next(house.hands().opening, 500)
    broken = house.sync()
    assert [problem.source for problem in broken.problems] == ["forge"]
    mark = house.forge.log.mark()

    (proposal,) = house.sync().proposals

    assert proposal.action == "open"
    assert house.counts(mark).pushes == 0


def test_an_answer_that_got_lost_after_the_write_does_not_open_a_second_pull_request(house: House) -> None:
    house.card("one", card("one"))
    house.forge.fail_next(house.hands().opening, 502, after_applying=True)
    house.sync()

    (again,) = house.sync().proposals

    assert again.action == "unchanged"
    assert len(house.hands().texts()) == 1


@pytest.mark.parametrize("setting", ["", "pull-requests: {group-by: source}\n"])
def test_two_models_that_differ_by_case_get_two_names(house: House, setting: str) -> None:
    house.config_text += setting
    house.card("a", card("Fraud"))
    house.card("b", card("fraud"))

    result = house.sync()

    names = [change.change.name for change in result.desired.changes]
    assert len({name.lower() for name in names}) == 2


def test_what_people_do_with_labels_and_reviewers_stays(house: House) -> None:
    house.card("one", card("one", version="1"))
    (first,) = house.sync().proposals
    assert first.pull is not None
    number = first.pull.number
    house.hands().label(number, "ours-to-keep")
    house.hands().unlabel(number, "model-catalog")
    if house.kind == "github":
        house.api("POST", f"/pulls/{number}/requested_reviewers", {"reviewers": ["robin"]})
    mark = house.forge.log.mark()

    house.sync()
    quiet = house.counts(mark)
    house.card("one", card("one", version="2"))
    (second,) = house.sync().proposals

    assert (quiet.writes, quiet.pushes) == (0, 0)
    assert second.action == "update"
    assert house.hands().labels(number) == ["ours-to-keep"]
    if house.kind == "github":
        asked = house.api("GET", f"/pulls/{number}")["requested_reviewers"]
        assert [account["login"] for account in asked] == ["robin"]


def test_verified_commits_are_made_by_the_forge_in_the_fewest_writes_and_hold_the_same_bytes(
    house: House,
) -> None:
    house.card("one", card("one"))
    house.config_text += "pull-requests: {commits: verified, labels: []}\n"
    mark = house.forge.log.mark()

    (proposal,) = house.sync().proposals

    counts = house.counts(mark)
    # GitHub: tree, commit, ref, pull request. GitLab: commit with its branch, merge request.
    assert (counts.pushes, counts.writes) == (0, {"github": 4, "gitlab": 2}[house.kind])
    files = {path: content.decode() for path, content in proposal.group.files.items() if content}
    assert {path: house.read(path, proposal.branch) for path in files} == files
    mark = house.forge.log.mark()
    (again,) = house.sync(cache="other").proposals
    assert again.action == "unchanged"
    assert house.counts(mark).writes == 0
    house.approve(proposal.pull.number if proposal.pull else 0)
    assert [one.done for one in house.reconcile().handled] == ["merged"]


def test_a_verified_commit_replaces_ours_and_never_a_persons(house: House) -> None:
    house.card("one", card("one", version="1"))
    house.config_text += "pull-requests: {commits: verified}\n"
    (first,) = house.sync().proposals
    house.card("one", card("one", version="2"))

    (second,) = house.sync().proposals
    head = house.edit("models/one/docs/index.md", "# mine\n", first.branch)
    house.card("one", card("one", version="3"))
    (third,) = house.sync().proposals

    assert (second.action, third.action) == ("update", "leave")
    assert "version: '2'" in house.read("models/one/catalog-info.yaml", first.branch)
    assert house.forge.repository(REPOSITORY).git.resolve(f"refs/heads/{first.branch}") == head


def test_a_verified_commit_on_a_branch_that_has_moved_is_refused_and_told(house: House) -> None:
    house.card("one", card("one", version="1"))
    house.config_text += "pull-requests: {commits: verified}\n"
    place = house.workplace()
    commit = place.forge.commit

    def after_a_person(branch: str, **how: Any) -> str:
        house.forge.commit(REPOSITORY, "main", {"note.md": b"x"}, "Note", author="robin")
        git = house.forge.repository(REPOSITORY).git
        git.run("update-ref", f"refs/heads/{branch}", "refs/heads/main")
        return commit(branch, **how)

    place.forge.commit = after_a_person  # type: ignore[method-assign]

    result = sync(place, dry_run=False, prune=False, progress=lambda _name, _count: None)

    assert [proposal.action for proposal in result.proposals] == ["leave"]
    assert "was not updated" in result.proposals[0].why
    assert house.hands().texts() == []


@pytest.mark.parametrize("forge_kind", ["github"])
def test_where_our_token_starts_no_workflows_the_text_says_who_starts_the_required_checks(
    house: House,
) -> None:
    house.bot = house.forge.add_user("github-actions", kind="Bot")
    house.forge.set_role(REPOSITORY, "github-actions[bot]", "write")
    house.config_text += "merge: {required-checks: [catalog]}\n"
    house.card("one", card("one"))

    (proposal,) = house.sync().proposals

    assert proposal.pull is not None
    assert "Approve workflows to run" in house.hands().text(proposal.pull.number)[1]
    assert house.sync().proposals[0].action == "unchanged"


def test_a_pause_stops_all_writes_and_says_who_paused(house: House) -> None:
    house.card("one", card("one"))
    mark = house.forge.log.mark()

    by_environment = sync(
        house.workplace(),
        dry_run=False,
        prune=False,
        progress=lambda _name, _count: None,
        environ={"CALLBOARD_PAUSED": "1"},
    )
    house.config_text += "pause: true\n"
    by_configuration = house.sync()

    assert by_environment.paused == "CALLBOARD_PAUSED in the environment"
    assert by_configuration.paused == "pause: true in callboard.yaml"
    assert [proposal.action for proposal in by_configuration.proposals] == ["open"]
    assert house.counts(mark).writes == house.counts(mark).pushes == 0


def test_the_label_on_the_dashboard_pauses(house: House) -> None:
    house.card("one", card("one"))
    forge = house.workplace().forge
    forge.open_issue("Dashboard", "All of it.", (DASHBOARD_LABEL, PAUSED_LABEL))
    mark = house.forge.log.mark()

    result = house.sync()

    assert result.paused is not None
    assert "dashboard" in result.paused
    assert house.counts(mark).writes == house.counts(mark).pushes == 0


def test_a_field_that_people_hand_back_gets_the_registrys_value(house: House) -> None:
    path = "models/one/catalog-info.yaml"
    house.card("one", card("one", owner="group:default/fraud"))
    house.land_everything()
    house.edit(path, house.read(path).replace("group:default/fraud", "group:default/people"))
    house.card("one", card("one", owner="group:default/risk"))
    (first,) = house.sync().proposals
    assert first.pull is not None
    assert "group:default/people" in house.read(path, first.branch)
    house.hands().comment(first.pull.number, "/regenerate spec.owner")

    (second,) = house.sync().proposals

    assert second.action == "update"
    assert "owner: group:default/risk" in house.read(path, second.branch)
    assert house.sync().proposals[0].action == "unchanged"


def test_what_was_ignored_is_not_proposed_again_until_somebody_wants_it_back(house: House) -> None:
    house.card("one", card("one", version="1"))
    (first,) = house.sync().proposals
    assert first.pull is not None
    house.hands().close(first.pull.number)
    house.hands().label(first.pull.number, IGNORED_LABEL)
    house.card("one", card("one", version="2"))

    (ignored,) = house.sync().proposals
    house.hands().label(first.pull.number, REOPENED_LABEL)
    (wanted,) = house.sync().proposals

    assert (ignored.action, wanted.action) == ("declined", "open")
    assert "/ignore" in ignored.why


@pytest.mark.parametrize("forge_kind", ["github"])
def test_a_label_that_the_forge_did_not_take_is_put_on_later_and_not_against_a_person(
    house: House, forge_kind: ForgeKind
) -> None:
    house.card("one", card("one"))
    house.forge.fail_next("issues/add-labels", 500)
    house.sync()
    assert house.hands().labels(1) == []

    house.sync()
    labeled = house.hands().labels(1)
    mark = house.forge.log.mark()
    house.sync()
    house.hands().unlabel(1, "model-catalog")
    house.sync()

    assert labeled == ["model-catalog"]
    assert house.hands().labels(1) == []
    assert house.counts(mark).pushes == 0
