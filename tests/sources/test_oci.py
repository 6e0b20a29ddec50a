"""Models in an OCI registry, read from a real one, with a proxy in between where it has to misbehave."""

from __future__ import annotations

import asyncio
import gzip
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from callboard.config import SecretReference, Select
from callboard.model import Artifact, Listing, Model, Version
from callboard.sources.context import Context
from callboard.sources.oci import Settings, Tags, list_models
from tests.servers import oci
from tests.servers.doubles import spoil
from tests.servers.oci import Layer, Packed, RegistryServer, digest_of, tar
from tests.servers.threads import Proxy, proxying, serving

CARD = b"""---
owner: group:default/risk
pipeline_tag: tabular-classification
base_model: acme/base
tags: [fraud]
model-index:
- name: fraud
  results:
  - dataset: {name: Payments, type: acme/payments}
    metrics: [{type: accuracy, value: 0.91}]
---
# Fraud

Scores payments.
"""
WEIGHT = "application/vnd.cncf.model.weight.v1"
DOC = "application/vnd.cncf.model.doc.v1"
PATH = "org.cncf.model.filepath"
_numbers = itertools.count()


def weight(content: bytes = b"weights", path: str = "model.safetensors") -> Layer:
    return Layer(f"{WEIGHT}.raw", content, {PATH: path})


def fraud(card: bytes = CARD, *more: Layer, **changes: Any) -> Packed:
    config = {
        "descriptor": {
            "name": "fraud-detector",
            "title": "Fraud Detector",
            "description": "Scores every payment.",
            "authors": ["Team Risk <risk@acme.example>", "Somebody Else"],
            "vendor": "Acme",
            "family": "boosted-trees",
            "version": "2.1.0",
            "revision": "abc123",
            "licenses": ["Apache-2.0", "MIT"],
            "docURL": "https://docs.acme.example/fraud",
            "sourceURL": "javascript:alert(1)",
            "datasetsURL": ["https://data.acme.example/payments"],
            "createdAt": "2026-01-02T04:04:05+01:00",
        },
        "config": {
            "architecture": "transformer",
            "format": "safetensors",
            "paramSize": "6.7B",
            "precision": "float16",
            "quantization": "awq",
            "capabilities": {
                "inputTypes": ["text", "image"],
                "outputTypes": ["embedding"],
                "reasoning": True,
                "toolUsage": False,
                "languages": ["en", "no"],
                "knowledgeCutoff": "2025-06-01T00:00:00Z",
            },
        },
    }
    layers = [weight(), Layer(f"{DOC}.raw", card, {PATH: "README.md"}), *more]
    return oci.modelpack(config, *layers, **changes)


def small(card: str = "") -> Packed:
    """A model that no other test has."""
    docs = [Layer(f"{DOC}.raw", card.encode(), {PATH: "README.md"})] if card else []
    return oci.modelpack({}, weight(f"weights {next(_numbers)}".encode()), *docs)


def fraud_record(name: str, tag: str, digest: str) -> Model:
    """What a catalog may hold of a model, true or not."""
    artifact = Artifact(uri="oci://x", digest=digest, format="modelpack")
    version = Version(name=tag, id=digest, artifacts=(artifact,))
    return Model(source="oci", id=name, name=name, versions=(version,))


@pytest.fixture
def space() -> str:
    """A part of the registry that no other test uses."""
    return f"space-{next(_numbers)}"


@pytest.fixture(scope="module")
def one_proxy(oci_registry: RegistryServer) -> Iterator[Proxy]:
    with proxying(oci_registry.url) as proxy:
        yield proxy


@pytest.fixture
def proxy(one_proxy: Proxy) -> Proxy:
    one_proxy.reset()
    return one_proxy


def read(url: str, *repositories: str, known: Listing | None = None, **settings: Any) -> Listing:
    models = {model.id: model for model in known.models} if known else {}
    said = {"name": "oci", "url": url, "repositories": repositories, **settings}
    return list_models(Settings(**said), Context(Path.cwd(), known=models))


def one(listing: Listing) -> Model:
    assert listing.problems == ()
    (model,) = listing.models
    assert listing.complete
    assert listing.unread == ()
    return model


