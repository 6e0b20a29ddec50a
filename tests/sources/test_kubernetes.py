"""Kubernetes: signing in as people and pods do, and lists that pages, permissions and time come between."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from callboard.config import Config, SecretReference, SecretUnavailable
from callboard.http import HttpProblem
from callboard.model import Listing
from callboard.sources import kubeconfig, kubernetes_pages
from callboard.sources.kserve import Settings
from callboard.sources.kubeconfig import in_cluster, read_kubeconfig
from callboard.sources.kubernetes import Cluster, Kind, KubernetesSettings, Objects, open_cluster
from callboard.walk.listings import list_sources
from tests.servers import certificates, kube_apiserver, kubernetes, kubernetes_answers
from tests.servers.certificates import Authority
from tests.servers.doubles import bomb, hang, spoil
from tests.servers.kube_apiserver import ApiServer
from tests.servers.kubernetes import BUILT_IN, KSERVE, THREESCALE, Kubernetes
from tests.servers.kubernetes_answers import ANONYMOUS, NOBODY, STRANGER
from tests.servers.openwebui import RECORD

CANARY = "canary-kubernetes-token-5d2c8e"
SERVICES = Kind("serving.kserve.io", ("v1beta1",), "inferenceservices")
LLMS = Kind("serving.kserve.io", ("v1alpha2", "v1alpha1"), "llminferenceservices")


@pytest.fixture
def server() -> Iterator[Kubernetes]:
    with kubernetes.running() as server:
        yield server


@pytest.fixture
def cluster(server: Kubernetes) -> Iterator[Cluster]:
    with open_cluster(at(url=server.url), Path()) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def authority() -> Authority:
    return certificates.authority()


def at(**settings: Any) -> KubernetesSettings:
    return KubernetesSettings(name="prod", type="kserve", timeout=5, **settings)


def fill(server: Kubernetes, count: int, namespace: str = "ml") -> None:
    server.add(
        *(
            {
                "apiVersion": "serving.kserve.io/v1beta1",
                "kind": "InferenceService",
                "metadata": {"name": f"m{number}", "namespace": namespace},
                "spec": {"predictor": {"sklearn": {"storageUri": "s3://a/b"}}},
            }
            for number in range(count)
        )
    )


def names(objects: Objects) -> list[str]:
    return [one["metadata"]["name"] for one in objects.items]


def config(
    folder: Path, cluster: dict[str, Any], user: dict[str, Any] | None, name: str = "config", **more: Any
) -> Path:
    path = folder / name
    said = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "prod",
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "prod", "context": {"cluster": "c", "user": "u"}}],
    }
    path.write_text(json.dumps(said | more), encoding="utf-8")
    return path


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_a_long_list_comes_in_pages(server: Kubernetes, cluster: Cluster) -> None:
    server.most = 2
    fill(server, 5)
    objects = cluster.objects(SERVICES)
    assert names(objects) == [f"m{number}" for number in range(5)]
    assert (objects.complete, objects.installed, objects.problems) == (True, True, ())
    assert objects.version == "v1beta1"
    assert len(server.requests) == 3


def test_a_snapshot_that_is_forgotten_is_listed_anew(server: Kubernetes, cluster: Cluster) -> None:
    server.most, server.expires = 2, 2
    fill(server, 3)
    objects = cluster.objects(SERVICES)
    assert names(objects) == ["m0", "m1", "m2"]
    assert objects.complete
    assert len(server.requests) == 6


def test_a_snapshot_that_is_always_forgotten_keeps_what_was_read(
    server: Kubernetes, cluster: Cluster
) -> None:
    server.most, server.expires = 2, 99
    fill(server, 3)
    objects = cluster.objects(SERVICES)
    assert names(objects) == ["m0", "m1"]
    assert not objects.complete
    assert "410" in objects.problems[0].what
    assert len(server.requests) == 6


@pytest.mark.parametrize("token", ["string", 5, ["x"]])
def test_pages_that_never_end_are_left(server: Kubernetes, cluster: Cluster, token: object) -> None:
    fill(server, 1)

    async def interfere(request: Request) -> Response | None:
        items = [{"metadata": {"name": "a"}}, {"metadata": {"name": "b"}}]
        return JSONResponse({"metadata": {"continue": token}, "items": items})

    server.interfere = interfere
    objects = cluster.objects(SERVICES)
    assert names(objects) == ["a", "b"]
    assert not objects.complete
    assert "does not end" in objects.problems[0].what
    assert len(server.requests) <= 2


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html>", "not JSON"),
        (b"[]", None),
        (b"{}", "no list of objects"),
        (b'{"items": {"a": 1}}', "no list of objects"),
        (b'{"items": 5}', "no list of objects"),
        (b'{"items": null, "metadata": null}', None),
        (b'{"items": [1, null, {"metadata": 3}], "metadata": 4}', None),
    ],
)
def test_garbage_never_raises(server: Kubernetes, cluster: Cluster, body: bytes, said: str | None) -> None:
    async def interfere(_: Request) -> Response | None:
        return Response(body, media_type="application/json")

    server.interfere = interfere
    objects = cluster.objects(SERVICES)
    assert objects.complete is (said is None)
    assert [said in problem.what for problem in objects.problems if said] == ([True] if said else [])


def test_ten_thousand_objects_on_one_page_are_read(server: Kubernetes, cluster: Cluster) -> None:
    items = [{"metadata": {"name": f"m{number}"}} for number in range(10_000)]

    async def interfere(_: Request) -> Response | None:
        return JSONResponse({"items": [*items, items[0]]})

    server.interfere = interfere
    assert len(cluster.objects(SERVICES).items) == 10_000


def test_what_may_not_be_listed_says_which_permission_is_missing(
    server: Kubernetes, cluster: Cluster
) -> None:
    server.forbidden = {("inferenceservices", "")}
    objects = cluster.objects(SERVICES)
    assert (objects.complete, objects.installed) == (False, True)
    (problem,) = objects.problems
    assert "cannot list resource" in problem.what
    assert "allow the account to list inferenceservices.serving.kserve.io everywhere" in problem.hint


def test_a_kind_that_is_not_installed_is_certain(server: Kubernetes, cluster: Cluster) -> None:
    server.kinds = [kind for kind in server.kinds if kind.plural != "llminferenceservices"]
    for _ in range(2):
        objects = cluster.objects(LLMS)
        assert (objects.items, objects.installed, objects.complete, objects.problems) == ((), False, True, ())
    # Asked once, then known.
    assert server.count("llminferenceservices") == 1
    server.kinds = []
    assert not cluster.objects(SERVICES).installed


def test_an_older_version_is_read_and_an_unknown_one_is_told(server: Kubernetes, cluster: Cluster) -> None:
    server.kinds = [kind for kind in server.kinds if kind.version != "v1alpha2"]
    assert cluster.objects(LLMS, ("a", "b")).version == "v1alpha1"
    assert server.requests[0].endswith("v1alpha2/namespaces/a/llminferenceservices")
    assert server.requests[-1].endswith("v1alpha1/namespaces/b/llminferenceservices")
    objects = cluster.objects(Kind("serving.kserve.io", ("v2", "v1"), "inferenceservices"))
    assert (objects.complete, objects.installed) == (False, True)
    assert "only in v1beta1" in objects.problems[0].what


def test_a_missing_page_of_kubernetes_own_kinds_is_a_failure(server: Kubernetes, cluster: Cluster) -> None:
    server.kinds = []
    objects = cluster.objects(Kind("", ("v1",), "services"))
    assert (objects.complete, objects.installed) == (False, True)


@pytest.mark.parametrize(
    "versions", [5, {"a": 1}, "v1", [5, {"version": ["v1"]}, {"version": "../v1"}, {"version": None}], None]
)
def test_a_discovery_full_of_garbage_never_raises(
    server: Kubernetes, cluster: Cluster, versions: object
) -> None:
    server.kinds = []

    async def interfere(request: Request) -> Response | None:
        groups = [5, {"name": "serving.kserve.io", "versions": versions}, {"name": None}]
        return (
            JSONResponse({"kind": "APIGroupList", "groups": groups}) if request.url.path == "/apis" else None
        )

    server.interfere = interfere
    assert not cluster.objects(SERVICES).installed
    assert len(server.requests) == 2


def test_a_discovery_that_is_none_tells_nothing(server: Kubernetes, cluster: Cluster) -> None:
    server.kinds = []

    async def interfere(request: Request) -> Response | None:
        return JSONResponse({"kind": "Login"}) if request.url.path == "/apis" else None

    server.interfere = interfere
    objects = cluster.objects(SERVICES)
    assert (objects.complete, objects.installed) == (False, True)
    assert "no APIGroupList" in objects.problems[0].what


def test_who_is_nobody_is_not_sent_to_every_namespace(server: Kubernetes, cluster: Cluster) -> None:
    server.token = "another"
    objects = cluster.objects(SERVICES, ("a", "b", "c"))
    assert len(server.requests) == len(objects.problems) == 1
    assert 'User "system:anonymous" cannot list' in objects.problems[0].what
    assert "give the source a token" in objects.problems[0].hint
    assert not objects.complete


def test_a_wrong_token_is_not_sent_to_every_namespace(
    server: Kubernetes, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.token = "another"
    monkeypatch.setenv("KUBE_TEST_TOKEN", CANARY)
    with open_cluster(at(url=server.url, token=SecretReference(env="KUBE_TEST_TOKEN")), Path()) as cluster:
        objects = cluster.objects(SERVICES, ("a", "b", "c"))
    assert len(server.requests) == len(objects.problems) == 1
    assert "401" in objects.problems[0].what


def test_what_is_forbidden_and_not_there_either_needs_no_permission(
    server: Kubernetes, cluster: Cluster
) -> None:
    server.forbidden = {("inferenceservices", "a"), ("routes", "a"), ("clusterservingruntimes", "")}
    routes = cluster.objects(Kind("route.openshift.io", ("v1",), "routes"), ("a",))
    assert (routes.installed, routes.complete, routes.problems) == (False, True, ())
    runtimes = cluster.objects(
        Kind("serving.kserve.io", ("v1alpha1",), "clusterservingruntimes", namespaced=False)
    )
    (problem,) = runtimes.problems
    assert (runtimes.installed, runtimes.complete) == (True, False)
    assert problem.hint == "allow the account to list clusterservingruntimes.serving.kserve.io everywhere"

    async def interfere(request: Request) -> Response | None:
        return Response(status_code=403) if request.url.path == "/apis" else None

    server.interfere = interfere
    services = cluster.objects(SERVICES, ("a",))
    assert (services.installed, services.complete) == (True, False)
    assert "cannot list resource" in services.problems[0].what


def test_a_server_that_hangs_ends_by_its_timeout(server: Kubernetes) -> None:
    server.interfere = hang
    with open_cluster(at(url=server.url).model_copy(update={"timeout": 0.2}), Path()) as cluster:
        objects = cluster.objects(SERVICES, ("a", "b"))
    assert "no complete answer" in objects.problems[0].what
    assert len(objects.problems) == 1


def test_a_gzip_bomb_is_stopped(server: Kubernetes, cluster: Cluster) -> None:
    spoil(server, "/", then=bomb(70 * 1024 * 1024))
    assert "more than" in cluster.objects(SERVICES).problems[0].what


def test_a_page_of_objects_that_are_too_long_together_is_asked_for_in_smaller_ones(
    server: Kubernetes, cluster: Cluster
) -> None:
    fill(server, 70)
    too_long = bomb(70 * 1024 * 1024)

    async def interfere(request: Request) -> Response | None:
        return too_long if int(request.query_params["limit"]) > 50 else None

    server.interfere = interfere
    objects = cluster.objects(SERVICES)
    assert (len(objects.items), objects.complete, len(server.requests)) == (70, True, 3)


def test_a_kubeconfig_with_a_token_signs_in(server: Kubernetes, tmp_path: Path) -> None:
    server.token = CANARY
    fill(server, 1)
    config(tmp_path, {"server": server.url}, {"token": CANARY})
    with open_cluster(at(kubeconfig=Path("config")), tmp_path) as cluster:
        assert cluster.url == server.url
        assert cluster.objects(SERVICES).complete
    assert server.authorizations == [f"Bearer {CANARY}"]
    (tmp_path / "token").write_text(f"{CANARY}\n", encoding="utf-8")
    config(tmp_path, {"server": server.url}, {"token": "old", "tokenFile": "token"})
    with open_cluster(at(kubeconfig=Path("config")), tmp_path) as cluster:
        assert cluster.objects(SERVICES).complete


def test_a_token_of_the_source_goes_before_the_kubeconfigs_user(
    server: Kubernetes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBE_TEST_TOKEN", CANARY)
    path = config(tmp_path, {"server": server.url}, {"exec": {"command": "sh", "args": ["-c", "touch ran"]}})
    with open_cluster(at(kubeconfig=path, token=SecretReference(env="KUBE_TEST_TOKEN")), tmp_path) as cluster:
        cluster.objects(SERVICES)
    assert server.authorizations == [f"Bearer {CANARY}"]
    with pytest.raises(SecretUnavailable, match="NO_SUCH"):
        open_cluster(at(kubeconfig=path, token=SecretReference(env="NO_SUCH")), tmp_path)
    with pytest.raises(HttpProblem) as refused:
        open_cluster(at(kubeconfig=path), tmp_path)
    assert "runs no command" in refused.value.what
    assert "token:" in refused.value.hint
    assert not (tmp_path / "ran").exists()


def test_a_user_name_and_a_password_of_a_kubeconfig_are_sent(server: Kubernetes, tmp_path: Path) -> None:
    path = config(tmp_path, {"server": server.url}, {"username": "ann", "password": CANARY})
    with open_cluster(at(kubeconfig=path), tmp_path) as cluster:
        cluster.objects(SERVICES)
    assert server.authorizations == [f"Basic {encoded(f'ann:{CANARY}')}"]


def test_a_client_certificate_signs_in_to_a_server_of_an_own_authority(
    tmp_path: Path, authority: Authority
) -> None:
    certificate, key = authority.client.write(tmp_path, "client")
    authority.own.write(tmp_path, "ca")
    inline = {"certificate-authority-data": encoded(authority.own.certificate)}
    with kubernetes.running(authority.serving(tmp_path, client_needed=True)) as server:
        fill(server, 1)
        for cluster, user in (
            (
                inline,
                {
                    "client-certificate-data": encoded(authority.client.certificate),
                    "client-key-data": encoded(authority.client.key),
                },
            ),
            (
                {"certificate-authority": "ca.crt"},
                {"client-certificate": certificate.name, "client-key": str(key)},
            ),
        ):
            path = config(tmp_path, {"server": server.url, **cluster}, user)
            with open_cluster(at(kubeconfig=path), Path()) as opened:
                assert names(opened.objects(SERVICES)) == ["m0"]


def listed(settings: Settings, folder: Path) -> Listing:
    """The listing as a walk takes it."""
    (listing,) = list_sources(Config(sources=(settings,)), folder, lambda _: {}, lambda _name, _count: None)
    return listing


def test_any_certificate_is_believed_only_by_an_ugly_name_and_never_silently(
    tmp_path: Path, authority: Authority
) -> None:
    with kubernetes.running(authority.serving(tmp_path)) as server:
        fill(server, 1)
        path = config(tmp_path, {"server": server.url, "insecure-skip-tls-verify": True}, {"token": CANARY})
        with pytest.raises(HttpProblem, match="not enough"):
            open_cluster(at(kubeconfig=path), tmp_path)
        ugly = {"insecure-skip-tls-verify": "i-accept-that-anyone-may-answer"}
        for place in ({"kubeconfig": path}, {"url": server.url}):
            settings = Settings.model_validate({"name": "prod", "type": "kserve", **place, **ugly})
            listing = listed(settings, tmp_path)
            assert [model.name for model in listing.models] == ["ml/m0"]
            assert listing.complete
            (warning,) = [problem for problem in listing.problems if "not verified" in problem.what]
            assert warning.severity == "warning"
            assert "ca-bundle" in warning.hint
        verified = Settings(name="prod", url=server.url, ca_bundle=Path("ca.crt"))
        authority.own.write(tmp_path, "ca")
        listing = listed(verified, tmp_path)
        assert [model.name for model in listing.models] == ["ml/m0"]
        assert [problem for problem in listing.problems if "verified" in problem.what] == []
    with pytest.raises(ValidationError):
        Settings.model_validate({"name": "a", "url": "https://a", "insecure-skip-tls-verify": True})


def test_a_pod_signs_in_as_its_service_account(
    tmp_path: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "token").write_text(f"{CANARY}\n", encoding="utf-8")
    authority.own.write(tmp_path, "ca")
    monkeypatch.setattr(kubeconfig, "MOUNTED", tmp_path)
    with kubernetes.running(authority.serving(tmp_path)) as server:
        server.token = CANARY
        fill(server, 1)
        environ = {
            "KUBERNETES_SERVICE_HOST": "127.0.0.1",
            "KUBERNETES_SERVICE_PORT": server.url.split(":")[2],
        }
        with open_cluster(at(in_cluster=True), Path(), environ) as cluster:
            assert names(cluster.objects(SERVICES)) == ["m0"]


def test_outside_of_a_pod_there_is_no_service_account(tmp_path: Path) -> None:
    for environ in ({}, {"KUBERNETES_SERVICE_HOST": "a/b@c"}, {"KUBERNETES_SERVICE_HOST": "a" * 3 + " "}):
        with pytest.raises(HttpProblem, match="for a pod"):
            in_cluster(environ, tmp_path)
    with pytest.raises(HttpProblem, match="cannot be read"):
        in_cluster({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, tmp_path)
    (tmp_path / "token").write_text("\n", encoding="utf-8")
    with pytest.raises(HttpProblem, match="empty"):
        in_cluster({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, tmp_path)
    (tmp_path / "token").write_text(CANARY, encoding="utf-8")
    assert in_cluster({"KUBERNETES_SERVICE_HOST": "fd00::1"}, tmp_path).url == "https://[fd00::1]:443"
    assert in_cluster({"KUBERNETES_SERVICE_HOST": "kube.svc"}, tmp_path).url == "https://kube.svc:443"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"current-context": ""}, "no context is current"),
        (
            {"current-context": "other"},
            "there is no context other (%s); name one of those that are there: prod",
        ),
        ({"contexts": [{"name": "prod", "context": {"cluster": "x"}}]}, "there is no cluster x"),
        ({"contexts": [{"name": "prod", "context": {"cluster": "c", "user": "x"}}]}, "there is no user x"),
        ({"clusters": "c"}, "clusters: "),
        ({"clusters": [{"name": "c", "cluster": {}}]}, "clusters.0.cluster.server"),
        (
            {"clusters": [{"name": "c", "cluster": {"server": "https://a", "proxy-url": "http://p"}}]},
            "proxy-url is not supported",
        ),
        (
            {"clusters": [{"name": "c", "cluster": {"server": "https://a", "tls-server-name": "b"}}]},
            "tls-server-name is not supported",
        ),
        ({"users": [{"name": "u", "user": {"auth-provider": {"name": "gcp"}}}]}, "runs no command"),
        ({"users": [{"name": "u", "user": {"as": "root", "token": CANARY}}]}, "as another user"),
        ({"users": [{"name": "u", "user": {"tokenFile": "nowhere"}}]}, "nowhere cannot be read"),
        ({"users": [{"name": "u", "user": {"client-key-data": encoded(CANARY)}}]}, "needs its key"),
        ({"users": [{"name": "u", "user": {"client-key-data": f"{CANARY}!"}}]}, "not PEM in base64"),
        ({"users": [{"name": "u", "user": {"token": [CANARY]}}]}, "users.0.user.token"),
    ],
)
def test_a_kubeconfig_that_cannot_be_used_says_why(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    path = config(tmp_path, {"server": "https://a"}, {"token": "a"}, **change)
    with pytest.raises(HttpProblem) as refused:
        read_kubeconfig(path, None, sign_in=True)
    assert (said % path if "%s" in said else said) in str(refused.value)
    assert CANARY not in str(refused.value)
    assert str(path) in refused.value.where


@pytest.mark.parametrize("content", [b"", b"a: [", b"\xff\xfe\x00", b"--- a\n--- b\n", b"5", b"a: &a [*a]"])
def test_a_file_that_is_no_kubeconfig_says_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "config"
    path.write_bytes(content)
    with pytest.raises(HttpProblem):
        read_kubeconfig(path, None, sign_in=True)
    with pytest.raises(HttpProblem, match="No such file"):
        read_kubeconfig(tmp_path / "none", None, sign_in=True)


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["name", "cluster", "clusters", "users", "user", "contexts", "context", "server", "token"]
                ),
                inner,
                max_size=3,
            )
        ),
        max_leaves=10,
    )
)
def test_any_yaml_is_a_kubeconfig_or_refused(tmp_path_factory: pytest.TempPathFactory, value: object) -> None:
    path = tmp_path_factory.getbasetemp() / "any-kubeconfig"
    path.write_text(json.dumps(value), encoding="utf-8")
    with pytest.raises(HttpProblem):
        read_kubeconfig(path, "prod", sign_in=True)


def test_keys_that_do_not_fit_are_refused_without_being_quoted(tmp_path: Path, authority: Authority) -> None:
    locked = (
        serialization.load_pem_private_key(authority.client.key.encode(), None)
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(CANARY.encode()),
        )
        .decode()
    )
    certificate = {"client-certificate-data": encoded(authority.client.certificate)}
    for key in (CANARY, authority.server.key, locked):
        path = config(
            tmp_path, {"server": "https://127.0.0.1:1"}, certificate | {"client-key-data": encoded(key)}
        )
        with pytest.raises(HttpProblem) as refused:
            open_cluster(at(kubeconfig=path), tmp_path)
        assert "client's certificate or key cannot be used" in str(refused.value)
        assert CANARY not in str(refused.value)
    path = config(tmp_path, {"server": "https://a", "certificate-authority-data": encoded("x")}, {})
    with pytest.raises(HttpProblem, match="certificate authorities"):
        open_cluster(at(kubeconfig=path), tmp_path)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"url": "https://a", "in-cluster": True},
        {"url": "https://a", "kubeconfig": "k"},
        {"url": "https://a", "context": "c"},
        {"url": "ftp://a"},
        {"url": "https://a", "namespaces": ["../x"]},
        {"url": "https://a", "namespaces": ["A"]},
    ],
)
def test_a_configuration_that_names_no_one_place_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        KubernetesSettings.model_validate({"name": "a", "type": "kserve", **settings})


def test_the_double_answers_as_a_real_server_did(server: Kubernetes) -> None:
    server.kinds = [*BUILT_IN, *KSERVE, *THREESCALE]
    server.add(*(one for _, one in kubernetes_answers.objects()))
    secret = {
        (plural, namespace)
        for plural in ("servingruntimes", "trainedmodels", "services")
        for namespace in ("", "one")
    }

    def forget() -> None:
        server.expires = 1

    with httpx2.Client(base_url=server.url, trust_env=False) as client:

        def ask(path: str, who: str) -> httpx2.Response:
            server.user = server.token = who
            server.forbidden = secret if who == NOBODY else set()
            token = "wrong" if who == STRANGER else who
            headers = {} if who == ANONYMOUS else {"authorization": f"Bearer {token}"}
            return client.get(path, headers=headers)

        assert kubernetes_answers.answers(ask, forget) == kubernetes_answers.recorded()


@pytest.mark.optional
class TestARealServer:
    """In the slow tier: ``make slow``."""

    def test_it_answers_as_recorded(self, api_server: ApiServer) -> None:
        for namespace in ("one", "two"):
            api_server.namespace(namespace)
        for path, one in kubernetes_answers.objects():
            api_server.create(path, one)
        tokens = {"admin": kube_apiserver.ADMINISTRATOR, NOBODY: kube_apiserver.NOBODY, STRANGER: "wrong"}
        trusted = api_server.authority.trusted()
        with httpx2.Client(base_url=api_server.url, verify=trusted, trust_env=False) as client:

            def ask(path: str, who: str) -> httpx2.Response:
                headers = {} if who == ANONYMOUS else {"authorization": f"Bearer {tokens[who]}"}
                return client.get(path, headers=headers)

            said = kubernetes_answers.answers(ask, api_server.forget)
        if os.environ.get(RECORD):
            kubernetes_answers.record(said)
        assert said == kubernetes_answers.recorded()

    def test_a_long_list_is_read_to_its_end(
        self, api_server: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        namespace = api_server.namespace("many")
        expected = [f"m{number:03}" for number in range(501)]
        for name in expected:
            api_server.create(services_of(namespace), inference_service(name))
        with self.cluster(api_server, tmp_path, kube_apiserver.READER) as cluster:
            everywhere = cluster.objects(SERVICES)
            assert everywhere.complete
            assert set(expected) <= set(names(everywhere))
            assert cluster._client.requests == 2
            monkeypatch.setattr(kubernetes_pages, "_PAGE", 100)
            objects = cluster.objects(SERVICES, (namespace, "nowhere"))
            assert names(objects) == expected
            assert (objects.complete, objects.problems) == (True, ())
            assert cluster._client.requests == 2 + 6 + 1

    def test_a_list_that_it_forgets_meanwhile_is_read_anew(
        self, api_server: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        namespace = api_server.namespace("forgotten")
        for name in "abc":
            api_server.create(services_of(namespace), inference_service(name))
        monkeypatch.setattr(kubernetes_pages, "_PAGE", 2)
        with self.cluster(api_server, tmp_path, kube_apiserver.READER) as cluster:
            pages = cluster._client.get
            asked: list[str] = []

            def get(path: str, *rest: Any, **more: Any) -> Any:
                asked.append(path)
                if len(asked) == 2:
                    api_server.create(services_of(namespace), inference_service("aa"))
                    api_server.forget()
                return pages(path, *rest, **more)

            monkeypatch.setattr(cluster._client, "get", get)
            objects = cluster.objects(SERVICES, (namespace,))
        assert names(objects) == ["a", "aa", "b", "c"]
        assert (objects.complete, len(asked)) == (True, 4)

    def test_what_it_does_not_have_is_certain_also_for_who_may_not_ask(
        self, api_server: ApiServer, tmp_path: Path
    ) -> None:
        missing = (
            Kind("serving.kserve.io", ("v1alpha1",), "trainedmodels"),
            Kind("route.openshift.io", ("v1",), "routes"),
        )
        for token in (kube_apiserver.ADMINISTRATOR, kube_apiserver.READER, kube_apiserver.NOBODY):
            with self.cluster(api_server, tmp_path, token) as cluster:
                for kind in missing:
                    objects = cluster.objects(kind, ("default",))
                    assert (objects.installed, objects.complete, objects.problems) == (False, True, ())
        with self.cluster(api_server, tmp_path, kube_apiserver.ADMINISTRATOR) as cluster:
            objects = cluster.objects(Kind("serving.kserve.io", ("v2", "v1"), "inferenceservices"))
            assert (objects.installed, objects.complete) == (True, False)
            assert "only in v1beta1" in objects.problems[0].what

    def test_whom_it_does_not_know_and_who_may_not_read_are_told_what_to_do(
        self, api_server: ApiServer, tmp_path: Path
    ) -> None:
        for token, what, hint in (
            (kube_apiserver.NOBODY, 'User "nobody" cannot list resource', "allow the account to list"),
            ("wrong", "401 Unauthorized", ""),
            (None, 'User "system:anonymous" cannot list resource', "give the source a token"),
        ):
            with self.cluster(api_server, tmp_path, token) as cluster:
                objects = cluster.objects(SERVICES)
                (problem,) = objects.problems
                assert (objects.installed, objects.complete) == (True, False)
                assert what in problem.what
                assert hint in problem.hint

    def test_a_namespace_that_may_be_read_is_read_beside_one_that_may_not(
        self, api_server: ApiServer, tmp_path: Path
    ) -> None:
        for namespace in (api_server.namespace("open"), api_server.namespace("closed")):
            api_server.create(services_of(namespace), inference_service(f"in-{namespace}"))
        account = self.account(api_server, "open")
        api_server.bind("reader", "callboard-kserve", account, namespace="open")
        token = self.token(api_server, "open")
        api_server.until(services_of("open"), token)
        with self.cluster(api_server, tmp_path, token) as cluster:
            objects = cluster.objects(SERVICES, ("closed", "open"))
            everywhere = cluster.objects(SERVICES)
        assert names(objects) == ["in-open"]
        assert not objects.complete
        (problem,) = objects.problems
        assert "in namespace closed" in problem.hint
        assert (everywhere.items, everywhere.complete) == ((), False)

    def test_a_client_certificate_signs_in(self, api_server: ApiServer, tmp_path: Path) -> None:
        signed, inline = api_server.authority, encoded(api_server.authority.own.certificate)
        server = {"server": api_server.url, "certificate-authority-data": inline}
        chain, key = encoded(signed.client.certificate), encoded(signed.client.key)
        path = config(tmp_path, server, {"client-certificate-data": chain, "client-key-data": key})
        with open_cluster(at(kubeconfig=path), tmp_path) as cluster:
            assert cluster.objects(SERVICES).complete
        stranger = certificates.authority().client
        chain, key = encoded(stranger.certificate), encoded(stranger.key)
        path = config(tmp_path, server, {"client-certificate-data": chain, "client-key-data": key})
        with open_cluster(at(kubeconfig=path), tmp_path) as cluster:
            (problem,) = cluster.objects(SERVICES).problems
        assert "401" in problem.what

    def test_a_pods_service_account_signs_in_and_believes_no_other_server(
        self, api_server: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        namespace = api_server.namespace("pods")
        api_server.create(services_of(namespace), inference_service("iris"))
        api_server.bind("pods", "callboard-kserve", self.account(api_server, namespace))
        token = self.token(api_server, namespace)
        api_server.until(services_of(namespace), token)
        (tmp_path / "token").write_text(token, encoding="utf-8")
        api_server.authority.own.write(tmp_path, "ca")
        monkeypatch.setattr(kubeconfig, "MOUNTED", tmp_path)
        environ = {
            "KUBERNETES_SERVICE_HOST": "127.0.0.1",
            "KUBERNETES_SERVICE_PORT": api_server.url.split(":")[2],
        }
        with open_cluster(at(in_cluster=True), Path(), environ) as cluster:
            objects = cluster.objects(SERVICES, (namespace,))
            assert (names(objects), objects.complete) == (["iris"], True)
        certificates.authority().own.write(tmp_path, "ca")
        with open_cluster(at(in_cluster=True), Path(), environ) as cluster:
            (problem,) = cluster.objects(SERVICES).problems
        assert "certificate" in problem.what

    @staticmethod
    def cluster(api_server: ApiServer, folder: Path, token: str | None) -> Cluster:
        server = {
            "server": api_server.url,
            "certificate-authority-data": encoded(api_server.authority.own.certificate),
        }
        path = config(folder, server, {} if token is None else {"token": token})
        return open_cluster(at(kubeconfig=path).model_copy(update={"timeout": 60}), folder)

    @staticmethod
    def account(api_server: ApiServer, namespace: str) -> dict[str, str]:
        api_server.create(
            f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": "callboard"}}
        )
        return {"kind": "ServiceAccount", "name": "callboard", "namespace": namespace}

    @staticmethod
    def token(api_server: ApiServer, namespace: str) -> str:
        """As ``kubectl create token callboard`` makes one."""
        made = api_server.create(
            f"/api/v1/namespaces/{namespace}/serviceaccounts/callboard/token", {"spec": {}}
        )
        return str(made["status"]["token"])


def services_of(namespace: str) -> str:
    return f"/apis/serving.kserve.io/v1beta1/namespaces/{namespace}/inferenceservices"


def inference_service(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": name},
        "spec": {"predictor": {"sklearn": {"storageUri": "s3://a/b"}}},
    }
