"""What Callboard relies on in a catalog, asked of the sandbox's catalog and of a real Backstage alike."""

from __future__ import annotations

import pytest

from callboard.backstage import client
from callboard.backstage.client import Catalog
from callboard.backstage.confirmation import ORIGIN, difference, location_ref, processing_errors
from callboard.documents.reader import read_documents
from callboard.http import HttpProblem, connect
from callboard.redaction import Secret
from tests.servers.catalogs import Running, eventually, resource
from tests.servers.contents import Contents

INVALID = (
    "apiVersion: backstage.io/v1alpha1\nkind: Resource\nmetadata: {name: NAME}\nspec: {type: ai-model}\n"
)


def seen(catalog: Catalog, ref: str) -> client.Entity:
    found = eventually(lambda: catalog.entity(ref))
    assert found is not None
    return found


def test_a_registered_target_becomes_entities_that_say_where_they_come_from(
    catalog: Catalog, contents: Contents, name: str
) -> None:
    text = resource(name, extra="  dependsOn: ['resource:base-model']\n  system: ai\n")
    target = contents.write(f"{name}.yaml", text)
    location = catalog.register(target)
    found = seen(catalog, f"resource:default/{name}")
    annotations = found["metadata"]["annotations"]
    assert annotations[ORIGIN] == f"url:{target}"
    assert annotations["backstage.io/managed-by-location"] == f"url:{target.replace('/blob/', '/tree/')}"
    assert annotations["backstage.io/source-location"].endswith("/acme/catalog/tree/main/")
    assert found["metadata"]["namespace"] == "default"
    assert {"uid", "etag"} <= found["metadata"].keys()
    (document,) = read_documents(text, "x").documents
    assert difference(document.value, found) is None
    assert found["relations"] == [
        {"type": "dependsOn", "targetRef": "resource:default/base-model"},
        {"type": "ownedBy", "targetRef": "group:default/ml"},
        {"type": "partOf", "targetRef": "system:default/ai"},
    ]
    assert seen(catalog, location.entity_ref)["spec"] == {"type": "url", "target": target}
    assert location in catalog.locations()
    assert catalog.location(target) == location


def test_what_a_file_says_of_annotations_wins(catalog: Catalog, contents: Contents, name: str) -> None:
    text = resource(name).replace(
        "  description", "  annotations: {backstage.io/view-url: 'https://x.example', a: b}\n  description"
    )
    catalog.register(contents.write(f"{name}.yaml", text))
    annotations = seen(catalog, f"resource:default/{name}")["metadata"]["annotations"]
    assert (annotations["backstage.io/view-url"], annotations["a"]) == ("https://x.example", "b")


def test_registering_reads_nothing_so_a_bad_target_is_taken_and_never_seen(
    catalog: Catalog, contents: Contents, name: str
) -> None:
    bad = catalog.register(contents.target(f"{name}-missing.yaml"))
    catalog.register(contents.write(f"{name}.yaml", resource(name)))
    seen(catalog, f"resource:default/{name}")
    assert bad in catalog.locations()
    assert catalog.entity(bad.entity_ref) is None


def test_registering_again_keeps_the_location_and_reads_it_again(
    catalog: Catalog, contents: Contents, name: str
) -> None:
    target = contents.write(f"{name}.yaml", resource(name))
    first = catalog.register(target)
    seen(catalog, f"resource:default/{name}")
    contents.write(f"{name}.yaml", resource(name, owner="group:default/other"))
    assert catalog.register(target) == first
    eventually(
        lambda: catalog.entity(f"resource:default/{name}"),
        lambda found: found is not None and found["spec"]["owner"] == "group:default/other",
    )


