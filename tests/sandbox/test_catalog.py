"""What is the sandbox catalog's own: its page, and how it refuses. The rest is in the contract tests."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from callboard.backstage.client import Catalog
from callboard.http import Client, HttpProblem, connect
from tests.servers.catalogs import Running, eventually, resource
from tests.servers.contents import Contents


@pytest.fixture
def http(sandbox_catalog: Running) -> Iterator[Client]:
    with connect(sandbox_catalog.url, token=sandbox_catalog.token) as client:
        yield client


def test_the_page_shows_entities_and_runs_nothing_that_they_say(
    http: Client, contents: Contents, name: str
) -> None:
    text = resource(name).replace("A model", "'<script>alert(1)</script> {{ 7*7 }}'")
    text = text.replace("spec:", '  title: "<b>bold</b>"\nspec:\n  dependsOn: [resource:' + f"{name}-base]")
    target = contents.write(f"{name}.yaml", text, resource(f"{name}-base"))
    Catalog(http).register(target)
    eventually(lambda: Catalog(http).entity(f"resource:default/{name}-base"))
    answer = http.get("/")
    page = answer.body.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt; {{ 7*7 }}" in page
    assert "&lt;b&gt;bold&lt;/b&gt;" in page
    assert "<script" not in page
    assert f'<a href="#resource%3Adefault/{name}-base">' in page
    assert f"url:{target}" in page
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_the_page_shows_what_is_wrong(http: Client, contents: Contents, name: str) -> None:
    target = contents.write(f"{name}.yaml", resource(name))
    location = Catalog(http).register(target)
    eventually(lambda: Catalog(http).entity(f"resource:default/{name}"))
    contents.write(f"{name}.yaml", resource(name).replace("  owner: group:default/ml\n", ""))
    Catalog(http).refresh(location.entity_ref)
    eventually(
        lambda: re.search(f'id="resource:default/{name}".*?</article>', http.get_text("/"), re.DOTALL),
        lambda article: article is not None and 'class="error"' in article[0],
    )


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "api/catalog/entity-facets"), ("PUT", "api/catalog/locations/x"), ("POST", "api/other")],
)
def test_what_it_does_not_have_it_says_loudly(http: Client, method: str, path: str) -> None:
    with pytest.raises(HttpProblem) as problem:
        http.request(method, path)
    assert problem.value.status == 501


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("fullTextFilterTerm=x", 501),
        ("cursor=nonsense", 400),
        ("limit=many", 400),
    ],
)
def test_queries_that_it_cannot_answer_are_refused(http: Client, path: str, status: int) -> None:
    with pytest.raises(HttpProblem) as problem:
        http.get_json(f"api/catalog/entities/by-query?{path}")
    assert problem.value.status == status


@pytest.mark.parametrize(
    "body", [{"type": "url"}, {"type": "file", "target": "x"}, {"type": "url", "target": "x", "more": 1}, 3]
)
def test_bodies_that_backstage_refuses_are_refused(http: Client, body: object) -> None:
    with pytest.raises(HttpProblem) as problem:
        http.post_json("api/catalog/locations", body)
    assert problem.value.status == 400


def test_an_entity_is_found_by_its_name(http: Client, contents: Contents, name: str) -> None:
    Catalog(http).register(contents.write(f"{name}.yaml", resource(name)))
    eventually(lambda: Catalog(http).entity(f"resource:default/{name}"))
    found = http.get_json(f"api/catalog/entities/by-name/Resource/default/{name}")
    assert found["metadata"]["name"] == name
    with pytest.raises(HttpProblem) as problem:
        http.get_json("api/catalog/entities/by-name/api/default/nobody")
    assert problem.value.kind == "not-found"


def test_everything_is_read_again_after_a_while(http: Client, contents: Contents, name: str) -> None:
    Catalog(http).register(contents.write(f"{name}.yaml", resource(name)))
    eventually(lambda: Catalog(http).entity(f"resource:default/{name}"))
    contents.write(f"{name}.yaml", resource(f"{name}-renamed"))
    eventually(lambda: Catalog(http).entity(f"resource:default/{name}-renamed"))
    assert Catalog(http).entity(f"resource:default/{name}") is None


def test_hostile_files_stop_nothing(http: Client, contents: Contents, name: str) -> None:
    hostile = [
        "[1, 2]",
        "a: &a [*a]",
        "apiVersion: backstage.io/v1beta1\nkind: Location\nmetadata: {name: l}\nspec: {targets: [[], x]}\n",
        "apiVersion: backstage.io/v1alpha1\nkind: Resource\nmetadata: {name: r, annotations: []}\nspec: 3\n",
        "apiVersion: 1\nkind: {}\nmetadata: {name: []}\n",
        "\x00",
    ]
    for number, text in enumerate(hostile):
        Catalog(http).register(contents.write(f"{name}-{number}.yaml", text))
    Catalog(http).register(f"file:///etc/passwd#{name}")
    Catalog(http).register(contents.write(f"{name}.yaml", resource(name)))
    eventually(lambda: Catalog(http).entity(f"resource:default/{name}"))
    assert http.get("/").status == 200
