"""The lifecycle follows from states, stages, aliases and tags, by a table that people can edit."""

from __future__ import annotations

from typing import Any

import pytest

from callboard.config_models import Lifecycles
from callboard.model import Model, Version
from callboard.sources.lifecycle import lifecycle_of, lifecycle_table

SHIPPED = lifecycle_table(Lifecycles())


def model(*versions: Version, **said: Any) -> Model:
    return Model.model_validate({"source": "prod", "id": "1", "name": "one", "versions": versions, **said})


def version(state: str | None = None, *aliases: str, **tags: str) -> Version:
    return Version(name="1", state=state, aliases=aliases, tags=tags)


@pytest.mark.parametrize(
    ("found", "lifecycle"),
    [
        (model(), None),
        (model(version("READY"), state="LIVE"), None),
        (model(version("READY", "champion")), "production"),
        (model(version("Staging"), version("Production"), version("Archived")), "production"),
        (model(version("READY", "challenger"), version("candidate")), "staging"),
        (model(version("READY"), version("Archived")), None),
        (model(version("Archived"), version("archived")), "archived"),
        (model(version("Archived"), version("deprecated")), "deprecated"),
        (model(version(None, stage="pre_production")), "staging"),
        (model(version("Production"), state="ARCHIVED"), "archived"),
        (model(version("Production"), properties={"stage": "Draft"}), "experimental"),
        (model(version("Production"), lifecycle="sunset"), "sunset"),
        (model(lifecycle="Retired"), "archived"),
    ],
)
def test_what_registries_say_is_one_lifecycle(found: Model, lifecycle: str | None) -> None:
    assert lifecycle_of(found, SHIPPED) == lifecycle


def test_people_name_words_tags_and_the_order_of_their_own() -> None:
    own = {
        "words": {"gold": "certified", "champion": None, "prod": "production"},
        "tags": ["tier"],
        "order": ["certified", "production"],
    }
    table = lifecycle_table(Lifecycles.model_validate(own))

    assert lifecycle_of(model(version("Production"), version(None, tier="Gold")), table) == "certified"
    assert lifecycle_of(model(version(None, "champion")), table) is None
    assert lifecycle_of(model(version(None, stage="production")), table) is None
    assert lifecycle_of(model(version("staging"), version("experimental")), table) == "experimental"