class TestEachPackagingIsRead:
    def test_a_model_pack_with_its_configuration_and_its_card(
        self, oci_registry: RegistryServer, space: str
    ) -> None:
        packed = fraud()
        digest = oci_registry.push(f"{space}/fraud", "2.1.0", packed)
        model = one(read(oci_registry.url, f"{space}/fraud"))
        assert (model.source, model.id, model.name) == ("oci", f"{space}/fraud", f"{space}/fraud")
        assert (model.title, model.description) == ("Fraud Detector", "Scores every payment.")
        assert (model.owner, model.provider) == ("group:default/risk", "Acme")
        assert model.license is not None
        assert model.license.id == "Apache-2.0, MIT"
        assert model.languages == ("en", "no")
        assert model.tasks == ("tabular-classification",)
        assert model.capabilities == (
            "inputTypes:text",
            "inputTypes:image",
            "outputTypes:embedding",
            "reasoning",
        )
        assert model.lineage.base_models == ("acme/base",)
        assert model.lineage.datasets == ("https://data.acme.example/payments",)
        assert [(link.title, link.url) for link in model.links] == [
            ("Documentation", "https://docs.acme.example/fraud")
        ]
        assert model.card is not None
        assert model.card.markdown == "# Fraud\n\nScores payments.\n"
        assert model.properties == {
            "architecture": "transformer",
            "authors": "Team Risk <risk@acme.example>, Somebody Else",
            "family": "boosted-trees",
            "format": "safetensors",
            "knowledge-cutoff": "2025-06-01T00:00:00Z",
            "parameters": "6.7B",
            "precision": "float16",
            "quantization": "awq",
            "revision": "abc123",
            "version": "2.1.0",
        }
        assert model.revision == digest
        (version,) = model.versions
        assert (version.name, version.id, version.created_at) == ("2.1.0", digest, "2026-01-02T03:04:05Z")
        whole, weights = version.artifacts
        host = oci_registry.url.removeprefix("http://")
        assert whole.uri == f"oci://{host}/{space}/fraud@{digest}"
        assert (whole.digest, whole.format) == (digest, "modelpack")
        assert (weights.digest, weights.size, weights.format) == (digest_of(b"weights"), 7, "safetensors")
        assert [(e.metric, e.value) for e in version.evaluations] == [("accuracy", 0.91)]
        assert model.provenance["card"] == "oci"

    @pytest.mark.parametrize("gzipped", [False, True])
    def test_a_model_kit_with_its_kitfile_and_its_docs(
        self, oci_registry: RegistryServer, space: str, gzipped: bool
    ) -> None:
        kit = "application/vnd.kitops.modelkit"
        packing = "tar+gzip" if gzipped else "tar"
        docs = tar({"docs/README.md": b"# Inner\n", "docs/notes.md": b"no"}, gzipped=gzipped)
        outer = tar({"./": b"", "README.md": b"# Churn\n"}, gzipped=gzipped)
        kitfile = {
            "package": {
                "name": "Churn",
                "version": "1.0",
                "description": "Who leaves.",
                "authors": ["Ada", "Grace"],
            },
            "model": {
                "name": "churn",
                "path": "m.onnx",
                "framework": "onnx",
                "format": "onnx",
                "license": "MIT",
            },
            "datasets": [{"name": "customers", "path": "d.csv"}, {"path": "more.csv"}],
            "docs": [{"path": "docs/"}, {"path": "README.md", "digest": digest_of(outer)}],
        }
        packed = oci.modelkit(
            kitfile,
            Layer(f"{kit}.model.v1.{packing}", b"packed model"),
            Layer(f"{kit}.dataset.v1.{packing}", b"data"),
            Layer(f"{kit}.docs.v1.{packing}", docs),
            Layer(f"{kit}.docs.v1.{packing}", outer),
        )
        oci_registry.push(f"{space}/churn", "1.0", packed)
        model = one(read(oci_registry.url, f"{space}/churn"))
        assert (model.title, model.description, model.library) == ("Churn", "Who leaves.", "onnx")
        assert model.license is not None
        assert model.license.id == "MIT"
        assert model.lineage.datasets == ("customers", "more.csv")
        assert model.lineage.base_models == ()
        assert model.properties["authors"] == "Ada, Grace"
        assert model.owner is None
        assert model.card is not None
        assert model.card.markdown == "# Churn\n"
        assert [a.format for a in model.versions[0].artifacts] == ["modelkit", "onnx"]

    def test_a_kit_without_a_model_of_its_own_names_the_kit_it_was_made_from(
        self, oci_registry: RegistryServer, space: str
    ) -> None:
        base = "registry.acme.example/acme/base:1.0"
        packed = oci.modelkit(
            {"model": {"path": base, "parts": [{"path": "lora.gguf"}]}},
            Layer("application/vnd.kitops.modelkit.modelpart.v1.tar", b"lora"),
        )
        oci_registry.push(f"{space}/tuned", "1", packed)
        assert one(read(oci_registry.url, f"{space}/tuned")).lineage.base_models == (base,)

    @pytest.mark.parametrize("version", ["v0.1", "v0.2"])
    def test_a_model_of_docker_model_runner(
        self, oci_registry: RegistryServer, space: str, version: str
    ) -> None:
        gguf = {
            "general.license": "apache-2.0",
            "general.base_model.0.organization": "Acme",
            "general.base_model.0.name": "Base",
            "general.base_model.1.repo_url": "https://hub.example/acme/other",
        }
        config = {"gguf": gguf, "quantization": "Q4_0", "parameters": "1.1 B", "context_size": 8192}
        packed = oci.docker_model(
            version,
            config | {"architecture": "llama"},
            Layer("application/vnd.docker.ai.gguf.v3", b"gguf", {PATH: "model.gguf"}),
            Layer("application/vnd.docker.ai.license", b"never read"),
        )
        oci_registry.push(f"{space}/smol", "1.1B-Q4", packed)
        model = one(read(oci_registry.url, f"{space}/smol"))
        assert model.license is not None
        assert model.license.id == "apache-2.0"
        assert model.lineage.base_models == ("Acme/Base", "https://hub.example/acme/other")
        assert model.properties == {
            "architecture": "llama",
            "context-length": "8192",
            "format": "gguf",
            "parameters": "1.1 B",
            "quantization": "Q4_0",
        }
        assert model.versions[0].created_at == "2025-01-01T00:00:00Z"
        assert [a.format for a in model.versions[0].artifacts] == ["docker-model", "gguf"]

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            (b"\n      Apache License\n   Version 2.0, January 2004\n  http", "Apache-2.0"),
            (b"MIT License\n\nCopyright (c) 2026", "MIT"),
            (b"\xef\xbb\xbf\n\nACME COMMUNITY LICENSE\nTerms", "ACME COMMUNITY LICENSE"),
            (b"MIT License, but not really", "MIT License, but not really"),
        ],
    )
    def test_an_ollama_model_with_its_license(
        self, oci_registry: RegistryServer, space: str, text: bytes, said: str
    ) -> None:
        image = "application/vnd.ollama.image"
        packed = oci.ollama(
            {
                "model_format": "gguf",
                "model_family": "llama",
                "model_type": "8.0B",
                "file_type": "Q4_0",
                "capabilities": ["completion", "tools"],
                "base_name": "acme-base",
                "context_length": 4096,
            },
            Layer(f"{image}.model", b"gguf"),
            Layer(f"{image}.template", b"{{ .Prompt }}"),
            Layer(f"{image}.license", text),
        )
        oci_registry.push(f"{space}/llama", "8b", packed)
        model = one(read(oci_registry.url, f"{space}/llama"))
        assert model.license is not None
        assert model.license.id == said
        assert model.capabilities == ("completion", "tools")
        assert model.lineage.base_models == ("acme-base",)
        assert model.properties["quantization"] == "Q4_0"
        assert [a.format for a in model.versions[0].artifacts] == ["ollama", "gguf"]

    def test_an_image_is_a_model_only_where_the_configuration_says_so(
        self, oci_registry: RegistryServer, space: str
    ) -> None:
        name, labels = f"{space}/car", {"org.opencontainers.image.title": "In a car"}
        oci_registry.push(
            name, "1.0", oci.image(labels, annotations={"org.opencontainers.image.base.name": "acme/base:1"})
        )
        listing = read(oci_registry.url, model_cars=(name,))
        model = one(listing)
        assert (model.title, model.updated_at) == ("In a car", "2026-03-04T05:06:07Z")
        assert model.lineage.base_models == ("acme/base:1",)
        assert [a.format for a in model.versions[0].artifacts] == ["modelcar"]
        plain = read(oci_registry.url, name, known=listing)
        assert (plain.models, plain.unread) == ((), (name,))
        assert "none of its tags is a model" in plain.problems[0].what

    def test_annotations_fill_in_what_the_configuration_leaves_out(
        self, oci_registry: RegistryServer, space: str
    ) -> None:
        image = "org.opencontainers.image"
        packed = oci.modelpack(
            {"descriptor": {"title": "Own"}},
            weight(),
            annotations={
                f"{image}.title": "Other",
                f"{image}.licenses": "MIT",
                f"{image}.created": "2026-02-03T00:00:00Z",
                f"{image}.base.name": "acme/base",
                f"{image}.source": "https://git.acme.example/m",
            },
        )
        oci_registry.push(f"{space}/a", "1", packed)
        model = one(read(oci_registry.url, f"{space}/a"))
        assert model.license is not None
        assert (model.title, model.license.id) == ("Own", "MIT")
        assert model.updated_at == "2026-02-03T00:00:00Z"
        assert model.lineage.base_models == ("acme/base",)
        assert [link.title for link in model.links] == ["Source"]

    def test_of_an_index_the_model_is_read_and_the_index_is_the_version(
        self, oci_registry: RegistryServer, space: str
    ) -> None:
        first, second = oci.image(), fraud()
        digest = oci_registry.push_index(f"{space}/multi", "1.0", first, second)
        model = one(read(oci_registry.url, f"{space}/multi", tags=Tags(exclude=("part-*",))))
        assert model.title == "Fraud Detector"
        assert model.versions[0].id == digest


