"""The main job on GitLab: a real Backstage reads what was merged through its own GitLab integration."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from callboard.sandbox.forge import SandboxForge
from callboard.walk.workplace import open_backstage
from tests.servers.backstage import GitLab, running
from tests.walk.house import ONE_SOURCE, REPOSITORY, House, card


@pytest.fixture
def house(forge: SandboxForge, tmp_path: Path) -> Iterator[House]:
    robin = forge.add_user("robin")
    forge.add_repository(REPOSITORY, files={"README.md": b"hello\n"}, collaborators={"robin": "write"})
    bot = forge.add_project_token(REPOSITORY, role="write", name="callboard")
    (tmp_path / "cards").mkdir()
    with running(tmp_path, forge=GitLab(forge.url, bot)) as backstage:
        settings = f"backstage: {{url: '{backstage.url}', token: {{env: BS_TOKEN}}, confirm-within: 90}}\n"
        yield House(
            forge,
            tmp_path,
            bot,
            robin,
            config_text=ONE_SOURCE + settings,
            tokens={"BS_TOKEN": backstage.token},
            kind="gitlab",
        )


def test_merge_requests_become_entities_that_backstage_reads_from_gitlab_itself(house: House) -> None:
    for name in ("one", "two"):
        house.card(name, card(name))
    house.land_everything()
    house.card("one", card("one", version="2"))
    (changed,) = house.sync().proposals
    assert changed.pull is not None
    house.approve(changed.pull.number)

    landed = house.reconcile()
    mark = house.forge.log.mark()
    again = (house.sync(cache="fresh"), house.reconcile())

    assert landed.registration is not None
    assert {one.state for one in landed.registration.outcomes} == {"confirmed"}
    assert again[0].proposals == ()
    assert house.counts(mark).writes == house.counts(mark).pushes == 0
    assert house.forge.log.counts().unimplemented == 0


def test_backstage_reads_gitlab_with_a_pattern_too(house: House) -> None:
    house.card("one", card("one"))
    (proposal,) = house.sync().proposals
    assert proposal.pull is not None
    house.hands().merge(proposal.pull.number)
    settings = house.workplace().config.backstage
    assert settings is not None

    read = open_backstage(settings, house.environ).dry_run(
        house.hands().blob_url("models/*/catalog-info.yaml")
    )

    assert read.problem is None
    assert [entity["metadata"]["name"] for entity in read.entities if entity["kind"] == "Resource"] == ["one"]