def test_registering_again_without_saying_so_is_a_conflict(
    each_catalog: Running, catalog: Catalog, contents: Contents, name: str
) -> None:
    target = contents.write(f"{name}.yaml", resource(name))
    catalog.register(target)
    with connect(each_catalog.url, token=each_catalog.token) as http, pytest.raises(HttpProblem) as problem:
        http.post_json("api/catalog/locations", {"type": "url", "target": target})
    assert (problem.value.kind, problem.value.status) == ("conflict", 409)


@pytest.mark.parametrize(
    ("documents", "said"),
    [
        (None, "no matching files found"),
        (["a: [b"], "YAML error"),
        ([INVALID], "owner"),
        ([resource("NAME").replace("name: NAME", "name: 'not valid!'")], "metadata.name"),
        (["kind: Resource\n"], "apiVersion"),
        ([resource("NAME").replace("kind: Resource", "kind: Widget")], "is not of an allowed kind"),
        ([resource("NAME"), resource("NAME")], "Duplicate nested entity: resource:default/NAME"),
    ],
)
def test_a_dry_run_says_what_is_wrong_and_registers_nothing(
    catalog: Catalog, contents: Contents, name: str, documents: list[str] | None, said: str
) -> None:
    target = contents.target(f"{name}.yaml")
    if documents is not None:
        contents.write(f"{name}.yaml", *(document.replace("NAME", name) for document in documents))
    problem = catalog.dry_run(target).problem
    assert problem is not None
    assert said.replace("NAME", name) in problem
    assert target not in {location.target for location in catalog.locations()}


def test_a_dry_run_of_another_server_is_refused(catalog: Catalog) -> None:
    problem = catalog.dry_run("http://127.0.0.1:9/acme/catalog/blob/main/x.yaml").problem
    assert problem is not None
    assert "is not allowed" in problem


def test_a_dry_run_shows_what_would_be(catalog: Catalog, contents: Contents, name: str) -> None:
    tried = catalog.dry_run(contents.write(f"{name}.yaml", resource(name)))
    assert tried.problem is None
    assert [entity["metadata"]["name"] for entity in tried.entities][1:] == [name]


def test_who_came_first_keeps_an_entity(catalog: Catalog, contents: Contents, name: str) -> None:
    first = contents.write(f"{name}-first.yaml", resource(name))
    catalog.register(first)
    seen(catalog, f"resource:default/{name}")
    second = contents.write(
        f"{name}-second.yaml", resource(name, owner="user:other"), resource(f"{name}-new")
    )
    assert catalog.dry_run(second).problem is None
    catalog.register(second)
    seen(catalog, f"resource:default/{name}-new")
    found = seen(catalog, f"resource:default/{name}")
    assert found["metadata"]["annotations"][ORIGIN] == f"url:{first}"
    assert found["spec"]["owner"] == "group:default/ml"


def test_an_invalid_entity_stays_out_alone(catalog: Catalog, contents: Contents, name: str) -> None:
    bad = INVALID.replace("NAME", f"{name}-bad")
    catalog.register(contents.write(f"{name}.yaml", bad, resource(name)))
    seen(catalog, f"resource:default/{name}")
    assert catalog.entity(f"resource:default/{name}-bad") is None


def test_a_document_that_is_no_entity_blocks_its_file(
    catalog: Catalog, contents: Contents, name: str
) -> None:
    target = contents.write(f"{name}.yaml", resource(name))
    catalog.register(target)
    seen(catalog, f"resource:default/{name}")
    contents.write(f"{name}.yaml", resource(name, owner="user:other"), "kind: Resource\n")
    catalog.refresh(location_ref(target))
    eventually(lambda: processing_errors(catalog.entity(location_ref(target))))
    assert seen(catalog, f"resource:default/{name}")["spec"]["owner"] == "group:default/ml"


