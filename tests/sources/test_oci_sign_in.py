"""Signing in to OCI registries: who gets the password and who a token, and who never does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from callboard import redaction
from callboard.config import SecretReference
from callboard.model import Listing
from callboard.redaction import redact
from callboard.sources.context import Context
from callboard.sources.oci import Settings, list_models
from callboard.sources.oci_sign_in import same_site
from tests.servers import oci
from tests.servers.oci import PASSWORD, USER, Layer, RegistryServer, TokenServer
from tests.servers.threads import Proxy, proxying

MODEL = oci.modelpack({}, Layer("application/vnd.cncf.model.weight.v1.raw", b"weights"))
PUSH = ("acme/a", "acme/b")


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RegistryServer]:
    with oci.with_password(tmp_path_factory.mktemp("guarded")) as server:
        server.push("acme/a", "1", MODEL)
        yield server


@pytest.fixture(scope="module")
def tokened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RegistryServer, TokenServer]]:
    with oci.with_tokens(tmp_path_factory.mktemp("tokened")) as (server, tokens):
        token = tokens.token(*(f"repository:{name}:pull,push" for name in PUSH))
        server.client.headers["authorization"] = f"Bearer {token}"
        for name in PUSH:
            server.push(name, "1", MODEL)
            server.push(name, "2", oci.modelpack({}, Layer("application/vnd.cncf.model.weight.v1.raw", b"2")))
        yield server, tokens


@pytest.fixture
def tokens(tokened: tuple[RegistryServer, TokenServer]) -> TokenServer:
    tokened[1].requests.clear()
    tokened[1].answer, tokened[1].open_to_all, tokened[1].lifetime = None, False, 300
    return tokened[1]


@pytest.fixture(scope="module")
def one_proxy(tokened: tuple[RegistryServer, TokenServer]) -> Iterator[Proxy]:
    with proxying(tokened[0].url) as proxy:
        yield proxy


@pytest.fixture
def proxy(one_proxy: Proxy) -> Proxy:
    one_proxy.reset()
    return one_proxy


@pytest.fixture
def password(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("OCI_TEST_PASSWORD", PASSWORD)
    return {"username": USER, "password": SecretReference(env="OCI_TEST_PASSWORD")}


def read(url: str, *repositories: str, **settings: Any) -> Listing:
    said = {"name": "oci", "url": url, "repositories": repositories, **settings}
    listing = list_models(Settings(**said), Context(Path.cwd()))
    text = listing.model_dump_json()
    assert PASSWORD not in text
    assert "eyJ" not in text  # as every token begins
    return listing


def names(listing: Listing) -> list[str]:
    return [model.name for model in listing.models]


def challenge(proxy: Proxy, said: str) -> None:
    """The registry asks for a sign-in in these words."""

    async def interfere(request: Request, _before: int) -> Response | None:
        if "authorization" in request.headers:
            return None
        return JSONResponse({"errors": []}, 401, {"www-authenticate": said})

    proxy.interfere = interfere


class TestARegistryThatAsksForThePasswordItself:
    def test_gets_it_when_it_asked(self, guarded: RegistryServer, password: dict[str, Any]) -> None:
        with proxying(guarded.url) as proxy:
            assert names(read(proxy.url, "acme/a", **password)) == ["acme/a"]
        assert proxy.requests[0] == "GET /v2/"
        assert ["authorization" in headers for headers in proxy.headers] == [False, True, True, True]

    def test_gets_it_as_well_when_it_shows_a_part_to_everybody(
        self, guarded: RegistryServer, password: dict[str, Any]
    ) -> None:
        async def interfere(request: Request, _before: int) -> Response | None:
            if request.url.path == "/v2/":
                return JSONResponse({})
            if "authorization" not in request.headers:
                return JSONResponse({"repositories": ["acme/public"]})
            return None

        with proxying(guarded.url) as proxy:
            proxy.interfere = interfere
            assert names(read(proxy.url, catalog=True, **password)) == ["acme/a"]

    def test_refuses_a_wrong_one_once(self, guarded: RegistryServer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OCI_TEST_PASSWORD", "canary-wrong-password")
        wrong = SecretReference(env="OCI_TEST_PASSWORD")
        with proxying(guarded.url) as proxy:
            listing = read(proxy.url, "acme/a", username=USER, password=wrong)
        assert listing.unread == ("acme/a",)
        assert "401" in listing.problems[0].what
        assert len(proxy.requests) == 2

    def test_is_not_asked_twice_without_one(self, guarded: RegistryServer) -> None:
        with proxying(guarded.url) as proxy:
            listing = read(proxy.url, "acme/a")
        assert listing.unread == ("acme/a",)
        assert len(proxy.requests) == 1


class TestARegistryThatWantsTokens:
    def test_gets_one_per_repository_that_can_only_pull(
        self,
        tokened: tuple[RegistryServer, TokenServer],
        tokens: TokenServer,
        proxy: Proxy,
        password: dict[str, Any],
    ) -> None:
        assert names(read(proxy.url, *PUSH, **password)) == list(PUSH)
        assert [query for query, _ in tokens.requests] == [
            f"service=models.example&scope=repository%3Aacme%2F{name}%3Apull" for name in "ab"
        ]
        assert proxy.requests[0] == "GET /v2/"
        assert len(proxy.requests) == len(set(proxy.requests))
        sent = {headers["authorization"] for headers in proxy.headers if "authorization" in headers}
        assert all(one.startswith("Bearer ") for one in sent)
        granted = [jwt.decode(one[7:], options={"verify_signature": False})["access"] for one in sent]
        assert all(one["actions"] == ["pull"] for access in granted for one in access)

    def test_may_be_open_to_all(self, tokens: TokenServer, proxy: Proxy) -> None:
        tokens.open_to_all = True
        assert names(read(proxy.url, "acme/a")) == ["acme/a"]
        assert tokens.requests[0][1] == ""

    def test_gets_a_new_one_when_it_has_expired(
        self, tokens: TokenServer, proxy: Proxy, password: dict[str, Any]
    ) -> None:
        async def interfere(request: Request, before: int) -> Response | None:
            if request.url.path.endswith("/manifests/2") and before == 0:
                said = f'Bearer realm="{tokens.url}/token",service="models.example",error="invalid_token"'
                return JSONResponse({"errors": []}, 401, {"www-authenticate": said})
            return None

        proxy.interfere = interfere
        assert names(read(proxy.url, "acme/a", **password)) == ["acme/a"]
        assert len(tokens.requests) == 2

    def test_is_believed_when_it_refuses_a_fresh_one(
        self, tokens: TokenServer, proxy: Proxy, password: dict[str, Any]
    ) -> None:
        tokens.lifetime = -200
        listing = read(proxy.url, "acme/a", **password)
        assert "401" in listing.problems[0].what
        assert len(proxy.requests) == 2

    def test_tells_its_repositories_for_the_scope_of_its_catalog(
        self, tokens: TokenServer, proxy: Proxy, password: dict[str, Any]
    ) -> None:
        assert names(read(proxy.url, catalog=True, **password)) == list(PUSH)
        assert tokens.requests[0][0].endswith("scope=registry%3Acatalog%3A%2A")

    def test_the_scope_that_it_asks_for_is_not_what_it_gets(
        self, tokens: TokenServer, proxy: Proxy, password: dict[str, Any]
    ) -> None:
        wide = "repository:acme/secret:pull,push,delete"
        challenge(proxy, f'Bearer realm="{tokens.url}/token",service="models.example",scope="{wide}"')
        assert names(read(proxy.url, "acme/a", **password)) == ["acme/a"]
        assert {query.partition("scope=")[2] for query, _ in tokens.requests} == {
            "repository%3Aacme%2Fa%3Apull"
        }

    def test_a_token_of_the_configuration_goes_to_the_registry_alone(
        self, tokens: TokenServer, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OCI_TEST_TOKEN", tokens.token("repository:acme/a:pull"))
        token = SecretReference(env="OCI_TEST_TOKEN")
        assert names(read(proxy.url, "acme/a", token=token)) == ["acme/a"]
        monkeypatch.setenv("OCI_TEST_TOKEN", tokens.token("repository:acme/b:pull"))
        assert names(read(proxy.url, "acme/a", token=token)) == []
        assert tokens.requests == []

    @pytest.mark.parametrize(
        "answer",
        [
            JSONResponse({"token": ""}),
            JSONResponse({"token": 5}),
            JSONResponse({"token": "a\r\nb: c"}),
            JSONResponse(["eyJ"]),
            PlainTextResponse("<html>"),
            PlainTextResponse(" " * 100_000),
            JSONResponse({"errors": []}, 403),
            RedirectResponse("https://elsewhere.example/token", 307),
        ],
    )
    def test_gets_none_from_a_token_server_that_answers_something_else(
        self, tokens: TokenServer, proxy: Proxy, password: dict[str, Any], answer: Response
    ) -> None:
        tokens.answer = answer
        listing = read(proxy.url, "acme/a", **password)
        assert listing.unread == ("acme/a",)
        assert not [headers for headers in proxy.headers if "authorization" in headers]
        assert len(tokens.requests) == 1


class TestATokenServerThatIsNotTheRegistrys:
    """The registry of these tests is on this machine, so what it names elsewhere is another's."""

    @pytest.mark.parametrize(
        "realm",
        [
            "https://auth.elsewhere.example/token",
            "http://auth.elsewhere.example/token",
            "https://169.254.169.254/latest/token",
            "https://alice@auth.elsewhere.example/token",
            "https://auth.elsewhere.example:99999/token",
            "gopher://127.0.0.1/x",
            "//127.0.0.1/token",
            "",
        ],
    )
    @pytest.mark.parametrize("signed_in", [True, False])
    def test_is_not_asked(self, proxy: Proxy, password: dict[str, Any], realm: str, signed_in: bool) -> None:
        challenge(proxy, f'Bearer realm="{realm}",service="x"')
        listing = read(proxy.url, "acme/a", **(password if signed_in else {}))
        assert "not followed" in listing.problems[0].what
        assert "token-server" in listing.problems[0].hint
        assert len(proxy.requests) == 1

    def test_is_asked_when_it_is_configured_and_only_at_that_address(
        self, tokens: TokenServer, proxy: Proxy, password: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # As if this machine were none: then only what is configured is the registry's.
        monkeypatch.setattr("callboard.sources.oci_sign_in._is_this_machine", lambda _host: False)
        assert read(proxy.url, "acme/a", **password).unread == ("acme/a",)
        other = f"{tokens.url.rpartition(':')[0]}:1"
        assert read(proxy.url, "acme/a", token_server=other, **password).unread == ("acme/a",)
        assert tokens.requests == []
        assert names(read(proxy.url, "acme/a", token_server=tokens.url, **password)) == ["acme/a"]

    @pytest.mark.parametrize("said", ["", "Bearer", "Bearer service=x", "Negotiate", 'Digest realm="x"'])
    def test_a_challenge_that_says_nothing_is_a_refusal(
        self, proxy: Proxy, password: dict[str, Any], said: str
    ) -> None:
        challenge(proxy, said)
        listing = read(proxy.url, "acme/a", **password)
        assert "401" in listing.problems[0].what
        assert proxy.requests == ["GET /v2/", "GET /v2/acme/a/tags/list"]
        assert not any("authorization" in headers for headers in proxy.headers)

    def test_a_registry_that_cannot_say_now_gets_no_password(
        self, proxy: Proxy, password: dict[str, Any]
    ) -> None:
        async def interfere(_request: Request, _before: int) -> Response | None:
            return JSONResponse({}, 503, {"retry-after": "0"})

        proxy.interfere = interfere
        assert read(proxy.url, "acme/a", **password).unread == ("acme/a",)
        assert set(proxy.requests) == {"GET /v2/"}
        assert not any("authorization" in headers for headers in proxy.headers)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("registry.acme.example", "auth.acme.example", True),
        ("acme.example", "auth.acme.example", True),
        ("registry.acme.co.uk", "auth.acme.co.uk", True),
        ("10.0.0.1", "10.0.0.1", True),
        ("registry.acme.co.uk", "evil.co.uk", False),
        ("registry.acme.example", "acme.evil.example", False),
        ("acme.example", "evil-acme.example", False),
        ("10.0.0.1", "10.1.0.1", False),
        ("1.2.3.4", "9.9.3.4", False),
        ("::1", "fe80::1", False),
        ("registry", "auth", False),
    ],
)
def test_what_belongs_to_one_owner_is_told_by_the_name(one: str, other: str, same: bool) -> None:
    assert same_site(one, other) is same
    assert same_site(other, one) is same


def test_tokens_are_forgotten_and_the_password_is_not(
    tokens: TokenServer, proxy: Proxy, password: dict[str, Any]
) -> None:
    SecretReference(env="OCI_TEST_PASSWORD").read()
    before = set(redaction._known)
    read(proxy.url, *PUSH, **password)
    assert set(redaction._known) == before
    assert redact(PASSWORD) == redaction.MASK
