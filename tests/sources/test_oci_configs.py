"""What the configurations of models say, whatever is wrong with them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.sources import oci_configs as configs
from callboard.sources import oci_records as records
from callboard.sources.cards import CardReading
from callboard.sources.content import content_of_known
from callboard.sources.oci_manifests import Manifest, documentation, license_layers, weights
from tests.contracts.oci_models import SCHEMAS

KINDS = ("modelpack", "modelkit", "docker-model", "ollama", "modelcar")
IMAGE = {
    "type": "object",
    "properties": {
        "created": {"type": "string"},
        "config": {
            "type": "object",
            "properties": {
                "Labels": {
                    "type": "object",
                    "properties": {
                        f"org.opencontainers.image.{name}": {"type": "string"}
                        for name in (
                            "title",
                            "description",
                            "authors",
                            "licenses",
                            "url",
                            "base.name",
                            "created",
                        )
                    },
                }
            },
        },
    },
}
wrong = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=5,
)


def said_by(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """What the schema allows, with anything at all in any place."""
    if schema.get("properties"):
        fields = {name: said_by(one) for name, one in schema["properties"].items() if one is not True}
        right: st.SearchStrategy[Any] = st.fixed_dictionaries({}, optional=fields)
    elif "items" in schema:
        right = st.lists(said_by(schema["items"]), max_size=3)
    elif schema.get("type") == "object":
        right = st.dictionaries(st.sampled_from(["general.license", "general.base_model.0.name"]), st.text())
    elif "enum" in schema:
        right = st.sampled_from(schema["enum"])
    else:
        right = st.booleans() if schema.get("type") == "boolean" else st.text(max_size=30)
    return st.one_of(right, right, right, right, wrong)


def manifest(*layers: str, **changes: Any) -> Manifest:
    def descriptor(media_type: str) -> dict[str, Any]:
        return {"mediaType": media_type, "digest": f"sha256:{'a' * 64}", "size": 5}

    said = {"config": descriptor("application/x"), "layers": [descriptor(one) for one in layers], **changes}
    return Manifest.model_validate(said)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_no_configuration_makes_a_record_that_cannot_be_written(kind: Any, data: st.DataObject) -> None:
    config = data.draw(said_by(SCHEMAS.get(kind, IMAGE)))
    body = json.dumps(config).encode()
    try:
        parsed = configs.parse_config(body)
    except ValueError:
        assert not isinstance(config, dict)
        return
    held = manifest(
        "application/vnd.kitops.modelkit.docs.v1.tar",
        "application/vnd.ollama.image.model",
        annotations={"org.opencontainers.image.created": data.draw(st.text(max_size=20))},
    )
    said, faults = configs.read_config(kind, parsed, held, "model:1")
    documentation(held, parsed)
    version = records.version_of("https://registry.example", "a/b", "sha256:x", kind, held, said, ())
    content = records.content_of(said, CardReading(), ())
    model = records.model_of("oci", "a/b", (version,), content, whole=not faults)
    assert json.loads(model.model_dump_json())["id"] == "a/b"
    assert content_of_known(model) == content
    assert list(model.properties) == sorted(model.properties)
    assert all(link.url.startswith(("https://", "http://")) for link in model.links)


def test_a_wrong_type_loses_only_its_field() -> None:
    config = {"descriptor": {"title": ["a"], "description": "Kept.", "createdAt": "soon"}, "config": "none"}
    said, faults = configs.read_config("modelpack", config, manifest(), "acme/m:1 (configuration)")
    assert said.description == "Kept."
    assert said.created_at is None
    assert {fault.what.partition(" ")[0] for fault in faults} == {
        "`config`", "`descriptor.createdAt`", "`descriptor.title`",
    }  # fmt: skip
    assert str(faults[0].place).startswith("acme/m:1 (configuration)")


@given(st.binary(max_size=300))
def test_any_text_of_a_license_is_one_line_at_most(text: bytes) -> None:
    said = configs.license_in(text)
    assert said is None or (said and "\n" not in said and len(said) <= 200)


def test_layers_are_told_by_their_types() -> None:
    docker = "application/vnd.docker.ai"
    held = manifest(f"{docker}.gguf.v3", f"{docker}.gguf.v3.lora", f"{docker}.license", f"{docker}.dir.tar")
    assert [one.media_type for one in weights(held, "docker-model")] == [
        f"{docker}.gguf.v3",
        f"{docker}.gguf.v3.lora",
    ]
    assert [one.media_type for one in license_layers(held)] == [f"{docker}.license"]