class TestTagsAreVersions:
    def test_tags_of_one_digest_are_one_version_and_the_highest_leads(
        self, oci_registry: RegistryServer, space: str
    ) -> None:
        name, new, old = f"{space}/m", small("# New\n"), small("# Old\n")
        for tag in ("1.10.0", "1.10", "latest", f"sha256-{'a' * 64}.sig"):
            oci_registry.push(name, tag, new)
        oci_registry.push(name, "1.9.0", old)
        oci_registry.push(name, "nightly-debug", small())
        model = one(read(oci_registry.url, name, tags=Tags(exclude=("*-DEBUG",))))
        assert [(v.name, v.aliases) for v in model.versions] == [
            ("1.10.0", ("1.10", "latest")),
            ("1.9.0", ()),
        ]
        assert model.card is not None
        assert model.card.markdown == "# New\n"

    def test_only_the_newest_are_read(self, proxy: Proxy, oci_registry: RegistryServer, space: str) -> None:
        for number in range(5):
            oci_registry.push(f"{space}/m", f"v{number}", small())
        model = one(read(proxy.url, f"{space}/m", tags=Tags(newest=2)))
        assert [version.name for version in model.versions] == ["v4", "v3"]
        assert proxy.count("/manifests/") == 2


class TestWhatIsKnownIsNotReadAgain:
    def test_unchanged_tags_cost_a_request_without_a_body_each(
        self, proxy: Proxy, oci_registry: RegistryServer, space: str
    ) -> None:
        name = f"{space}/m"
        newest = small("# Newest\n")
        for tag, packed in {"2.0": newest, "latest": newest, "1.0": small("# First\n")}.items():
            oci_registry.push(name, tag, packed)
        first = read(proxy.url, name)
        proxy.requests.clear()
        assert read(proxy.url, name, known=first) == first
        assert proxy.requests == [
            f"GET /v2/{name}/tags/list",
            *(f"HEAD /v2/{name}/manifests/{tag}" for tag in ("2.0", "1.0", "latest")),
        ]

    def test_only_a_new_digest_is_read(self, proxy: Proxy, oci_registry: RegistryServer, space: str) -> None:
        name = f"{space}/m"
        oci_registry.push(name, "1.0", small("# One\n"))
        first = read(proxy.url, name)
        oci_registry.push(name, "2.0", small("# Two\n"))
        proxy.requests.clear()
        second = read(proxy.url, name, known=first)
        assert proxy.count("/manifests/1.0") == 1
        assert proxy.count("/blobs/") == 2
        assert second == read(proxy.url, name)
        assert [version.name for version in one(second).versions] == ["2.0", "1.0"]

    def test_a_moved_tag_is_noticed(self, oci_registry: RegistryServer, space: str) -> None:
        name = f"{space}/m"
        old, new = small("# Old\n"), small("# New\n")
        oci_registry.push(name, "1.0", old)
        oci_registry.push(name, "0.9", new)
        first = read(oci_registry.url, name)
        oci_registry.push(name, "1.0", new)
        second = read(oci_registry.url, name, known=first)
        assert [(v.name, v.aliases) for v in one(second).versions] == [("1.0", ("0.9",))]
        assert second == read(oci_registry.url, name)

    def test_what_could_not_be_read_whole_is_asked_for_again(
        self, oci_registry: RegistryServer, space: str
    ) -> None:
        packed = small("---\ntags: {a: b}\n---\n# Card\n")
        oci_registry.push(f"{space}/m", "1.0", packed)
        first = read(oci_registry.url, f"{space}/m")
        assert first.models[0].revision is None
        assert "README.md:2" in first.problems[0].where
        assert read(oci_registry.url, f"{space}/m", known=first) == first

    def test_a_record_that_somebody_changed_stops_nothing(
        self, oci_registry: RegistryServer, space: str
    ) -> None:
        name = f"{space}/m"
        plain = oci_registry.push(name, "1", oci.image())
        empty = json.dumps({"schemaVersion": 2, "mediaType": oci.OCI_INDEX, "manifests": []}).encode()
        index = oci_registry.push_manifest(name, "2", empty, oci.OCI_INDEX)
        oci_registry.push(f"{space}/other", "1", small())
        for tag, digest in {"1": plain, "2": index}.items():
            said = fraud_record(name, tag, digest)
            changed = Listing(source="oci", models=(said,))
            listing = read(oci_registry.url, name, f"{space}/other", known=changed)
            assert [model.name for model in listing.models] == [f"{space}/other"]
            assert listing.unread == (name,)