def test_an_entity_that_becomes_invalid_keeps_its_values_and_says_so(
    catalog: Catalog, contents: Contents, name: str
) -> None:
    target = contents.write(f"{name}.yaml", resource(name))
    catalog.register(target)
    seen(catalog, f"resource:default/{name}")
    contents.write(f"{name}.yaml", INVALID.replace("NAME", name))
    assert catalog.refresh(location_ref(target))
    found = eventually(
        lambda: catalog.entity(f"resource:default/{name}"), lambda found: bool(processing_errors(found))
    )
    assert found is not None
    assert found["spec"]["owner"] == "group:default/ml"
    assert "owner" in processing_errors(found)[0]


def test_a_file_that_goes_away_is_an_error_of_its_location_and_its_entities_stay(
    catalog: Catalog, contents: Contents, name: str
) -> None:
    target = contents.write(f"{name}.yaml", resource(name))
    location = catalog.register(target)
    seen(catalog, f"resource:default/{name}")
    del contents.files[f"{name}.yaml"]
    assert catalog.refresh(f"resource:default/{name}")
    found = eventually(
        lambda: catalog.entity(location.entity_ref), lambda found: bool(processing_errors(found))
    )
    assert "no matching files found" in processing_errors(found)[0]
    assert catalog.entity(f"resource:default/{name}") is not None


def test_one_bad_target_of_a_location_blocks_the_others(
    catalog: Catalog, contents: Contents, name: str
) -> None:
    targets = f"[./{name}/a.yaml, ./{name}/b.yaml]"
    contents.write(f"{name}/a.yaml", resource(f"{name}-a"))
    contents.write(f"{name}/b.yaml", resource(f"{name}-b"))
    text = "apiVersion: backstage.io/v1alpha1\nkind: Location\n"
    text += f"metadata: {{name: {name}}}\nspec: {{targets: {targets}}}\n"
    target = contents.write(f"{name}.yaml", text)
    catalog.register(target)
    found = seen(catalog, f"resource:default/{name}-b")
    assert found["metadata"]["annotations"][ORIGIN] == f"url:{target}"
    assert found["metadata"]["annotations"]["backstage.io/managed-by-location"].endswith(f"/{name}/b.yaml")
    assert {entity["metadata"]["name"] for entity in catalog.entities_from(target)} == {
        f"{name}-a",
        f"{name}-b",
        name,
        location_ref(target).partition("/")[2],
    }
    del contents.files[f"{name}/a.yaml"]
    contents.write(f"{name}/b.yaml", resource(f"{name}-b", owner="group:default/other"))
    catalog.refresh(location_ref(target))
    eventually(lambda: processing_errors(catalog.entity(f"location:default/{name}")))
    found = seen(catalog, f"resource:default/{name}-b")
    assert found["spec"]["owner"] == "group:default/ml"


def test_unregistering_removes_the_entities(catalog: Catalog, contents: Contents, name: str) -> None:
    location = catalog.register(contents.write(f"{name}.yaml", resource(name)))
    seen(catalog, f"resource:default/{name}")
    assert catalog.unregister(location.id)
    eventually(lambda: catalog.entity(f"resource:default/{name}"), lambda found: found is None)
    assert location not in catalog.locations()
    assert not catalog.unregister(location.id)
    assert not catalog.unregister("no-such-id")


def test_what_is_not_there_is_none_and_cannot_be_refreshed(catalog: Catalog) -> None:
    assert catalog.entities_by_refs(["resource:default/nobody", "api:other/nobody"]) == {
        "resource:default/nobody": None,
        "api:other/nobody": None,
    }
    assert not catalog.refresh("resource:default/nobody")


