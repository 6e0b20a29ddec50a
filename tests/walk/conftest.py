from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from callboard.config import ForgeKind
from callboard.redaction import Secret
from callboard.sandbox.catalog import running
from callboard.sandbox.forge import SandboxForge
from tests.walk.house import House, found_catalog


@pytest.fixture(params=["github", "gitlab"])
def forge_kind(request: pytest.FixtureRequest) -> ForgeKind:
    """Every behaviour is the same on both. What only one of them has names it by parametrizing this."""
    kind: ForgeKind = request.param
    return kind


@pytest.fixture
def house(forge: SandboxForge, tmp_path: Path, forge_kind: ForgeKind) -> House:
    """A forge with an empty catalog repository; Backstage is not configured."""
    bot, robin = found_catalog(forge, forge_kind)
    (tmp_path / "cards").mkdir()
    return House(forge, tmp_path, bot, robin, kind=forge_kind)


@pytest.fixture
def registered_house(house: House) -> Iterator[House]:
    """The same with a catalog to register with."""
    with running(
        forge_url=house.forge.url, forge_api_url=house.forge.api_url, forge_token=Secret(house.bot)
    ) as catalog:
        house.catalog = catalog
        yield house
