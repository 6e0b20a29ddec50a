"""GitHub Models: what is said of it now, and a catalog that was saved while it lived."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from callboard.config import Select
from callboard.model import Listing, Model
from callboard.sources.context import Context
from callboard.sources.github_models import Settings, list_models
from tests.contracts.compact import Compact
from tests.sources.wrong_types import spoiled

CONTRACT = Compact("github-models.schema.json")
GPT: dict[str, Any] = {
    "id": "openai/gpt-4.1",
    "name": "OpenAI GPT-4.1",
    "publisher": "OpenAI",
    "registry": "azure-openai",
    "summary": "A model for many purposes",
    "html_url": "https://github.com/marketplace/models/azure-openai/gpt-4-1",
    "version": "2025-04-14",
    "capabilities": ["streaming", "tool-calling"],
    "limits": {"max_input_tokens": 1048576, "max_output_tokens": 32768},
    "rate_limit_tier": "high",
    "supported_input_modalities": ["text", "image", "audio"],
    "supported_output_modalities": ["text"],
    "tags": ["multipurpose", "multilingual"],
}


def read(folder: Path, said: Any, **settings: Any) -> Listing:
    folder.joinpath("saved.json").write_bytes(said if isinstance(said, bytes) else json.dumps(said).encode())
    return list_models(
        Settings(name="former", type="github-models", path=Path("saved.json"), **settings), Context(folder)
    )


def test_without_a_saved_catalog_it_says_what_to_use_instead() -> None:
    listing = list_models(Settings(name="former", type="github-models"), Context(Path.cwd()))
    assert (listing.models, listing.complete) == ((), False)
    (problem,) = listing.problems
    assert "retired on 2026-07-30" in problem.what
    assert "openai" in problem.hint


def test_a_saved_catalog_is_read(tmp_path: Path) -> None:
    assert CONTRACT.shape_errors("Catalog", [GPT]) == []
    listing = read(tmp_path, [GPT, {"id": "acme/tiny"}, GPT])
    assert (listing.complete, listing.problems, listing.unread) == (True, (), ())
    tiny, gpt = listing.models
    assert tiny.versions == ()
    assert (gpt.id, gpt.name, gpt.title, gpt.provider) == (GPT["id"], GPT["id"], GPT["name"], "OpenAI")
    assert (gpt.description, gpt.capabilities) == (GPT["summary"], ("streaming", "tool-calling"))
    assert [version.name for version in gpt.versions] == ["2025-04-14"]
    assert gpt.properties == {
        "registry": "azure-openai",
        "rate-limit-tier": "high",
        "max-input-tokens": "1048576",
        "max-output-tokens": "32768",
        "input-modalities": "text, image, audio",
        "output-modalities": "text",
    }
    assert gpt.links[0].url == GPT["html_url"]
    assert gpt.endpoints == ()


def test_only_selected_models_are_read(tmp_path: Path) -> None:
    listing = read(tmp_path, [GPT, {"id": "acme/tiny"}], select=Select(include=("ACME/*",)))
    assert [model.id for model in listing.models] == ["acme/tiny"]
    assert listing.complete


@pytest.mark.parametrize(
    "said", [b"", b"{", {"models": []}, b"[" * 100_000, b"\xff\xfe", b"null", b"[1e999", "text"]
)
def test_what_is_no_catalog_is_said(tmp_path: Path, said: Any) -> None:
    listing = read(tmp_path, said)
    assert (listing.models, listing.complete) == ((), False)
    assert "no JSON array" in listing.problems[0].what


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    listing = list_models(
        Settings(name="former", type="github-models", path=tmp_path / "gone.json"), Context(tmp_path)
    )
    assert "No such file" in listing.problems[0].what
    (tmp_path / "folder").mkdir()
    listing = list_models(
        Settings(name="former", type="github-models", path=Path("folder")), Context(tmp_path)
    )
    assert (listing.complete, len(listing.problems)) == (False, 1)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callboard.sources.github_models.LARGEST", 100)
    assert not read(tmp_path, [GPT]).complete


def test_an_empty_catalog_is_not_taken_for_an_empty_registry(tmp_path: Path) -> None:
    listing = read(tmp_path, [])
    assert (listing.complete, listing.problems[0].severity) == (False, "warning")


def test_an_entry_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    listing = read(tmp_path, [GPT, {"id": 1.5e400}, "text", {"id": "acme/x", "version": {"a": 1}}])
    assert [model.id for model in listing.models] == [GPT["id"]]
    assert (listing.complete, listing.unread) == (False, ("acme/x",))
    assert len(listing.problems) == 3


@given(entry=spoiled(GPT))
def test_wrong_types_lose_only_themselves(tmp_path_factory: pytest.TempPathFactory, entry: Any) -> None:
    folder = tmp_path_factory.mktemp("saved")
    listing = read(folder, [entry, {"id": "acme/tiny"}])
    assert "acme/tiny" in [model.id for model in listing.models]
    assert len(listing.models) + len(listing.unread) == 2 or not listing.complete
    assert all(Model.model_validate(model.model_dump()) == model for model in listing.models)
    assert read(folder, [entry, {"id": "acme/tiny"}]) == listing
