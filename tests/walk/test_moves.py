"""A renamed repository or base branch takes its locations in Backstage along, and nobody else's."""

from __future__ import annotations

import subprocess
from dataclasses import replace

from callboard.walk.reconcile import reconcile
from callboard.walk.workplace import open_backstage
from tests.walk.house import REPOSITORY, House, card


def _targets(house: House) -> list[str]:
    settings = house.workplace().config.backstage
    assert settings is not None
    return sorted(one.target for one in open_backstage(settings, house.environ).locations())


def _landed(house: House) -> list[str]:
    for name in ("one", "two"):
        house.card(name, card(name))
    house.land_everything()
    return _targets(house)


def _rename_base(house: House) -> None:
    repository = house.forge.repository(REPOSITORY)
    subprocess.run(
        ["git", "-C", str(repository.git.path), "branch", "-m", "main", "trunk"], check=True, timeout=30
    )
    repository.default_branch = "trunk"
    house.catalog_text = "  base: trunk\n"


def test_what_is_registered_moves_with_a_renamed_base_branch(registered_house: House) -> None:
    before = _landed(registered_house)
    _rename_base(registered_house)

    result = registered_house.reconcile()
    mark = registered_house.forge.log.mark()
    again = registered_house.reconcile()

    assert [one.replace("/main/", "/trunk/") for one in before] == _targets(registered_house)
    assert result.registration is not None
    assert {one.state for one in result.registration.outcomes} == {"confirmed"}
    assert again.registration is not None
    assert (again.registration.outcomes, again.registration.unregistered) == ((), ())
    assert registered_house.counts(mark).writes == 0


def test_what_backstage_cannot_read_at_its_new_address_stays_where_it_was(registered_house: House) -> None:
    before = _landed(registered_house)
    registered_house.edit("models/one/catalog-info.yaml", "metadata: [\n")
    _rename_base(registered_house)

    registered_house.reconcile()

    assert _targets(registered_house) == [before[0], before[1].replace("/main/", "/trunk/")]


def test_the_locations_of_a_branch_that_is_still_there_stay(registered_house: House) -> None:
    before = _landed(registered_house)
    repository = registered_house.forge.repository(REPOSITORY)
    subprocess.run(
        ["git", "-C", str(repository.git.path), "branch", "staging", "main"], check=True, timeout=30
    )
    registered_house.catalog_text = "  base: staging\n"

    registered_house.reconcile()

    assert set(before) <= set(_targets(registered_house))


def test_what_another_repository_has_registered_stays_whatever_we_call_it(registered_house: House) -> None:
    house = registered_house
    _landed(house)
    text = house.read("models/one/catalog-info.yaml").replace("name: one", "name: elsewhere")
    house.forge.add_repository(
        "acme/other", files={"models/one/catalog-info.yaml": text.encode()}, collaborators={}
    )
    theirs = house.hands().blob_url("models/one/catalog-info.yaml").replace(REPOSITORY, "acme/other")
    settings = house.workplace().config.backstage
    assert settings is not None
    open_backstage(settings, house.environ).register(theirs)
    house.catalog_text = f"  formerly: [{house.forge.url}/acme/other]\n"

    house.reconcile()

    assert theirs in _targets(house)


def test_a_renamed_repository_is_followed_and_takes_its_locations_along(registered_house: House) -> None:
    house = registered_house
    before = _landed(house)
    house.forge.rename(REPOSITORY, "models")

    synced, passed = house.sync(), house.reconcile()
    mark = house.forge.log.mark()
    again = (house.sync(cache="other"), house.reconcile())

    assert [one.replace(REPOSITORY, "acme/models") for one in before] == _targets(house)
    assert synced.proposals == ()
    assert passed.registration is not None
    assert {one.state for one in passed.registration.outcomes} == {"confirmed"}
    assert again[0].proposals == ()
    assert house.counts(mark).writes == house.counts(mark).pushes == 0


def test_a_new_name_in_the_configuration_needs_the_former_one_to_move_locations(
    registered_house: House,
) -> None:
    house = registered_house
    before = _landed(house)
    house.forge.rename(REPOSITORY, "models")
    at_new_name = house.workplace().at("acme/models")
    catalog = at_new_name.config.catalog.model_copy(update={"formerly": (f"{house.forge.url}/{REPOSITORY}",)})
    config = at_new_name.config.model_copy(update={"catalog": catalog})
    settings = config.backstage
    assert settings is not None

    result = reconcile(
        replace(at_new_name, config=config),
        open_backstage(settings, house.environ),
        progress=lambda _text: None,
    )

    assert result.registration is not None
    assert {one.target for one in result.registration.unregistered} == set(before)
    assert [one.replace(REPOSITORY, "acme/models") for one in before] == _targets(house)
