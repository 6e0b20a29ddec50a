from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from callboard.redaction import Secret
from callboard.sandbox.catalog import running
from callboard.sandbox.forge import SandboxForge
from tests.walk.house import REPOSITORY, House


@pytest.fixture
def house(forge: SandboxForge, tmp_path: Path) -> House:
    """A forge with an empty catalog repository; Backstage is not configured."""
    bot, robin = forge.add_user("callboard", kind="Bot"), forge.add_user("robin")
    forge.add_repository(
        REPOSITORY,
        files={"README.md": b"hello\n"},
        collaborators={"robin": "write", "callboard[bot]": "write"},
    )
    (tmp_path / "cards").mkdir()
    return House(forge, tmp_path, bot, robin)


@pytest.fixture
def registered_house(house: House) -> Iterator[House]:
    """The same with a catalog to register with."""
    with running(
        forge_url=house.forge.url, forge_api_url=house.forge.api_url, forge_token=Secret(house.bot)
    ) as catalog:
        house.catalog = catalog
        yield house
