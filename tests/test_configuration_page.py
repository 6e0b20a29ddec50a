"""docs/configuration.md names every key of callboard.yaml, with its default, and none that does not exist."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from callboard.config_schema import config_schema
from callboard.sources.registry import SOURCE_TYPES, source_type

PAGE = Path(__file__).resolve().parent.parent / "docs" / "configuration.md"
SCHEMA = config_schema({name: source_type(name).settings for name in SOURCE_TYPES})
REMOTE = {"url", "token", "username", "password", "ca-bundle", "insecure-skip-tls-verify"}
COMMON = {"name", "type", "formerly", "select", "owner", "timeout", "time-limit"}
REQUIRED = "*required*"


def tables() -> list[dict[str, str]]:
    """The tables of keys in the order of the page: key to default, as written there."""
    found: list[dict[str, str]] = []
    inside = False
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line == "| Key | Default | Meaning |":
            found.append({})
            inside = True
        elif not line.startswith("|"):
            inside = False
        elif inside and (row := re.fullmatch(r"\| `([a-z-]+)` \| (.+?) \| (.+) \|", line)):
            found[-1][row[1]] = row[2].strip("`")
        else:
            assert re.fullmatch(r"[|-]+", line) or not inside, line
    return found


def said(properties: dict[str, Any], required: list[str]) -> dict[str, str]:
    """The same from the schema."""
    return {
        key: REQUIRED if key in required else _shown(one.get("default")) for key, one in properties.items()
    }


def _shown(default: Any) -> str:
    if default is None:
        return "none"
    return default if isinstance(default, str) else json.dumps(default)


def part(name: str) -> dict[str, str]:
    definition = SCHEMA["$defs"][name]
    return said(definition["properties"], definition.get("required", []))


def source(name: str) -> dict[str, str]:
    return part(f"callboard__sources__{name.replace('-', '_')}__Settings")


def own(name: str, *, shared: set[str]) -> dict[str, str]:
    """The keys that only this source has."""
    return {key: default for key, default in source(name).items() if key not in shared}


def test_every_part_of_the_configuration_has_its_heading() -> None:
    headings = re.findall(r"^##+ (.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)

    assert set(SCHEMA["properties"]) <= set(headings)
    assert set(SOURCE_TYPES) <= set(headings)


def test_every_key_is_there_with_its_default() -> None:
    common = {key: default for key, default in source("mlflow").items() if key in COMMON}
    common |= {"select": "all"}  # which is what the next table says
    remote = {key: default for key, default in source("mlflow").items() if key in REMOTE}

    assert tables() == [
        part("Catalog"),
        part("App"),
        part("Defaults"),
        common,
        part("Select"),
        part("Words"),
        remote,
        own("files", shared=COMMON),
        own("oci", shared=COMMON | REMOTE) | {"tags": "all"},  # which is what the next table says
        part("Tags"),
        own("huggingface", shared=COMMON | REMOTE),
        own("kubeflow", shared=COMMON | REMOTE),
        own("kserve", shared=COMMON | REMOTE),
        own("threescale", shared=COMMON | REMOTE),
        own("rest", shared=COMMON | REMOTE),
        own("github-models", shared=COMMON),
        part("Tasks"),
        part("TaskRow"),
        part("SignatureRow"),
        part("NamedRow"),
        part("Lifecycles"),
        part("Links"),
        part("PullRequests"),
        part("Merge"),
        part("RequiredCheck"),
        part("TextRule"),
        part("QuietHours"),
        part("Stage"),
        part("Threshold"),
        part("Backstage"),
        part("SecretReference"),
    ]


@pytest.mark.parametrize("name", SOURCE_TYPES)
def test_the_sources_share_what_the_page_says_that_they_share(name: str) -> None:
    keys = set(source(name))

    assert keys >= COMMON
    assert keys >= REMOTE or not keys & REMOTE
    assert name != "mlflow" or keys == COMMON | REMOTE


@pytest.mark.parametrize("name", SOURCE_TYPES)
def test_every_type_of_source_has_a_page_with_an_example_that_is_valid(name: str) -> None:
    import yaml

    from callboard.config_file import load_config

    text = (PAGE.parent / "sources" / f"{name}.md").read_text(encoding="utf-8")
    examples = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)

    examples = [one for one in examples if re.search(r"^sources:", one, re.MULTILINE)]
    assert examples
    for example in examples:
        assert isinstance(yaml.safe_load(example), dict)
        config = load_config(example, "example", lambda kind: source_type(kind).settings, SOURCE_TYPES)
        assert {one.type for one in config.sources} == {name}