class TestTheCatalog:
    def test_the_registry_is_asked_for_its_repositories(
        self, proxy: Proxy, oci_registry: RegistryServer, space: str
    ) -> None:
        oci_registry.push(f"{space}/a", "1", small())
        oci_registry.push(f"{space}/image", "1", oci.image())
        listing = read(proxy.url, catalog=True, select=Select(include=(f"{space}/*",)))
        assert one(listing).name == f"{space}/a"
        assert not [line for line in proxy.requests if space not in line and "_catalog" not in line]

    def test_all_pages_are_followed_and_duplicates_dropped(
        self, proxy: Proxy, oci_registry: RegistryServer, space: str
    ) -> None:
        for name in "abc":
            oci_registry.push(f"{space}/{name}", "1", small())
        link = {"link": f'</v2/_catalog?n=1000&last={space}%2Fb>; rel="next"'}
        spoil(
            proxy,
            "_catalog",
            JSONResponse({"repositories": [f"{space}/a", f"{space}/b"]}, headers=link),
            JSONResponse({"repositories": [f"{space}/b", f"{space}/c"]}),
        )
        listing = read(proxy.url, catalog=True)
        assert [model.name for model in listing.models] == [f"{space}/{name}" for name in "abc"]
        assert listing.complete
        assert proxy.count("_catalog") == 2

    @pytest.mark.parametrize(
        ("answer", "said"),
        [
            (JSONResponse({"errors": [{"code": "DENIED"}]}, 403), "403"),
            (JSONResponse({"repositories": []}), "no repositories at all"),
            (JSONResponse({"repositories": None}), "no repositories at all"),
            (JSONResponse({"repositories": {"a": 1}}), "no list"),
            (JSONResponse(["a"]), "no list"),
            (JSONResponse({"repositories": ["../../etc", 7, "UPPER"]}), "3 names"),
            (PlainTextResponse("<html>"), "not JSON"),
            (
                JSONResponse({"repositories": []}, headers={"link": '</v2/_catalog?last=x>; rel="next"'}),
                "not end",
            ),
            (
                JSONResponse(
                    {"repositories": []}, headers={"link": '<https://elsewhere.example/v2/x>; rel="next"'}
                ),
                "outside of",
            ),
            (JSONResponse({"repositories": []}, headers={"link": '<http://[>; rel="next"'}), "not a URL"),
            (JSONResponse({"repositories": ["a"] * 200_001}), "more than 200000 repositories"),
        ],
    )
    def test_a_list_that_is_refused_odd_or_endless_is_never_complete(
        self, proxy: Proxy, answer: Response, said: str
    ) -> None:
        spoil(proxy, "_catalog", then=answer)
        listing = read(proxy.url, catalog=True)
        assert (listing.models, listing.complete) == ((), False)
        assert said in listing.problems[0].what
        assert proxy.count("_catalog") <= 2

    def test_a_failing_page_keeps_what_was_read_before(
        self, proxy: Proxy, oci_registry: RegistryServer, space: str
    ) -> None:
        oci_registry.push(f"{space}/a", "1", small())
        link = {"link": '</v2/_catalog?last=a>; rel="next"'}
        page = JSONResponse({"repositories": [f"{space}/a"]}, headers=link)
        spoil(proxy, "_catalog", page, then=JSONResponse({}, 400))
        listing = read(proxy.url, catalog=True)
        assert [model.name for model in listing.models] == [f"{space}/a"]
        assert not listing.complete


