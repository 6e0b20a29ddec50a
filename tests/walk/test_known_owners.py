"""Owners are checked against a real catalog API; what it does not know is a finding and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from callboard.config import Config
from callboard.model import Listing, Model
from callboard.walk.known_owners import check_owners, models_by_owner, unknown_owners
from tests.walk.house import House, card

only_backstage_matters = pytest.mark.parametrize("forge_kind", ["github"])


def config(**more: Any) -> Config:
    return Config.model_validate({"sources": [{"name": "cards", "type": "files"}], **more})


def listing(*owners: str | None) -> Listing:
    models = [
        Model(source="cards", id=str(number), name=f"m{number}", owner=owner)
        for number, owner in enumerate(owners)
    ]
    return Listing(source="cards", models=tuple(models), complete=True)


def test_owners_are_those_that_the_entities_will_have() -> None:
    owned = models_by_owner(config(), [listing("group:default/Fraud", "fraud", "Not a reference", None)])

    assert owned == {
        "group:default/fraud": ["cards: m0", "cards: m1"],
        "group:default/ml-platform": ["cards: m2", "cards: m3"],
    }


def test_an_unknown_owner_is_told_once_with_some_of_its_models() -> None:
    (said,) = unknown_owners({"group:default/x": [f"cards: m{number}" for number in range(5)]})

    assert said.severity == "warning"
    assert said.what == (
        "Backstage does not know the owner group:default/x of cards: m0, cards: m1, cards: m2 and 2 more"
    )


def test_without_backstage_or_without_its_token_in_this_run_nothing_is_asked() -> None:
    there = config(backstage={"url": "http://127.0.0.1:9", "token": {"env": "BS_TOKEN"}})

    assert check_owners(config(), [listing("group:default/x")], {}) == ()
    assert check_owners(there, [listing("group:default/x")], {}) == ()


@only_backstage_matters
def test_a_backstage_that_refuses_is_told_and_stops_nothing(registered_house: House) -> None:
    assert registered_house.catalog is not None
    url = registered_house.catalog.url
    there = config(backstage={"url": url, "token": {"env": "BS_TOKEN"}})

    (said,) = check_owners(there, [listing("group:default/x")], {"BS_TOKEN": "wrong"})

    assert said.severity == "warning"
    assert said.what.startswith("the owners of models were not checked: ")


@only_backstage_matters
def test_a_sync_tells_owners_that_backstage_does_not_know_and_proposes_the_same(
    registered_house: House,
) -> None:
    registered_house.card("one", card("one", owner="group:default/nobody"))

    silent = registered_house.sync(dry_run=True)
    told = registered_house.sync(dry_run=True, environ=registered_house.environ)

    new = [one for one in told.desired.findings if one not in silent.desired.findings]
    assert [one.what for one in new] == [
        "Backstage does not know the owner group:default/nobody of cards: one"
    ]
    assert told.desired.changes == silent.desired.changes