def test_queries_answer_all_pages_in_the_order_of_names(
    catalog: Catalog, contents: Contents, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"{name}-{letter}" for letter in "dbeca"]
    documents = [resource(each, owner=f"group:default/{name}") for each in names]
    documents[0] = documents[0].replace("ai-model", "dataset")
    catalog.register(contents.write(f"{name}.yaml", *documents))
    for each in names:
        seen(catalog, f"resource:default/{each}")
    monkeypatch.setattr(client, "_PAGE", 2)
    mine = {"kind": "Resource", "spec.owner": f"group:default/{name}"}
    found = list(catalog.entities(mine, fields=["metadata.name", "spec.type"]))
    assert [entity["metadata"] for entity in found] == [{"name": each} for each in sorted(names)]
    assert {frozenset(entity) for entity in found} == {frozenset({"metadata", "spec"})}
    models = catalog.entities(mine | {"spec.type": "AI-Model"})
    assert [entity["metadata"]["name"] for entity in models] == [*sorted(names)[:3], f"{name}-e"]
    either = catalog.entities({"metadata.name": f"{name}-a"}, {"relations.ownedBy": f"group:default/{name}"})
    assert len(list(either)) == len(names)
    assert list(catalog.entities({"kind": "api", "metadata.name": name})) == []
    there, nowhere = f"resource:default/{name}-a", "resource:default/nowhere"
    assert catalog.entities_by_refs([there, nowhere], fields=["kind"]) == {
        there: {"kind": "Resource"},
        nowhere: None,
    }


def test_relations_are_seen_from_both_ends(catalog: Catalog, contents: Contents, name: str) -> None:
    component = (
        "apiVersion: backstage.io/v1alpha1\nkind: Component\n"
        f"metadata: {{name: {name}}}\nspec:\n  type: model-server\n  lifecycle: production\n"
        f"  owner: ml\n  dependsOn: ['resource:{name}']\n  providesApis: [{name}]\n"
    )
    api = (
        "apiVersion: backstage.io/v1alpha1\nkind: API\n"
        f"metadata: {{name: {name}}}\nspec:\n  type: openapi\n  lifecycle: production\n"
        "  owner: ml\n  definition: 'openapi: 3.1.0'\n"
    )
    catalog.register(contents.write(f"{name}.yaml", component, resource(name), api))
    refs = [f"{kind}:default/{name}" for kind in ("component", "resource", "api")]
    expected = [
        [
            {"type": "dependsOn", "targetRef": refs[1]},
            {"type": "ownedBy", "targetRef": "group:default/ml"},
            {"type": "providesApi", "targetRef": refs[2]},
        ],
        [
            {"type": "dependencyOf", "targetRef": refs[0]},
            {"type": "ownedBy", "targetRef": "group:default/ml"},
        ],
        [
            {"type": "apiProvidedBy", "targetRef": refs[0]},
            {"type": "ownedBy", "targetRef": "group:default/ml"},
        ],
    ]

    def related() -> list[object]:
        found = catalog.entities_by_refs(refs)
        return [(found[ref] or {}).get("relations") for ref in refs]

    eventually(related, lambda answer: answer == expected)


def test_a_token_that_may_not_see_locations_is_shown_none_and_may_not_write(
    each_catalog: Running, catalog: Catalog, contents: Contents, name: str
) -> None:
    target = contents.write(f"{name}.yaml", resource(name))
    location = catalog.register(target)
    seen(catalog, f"resource:default/{name}")
    with connect(each_catalog.url, token=each_catalog.reader_token) as http:
        reader = Catalog(http)
        assert reader.locations() == ()
        assert reader.entity(f"resource:default/{name}") is not None
        for attempt in (
            lambda: reader.register(target),
            lambda: reader.dry_run(target),
            lambda: reader.unregister(location.id),
            lambda: reader.refresh(f"resource:default/{name}"),
        ):
            with pytest.raises(HttpProblem) as problem:
                attempt()
            assert problem.value.kind == "forbidden"


@pytest.mark.parametrize("token", [None, Secret("not-the-token")])
def test_without_a_good_token_nothing_is_answered(each_catalog: Running, token: Secret | None) -> None:
    with connect(each_catalog.url, token=token) as http:
        for attempt in (Catalog(http).locations, lambda: Catalog(http).entity("resource:default/x")):
            with pytest.raises(HttpProblem) as problem:
                attempt()
            assert problem.value.kind == "unauthorized"