class TestNothingIsTakenForGone:
    def test_a_repository_that_is_not_there_is_unread(self, oci_registry: RegistryServer, space: str) -> None:
        oci_registry.push(f"{space}/a", "1", small())
        listing = read(oci_registry.url, f"{space}/a", f"{space}/gone")
        assert [model.name for model in listing.models] == [f"{space}/a"]
        assert listing.unread == (f"{space}/gone",)
        assert listing.problems[0].model == f"{space}/gone"

    def test_a_repository_that_is_named_no_more_is_not_gone(
        self, oci_registry: RegistryServer, space: str
    ) -> None:
        names = (f"{space}/a", f"{space}/b")
        for name in names:
            oci_registry.push(name, "1", small())
        first = read(oci_registry.url, *names)
        assert first.deselected == ()
        fewer = read(oci_registry.url, names[0], known=first)
        assert ([model.name for model in fewer.models], fewer.deselected) == ([names[0]], (names[1],))
        everything = read(oci_registry.url, catalog=True, select=Select(include=(names[0],)), known=first)
        assert everything.deselected == ()

    @pytest.mark.parametrize("tags", [None, [], [7, "../x"]])
    def test_a_repository_without_tags_is_unread(
        self, proxy: Proxy, oci_registry: RegistryServer, space: str, tags: Any
    ) -> None:
        name = f"{space}/m"
        oci_registry.push(name, "1", small())
        first = read(proxy.url, name)
        spoil(proxy, "/tags/list", then=JSONResponse({"name": name, "tags": tags}))
        listing = read(proxy.url, catalog=True, select=Select(include=(name,)), known=first)
        assert (listing.models, listing.unread) == ((), (name,))
        assert any("no tags" in problem.what for problem in listing.problems)

    def test_a_listed_tag_that_stands_for_nothing_is_left_out_unless_it_was_known(
        self, proxy: Proxy, oci_registry: RegistryServer, space: str
    ) -> None:
        name = f"{space}/m"
        oci_registry.push(name, "1", small())
        oci_registry.push(name, "2", small())
        first = read(proxy.url, name)
        spoil(proxy, "/manifests/2", then=JSONResponse({"errors": [{"code": "MANIFEST_UNKNOWN"}]}, 404))
        fresh = read(proxy.url, name)
        assert [version.name for version in fresh.models[0].versions] == ["1"]
        assert fresh.problems[0].severity == "warning"
        again = read(proxy.url, name, known=first)
        assert (again.models, again.unread) == ((), (name,))

    @pytest.mark.parametrize("part", ["/tags/list", "/manifests/", "/blobs/"])
    def test_what_cannot_be_read_now_is_unread(
        self, proxy: Proxy, oci_registry: RegistryServer, space: str, part: str
    ) -> None:
        names = [f"{space}/a", f"{space}/b"]
        for name in names:
            oci_registry.push(name, "1", small("# Card\n"))
        spoil(proxy, f"a{part}", then=JSONResponse({}, 503, {"retry-after": "0"}))
        listing = read(proxy.url, *names)
        assert [model.name for model in listing.models] == [names[1]]
        assert listing.unread == (names[0],)
        assert "503" in listing.problems[0].what

    def test_a_registry_that_is_down_is_not_asked_for_every_repository(
        self, proxy: Proxy, space: str
    ) -> None:
        names = [f"{space}/m{number}" for number in range(10)]
        spoil(proxy, "/v2/", then=JSONResponse({}, 503, {"retry-after": "0"}))
        listing = read(proxy.url, *names)
        assert listing.unread == tuple(names)
        assert len(proxy.requests) == 3 * 4
        assert "7 repositories were not read" in listing.problems[-1].what

    def test_a_registry_that_hangs_ends_by_its_own_timeout(self, proxy: Proxy, space: str) -> None:
        async def interfere(_request: Request, _before: int) -> Response | None:
            await asyncio.sleep(2)
            return None

        proxy.interfere = interfere
        listing = read(proxy.url, f"{space}/m", timeout=0.2)
        assert listing.unread == (f"{space}/m",)
        assert "no complete answer" in listing.problems[0].what


