"""A sandbox forge with a catalog repository and a bot, and a folder of model cards as the registry."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from callboard.config import ForgeKind
from callboard.sandbox.forge import SandboxForge
from tests.walk.house import House, card, found_catalog


@contextlib.contextmanager
def house(kind: ForgeKind = "github") -> Iterator[House]:
    """A house with no models yet, that proposes all new ones in one pull request."""
    with tempfile.TemporaryDirectory() as name, SandboxForge(Path(name) / "forge") as forge:
        bot, robin = found_catalog(forge, kind)
        found = House(forge, Path(name), bot, robin, kind=kind)
        found.config_text += "pull-requests: {group-by: all}\n"
        yield found


def add_models(at: House, numbers: Iterable[int]) -> None:
    """Write a card for each number; a model has five files in the catalog."""
    for number in numbers:
        name = f"model-{number}"
        at.card(name, card(name, body=f"# {name}\n\nSays what {name} says.\n"))
