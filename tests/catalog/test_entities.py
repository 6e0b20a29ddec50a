"""Models as Backstage entities: valid whatever a registry says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.catalog.entities import Placement, model_server, owner_reference, safe_url
from callboard.catalog.identity import Key
from callboard.documents.reader import read_documents
from callboard.documents.writer import dump
from callboard.model import Artifact, Endpoint, License, Link, Model, Version
from callboard.validation.check import OWN_OUTPUT, validate_files

KEY = Key("acme/models", "cards", "fraud")
PLACE = Placement(KEY, "fraud", "group:default/ml", "experimental", None)
NASTY = [
    "../../etc/passwd",
    "a: b # c",
    "{{ 7*7 }}",
    "${{ secrets.X }}",
    "nul\x00inside",
    "'\"`",
    "\u202egnp.exe",
    "- item",
    "yes",
    "1e5",
    "\ud800",
    "x" * 5000,
    "<script>alert(1)</script>",
    "@everyone Fixes #1",
]


def _model(**changes: object) -> Model:
    return Model.model_validate({"source": "cards", "id": "fraud", "name": "fraud", **changes})


def test_a_registered_model_is_a_resource_and_nothing_else() -> None:
    (resource,) = model_server(_model(), PLACE)

    assert (resource["kind"], resource["spec"]["type"]) == ("Resource", "ai-model")


def test_a_served_model_is_a_resource_a_component_and_an_api_that_refer_to_each_other() -> None:
    endpoint = Endpoint(url="https://models.example/fraud", protocol="openai-v1", needs_key=True, version="3")

    resource, component, api = model_server(_model(endpoints=[endpoint]), PLACE)

    assert resource["spec"]["dependencyOf"] == ["component:default/fraud"]
    assert component["spec"]["providesApis"] == ["fraud"]
    assert component["spec"]["dependsOn"] == ["resource:default/fraud"]
    assert component["metadata"]["annotations"]["callboard.dev/deployment-version"] == "3"
    assert "auth-required" in api["metadata"]["tags"]
    assert "https://models.example/fraud" in api["spec"]["definition"]


@pytest.mark.parametrize(("protocol", "name"), [("+", "fraud-api"), ("c++", "fraud-c"), ("a:b", "fraud-a-b")])
def test_an_api_s_name_ends_as_backstage_asks_for(protocol: str, name: str) -> None:
    endpoints = [Endpoint(url="https://models.example/x", protocol=one) for one in (protocol, "grpc")]

    *_, api, _ = model_server(_model(endpoints=endpoints), PLACE)

    assert api["metadata"]["name"] == name


def test_categories_and_the_end_of_a_life_are_tags() -> None:
    tags = {
        word: model_server(_model(categories=["embedding"], lifecycle=word), PLACE)[0]["metadata"]["tags"]
        for word in ("production", "deprecated", "archived")
    }

    assert tags == {
        "production": ["embedding"],
        "deprecated": ["deprecated", "embedding"],
        "archived": ["archived", "embedding"],
    }


def test_two_endpoints_are_two_apis_with_names_of_their_own() -> None:
    endpoints = [Endpoint(url=f"https://models.example/{n}", protocol="grpc") for n in range(3)]

    entities = model_server(_model(endpoints=endpoints), PLACE)

    names = [entity["metadata"]["name"] for entity in entities if entity["kind"] == "API"]
    assert len(set(names)) == 3


def test_an_endpoint_that_is_no_web_address_is_not_served() -> None:
    entities = model_server(_model(endpoints=[Endpoint(url="javascript:alert(1)", protocol="rest")]), PLACE)

    assert [entity["kind"] for entity in entities] == ["Resource"]


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "https://user:pass@host/",
        "https://",
        "ftp://x",
        "https://a b",
        "http://[::1",
        "",
    ],
)
def test_links_that_could_hurt_are_left_out(url: str) -> None:
    assert safe_url(url) is None


@pytest.mark.parametrize(
    ("owner", "expected"),
    [
        ("group:default/ml", "group:default/ml"),
        ("ml-platform", "ml-platform"),
        ("user:jane", "user:jane"),
        ("jane@example.com", None),
        ("Jane Doe", None),
        ("component:default/x", None),
        ("", None),
        (None, None),
        ("group:default/ml\n", None),
    ],
)
def test_only_references_to_people_are_owners(owner: str | None, expected: str | None) -> None:
    assert owner_reference(owner) == expected


_WORDS = st.one_of(st.sampled_from(NASTY), st.text(max_size=60))
_URLS = st.one_of(_WORDS, st.just("https://models.example/x"))


@given(
    st.builds(
        Model,
        source=st.just("cards"),
        id=_WORDS.filter(bool),
        name=_WORDS,
        title=st.none() | _WORDS,
        description=st.none() | _WORDS,
        license=st.none() | st.builds(License, id=_WORDS, name=_WORDS, url=_URLS),
        library=st.none() | _WORDS,
        tasks=st.lists(_WORDS, max_size=3).map(tuple),
        tags=st.lists(_WORDS, max_size=5).map(tuple),
        links=st.lists(st.builds(Link, url=_URLS, title=_WORDS), max_size=3).map(tuple),
        endpoints=st.lists(
            st.builds(
                Endpoint,
                url=_URLS,
                protocol=_WORDS,
                needs_key=st.none() | st.booleans(),
                version=st.none() | _WORDS,
                definition=st.none() | _WORDS,
            ),
            max_size=3,
        ).map(tuple),
        versions=st.lists(
            st.builds(
                Version,
                name=_WORDS,
                artifacts=st.lists(
                    st.builds(Artifact, uri=_WORDS, digest=st.none() | _WORDS), max_size=2
                ).map(tuple),
            ),
            max_size=2,
        ).map(tuple),
        card=st.none(),
    )
)
def test_whatever_a_registry_says_the_catalog_file_is_valid_and_reads_back_equal(model: Model) -> None:
    entities = model_server(model, PLACE)
    text = dump(entities)

    reading = read_documents(text, "catalog-info.yaml")
    report = validate_files(
        {"models/fraud/catalog-info.yaml": text.encode(), "models/fraud/mkdocs.yml": b"site_name: x\n"},
        as_errors=OWN_OUTPUT,
        known_references=frozenset({"group:default/ml"}),
    )

    assert [document.value for document in reading.documents] == list(entities)
    assert [one for one in report.diagnostics if one.severity == "error"] == []