class TestManifestsAreNotTrusted:
    def test_every_request_for_a_manifest_says_which_it_can_read(
        self, proxy: Proxy, oci_registry: RegistryServer, space: str
    ) -> None:
        oci_registry.push(f"{space}/m", "1", small())
        # What this guards against: without it, this registry says that there is no such manifest.
        unsaid = oci_registry.client.get(f"/v2/{space}/m/manifests/1", headers={"accept": "*/json"})
        assert unsaid.status_code == 404
        read(proxy.url, f"{space}/m", known=read(proxy.url, f"{space}/m"))
        asked = [
            headers["accept"]
            for line, headers in zip(proxy.requests, proxy.headers, strict=True)
            if "/manifests/" in line
        ]
        assert len(asked) == 2
        assert all("application/vnd.oci.image.manifest.v1+json" in one for one in asked)

    @pytest.mark.parametrize(
        ("body", "content_type", "said"),
        [
            (
                {"schemaVersion": 1, "fsLayers": []},
                "application/vnd.docker.distribution.manifest.v1+json",
                "v1+json",
            ),
            ({"mediaType": "application/x-other"}, "application/json", "x-other"),
            ({"layers": [], "manifests": [], "config": {}}, oci.OCI_MANIFEST, "at once"),
            ({"manifests": []}, oci.OCI_INDEX, "without manifests"),
            ([], oci.OCI_MANIFEST, "no manifest"),
        ],
    )
    def test_a_tag_of_an_unknown_type_is_left_out(
        self, proxy: Proxy, oci_registry: RegistryServer, space: str, body: Any, content_type: str, said: str
    ) -> None:
        for tag in ("1", "odd"):
            oci_registry.push(f"{space}/m", tag, small())
        spoil(proxy, "/manifests/odd", then=Response(json.dumps(body), media_type=content_type))
        listing = read(proxy.url, f"{space}/m")
        assert [version.name for version in listing.models[0].versions] == ["1"]
        assert said in listing.problems[0].what
        assert listing.problems[0].severity == "warning"

    def test_a_list_within_a_list_is_left_out(self, oci_registry: RegistryServer, space: str) -> None:
        inner = oci_registry.push_index(f"{space}/m", "inner", fraud())
        body = oci_registry.client.get(f"/v2/{space}/m/manifests/{inner}", headers={"accept": oci.OCI_INDEX})
        entry = {"mediaType": oci.OCI_INDEX, "digest": inner, "size": len(body.content)}
        outer = json.dumps({"schemaVersion": 2, "mediaType": oci.OCI_INDEX, "manifests": [entry]}).encode()
        oci_registry.push_manifest(f"{space}/m", "outer", outer, oci.OCI_INDEX)
        listing = read(oci_registry.url, f"{space}/m", tags=Tags(include=("outer", "part-0")))
        assert [version.name for version in listing.models[0].versions] == ["part-0"]
        assert "within another" in listing.problems[0].what

    @pytest.mark.parametrize(
        "change",
        [
            {"layers": [{"mediaType": f"{WEIGHT}.raw", "digest": "sha256:../../x", "size": 1}]},
            {"layers": [{"mediaType": f"{WEIGHT}.raw", "digest": f"sha256:{'a' * 64}", "size": -1}]},
            {"layers": "none"},
            {"config": {"mediaType": "x", "digest": f"md5:{'a' * 32}", "size": 1}},
            {"annotations": {"a": 5}},
        ],
    )
    def test_a_broken_manifest_leaves_its_model_and_no_other(
        self, proxy: Proxy, oci_registry: RegistryServer, space: str, change: dict[str, Any]
    ) -> None:
        names = [f"{space}/a", f"{space}/b"]
        for name in names:
            oci_registry.push(name, "1", small())
        broken = json.loads(fraud().manifest) | change
        spoil(proxy, "a/manifests/", then=Response(json.dumps(broken), media_type=oci.OCI_MANIFEST))
        listing = read(proxy.url, *names)
        assert [model.name for model in listing.models] == [names[1]]
        assert listing.unread == (names[0],)
        assert "cannot be read" in listing.problems[0].what

    @pytest.mark.parametrize("part", ["/manifests/", "/blobs/"])
    def test_content_that_its_digest_does_not_fit_is_not_believed(
        self, proxy: Proxy, oci_registry: RegistryServer, space: str, part: str
    ) -> None:
        oci_registry.push(f"{space}/m", "1", small("# Card\n"))
        headers = {"docker-content-digest": f"sha256:{'0' * 64}"}
        spoil(proxy, part, then=Response(b"{}", media_type=oci.OCI_MANIFEST, headers=headers))
        listing = read(proxy.url, f"{space}/m")
        assert (listing.models, listing.unread) == ((), (f"{space}/m",))
        assert "not what its digest says" in listing.problems[0].what

    def test_an_answer_without_end_is_cut_off(
        self, proxy: Proxy, oci_registry: RegistryServer, space: str
    ) -> None:
        oci_registry.push(f"{space}/m", "1", small())
        sent = 0

        async def interfere(request: Request, _before: int) -> Response | None:
            async def pieces() -> Any:
                nonlocal sent
                for _ in range(300):
                    sent += 1
                    await asyncio.sleep(0)
                    if await request.is_disconnected():
                        return
                    yield b" " * (1024 * 1024)

            return StreamingResponse(pieces()) if "/blobs/" in request.url.path else None

        proxy.interfere = interfere
        listing = read(proxy.url, f"{space}/m")
        assert "more than" in listing.problems[0].what
        assert sent < 300

    @pytest.mark.parametrize(
        "body",
        [
            b"[]",
            b"{",
            b'{"descriptor": 5, "config": {"paramSize": []}}',
            b"[" * 9999,
        ],
    )
    def test_a_configuration_that_is_none_loses_only_what_it_says(
        self, oci_registry: RegistryServer, space: str, body: bytes
    ) -> None:
        packed = Packed(Layer("application/vnd.cncf.model.config.v1+json", body), (weight(),))
        oci_registry.push(f"{space}/m", "1", packed)
        listing = read(oci_registry.url, f"{space}/m")
        assert len(listing.models[0].versions[0].artifacts) == 2
        assert listing.models[0].revision is None
        assert listing.problems
        assert listing.complete


