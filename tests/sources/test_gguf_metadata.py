"""What a GGUF file's metadata says is taken as far as it is of use."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.sources import gguf_metadata as gguf

VALUES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text() | st.integers())
)
KEYS = st.sampled_from([
    "general.license", "general.license.name", "general.license.link", "general.organization",
    "general.author", "general.base_model.0.name", "general.base_model.0.repo_url",
    "general.base_model.1.name",
    "general.dataset.0.name", "general.datasets", "general.url", "general.repo_url", "general.languages",
])  # fmt: skip


@pytest.mark.parametrize(
    ("metadata", "full_text", "named", "name"),
    [
        ({"general.license": "llama3.2", "general.license.name": "Llama 3.2"}, "", "llama3.2", "Llama 3.2"),
        ({"general.license": "mit"}, "MIT License\n\nCopyright", "mit", "MIT License"),
        ({}, "MIT License\n\nCopyright (c) 2025", "MIT", "MIT License"),
        ({}, "\n  Apache License\n  Version 2.0, January 2004\n", "Apache-2.0", "Apache License"),
        ({}, "Apache License\nVersion 1.1\n", "Apache License", None),
        (
            {},
            "\n\nLLAMA 3.2 COMMUNITY LICENSE AGREEMENT\nmore",
            "LLAMA 3.2 COMMUNITY LICENSE AGREEMENT",
            None,
        ),
    ],
)
def test_a_license_is_what_the_metadata_or_else_the_text_names(
    metadata: dict[str, Any], full_text: str, named: str, name: str | None
) -> None:
    found = gguf.license_of(metadata, full_text)
    assert found is not None
    assert (found.id, found.name) == (named, name)


def test_no_license_is_none() -> None:
    assert gguf.license_of({"general.license": []}, " \n") is None


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://huggingface.co/meta-llama/Llama-3.2-3B", "meta-llama/Llama-3.2-3B"),
        ("https://huggingface.co/datasets/acme/reviews/", "acme/reviews"),
        ("hf.co/acme/Fraud-GGUF", "acme/Fraud-GGUF"),
        ("https://huggingface.co/acme", None),
        ("https://huggingface.co.evil.example/a/b", None),
        ("https://huggingface.co/a/b/tree/main", None),
        ("acme/fraud", None),
    ],
)
def test_only_an_address_on_the_hub_is_one_of_its_models(address: str, expected: str | None) -> None:
    assert gguf.hub_id(address) == expected


def test_base_models_and_datasets_are_numbered() -> None:
    found = gguf.lineage_of(
        {
            "general.base_model.0.name": "Base",
            "general.base_model.1.repo_url": "https://huggingface.co/acme/other",
            "general.base_model.3.name": "Not reached",
            "general.datasets": ["acme/data", 7, {}],
        },
        "parent:1b",
        "Base",
    )
    assert found.base_models == ("Base", "acme/other", "parent:1b")
    assert found.datasets == ("acme/data", "7")


@given(metadata=st.dictionaries(KEYS, VALUES), full_text=st.text())
def test_whatever_a_file_says_nothing_raises(metadata: dict[str, Any], full_text: str) -> None:
    license_ = gguf.license_of(metadata, full_text)
    assert license_ is None or license_.id
    assert all(gguf.lineage_of(metadata).base_models)
    assert all(link.url.startswith(("http://", "https://")) for link in gguf.links_of(metadata))
    assert gguf.provider_of(metadata) != ""
    assert all(len(word) <= gguf.LONGEST for word in gguf.texts(metadata.get("general.languages")))
