"""What goes into one pull request of a real walk: imports, refreshes, and how many are opened when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from callboard.catalog import inputs, plan
from callboard.catalog.docs import render_docs
from callboard.walk.sync import SyncResult, sync
from tests.walk.house import House, card


def _sync(house: House, **more: Any) -> SyncResult:
    options: dict[str, Any] = {"dry_run": False, "prune": False, "environ": {}} | more
    return sync(house.workplace(), progress=lambda _name, _count: None, **options)


def _cards(house: House, count: int, **more: Any) -> None:
    for number in range(count):
        house.card(f"model-{number:03}", card(f"model-{number:03}", **more))


def _said(result: SyncResult) -> dict[str, list[str]]:
    """What is done with which groups; the slug says what a group is."""
    said: dict[str, list[str]] = {}
    for proposal in result.proposals:
        said.setdefault(proposal.action, []).append(proposal.group.slug)
    return said


def _silent(house: House, cache: str = "cache") -> bool:
    mark = house.forge.log.mark()
    house.sync(cache=cache)
    counts = house.counts(mark)
    return counts.writes == counts.pushes == 0


def _another_version(monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    """From now on a version of Callboard runs that writes pages with another word in them."""

    def rendered(*arguments: Any, **named: Any) -> dict[str, str]:
        pages = dict(render_docs(*arguments, **named))
        return pages | {"docs/index.md": f"{pages['docs/index.md'].rstrip()}\n\n{word}\n"}

    monkeypatch.setattr(plan, "render_docs", rendered)
    monkeypatch.setattr(inputs, "_writer", lambda: word)


def test_a_first_import_is_a_few_pull_requests_that_can_be_merged_and_a_second_sync_writes_nothing(
    house: House,
) -> None:
    house.config_text += "pull-requests: {limit: 12, models: 12}\n"
    _cards(house, 48)

    result = house.sync()

    assert 4 <= len(result.proposals) <= 12
    assert {proposal.action for proposal in result.proposals} == {"open"}
    assert all(len(proposal.group.changes) <= 12 for proposal in result.proposals)
    pulls = house.workplace().forge.open_pull_requests()
    assert len(pulls) == len(result.proposals)
    assert all(pull.paths_complete for pull in pulls)
    assert _silent(house, cache="other")
    for pull in pulls:
        house.approve(pull.number)
    assert {one.done for one in house.reconcile().handled} == {"merged"}
    assert house.sync().desired.changes == ()


def test_parts_of_an_import_are_landed_one_by_one_and_no_other_is_touched(house: House) -> None:
    house.config_text += "pull-requests: {limit: 4, models: 10}\n"
    _cards(house, 30)
    first = _said(house.sync())
    assert len(first["open"]) == 4
    done, *others = house.workplace().forge.open_pull_requests()
    house.approve(done.number)
    house.reconcile()
    house.card("late", card("late"))

    result = house.sync()

    heads = {pull.number: pull.head for pull in house.workplace().forge.open_pull_requests()}
    assert {pull.number: pull.head for pull in others}.items() <= heads.items()
    rest = [slug for slug in first["open"] if not done.head_ref.startswith(f"callboard/{slug}-")]
    assert _said(result) == {"unchanged": rest, "open": ["late"]}
    assert _silent(house)


def test_a_single_model_that_comes_while_an_import_is_open_has_its_own_pull_request(house: House) -> None:
    house.config_text += "pull-requests: {limit: 3}\n"
    _cards(house, 5)
    house.sync()
    house.card("late", card("late"))

    result = house.sync()

    assert _said(result) == {"unchanged": ["import-cards"], "open": ["late"]}
    assert _silent(house)


def test_an_import_that_people_closed_is_not_asked_about_model_by_model(house: House) -> None:
    house.config_text += "pull-requests: {limit: 3}\n"
    _cards(house, 5)
    (proposal,) = house.sync().proposals
    assert proposal.pull is not None
    house.hands().close(proposal.pull.number)

    assert _said(house.sync()) == {"declined": ["import-cards"]}


def test_another_version_proposes_nothing_until_it_is_asked_and_then_one_pull_request(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    _cards(house, 3)
    house.land_everything()
    _another_version(monkeypatch, "Newly worded.")

    quiet = house.sync()
    asked = _sync(house, refresh=True)

    assert (quiet.proposals, quiet.desired.reworded) == ((), 3)
    assert _said(asked) == {"open": ["refresh"]}
    assert asked.desired.reworded == 0
    (proposal,) = asked.proposals
    assert "Newly worded." in house.read("models/model-000/docs/index.md", proposal.branch)
    assert _silent(house)


def test_an_open_refresh_is_kept_up_to_date_without_being_asked_for_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    _cards(house, 2)
    house.land_everything()
    _another_version(monkeypatch, "Newly worded.")
    (first,) = _sync(house, refresh=True).proposals
    house.card("model-000", card("model-000", version="2"))
    _another_version(monkeypatch, "Worded once more.")

    result = house.sync()

    assert _said(result) == {"open": ["model-000"], "update": ["refresh"]}
    assert "Worded once more." in house.read("models/model-001/docs/index.md", first.branch)
    assert "Worded once more." in house.read(
        "models/model-000/docs/index.md", next(p.branch for p in result.proposals if p.action == "open")
    )
    assert _silent(house)


def test_what_the_configuration_says_anew_is_no_matter_of_wording(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.card("one", card("one"))
    house.land_everything()
    _another_version(monkeypatch, "Newly worded.")
    house.config_text += "defaults: {owner: group:default/ml-platform, system: other}\n"
    monkeypatch.setattr(House, "base_config", property(_without_defaults))

    result = house.sync()

    assert _said(result) == {"open": ["one"]}


def _without_defaults(house: House) -> str:
    text = f"catalog: {{repository: {house.forge.url}/acme/model-catalog, forge: {house.kind}, scope: test, "
    return text + "token: {env: FORGE_TOKEN}}\n"


def test_a_change_that_the_registry_took_back_is_closed_by_another_version_too(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.card("one", card("one", version="1"))
    house.land_everything()
    house.card("one", card("one", version="2"))
    house.sync()
    house.card("one", card("one", version="1"))
    _another_version(monkeypatch, "Newly worded.")

    result = house.sync()

    assert (result.proposals, len(result.obsolete)) == ((), 1)
    assert _silent(house)


def test_no_more_are_opened_within_an_hour_than_allowed_and_it_says_when_the_next_may_be(
    house: House,
) -> None:
    house.config_text += "pull-requests: {per-hour: 2}\n"
    _cards(house, 3)

    first = house.sync()
    for pull in house.workplace().forge.open_pull_requests():
        house.approve(pull.number)
    house.reconcile()
    again = house.sync()
    later = _sync(house, now=datetime.now(UTC) + timedelta(hours=2))

    assert [len(slugs) for slugs in _said(first).values()] == [2, 1]
    (waiting,) = again.proposals
    assert waiting.action == "wait"
    assert "per-hour" in waiting.why
    assert "from " in waiting.why
    assert _said(later) == {"open": [waiting.group.slug]}


def test_deletions_of_many_models_are_one_pull_request_by_source(house: House) -> None:
    house.config_text += "pull-requests: {group-by: source}\n"
    _cards(house, 4)
    house.land_everything()
    for number in range(3):
        (house.folder / "cards" / f"model-{number:03}.md").unlink()
    house.card("model-003", card("model-003", version="2"))

    result = house.sync()

    assert sorted(_said(result)["open"]) == ["cards", "delete-cards"]


@pytest.mark.parametrize("by", ["owner", "system"])
def test_an_edited_owner_decides_where_a_model_goes(house: House, by: str) -> None:
    house.config_text += f"pull-requests: {{group-by: {by}}}\n"
    _cards(house, 2)
    house.land_everything()
    path = "models/model-000/catalog-info.yaml"
    text = house.read(path)
    house.edit(
        path, text.replace("group:default/fraud", "group:default/risk").replace("system: ai", "system: x")
    )
    _cards(house, 2, version="2")

    result = house.sync()

    expected = {"owner": ["fraud", "risk"], "system": ["ai", "x"]}[by]
    assert sorted(_said(result)["open"]) == expected