class TestDocumentationIsNotTrusted:
    @pytest.mark.parametrize(
        ("packing", "content", "said"),
        [
            ("tar+gzip", gzip.compress(bytes(70 * 1024 * 1024)), None),
            ("tar+gzip", tar({"model.bin": bytes(65 * 1024 * 1024)}, gzipped=True), "unpacks to more than"),
            ("tar+gzip", b"not gzip", "cannot be unpacked"),
            ("tar", b"not tar" * 100, "not a tar archive"),
            ("tar+zstd", b"\x28\xb5\x2f\xfd", "not packed as tar or gzip"),
            ("tar", tar({"../README.md": b"# Out\n", "/README.md": b"# Root\n", "notes.md": b"#"}), None),
        ],
    )
    def test_what_cannot_be_unpacked_is_left_out(
        self, oci_registry: RegistryServer, space: str, packing: str, content: bytes, said: str | None
    ) -> None:
        packed = oci.modelpack({}, weight(), Layer(f"{DOC}.{packing}", content))
        oci_registry.push(f"{space}/m", "1", packed)
        listing = read(oci_registry.url, f"{space}/m")
        (model,) = listing.models
        assert model.card is None
        assert [said in problem.what for problem in listing.problems if said] == ([True] if said else [])
        assert all(problem.severity == "warning" for problem in listing.problems)

    def test_what_says_to_be_too_large_is_not_asked_for(
        self, proxy: Proxy, oci_registry: RegistryServer, space: str
    ) -> None:
        packed = fraud()
        oci_registry.push(f"{space}/m", "1", packed)
        manifest = json.loads(packed.manifest)
        manifest["layers"][1]["size"] = 2 * 1024**3
        spoil(proxy, "/manifests/", then=Response(json.dumps(manifest), media_type=oci.OCI_MANIFEST))
        listing = read(proxy.url, f"{space}/m")
        assert listing.models[0].card is None
        assert listing.models[0].title == "Fraud Detector"
        assert str(2 * 1024**3) in listing.problems[0].what
        assert proxy.count("/blobs/") == 1

    def test_a_blob_that_is_gone_is_left_out(
        self, proxy: Proxy, oci_registry: RegistryServer, space: str
    ) -> None:
        oci_registry.push(f"{space}/m", "1", fraud())
        spoil(proxy, digest_of(CARD), then=JSONResponse({"errors": [{"code": "BLOB_UNKNOWN"}]}, 404))
        listing = read(proxy.url, f"{space}/m")
        assert listing.models[0].card is None
        assert "documentation" in listing.problems[0].what

    def test_a_long_card_is_cut(self, oci_registry: RegistryServer, space: str) -> None:
        oci_registry.push(f"{space}/m", "1", fraud(b"# Long\n\n" + b"word\n\n" * 300_000))
        listing = read(oci_registry.url, f"{space}/m")
        card = listing.models[0].card
        assert card is not None
        assert card.cut_bytes > 1_000_000
        assert listing.problems[0].severity == "warning"


