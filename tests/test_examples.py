"""The example models: their ONNX files are what the script writes, their owners are in org.yaml."""

from __future__ import annotations

from pathlib import Path

import yaml

from callboard.model import Model
from callboard.resources import shipped
from callboard.sources.context import Context
from callboard.sources.files import Settings, list_models
from tools.write_example_onnx import files


def example_models() -> tuple[Model, ...]:
    settings = Settings(name="cards", path=Path("models"))
    return list_models(settings, Context(folder=shipped("examples"))).models


def test_the_onnx_files_are_those_that_the_script_writes() -> None:
    written = files()
    assert {path: shipped("examples", path).read_bytes() for path in written} == written
    assert all(len(content) < 50_000 for content in written.values())


def test_every_owner_of_an_example_is_in_the_organisation() -> None:
    entities = list(yaml.safe_load_all(shipped("examples", "org.yaml").read_text()))
    groups = {f"group:default/{e['metadata']['name']}" for e in entities if e["kind"] == "Group"}
    owners = {model.owner for model in example_models()}
    owners |= {e["spec"]["owner"] for e in entities if e["kind"] == "System"}
    assert owners == groups
