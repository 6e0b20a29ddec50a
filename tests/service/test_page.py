"""docs/serve.md names every key of the service's file, with its default, and its example is valid."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from callboard.service.events import GITHUB
from callboard.service.settings import load_service, service_schema

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "serve.md").read_text(encoding="utf-8")


def table(number: int) -> dict[str, str]:
    """The keys and defaults of one of its tables."""
    parts = TEXT.split("| Key | Default | Meaning |\n")[number].split("\n\n")[0]
    return {
        key: default.strip("`")
        for key, default in re.findall(r"^\| `([a-z-]+)` \| (.+?) \| ", parts, re.MULTILINE)
    }


def said(part: dict[str, Any]) -> dict[str, str]:
    required = part.get("required", [])
    return {
        key: "*required*" if key in required else shown(one.get("default"))
        for key, one in part["properties"].items()
    }


def shown(default: Any) -> str:
    if default is None:
        return "none"
    return default if isinstance(default, str) else json.dumps(default)


@pytest.mark.parametrize(("number", "name"), [(1, None), (2, "Served"), (3, "Server")])
def test_every_key_is_there_with_its_default(number: int, name: str | None) -> None:
    schema = service_schema()

    assert table(number) == said(schema["$defs"][name] if name else schema)


def test_the_example_is_valid() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)

    assert [one.place.forge for one in load_service(example, "serve.md").repositories] == ["github", "gitlab"]


def test_the_events_to_subscribe_to_are_those_that_are_read() -> None:
    (row,) = re.findall(r"^\| Events \| (.+?) \|", TEXT, re.MULTILINE)
    plural = {"push": "pushes", "issues": "issues", "status": "statuses", "repository": "repositories"}

    assert row.split(", ") == [plural.get(one, f"{one}s".replace("_", " ")) for one in ("push", *GITHUB)]