class TestRedirects:
    """Blobs may be kept elsewhere; credentials never follow them there."""

    @pytest.fixture
    def storage(self, oci_registry: RegistryServer, space: str) -> Iterator[tuple[str, list[Request]]]:
        asked: list[Request] = []

        async def answer(request: Request) -> Response:
            asked.append(request)
            body = oci_registry.client.get(f"/v2/{space}/m/blobs/{request.path_params['digest']}")
            return Response(body.content)

        with serving(Starlette(routes=[Route("/{digest}", answer)])) as url:
            yield url, asked

    def redirected(self, proxy: Proxy, to: str) -> None:
        async def interfere(request: Request, _before: int) -> Response | None:
            if "/blobs/" not in request.url.path:
                return None
            digest = request.url.path.rpartition("/")[2]
            return RedirectResponse(f"{to}/{digest}?signature=abc", 307)

        proxy.interfere = interfere

    def test_configured_storage_is_asked_without_credentials(
        self,
        proxy: Proxy,
        oci_registry: RegistryServer,
        storage: tuple[str, list[Request]],
        space: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("OCI_TEST_TOKEN", "canary-oci-token-66a1")
        oci_registry.push(f"{space}/m", "1", fraud())
        self.redirected(proxy, storage[0])
        token = SecretReference(env="OCI_TEST_TOKEN")
        model = one(read(proxy.url, f"{space}/m", storage=(storage[0],), token=token))
        assert model.card is not None
        assert len(storage[1]) == 2
        assert all("signature=abc" in str(request.url) for request in storage[1])
        assert not any("authorization" in request.headers for request in storage[1])
        assert {headers.get("authorization") for headers in proxy.headers} == {"Bearer canary-oci-token-66a1"}

    @pytest.mark.parametrize(
        "to",
        [
            None,
            "http://[",
            "https://127.0.0.1:1",
            "http://169.254.169.254",
            "https://me:secret@s.example",
            "gopher://x",
        ],
    )
    def test_other_addresses_that_are_not_public_are_not_followed(
        self,
        proxy: Proxy,
        oci_registry: RegistryServer,
        storage: tuple[str, list[Request]],
        space: str,
        to: str | None,
    ) -> None:
        oci_registry.push(f"{space}/m", "1", fraud())
        self.redirected(proxy, to or storage[0])
        listing = read(proxy.url, f"{space}/m")
        assert listing.unread == (f"{space}/m",)
        assert storage[1] == []
        text = listing.model_dump_json()
        assert "not followed" in text or "not a URL" in text
        assert "signature" not in text

    def test_a_manifest_is_only_taken_from_the_registry(
        self, proxy: Proxy, oci_registry: RegistryServer, storage: tuple[str, list[Request]], space: str
    ) -> None:
        oci_registry.push(f"{space}/m", "1", fraud())
        spoil(proxy, "/manifests/", then=RedirectResponse(f"{storage[0]}/x", 307))
        listing = read(proxy.url, f"{space}/m", storage=(storage[0],))
        assert listing.unread == (f"{space}/m",)
        assert storage[1] == []


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"repositories": ["../x"]},
        {"repositories": ["UPPER"]},
        {"catalog": True, "token-server": "ftp://x"},
        {"catalog": True, "token-server": "https://me@x"},
        {"catalog": True, "storage": ["https://x:99999999"]},
        {"catalog": True, "tags": {"newest": 0}},
        {"catalog": True, "username": "a", "password": {"env": "A"}, "token": {"env": "B"}},
    ],
)
def test_settings_that_cannot_be_are_refused(said: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate({"name": "oci", "type": "oci", "url": "https://registry.example", **said})


def test_a_missing_password_is_a_problem_and_asks_nobody(proxy: Proxy) -> None:
    listing = read(proxy.url, catalog=True, username="alice")
    assert "password" in listing.problems[0].hint
    assert proxy.requests == []
