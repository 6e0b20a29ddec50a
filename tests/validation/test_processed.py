"""What Backstage makes of entities first, with its AI module and without; the real one is asked elsewhere."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner

from callboard.cli.validate import validate
from callboard.validation.addresses import is_url
from callboard.validation.processed import processed, without_ai_model


def entity(kind: str = "Component", metadata: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": "n", **(metadata or {})}, "spec": spec}


@pytest.mark.parametrize("nothing", [None, "", 0, False, float("nan")])
def test_annotations_that_are_nothing_are_none(nothing: object) -> None:
    assert processed(entity(metadata={"annotations": nothing}))["metadata"] == {
        "name": "n",
        "annotations": {},
    }


@pytest.mark.parametrize("wrong", [[], 1, "a", float("inf")])
def test_annotations_that_are_something_else_stay(wrong: object) -> None:
    one = entity(metadata={"annotations": wrong})
    assert processed(one) is one


def test_where_an_entity_is_from_is_not_its_own_to_say() -> None:
    annotations = {"backstage.io/managed-by-location": 1, "a": "b"}
    assert processed(entity(metadata={"annotations": annotations}))["metadata"]["annotations"] == {"a": "b"}


def test_without_the_ai_module_less_is_known() -> None:
    assert [one.code for one in without_ai_model(entity("AiResource"))] == ["unknown-kind"]
    server = entity("API", type="mcp-server")
    assert processed(server) is server
    assert processed(server, ai_model=False)["spec"] == {"type": "any"}


@pytest.mark.parametrize(
    ("value", "places"),
    [
        (None, []),
        ("component:a", []),
        ({"$text": "./a"}, []),
        (["a:b", {"$text": "./a"}, {"text": "./a"}], [("spec", "dependencyOf", 2)]),
        (5, [("spec", "dependencyOf")]),
        (
            ["a:b", 1, {"kind": "a", "name": "b"}, {"name": "b"}],
            [("spec", "dependencyOf", 1), ("spec", "dependencyOf", 3)],
        ),
    ],
)
def test_without_the_ai_module_any_value_is_taken_for_a_reference(value: Any, places: list[Any]) -> None:
    assert [one.path for one in without_ai_model(entity(dependencyOf=value))] == places


def test_the_command_judges_as_a_catalog_without_the_ai_module() -> None:
    text = (
        "apiVersion: backstage.io/v1alpha1\nkind: API\nmetadata: {name: n}\n"
        "spec: {type: mcp-server, lifecycle: l, owner: o, remotes: [{type: sse, url: u}]}\n"
    )
    assert CliRunner().invoke(validate, ["-"], input=text).exit_code == 0
    refused = CliRunner().invoke(validate, ["--without-ai-model", "-"], input=text)
    assert (refused.exit_code, "spec.definition is missing" in refused.output) == (1, True)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "https://a",
            "http:a",
            "https://[::1]:80",
            "x:",
            "x:///a",
            "file:///c:/x",
            "https://é.example",
            "a:b",
        ),
        *("https://1.2.3", "https://0x1.2", "https://a%20", "https://xn--bcher-kva.example", " https://a "),
        *("https://$.xn--abc-", "https://xn---9a", "https://xn--strae-oqa"),
    ],
)
def test_addresses_that_are_urls(text: str) -> None:
    assert is_url(text) == (text != "https://a%20")


@pytest.mark.parametrize(
    "text",
    [
        *("", "a", "//a", "http://", "https://a:99999", "https://a b", "https://[::g]", "x://a<b", "x://:80"),
        *(
            "https://1.2.3.256",
            "https://1.2.3.4.5",
            "https://a:b",
            "https://@/",
            "file://a:80/",
            "https://\ufffd",
        ),
        *("https://xn--b-kva", "https://xn--b1b", "https://xn--"),
        *("https://xn--a", "x://[1]", "https://256.1", "https://0x1g.1"),
    ],
)
def test_addresses_that_are_none(text: str) -> None:
    assert not is_url(text)
