"""Promotions while all around them changes: registries, configurations and people, on real branches."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.walk.house import House

STAGES = "promotion: [{name: production}]\n"
SOURCE = "sources: [{name: cards, type: files, path: cards}]\n"


def _card(house: House, name: str, *versions: str, production: str, tag: str = "tabular") -> None:
    lines = [
        f"  - {{version: '{one}', aliases: [{'production' if one == production else ''}]}}"
        for one in versions
    ]
    text = "\n".join(["---", f"name: {name}", "license: mit", f"tags: [{tag}]", "versions:", *lines])
    house.card(name, f"{text}\n---\n# {name}\n\nSays what {name} says.\n")


def _said(house: House) -> dict[str, str]:
    """What a sync does about each group, by its branch without the digest."""
    return {one.group.slug: one.action for one in house.sync().proposals}


def _silent(house: House) -> bool:
    mark = house.forge.log.mark()
    result = house.sync()
    counts = house.counts(mark)
    return counts.writes == counts.pushes == 0 and not result.obsolete


def test_a_refused_promotion_stays_refused_whatever_else_changes_until_another_version_comes(
    house: House,
) -> None:
    house.config_text = SOURCE + STAGES
    _card(house, "fraud", "1", production="1")
    house.land_everything()
    (refused,) = house.sync().proposals
    assert refused.pull is not None
    house.hands().close(refused.pull.number)
    _card(house, "fraud", "1", production="1", tag="other")
    house.land_everything()

    still = _said(house)
    quiet = _silent(house)
    _card(house, "fraud", "2", "1", production="2", tag="other")
    house.land_everything()
    (another,) = house.sync().proposals

    assert (still, quiet) == ({"promote-fraud": "declined"}, True)
    assert (another.group.slug, another.action) == ("promote-fraud", "open")


@pytest.mark.parametrize("forge_kind", ["github"])
def test_an_open_promotion_stays_as_it_is_whatever_becomes_of_its_source(house: House) -> None:
    house.config_text = SOURCE + STAGES + "pull-requests: {group-by: all, limit: 1}\n"
    _card(house, "fraud", "1", production="1")
    _card(house, "churn", "1", production="1")
    house.land_everything()
    first = _said(house)
    waiting = _silent(house)
    cards: Path = house.folder / "cards"

    cards.rename(house.folder / "elsewhere")
    silent = _silent(house)
    (house.folder / "elsewhere").rename(cards)
    house.config_text = house.config_text.replace("path: cards", "path: cards, select: {exclude: ['*r*']}")
    deselected = _silent(house)
    renamed = SOURCE.replace("name: cards", "name: other, formerly: [cards]")
    house.config_text = renamed + STAGES + "pull-requests: {group-by: all, limit: 1}\n"
    moved = _silent(house)
    house.config_text = renamed + "pull-requests: {group-by: all, limit: 1}\n"
    (closed,) = house.sync().obsolete
    house.sync()

    assert first == {"promote-churn": "open", "promote-fraud": "wait"}
    assert [waiting, silent, deselected, moved] == [True] * 4
    assert closed.why == ("What the registry says now is proposed on another branch.",)
    assert _silent(house)


@pytest.mark.parametrize("forge_kind", ["gitlab"])
def test_who_commits_to_a_promotion_or_writes_what_it_says_by_hand_is_not_overruled(house: House) -> None:
    house.config_text = SOURCE + STAGES
    _card(house, "fraud", "1", production="1")
    house.land_everything()
    (promotion,) = house.sync().proposals
    assert promotion.pull is not None
    path = "models/fraud/catalog-info.yaml"
    number = promotion.pull.number
    house.edit(
        path, house.read(path, promotion.branch).replace("-version: '1'", "-version: mine"), promotion.branch
    )
    house.approve(number)
    house.hands().comment(number, "/callboard merge")

    (handled,) = house.reconcile().handled
    left_alone = _silent(house)
    house.hands().merge(number)
    house.reconcile()
    merged = house.read(path)
    after = _silent(house)
    _card(house, "fraud", "2", "1", production="2")
    house.land_everything()
    (next_one,) = house.sync().proposals

    assert handled.done != "merged"
    assert "approvals-missing" in [one.code for one in handled.verdict.reasons]
    assert (left_alone, after) == (True, True)
    assert "production-version: mine" in merged
    assert "production-version: mine" in house.read(path, next_one.branch)
    assert [one.field for one in next_one.group.changes[0].change.kept] == [
        'metadata.annotations["callboard.dev/production-version"]'
    ]
