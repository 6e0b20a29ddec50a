"""3scale: products by the Admin API's double, and by custom resources in the double of a cluster."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from callboard.config import SecretReference, Select
from callboard.model import Listing, Model
from callboard.sources.context import Context
from callboard.sources.threescale import Settings, list_models
from tests.contracts import crds
from tests.servers import kube_apiserver, kubernetes, threescale
from tests.servers.doubles import hang
from tests.servers.kube_apiserver import ApiServer
from tests.servers.kubernetes import THREESCALE, Kind, Kubernetes
from tests.servers.threescale import ThreeScale
from tests.sources.wrong_types import spoiled

GROUP = "capabilities.3scale.net"


@pytest.fixture(scope="module")
def server() -> Iterator[ThreeScale]:
    with threescale.running() as portal:
        yield portal


@pytest.fixture
def portal(server: ThreeScale, monkeypatch: pytest.MonkeyPatch) -> ThreeScale:
    monkeypatch.setenv("THREESCALE_TOKEN", server.token)
    reset(server)
    return server


def reset(portal: ThreeScale) -> None:
    portal.lists, portal.proxies, portal.usages, portal.refused = {}, {}, {}, set()
    portal.most, portal.interfere, portal.spoiled = 500, None, False
    portal.requests.clear()
    portal.authorizations.clear()


def read(portal: ThreeScale, *, known: Listing | None = None, **changes: Any) -> Listing:
    models = {model.id: model for model in known.models} if known else {}
    said: dict[str, Any] = {"select": Select(), "token": SecretReference(env="THREESCALE_TOKEN")} | changes
    return list_models(
        Settings(name="apis", type="threescale", url=portal.url, **said), Context(Path.cwd(), known=models)
    )


def filled(portal: ThreeScale) -> None:
    fraud = portal.product(3, "fraud", backend_version="2")
    portal.promote(fraud, 1, endpoint="https://old.example:443")
    portal.promote(fraud, 2, endpoint="https://fraud.example:443/v1")
    portal.document(8, 3, body="openapi: 3.1.0\n")
    portal.document(7, 3, body='{"openapi": "3.0.3"}', name="First")
    portal.document(6, 3, published=False, body='{"openapi": "draft"}')
    portal.document(9, None)
    portal.plan(1, 3, "Gold")
    portal.plan(2, 3, "Basic")
    portal.plan(3, 3, "Secret", state="hidden")
    portal.backend(5, "Scorer", 3, "/score")
    portal.product(4, "payments", description="No model")


def test_a_product_is_a_model_with_all_that_belongs_to_it(portal: ThreeScale) -> None:
    filled(portal)
    listing = read(portal, select=Select(include=("FRAUD*",)))
    assert listing.problems == ()
    assert listing.complete
    (model,) = listing.models
    assert (model.id, model.name, model.title, model.state) == ("fraud", "fraud", "Fraud", "incomplete")
    assert (model.created_at, model.updated_at) == ("2026-01-02T03:04:05Z", "2026-02-03T04:05:06Z")
    assert model.description == "Serves fraud"
    assert model.properties == {
        "active-docs": "First, Definition 8",
        "authentication": "app id and key",
        "backends": "Scorer at /score",
        "deployment": "hosted",
        "plans": "Basic, Gold",
        "support-email": "api@acme.example",
    }
    (endpoint,) = model.endpoints
    assert (endpoint.url, endpoint.protocol) == ("https://fraud.example/v1", "openapi")
    assert (endpoint.definition, endpoint.needs_key) == ('{"openapi": "3.0.3"}', True)
    assert model.links[0].url == f"{portal.url}/apiconfig/services/3"
    assert len(portal.requests) == 7
    assert portal.count("services/4/") == 0
    assert "canary" not in str(listing)


def test_the_token_is_a_password_and_in_no_address(portal: ThreeScale) -> None:
    filled(portal)
    listing = read(portal)
    expected = base64.b64encode(f":{portal.token}".encode()).decode()
    assert set(portal.authorizations) == {f"Basic {expected}"}
    assert portal.token not in str(portal.requests)
    assert portal.token not in str(listing)


def test_what_was_never_promoted_is_served_nowhere(portal: ThreeScale) -> None:
    portal.product(3, "fraud")
    (model,) = read(portal).models
    assert model.endpoints == ()
    assert portal.count("proxy.json") == 0


@pytest.mark.parametrize(
    ("proxy", "version", "url", "needs_key"),
    [
        ({"endpoint": "http://a.example:80"}, "oidc", "http://a.example", True),
        ({"endpoint": "http://a.b", "authentication_method": "oidc"}, "oauth", "http://a.b", True),
        ({"endpoint": "http://a.example:8080/x"}, "1", "http://a.example:8080/x", True),
        ({"endpoint": None}, "1", None, None),
        ({"endpoint": "javascript:alert(1)"}, "1", None, None),
        ({"policy_chain": [{"name": "default_credentials", "version": "builtin", "configuration": {}}]}, "1",
         "https://fraud.apicast.example", False),
    ],
)  # fmt: skip
def test_an_endpoint_is_what_was_promoted(
    portal: ThreeScale, proxy: dict[str, Any], version: str, url: str | None, needs_key: bool | None
) -> None:
    portal.promote(portal.product(3, "fraud", backend_version=version), **proxy)
    (model,) = read(portal).models
    assert [(one.url, one.needs_key, one.protocol) for one in model.endpoints] == (
        [(url, needs_key, "rest")] if url else []
    )


def test_a_product_in_a_service_mesh_is_asked_where_it_is_served(portal: ThreeScale) -> None:
    portal.product(3, "fraud", deployment_option="service_mesh_istio")
    portal.proxies[3] = {
        "service_id": 3,
        "endpoint": "https://mesh.example",
        "api_backend": None,
        "deployment_option": "service_mesh_istio",
        "policies_config": [],
        "lock_version": 1,
    }
    (model,) = read(portal).models
    assert [(one.url, one.needs_key) for one in model.endpoints] == [("https://mesh.example", True)]


def test_all_pages_are_read_whatever_their_size(portal: ThreeScale) -> None:
    portal.most = 2
    for number in range(1, 6):
        portal.promote(portal.product(number, f"m{number}"))
        portal.backend(number, f"B{number}", number, "/")
    listing = read(portal)
    assert (len(listing.models), listing.complete, listing.problems) == (5, True, ())
    assert all(model.endpoints and model.properties["backends"] for model in listing.models)


def test_products_that_come_while_pages_are_read_make_the_list_unsure(portal: ThreeScale) -> None:
    portal.most = 2
    for number in range(1, 6):
        portal.product(number, f"m{number}")

    async def interfere(request: Request) -> None:
        if "page=2" in request.url.query and len(portal.lists["services"]) == 5:
            del portal.lists["services"][0]

    portal.interfere = interfere
    listing = read(portal)
    assert not listing.complete
    assert "came or went" in listing.problems[0].what
    assert len(listing.models) == 4


def test_a_definition_that_is_too_long_is_said(portal: ThreeScale) -> None:
    portal.promote(portal.product(3, "fraud"))
    portal.document(7, 3, body="{" * (1024 * 1024 + 1))
    listing = read(portal)
    assert listing.models[0].endpoints[0].definition is None
    assert "active-docs.body" in listing.problems[0].what


def test_usages_that_are_no_list_are_said(portal: ThreeScale) -> None:
    filled(portal)
    first = read(portal)

    async def interfere(request: Request) -> Response | None:
        return JSONResponse({"error": "x"}) if "backend_usages" in request.url.path else None

    portal.interfere = interfere
    listing = read(portal, known=first)
    assert (listing.models, listing.unread, len(listing.problems)) == ((), ("fraud", "payments"), 1)


def test_an_empty_account_is_not_taken_for_one(portal: ThreeScale) -> None:
    listing = read(portal)
    assert (listing.complete, listing.problems[0].severity, len(portal.requests)) == (False, "warning", 1)


class TestWhatMayNotBeRead:
    @pytest.mark.parametrize(
        "path",
        [
            "active_docs",
            "application_plans",
            "backend_apis",
            "account/proxy_configs/production",
            "services/N/backend_usages",
        ],
    )
    def test_known_models_are_left_and_new_ones_are_read_without_it(
        self, portal: ThreeScale, path: str
    ) -> None:
        filled(portal)
        first = read(portal)
        portal.refused = {path}
        without = read(portal)
        assert [model.id for model in without.models] == ["fraud", "payments"]
        assert len(without.problems) == 1
        assert "scope Account Management" in without.problems[0].hint
        again = read(portal, known=first)
        assert (again.models, again.unread, again.complete) == ((), ("fraud", "payments"), True)

    def test_the_products_themselves(self, portal: ThreeScale) -> None:
        filled(portal)
        portal.refused = {"services"}
        listing = read(portal)
        assert (listing.models, listing.complete, len(portal.requests)) == ((), False, 1)


def test_products_that_cannot_be_read_are_said(portal: ThreeScale) -> None:
    portal.spoiled = True
    portal.product(1, "good")
    portal.product(2, "x" * 501)
    portal.product(3, "bad", system_name={"a": 1})
    portal.product(4, "twice")
    portal.product(5, "twice")
    listing = read(portal)
    assert [model.id for model in listing.models] == ["good"]
    assert (listing.unread, listing.complete) == (("twice",), False)


@settings(max_examples=15)
@given(data=st.data())
def test_wrong_types_lose_only_themselves(server: ThreeScale, data: st.DataObject) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("THREESCALE_TOKEN", server.token)
        reset(server)
        filled(server)
        server.spoiled = True
        server.product(99, "other")
        for name, entries in server.lists.items():
            server.lists[name] = [data.draw(spoiled(entries[0])), *entries[1:]]
        listing = read(server)
        assert {"other", "payments"} <= {model.id for model in listing.models}
        assert len(listing.models) == 3 or listing.unread or not listing.complete
        assert all(Model.model_validate(model.model_dump()) == model for model in listing.models)
        assert read(server) == listing


class TestTheServer:
    def test_a_redirect_elsewhere_gets_no_token(self, portal: ThreeScale) -> None:
        with threescale.running() as other:

            async def interfere(_: Request) -> Response:
                return RedirectResponse(f"{other.url}/admin/api/services.json")

            portal.interfere = interfere
            assert not read(portal).complete
            assert other.requests == []

    def test_pages_without_end_end(self, portal: ThreeScale) -> None:
        async def interfere(_: Request) -> Response:
            said = {
                "services": [{"service": {"id": 1, "system_name": "a"}}],
                "metadata": {"total_entries": 9},
            }
            return JSONResponse(said)

        portal.interfere = interfere
        listing = read(portal)
        assert ([model.id for model in listing.models], listing.complete) == (["a"], False)
        assert len(portal.requests) < 20

    @pytest.mark.parametrize(
        "body", [b"<html>", b"[]", b'{"services": {}}', gzip.compress(bytes(70 << 20), 1)]
    )
    def test_an_answer_that_is_none_is_said(self, portal: ThreeScale, body: bytes) -> None:
        async def interfere(_: Request) -> Response:
            return Response(body, headers={"content-encoding": "gzip"} if body[:2] == b"\x1f\x8b" else {})

        portal.interfere = interfere
        listing = read(portal)
        assert (listing.models, listing.complete, len(listing.problems)) == ((), False, 1)

    def test_one_that_hangs_costs_its_own_timeout(self, portal: ThreeScale) -> None:
        portal.interfere = hang
        assert "within 0.2 seconds" in read(portal, timeout=0.2).problems[0].what

    def test_a_token_that_is_not_set_is_said(
        self, portal: ThreeScale, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("THREESCALE_TOKEN")
        assert "THREESCALE_TOKEN" in read(portal).problems[0].what
        assert portal.requests == []


def resource(kind: str, name: str, namespace: str = "apis", **parts: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace, "creationTimestamp": "2026-01-02T03:04:05Z"}
    said = {"apiVersion": f"{GROUP}/v1beta1", "kind": kind, "metadata": metadata | parts.pop("metadata", {})}
    return said | parts


FRAUD = resource(
    "Product",
    "fraud-product",
    metadata={"labels": {"ai": "yes"}, "annotations": {"team": "risk"}},
    spec={
        "name": "Fraud",
        "systemName": "fraud",
        "description": "Finds fraud",
        "applicationPlans": {"gold": {"name": "Gold", "published": True}, "own": {"name": "Own"}},
        "backendUsages": {"scorer": {"path": "/score"}, "gone": {"path": "/"}},
        "deployment": {
            "apicastSelfManaged": {
                "authentication": {"appKeyAppID": {}},
                "productionPublicBaseURL": "https://fraud.example:443",
            }
        },
    },
    status={"productId": 3, "providerAccountHost": "https://3scale-admin.example", "state": "incomplete"},
)


class TestCustomResources:
    @pytest.fixture(scope="class", name="running")
    @classmethod
    def _running(cls) -> Iterator[Kubernetes]:
        with kubernetes.running() as cluster:
            yield cluster

    @pytest.fixture
    def cluster(self, running: Kubernetes) -> Kubernetes:
        running.kinds, running.objects, running.forbidden = [*THREESCALE], {}, set()
        return running

    def read(self, cluster: Kubernetes, known: Listing | None = None, **changes: Any) -> Listing:
        models = {model.id: model for model in known.models} if known else {}
        said: dict[str, Any] = {"select": Select()} | changes
        return list_models(
            Settings.model_validate(
                {"name": "apis", "type": "threescale", "read": "custom-resources", "url": cluster.url} | said
            ),
            Context(Path.cwd(), known=models),
        )

    def test_a_product_is_a_model(self, cluster: Kubernetes) -> None:
        cluster.add(
            FRAUD,
            resource("Backend", "b", spec={"name": "Scorer", "systemName": "scorer", "privateBaseURL": "http://canary"}),
            resource("ActiveDoc", "d", spec={
                "name": "Fraud API", "productSystemName": "fraud",
                "activeDocOpenAPIRef": {"url": "https://fraud.example/openapi.json"},
            }),
            resource("ActiveDoc", "e", spec={
                "name": "Draft", "productSystemName": "fraud", "published": False,
                "activeDocOpenAPIRef": {"secretRef": {"name": "canary"}},
            }),
        )  # fmt: skip
        listing = self.read(cluster)
        assert (listing.complete, listing.problems) == (True, ())
        (model,) = listing.models
        assert (model.id, model.title, model.description) == ("fraud", "Fraud", "Finds fraud")
        assert (model.state, model.created_at) == ("incomplete", "2026-01-02T03:04:05Z")
        assert model.properties == {
            "active-docs": "Fraud API",
            "authentication": "app id and key",
            "backends": "Scorer at /score, gone at /",
            "deployment": "self_managed",
            "plans": "Gold",
        }
        (endpoint,) = model.endpoints
        assert (endpoint.url, endpoint.needs_key, endpoint.definition) == (
            "https://fraud.example",
            True,
            None,
        )
        assert [link.url for link in model.links] == [
            "https://3scale-admin.example/apiconfig/services/3",
            "https://fraud.example/openapi.json",
        ]
        assert "canary" not in str(listing)

    def test_where_3scales_own_gateway_serves_is_not_guessed(self, cluster: Kubernetes) -> None:
        cluster.add(
            resource("Product", "a", spec={"name": "A", "systemName": "a"}),
            resource(
                "Product",
                "b",
                spec={
                    "name": "B",
                    "systemName": "b",
                    "deployment": {"apicastHosted": {"authentication": {"oidc": {"issuerType": "keycloak"}}}},
                },
            ),
        )
        a, b = self.read(cluster).models
        assert (a.endpoints, b.endpoints) == ((), ())
        assert b.properties == {"authentication": "openid connect", "deployment": "hosted"}

    @pytest.mark.parametrize(
        ("marked", "found"),
        [({"ai": "yes"}, 1), ({"ai": "no"}, 0), ({"team": "*"}, 1), ({"ai": "yes", "x": "*"}, 0)],
    )
    def test_products_are_told_by_labels_and_annotations(
        self, cluster: Kubernetes, marked: dict[str, str], found: int
    ) -> None:
        cluster.add(FRAUD)
        assert len(self.read(cluster, marked=marked).models) == found

    def test_products_of_two_accounts_are_not_mixed_up(self, cluster: Kubernetes) -> None:
        cluster.add(FRAUD, FRAUD | {"metadata": FRAUD["metadata"] | {"namespace": "other"}})
        listing = self.read(cluster)
        assert (listing.models, listing.unread) == ((), ("fraud",))
        assert len(self.read(cluster, namespaces=("apis",)).models) == 1

    def test_what_may_not_be_listed_leaves_known_models_alone(self, cluster: Kubernetes) -> None:
        cluster.add(FRAUD)
        first = self.read(cluster)
        cluster.forbidden = {("activedocs", "")}
        listing = self.read(cluster, known=first)
        assert (listing.models, listing.unread, listing.complete) == ((), ("fraud",), True)
        assert "allow the account to list activedocs" in listing.problems[0].hint

    def test_a_cluster_without_3scale_is_said(self, cluster: Kubernetes) -> None:
        cluster.kinds = []
        listing = self.read(cluster)
        assert (listing.models, listing.complete) == ((), False)
        assert "no products" in listing.problems[0].what

    @settings(max_examples=20)
    @given(product=spoiled(FRAUD))
    def test_wrong_types_lose_only_themselves(self, running: Kubernetes, product: Any) -> None:
        running.kinds, running.objects, running.forbidden = [*THREESCALE], {}, set()
        running.objects["products"] = [product, resource("Product", "o", spec={"systemName": "other"})]
        listing = self.read(running)
        assert "other" in [model.id for model in listing.models]
        assert len(listing.models) == 2 or listing.unread or not listing.complete
        assert all(Model.model_validate(model.model_dump()) == model for model in listing.models)

    @pytest.mark.optional
    def test_a_real_api_server_is_read_as_its_double_is(
        self,
        cluster: Kubernetes,
        api_server: ApiServer,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        objects = (
            FRAUD,
            resource("Product", "other", spec={"name": "Other", "systemName": "other"}),
            resource("Backend", "scorer", spec={"name": "Scorer", "systemName": "scorer", "privateBaseURL": "http://a"}),
            resource("ActiveDoc", "fraud-api", spec={
                "name": "Fraud API", "productSystemName": "fraud",
                "activeDocOpenAPIRef": {"url": "https://fraud.example/openapi.json"},
            }),
        )  # fmt: skip
        namespace = api_server.namespace("apis")
        for one in objects:
            plural = "activedocs" if one["kind"] == "ActiveDoc" else f"{one['kind'].lower()}s"
            api_server.create(f"/apis/{one['apiVersion']}/namespaces/{namespace}/{plural}", one)
        cluster.add(*objects)
        double = self.read(cluster)

        api_server.authority.own.write(tmp_path, "ca")
        monkeypatch.setenv("KUBE_TEST_TOKEN", kube_apiserver.READER)
        at: dict[str, Any] = {
            "url": api_server.url,
            "ca_bundle": tmp_path / "ca.crt",
            "token": SecretReference(env="KUBE_TEST_TOKEN"),
        }
        real = self.read(cluster, **at)
        created: dict[str, Any] = {"created_at": None, "provenance": {}}
        assert [one.model_copy(update=created) for one in real.models] == [
            one.model_copy(update=created) for one in double.models
        ]
        assert ([one.id for one in real.models], real.complete) == (["fraud", "other"], True)
        assert real.problems == double.problems == ()
        assert [one.id for one in self.read(cluster, **at, marked={"ai": "yes"}).models] == ["fraud"]

        monkeypatch.setenv("KUBE_TEST_TOKEN", kube_apiserver.NOBODY)
        refused = self.read(cluster, **at)
        assert (refused.models, refused.complete) == ((), False)
        assert "allow the account to list products" in refused.problems[0].hint

    @pytest.mark.parametrize("kind", THREESCALE, ids=lambda kind: kind.kind)
    def test_our_schemas_say_nothing_that_upstream_does_not(self, kind: Kind) -> None:
        assert kind.definition is not None
        definition = crds.Definition(kind.definition, kind.plural, kind.kind, kind.version)
        if definition.upstream is not None:
            assert list(crds.differences(definition.ours, definition.upstream)) == []
        assert definition.ours["properties"]["spec"]["properties"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "https://x.example", "token": {"env": "T"}},
        {"url": "https://x.example", "select": {}},
        {
            "url": "https://x.example",
            "token": {"env": "T"},
            "username": "a",
            "password": {"env": "P"},
            "select": {},
        },
        {"url": "https://x.example", "token": {"env": "T"}, "select": {}, "namespaces": ["a"]},
        {"url": "https://x.example", "token": {"env": "T"}, "select": {}, "marked": {"a": "b"}},
        {"in-cluster": True, "token": {"env": "T"}, "select": {}},
        {"in-cluster": True, "read": "custom-resources"},
    ],
)
def test_settings_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate({"name": "apis", "type": "threescale"} | wrong)
