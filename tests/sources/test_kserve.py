"""KServe, read from a double of the Kubernetes API that takes nothing but what KServe's definitions allow."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from callboard.config import SecretReference, Select
from callboard.model import Artifact, Counterpart, Endpoint, Link, Listing, Model
from callboard.sources.context import Context
from callboard.sources.kserve import Settings, list_models
from tests.contracts import crds
from tests.servers import kube_apiserver, kubernetes
from tests.servers.kube_apiserver import ApiServer
from tests.servers.kubernetes import KNATIVE, KSERVE, OPENSHIFT, Kubernetes

DIGEST = "sha256:" + "4f" * 32


@pytest.fixture
def cluster() -> Iterator[Kubernetes]:
    with kubernetes.running() as server:
        yield server


def read(cluster: Kubernetes, known: Listing | None = None, **settings: Any) -> Listing:
    models = {model.id: model for model in known.models} if known else {}
    return list_models(Settings(name="prod", url=cluster.url, **settings), Context(Path.cwd(), known=models))


def service(name: str, predictor: dict[str, Any], *, namespace: str = "ml", **more: Any) -> dict[str, Any]:
    """An InferenceService; ``spec``, ``status`` and what is said of ``metadata`` come on top."""
    metadata = {"name": name, "namespace": namespace, "uid": f"uid-{namespace}-{name}"}
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": metadata | {"creationTimestamp": "2026-01-02T03:04:05Z"} | more.pop("metadata", {}),
        "spec": {"predictor": predictor} | more.pop("spec", {}),
        **more,
    }


def llm(name: str, uri: str, *, version: str = "v1alpha2", **more: Any) -> dict[str, Any]:
    return {
        "apiVersion": f"serving.kserve.io/{version}",
        "kind": "LLMInferenceService",
        "metadata": {"name": name, "namespace": "ml", "uid": f"uid-llm-{name}"} | more.pop("metadata", {}),
        "spec": {"model": {"uri": uri, "name": name}},
        **more,
    }


def sklearn(uri: str = "s3://models/iris", **more: Any) -> dict[str, Any]:
    return {"model": {"modelFormat": {"name": "sklearn"}, "storageUri": uri, **more}}


def ready(url: str | None = "https://iris.ml.acme.example", **more: Any) -> dict[str, Any]:
    condition = {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-02T04:00:00Z"}
    return {"conditions": [condition]} | ({"url": url} if url else {}) | more


def broken(reason: str, since: str = "2026-01-02T04:00:00Z", **more: Any) -> dict[str, Any]:
    condition = {"type": "Ready", "status": "False", "reason": reason, "message": "no\nsuch bucket"}
    return {"conditions": [condition | {"lastTransitionTime": since}], **more}


def owned(kind: str, name: str, owner: dict[str, Any], spec: dict[str, Any], **labels: str) -> dict[str, Any]:
    api = {"Service": "v1", "Ingress": "networking.k8s.io/v1", "Route": "route.openshift.io/v1"}[kind]
    by = {key: owner["metadata"][key] for key in ("name", "uid")}
    reference = {"apiVersion": owner["apiVersion"], "kind": owner["kind"], **by}
    namespace = owner["metadata"]["namespace"]
    metadata = {"name": name, "namespace": namespace, "labels": labels, "ownerReferences": [reference]}
    return {"apiVersion": api, "kind": kind, "metadata": metadata, "spec": spec}


def one(listing: Listing) -> Model:
    assert [problem for problem in listing.problems if problem.severity == "error"] == []
    (model,) = listing.models
    return model


def test_a_served_model_is_read_with_all_that_people_and_kserve_say(cluster: Kubernetes) -> None:
    annotations = {
        "openshift.io/display-name": "Iris classifier",
        "openshift.io/description": "Tells irises apart.",
        "modelcatalogbridge.rhdh.io/owner": "group:default/flowers",
        "rhdh.io/owner": "nobody",
        "rhdh.io/lifecycle": "production",
        "modelcatalogbridge.rhdh.io/license": "apache-2.0",
        "modelcatalogbridge.rhdh.io/homepageurl": "https://iris.acme.example",
        "modelcatalogbridge.rhdh.io/usage": "Send four numbers.",
        "modelcatalogbridge.rhdh.io/howtouse": "https://docs.acme.example/iris",
        "modelcatalogbridge.rhdh.io/apispec": '{"openapi": "3.1.0"}',
        "modelcatalogbridge.rhdh.io/sourcemodelversion": "7.1",
        "rhdh.io/model-size": "small",
        "opendatahub.io/model-type": "predictive",
        "serving.kserve.io/deploymentMode": "RawDeployment",
        "security.opendatahub.io/enable-auth": "true",
        "kubectl.kubernetes.io/last-applied-configuration": "{}",
    }
    labels = {
        "team": "flowers",
        "modelregistry.opendatahub.io/registered-model-id": "12",
        "modelregistry.opendatahub.io/model-version-id": "34",
        "modelregistry.opendatahub.io/inference-service-id": "5",
    }
    cluster.add(
        service(
            "iris",
            sklearn(f"oci://quay.acme.example/models/iris:7@{DIGEST}", protocolVersion="v2"),
            metadata={"annotations": annotations, "labels": labels},
            status=ready(deploymentMode="Standard", servingRuntimeName="mlserver"),
        )
    )
    listing = read(cluster)
    model = one(listing)
    assert listing.complete
    assert listing.problems == ()
    assert (model.id, model.name, model.title) == ("ml/iris", "ml/iris", "Iris classifier")
    assert model.description == "Tells irises apart."
    assert (model.owner, model.lifecycle, model.library) == ("group:default/flowers", "production", "sklearn")
    assert model.license is not None
    assert model.license.id == "apache-2.0"
    assert model.created_at == "2026-01-02T03:04:05Z"
    assert model.properties == {
        "deployment-mode": "RawDeployment",
        "model-size": "small",
        "model-type": "predictive",
        "namespace": "ml",
        "team": "flowers",
    }
    assert model.links == (
        Link(url="https://iris.acme.example", title="Homepage"),
        Link(url="https://docs.acme.example/iris", title="How to use"),
    )
    assert model.card is not None
    assert "## Usage\n\nSend four numbers." in model.card.markdown
    (version,) = model.versions
    assert version.name == "7.1"
    uri = f"oci://quay.acme.example/models/iris:7@{DIGEST}"
    assert version.artifacts == (Artifact(uri=uri, format="sklearn", digest=DIGEST),)
    assert model.endpoints == (
        Endpoint(
            url="https://iris.ml.acme.example",
            protocol="kserve-v2",
            needs_key=True,
            version="7.1",
            definition='{"openapi": "3.1.0"}',
            server="ml/iris",
            runtime="mlserver",
        ),
    )
    assert model.counterparts == (
        Counterpart(
            registry="kubeflow",
            said_by="modelregistry.opendatahub.io/registered-model-id",
            model="12",
            version="34",
            uri="inference_services/5",
            of_version="7.1",
        ),
        Counterpart(
            registry="oci",
            said_by="storageUri",
            model="quay.acme.example/models/iris",
            version=DIGEST,
            uri=uri,
            of_version="7.1",
        ),
    )
    assert model.provenance["owner"] == "prod"
    assert "updated_at" not in model.provenance


@pytest.mark.parametrize(
    ("predictor", "uris", "library", "protocol"),
    [
        *(
            ({name: {"storageUri": "gs://b/m"}}, ["gs://b/m"], name, "rest")
            for name in ("sklearn", "xgboost", "lightgbm", "onnx", "pytorch", "tensorflow", "triton", "pmml")
        ),
        ({"paddle": {"storage": {"key": "s3", "path": "/p/m"}}}, ["storage://s3/p/m"], "paddle", "rest"),
        (
            {"onnx": {"storage": {"path": "m", "parameters": {"type": "s3", "bucket": "b"}}}},
            ["s3://b/m"],
            "onnx",
            "rest",
        ),
        (
            {"model": {"modelFormat": {"name": "vLLM"}, "storageUri": "pvc://v/m"}},
            ["pvc://v/m"],
            "vLLM",
            "openai-v1",
        ),
        (
            {**sklearn("s3://b/base"), "storageUris": [{"uri": "s3://b/base"}, {"uri": "hf://a/l"}]},
            ["s3://b/base", "hf://a/l"],
            "sklearn",
            "rest",
        ),
        (
            {"containers": [{"name": "c", "image": f"quay.io/a/m@{DIGEST}"}]},
            [f"quay.io/a/m@{DIGEST}"],
            None,
            "rest",
        ),
        (
            {
                "containers": [
                    {"name": "sidecar", "image": "quay.io/a/s"},
                    {
                        "name": "kserve-container",
                        "image": "i",
                        "env": [{"name": "STORAGE_URI", "value": "s3://b/c"}],
                    },
                ]
            },
            ["s3://b/c"],
            None,
            "rest",
        ),
        ({"containers": [{"name": "c"}]}, [], None, "rest"),
    ],
)
def test_every_way_to_say_what_is_served_is_understood(
    cluster: Kubernetes, predictor: dict[str, Any], uris: list[str], library: str | None, protocol: str
) -> None:
    cluster.add(service("iris", predictor, status=ready()))
    model = one(read(cluster))
    (version,) = model.versions
    assert version.name == "current"
    assert [artifact.uri for artifact in version.artifacts] == uris
    assert model.library == library
    assert [endpoint.protocol for endpoint in model.endpoints] == [protocol]


@pytest.mark.parametrize(
    ("predictor", "counterpart"),
    [
        (sklearn("hf://acme/fox:main"), {"registry": "huggingface", "model": "acme/fox", "version": "main"}),
        (sklearn("oci://r.example:5000/a/b:1"), {"registry": "oci", "model": "r.example:5000/a/b"}),
        (
            sklearn("oci+native://r.example/a/b:1"),
            {"registry": "oci", "model": "r.example/a/b", "version": "1"},
        ),
        (sklearn("oci+fetch://r.example/a/b"), {"registry": "oci", "model": "r.example/a/b"}),
        (sklearn("oci+other://r.example/a/b"), None),
        (sklearn("models:/fox/3"), {"registry": "mlflow", "model": "fox", "version": "3"}),
        (sklearn("runs:/0af1/model"), {"registry": "mlflow", "run_id": "0af1"}),
        (sklearn("model-registry://fox/3"), {"registry": "kubeflow", "uri": "model-registry://fox/3"}),
        (
            {"huggingface": {"args": ["--model_id=acme/fox"]}},
            {"registry": "huggingface", "model": "acme/fox"},
        ),
        (
            {"huggingface": {"args": ["--model_id", "acme/fox"]}},
            {"registry": "huggingface", "said_by": "model_id"},
        ),
        ({"huggingface": {"env": [{"name": "MODEL_ID", "value": "acme/fox"}]}}, {"model": "acme/fox"}),
        ({"huggingface": {"args": ["--model_id=../../etc"]}}, None),
        ({"huggingface": {"args": ["--model_id"]}}, None),
        (sklearn("s3://bucket/fox"), None),
        (sklearn("hf://acme/fox/../../x"), None),
    ],
)
def test_a_model_of_another_registry_is_named(
    cluster: Kubernetes, predictor: dict[str, Any], counterpart: dict[str, str] | None
) -> None:
    cluster.add(service("fox", predictor, status=ready()))
    found = one(read(cluster)).counterparts
    assert [{key: getattr(one, key) for key in counterpart or {}} for one in found] == (
        [counterpart] if counterpart else []
    )


@pytest.mark.parametrize("version", ["v1alpha1", "v1alpha2"])
def test_language_models_are_read_in_the_version_that_the_cluster_has(
    cluster: Kubernetes, version: str
) -> None:
    cluster.kinds = [kind for kind in cluster.kinds if kind.version != {"v1alpha1": "v1alpha2"}.get(version)]
    cluster.add(
        llm(
            "fox", "hf://acme/fox", version=version, status={"addresses": [{"url": "https://fox.example/v1"}]}
        ),
        service("fox", sklearn(), status=ready()),
    )
    listing = read(cluster)
    assert listing.complete
    assert [(model.id, model.name) for model in listing.models] == [
        ("ml/fox", "ml/fox"),
        ("ml/llminferenceservices/fox", "ml/fox"),
    ]
    model = listing.models[1]
    assert [(one.url, one.protocol) for one in model.endpoints] == [("https://fox.example/v1", "openai-v1")]
    assert [(one.registry, one.model) for one in model.counterparts] == [("huggingface", "acme/fox")]


def test_the_runtime_tells_the_protocol_that_the_service_does_not(cluster: Kubernetes) -> None:
    def runtime(kind: str, name: str, *protocols: str, **place: str) -> dict[str, Any]:
        spec = {"containers": [{"name": "kserve-container"}], "protocolVersions": list(protocols)}
        metadata = {"name": name, **place}
        return {"apiVersion": "serving.kserve.io/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}

    cluster.add(
        runtime("ServingRuntime", "own", "grpc-v2", namespace="ml"),
        runtime("ServingRuntime", "own", "v1", namespace="elsewhere"),
        runtime("ClusterServingRuntime", "own", "v1"),
        runtime("ClusterServingRuntime", "mlserver", "v2"),
        runtime("ClusterServingRuntime", "both", "v2", "v1"),
        service("a", sklearn(runtime="own"), status=ready()),
        service("b", sklearn(), status=ready(clusterServingRuntimeName="mlserver")),
        service("c", sklearn(runtime="both"), status=ready()),
        service("d", sklearn(runtime="gone"), status=ready()),
    )
    first = read(cluster)
    assert [(m.endpoints[0].protocol, m.endpoints[0].runtime) for m in first.models] == [
        ("grpc", "own"),
        ("kserve-v2", "mlserver"),
        ("kserve-v1", "both"),
        ("rest", "gone"),
    ]
    cluster.forbidden = {("servingruntimes", ""), ("clusterservingruntimes", "")}
    again = read(cluster, known=first)
    assert again.models == first.models
    assert again.complete
    assert [problem.severity for problem in again.problems] == ["warning"] * 2


def test_a_split_keeps_versions_apart(cluster: Kubernetes) -> None:
    def split(latest: int, **more: Any) -> dict[str, Any]:
        traffic = [
            {"revisionName": "iris-00001", "percent": 100 - latest, "tag": "prev", "latestRevision": False},
            {"latestRevision": True, "percent": latest, "revisionName": "iris-00002"},
        ]
        return ready(components={"predictor": {"traffic": traffic, **more}})

    cluster.add(service("iris", sklearn("s3://b/2") | {"canaryTrafficPercent": 20}, status=split(20)))
    model = one(read(cluster))
    assert [(one.name, [a.uri for a in one.artifacts]) for one in model.versions] == [
        ("iris-00002", ["s3://b/2"]),
        ("iris-00001", []),
    ]
    assert [(one.version, one.traffic) for one in model.endpoints] == [("iris-00002", 20), ("iris-00001", 80)]
    # What is served by another revision than the last is not what the record asks for.
    cluster.objects["inferenceservices"][0]["status"] = split(0)
    back = one(read(cluster))
    assert [(one.name, one.artifacts) for one in back.versions] == [("iris-00001", ())]
    cluster.objects["inferenceservices"][0]["status"] = split(100)
    rolled_out = one(read(cluster))
    assert [(one.name, one.id) for one in rolled_out.versions] == [("current", None)]
    assert [(one.version, one.traffic) for one in rolled_out.endpoints] == [(None, None)]


def test_a_revision_keeps_the_artifacts_that_the_catalog_knows_of_it(cluster: Kubernetes) -> None:
    def traffic(*shares: tuple[str, int, bool]) -> dict[str, Any]:
        said = [{"revisionName": n, "percent": p, "latestRevision": last} for n, p, last in shares]
        return ready(components={"predictor": {"traffic": said}})

    cluster.add(service("iris", sklearn("s3://b/2"), status=traffic(("i-1", 80, False), ("i-2", 20, True))))
    first = read(cluster)
    later = service("iris", sklearn("s3://b/3"), status=traffic(("i-2", 80, False), ("i-3", 20, True)))
    cluster.objects["inferenceservices"] = [later]
    model = one(read(cluster, known=first))
    assert [(one.name, [a.uri for a in one.artifacts]) for one in model.versions] == [
        ("i-3", ["s3://b/3"]),
        ("i-2", ["s3://b/2"]),
    ]


def test_the_clusters_own_revisions_tell_what_they_serve(cluster: Kubernetes) -> None:
    def revision(name: Any, uri: Any, namespace: str = "ml") -> dict[str, Any]:
        annotations = {"internal.serving.kserve.io/storage-initializer-sourceuri": uri}
        metadata = {"name": name, "namespace": namespace, "annotations": annotations}
        return {"apiVersion": "serving.knative.dev/v1", "kind": "Revision", "metadata": metadata}

    shares = [
        {"revisionName": name, "percent": 50, "latestRevision": name == "i-2"} for name in ("i-1", "i-2")
    ]
    status = ready(components={"predictor": {"traffic": shares}})
    cluster.kinds += KNATIVE
    cluster.add(service("iris", sklearn("models:/iris/2"), status=status))
    cluster.add(revision("i-1", "models:/iris/1"), revision("i-1", "s3://no", "x"), revision(5, "s3://no"))
    first = read(cluster)
    assert [(one.of_version, one.version) for one in one(first).counterparts] == [("i-2", "2"), ("i-1", "1")]
    cluster.forbidden = {("revisions", "ml")}
    again = read(cluster, known=first)
    assert again.models == first.models
    assert again.complete
    assert [problem.severity for problem in again.problems] == ["warning"]


def test_named_canaries_are_versions_with_their_share(cluster: Kubernetes) -> None:
    canary = {"predictor": sklearn("s3://b/next", name="m") | {"name": "next"}, "trafficPercent": 10}
    cluster.add(service("iris", sklearn("s3://b/now"), spec={"canary": [canary]}, status=ready()))
    model = one(read(cluster))
    assert [(one.name, one.artifacts[0].uri) for one in model.versions] == [
        ("next", "s3://b/next"),
        ("stable", "s3://b/now"),
    ]
    assert [(one.version, one.traffic) for one in model.endpoints] == [("next", 10), ("stable", 90)]


def test_readiness_comes_and_goes_and_the_catalog_stands_still(cluster: Kubernetes) -> None:
    cluster.add(service("iris", sklearn(), status=ready()))
    first = read(cluster)
    for status in (
        ready(),
        broken("Loading", "2999-01-01T00:00:00Z"),
        broken("Loading", url="https://iris.ml.acme.example"),
        broken("Loading", address={"url": "http://iris.ml.svc.cluster.local"}, deploymentMode="Standard"),
        {"conditions": [{"type": "Ready", "status": "Unknown"}], "observedGeneration": 9},
        {},
    ):
        cluster.objects["inferenceservices"] = [service("iris", sklearn(), status=status)]
        cluster.requests.clear()
        again = read(cluster, known=first)
        assert again.models == first.models
        assert again.complete
        assert len(cluster.requests) == 2
    stopped = {"annotations": {"serving.kserve.io/stop": "true"}}
    cluster.objects["inferenceservices"] = [
        service("iris", sklearn(), status=broken("Stopped"), metadata=stopped)
    ]
    again = read(cluster, known=first)
    assert one(again).endpoints == ()
    assert again.problems == ()


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (broken("RevisionMissing"), "RevisionMissing: no such bucket"),
        (
            {
                "modelStatus": {
                    "transitionStatus": "BlockedByFailedLoad",
                    "lastFailureInfo": {"reason": "ModelLoadFailed", "message": "no such bucket"},
                }
            },
            "ModelLoadFailed: no such bucket",
        ),
        ({"modelStatus": {"transitionStatus": "InvalidSpec"}}, "InvalidSpec"),
        (broken("RevisionMissing", "yesterday"), None),
        (broken("RevisionMissing", "2999-01-01T00:00:00Z"), None),
    ],
)
def test_a_service_that_stays_broken_is_told(
    cluster: Kubernetes, status: dict[str, Any], said: str | None
) -> None:
    cluster.add(service("iris", sklearn(), status=status | {"url": "https://iris.example"}))
    listing = read(cluster)
    assert listing.complete
    assert [(one.model, one.severity) for one in listing.problems] == (
        [("ml/iris", "warning")] if said else []
    )
    assert all(said in problem.what for problem in listing.problems if said)


@pytest.mark.parametrize(
    ("component", "endpoints"),
    [
        (
            {"restUrl": "http://mesh.ml:8008", "grpcUrl": "grpc://mesh.ml:8033"},
            [("http://mesh.ml:8008", "rest")],
        ),
        (
            {"restUrl": "http://mesh.ml:8008", "grpcUrl": "http://mesh.ml:8033"},
            [("http://mesh.ml:8008", "rest"), ("http://mesh.ml:8033", "grpc")],
        ),
        ({"grpcUrl": "grpc://mesh.ml:8033"}, []),
    ],
)
def test_only_addresses_of_the_web_are_endpoints(
    cluster: Kubernetes, component: dict[str, str], endpoints: list[tuple[str, str]]
) -> None:
    status = ready("grpc://mesh.ml:8033", components={"predictor": component})
    cluster.add(service("iris", sklearn(), status=status))
    assert [(found.url, found.protocol) for found in one(read(cluster)).endpoints] == endpoints


def test_an_address_comes_from_what_the_service_owns(cluster: Kubernetes) -> None:
    cluster.kinds += OPENSHIFT
    iris = service("iris", sklearn(), status=ready(None))
    other = service("other", sklearn(), status=ready())
    port = {"port": 80, "targetPort": 8080, "name": "http1"}
    plain = owned("Service", "iris-predictor", iris, {"ports": [port]}, component="predictor")
    headless = copy.deepcopy(plain)
    headless["spec"]["clusterIP"] = "None"
    secured = copy.deepcopy(plain)
    secured["spec"]["ports"] = [port, {"port": 8443, "name": "https"}]
    unlabelled = owned("Service", "iris-predictor", iris, {"ports": [port]})
    twin = owned("Service", "iris-metrics", iris, {"ports": [port]})
    elsewhere = owned(
        "Service", "iris", iris, {"type": "ExternalName", "ports": [port]}, component="predictor"
    )
    foreign = owned("Service", "iris-predictor", other, {"ports": [port]}, component="predictor")
    rules = [{"host": "*.example"}, {"host": "iris.example", "http": {"paths": [{"path": "/m/iris"}]}}]
    ingress = owned("Ingress", "iris", iris, {"rules": rules, "tls": [{"hosts": ["iris.example"]}]})
    route = owned("Route", "iris", iris, {"host": "iris.apps.example", "tls": {}})
    cases: list[tuple[list[dict[str, Any]], str | None]] = [
        ([plain], "http://iris-predictor.ml.svc"),
        ([headless], "http://iris-predictor.ml.svc:8080"),
        ([secured], "https://iris-predictor.ml.svc:8443"),
        ([unlabelled, elsewhere], "http://iris-predictor.ml.svc"),
        ([unlabelled, twin], None),
        ([elsewhere], None),
        ([foreign], None),
        ([plain, ingress], "https://iris.example/m/iris"),
        ([plain, ingress, route], "http://iris.apps.example"),
        ([], None),
    ]
    for objects, address in cases:
        cluster.objects.clear()
        cluster.add(iris, *objects)
        found = one(read(cluster)).endpoints
        assert [endpoint.url for endpoint in found] == ([address] if address else [])


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        ("Route", 5),
        ("Route", {"host": 5}),
        ("Route", {"host": ""}),
        ("Ingress", {"rules": 5}),
        ("Ingress", {"rules": [{"host": "*.example"}]}),
        ("Service", {"ports": "80"}),
        ("Service", {"ports": None}),
        ("Service", {"ports": [{"port": 80, "protocol": "UDP"}]}),
        ("Service", {"ports": [{"port": 80, "targetPort": "http"}], "clusterIP": "None"}),
    ],
)
def test_what_leads_nowhere_is_no_address(cluster: Kubernetes, kind: str, spec: object) -> None:
    cluster.kinds += OPENSHIFT
    iris = service("iris", sklearn(), status=ready(None))
    cluster.add(iris, owned(kind, "iris", iris, {}) | {"spec": spec})
    listing = read(cluster)
    assert one(listing).endpoints == ()
    assert listing.complete


def test_an_address_that_cannot_be_looked_up_now_is_kept(cluster: Kubernetes) -> None:
    iris = service("iris", sklearn(), status=ready(None))
    port = {"ports": [{"port": 80}]}
    cluster.add(iris, owned("Service", "iris-predictor", iris, port, component="predictor"))
    first = read(cluster)
    assert one(first).endpoints[0].url == "http://iris-predictor.ml.svc"
    for plural in ("services", "ingresses"):
        cluster.forbidden = {(plural, "ml")}
        again = read(cluster, known=first)
        assert again.models == first.models
        assert again.complete
        assert [problem.severity for problem in again.problems] == ["warning"]
        assert f"list {plural}" in again.problems[0].hint


def test_addresses_are_not_looked_up_where_they_are_said(cluster: Kubernetes) -> None:
    cluster.add(service("iris", sklearn(protocolVersion="v2"), status=ready()))
    read(cluster)
    assert cluster.requests == [
        "GET /apis/serving.kserve.io/v1beta1/inferenceservices",
        "GET /apis/serving.kserve.io/v1alpha2/llminferenceservices",
    ]


def test_only_what_is_selected_counts(cluster: Kubernetes) -> None:
    cluster.add(service("iris", sklearn(), status=ready()), service("tmp-x", sklearn(), status=ready(None)))
    cluster.add({**service("tmp-y", sklearn()), "spec": 5}, spoiled=True)
    listing = read(cluster, select=Select(include=("ml/*",), exclude=("*/tmp-*",)))
    assert [model.name for model in listing.models] == ["ml/iris"]
    assert listing.complete
    assert cluster.count("services") == 2


def test_namespaces_are_listed_one_by_one(cluster: Kubernetes) -> None:
    cluster.add(*(service("iris", sklearn(), namespace=name, status=ready()) for name in ("a", "b", "c")))
    cluster.forbidden = {("inferenceservices", ""), ("llminferenceservices", ""), ("inferenceservices", "b")}
    listing = read(cluster, namespaces=("a", "b", "c"))
    assert [model.name for model in listing.models] == ["a/iris", "c/iris"]
    assert not listing.complete
    (problem,) = listing.problems
    assert 'in the namespace "b"' in problem.what
    assert "list inferenceservices.serving.kserve.io in namespace b" in problem.hint


def test_a_cluster_without_kserve_or_without_models_is_not_an_empty_one(cluster: Kubernetes) -> None:
    listing = read(cluster)
    assert (listing.models, listing.complete) == ((), False)
    assert "no served models" in listing.problems[0].what
    cluster.kinds = [kind for kind in cluster.kinds if kind not in KSERVE]
    listing = read(cluster)
    assert (listing.models, listing.complete) == ((), False)
    assert "no KServe" in listing.problems[0].what


def test_a_kind_that_was_there_before_is_missed(cluster: Kubernetes) -> None:
    cluster.add(llm("fox", "hf://a/fox"), service("iris", sklearn(), status=ready()))
    first = read(cluster)
    cluster.kinds = [kind for kind in cluster.kinds if kind.plural != "llminferenceservices"]
    listing = read(cluster, known=first)
    assert not listing.complete
    assert "any more" in listing.problems[0].what
    again = read(cluster)
    assert again.complete
    assert again.problems == ()


def test_one_bad_object_stops_nobody_else(cluster: Kubernetes) -> None:
    cluster.add(service("iris", sklearn(), status=ready()))
    cluster.add({**service("bad", sklearn()), "spec": {"predictor": [1]}}, spoiled=True)
    cluster.add({**llm("bad", "hf://a/b"), "spec": None}, spoiled=True)
    listing = read(cluster)
    assert [model.id for model in listing.models] == ["ml/iris"]
    assert listing.unread == ("ml/bad", "ml/llminferenceservices/bad")
    assert listing.complete
    assert ["predictor" in problem.what for problem in listing.problems] == [True, False]
    cluster.objects["inferenceservices"].append({"metadata": {"name": 5}})
    assert not read(cluster).complete


def test_nothing_is_asked_of_another_server(cluster: Kubernetes) -> None:
    with kubernetes.running() as other:
        other.add(service("iris", sklearn(), status=ready()))

        async def interfere(request: Request) -> Response | None:
            return RedirectResponse(f"{other.url}{request.url.path}")

        cluster.interfere = interfere
        listing = read(cluster)
        assert other.requests == []
    assert (listing.models, listing.complete) == ((), False)
    assert "redirects to" in listing.problems[0].what


def test_a_404_of_somebody_else_is_not_a_cluster_without_kserve(cluster: Kubernetes) -> None:
    async def interfere(request: Request) -> Response | None:
        return PlainTextResponse("not found", 404)

    cluster.interfere = interfere
    listing = read(cluster)
    assert not listing.complete
    assert len(listing.problems) == 2
    assert all("404" in problem.what for problem in listing.problems)


def test_a_server_that_is_not_there_or_refuses_is_a_problem() -> None:
    settings = Settings(name="prod", url="http://127.0.0.1:1", kubeconfig=None, insecure_skip_tls_verify=None)
    gone = settings.model_copy(update={"url": "http://user@127.0.0.1"})
    listing = list_models(gone, Context(Path.cwd()))
    assert not listing.complete
    assert "credentials" in listing.problems[0].what


RICH = service(
    "victim",
    {
        **sklearn(
            "oci://quay.io/a/b:1", runtime="r", args=["--model_id=a/b"], env=[{"name": "A", "value": "b"}]
        ),
        "storageUris": [{"uri": "s3://a/b"}],
    },
    metadata={"labels": {"a": "b"}, "annotations": {"rhdh.io/owner": "ann"}},
    spec={"canary": [{"predictor": sklearn("s3://b/c"), "trafficPercent": 5}]},
    status=ready(
        components={"predictor": {"url": "https://a", "traffic": [{"percent": 100, "latestRevision": True}]}},
        modelStatus={"transitionStatus": "UpToDate", "states": {"activeModelState": "Loaded"}},
    ),
)
WRONG: st.SearchStrategy[Any] = st.sampled_from(
    [
        None,
        True,
        7,
        -1,
        1.5,
        math.nan,
        math.inf,
        "",
        "text",
        "\x00\x1b[2J",
        "🦊" * 9000,
        [],
        [None],
        {},
        {"a": []},
    ]
)


@st.composite
def paths(draw: st.DrawFn, schema: dict[str, Any]) -> list[str | int]:
    """The way to any field that a definition names."""
    path: list[str | int] = []
    while True:
        if isinstance(schema.get("items"), dict):
            schema = schema["items"]
            path.append(0)
        elif isinstance(schema.get("additionalProperties"), dict):
            schema = schema["additionalProperties"]
            path.append("predictor")
        elif schema.get("properties"):
            name = draw(st.sampled_from(sorted(schema["properties"])))
            schema = schema["properties"][name]
            path.append(name)
        else:
            return path
        if path and draw(st.integers(0, 5)) == 0:
            return path


def spoil(value: dict[str, Any], path: list[str | int], wrong: Any) -> dict[str, Any]:
    """The object with ``wrong`` at ``path``; what is missing on the way is made."""
    spoiled = copy.deepcopy(value)
    at: Any = spoiled
    for step, following in zip(path, [*path[1:], None], strict=True):
        last = following is None
        fresh: Any = wrong if last else [] if following == 0 else {}
        if isinstance(at, list):
            at[:] = [fresh] if last or not at or type(at[0]) is not type(fresh) else at
            at = at[0]
        else:
            if last or type(at.get(step)) is not type(fresh):
                at[step] = fresh
            at = at[step]
    return spoiled


DEFINITION = crds.Definition(
    "kserve-inferenceservices.crd.yaml", "inferenceservices", "InferenceService", "v1beta1"
)


@pytest.fixture(scope="module")
def shared() -> Iterator[Kubernetes]:
    with kubernetes.running() as server:
        yield server


@settings(max_examples=25)
@given(st.data())
def test_a_wrong_value_in_any_field_of_the_contract_costs_that_service_at_most(
    shared: Kubernetes, data: st.DataObject
) -> None:
    # Half of the time a field that is read, half of the time any that there is.
    schema = data.draw(st.sampled_from([DEFINITION.ours, DEFINITION.upstream or DEFINITION.ours]))
    path = data.draw(paths(schema))
    spoiled = spoil(RICH, path, data.draw(WRONG))
    shared.objects = {"inferenceservices": [service("good", sklearn(), status=ready()), spoiled]}
    listing = read(shared)
    names = {model.id for model in listing.models}
    assert "ml/good" in names
    assert "ml/victim" in {*names, *listing.unread} or not listing.complete or path[:1] == ["metadata"]
    for model in listing.models:
        assert Model.model_validate_json(model.model_dump_json()) == model
    again = read(shared, known=listing)
    assert again.models == listing.models


@pytest.mark.optional
def test_a_real_api_server_is_read_as_its_double_is(
    cluster: Kubernetes, api_server: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    namespace = api_server.namespace("kserve")
    objects = [
        service("iris", sklearn("oci://quay.io/a/b:1"), namespace=namespace, status=ready()),
        service(
            "other",
            {"onnx": {"storageUri": "s3://a/b"}},
            namespace=namespace,
            status=broken("RevisionMissing"),
        ),
        llm("fox", "hf://acme/fox", metadata={"namespace": namespace}, status={"url": "https://fox.example"}),
        service("raw", sklearn(runtime="own"), namespace=namespace),
        {
            "apiVersion": "serving.kserve.io/v1alpha1",
            "kind": "ClusterServingRuntime",
            "metadata": {"name": "own"},
            "spec": {"containers": [{"name": "kserve-container"}], "protocolVersions": ["v2"]},
        },
    ]
    for one in objects:
        place = "" if one["kind"] == "ClusterServingRuntime" else f"/namespaces/{namespace}"
        stored = api_server.create(f"/apis/{one['apiVersion']}{place}/{one['kind'].lower()}s", one)
        one["metadata"]["uid"] = stored["metadata"]["uid"]
    behind = owned("Service", "raw-predictor", objects[3], {"ports": [{"port": 8080}]}, component="predictor")
    api_server.create(f"/api/v1/namespaces/{namespace}/services", behind)
    cluster.add(*objects, behind)
    double = read(cluster)

    api_server.authority.own.write(tmp_path, "ca")
    monkeypatch.setenv("KUBE_TEST_TOKEN", kube_apiserver.READER)
    at = {
        "url": api_server.url,
        "ca_bundle": tmp_path / "ca.crt",
        "token": SecretReference(env="KUBE_TEST_TOKEN"),
        "namespaces": (namespace,),
    }
    real = list_models(Settings.model_validate({"name": "prod", **at}), Context(tmp_path))
    created: dict[str, Any] = {"created_at": None, "provenance": {}}
    assert [one.model_copy(update=created) for one in real.models] == [
        one.model_copy(update=created) for one in double.models
    ]
    assert (len(real.models), real.complete) == (4, True)
    (model,) = (one for one in real.models if one.name == f"{namespace}/raw")
    assert [(one.url, one.protocol) for one in model.endpoints] == [
        ("http://raw-predictor.kserve.svc:8080", "kserve-v2")
    ]
    assert [one.what for one in real.problems] == [one.what for one in double.problems]

    monkeypatch.setenv("KUBE_TEST_TOKEN", kube_apiserver.NOBODY)
    refused = list_models(Settings.model_validate({"name": "prod", **at}), Context(tmp_path))
    assert (refused.models, refused.complete) == ((), False)
    assert ["cannot list resource" in problem.what for problem in refused.problems] == [True, True]


@pytest.mark.optional
@pytest.mark.parametrize(
    "wrong",
    [{"predictor": {"canaryTrafficPercent": "10"}}, {"predictor": {"minReplicas": []}}, {"predictor": None}],
)
def test_what_the_definitions_refuse_a_real_server_refuses(
    api_server: ApiServer, wrong: dict[str, Any]
) -> None:
    bad = service("bad", sklearn(), namespace="default") | {"spec": wrong}
    answer = api_server.client.post(
        "/apis/serving.kserve.io/v1beta1/namespaces/default/inferenceservices", json=bad
    )
    assert answer.status_code == 422
    assert crds.errors(DEFINITION, bad)
