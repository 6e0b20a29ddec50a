"""Which addresses from outside may be reached, and that only what was checked is connected to."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from callboard import deadline, http
from callboard.addresses import Guard, NotPublic, endpoint, public_addresses
from callboard.http import HttpProblem
from tests.servers.threads import serving


def reachable(url: str) -> bool:
    try:
        return bool(public_addresses(*endpoint(url)))
    except NotPublic:
        return False


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost:8080/x",
        "http://0.0.0.0/",
        "http://10.1.2.3/",
        "http://172.16.0.1/",
        "http://192.168.1.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://100.64.0.1/",
        "http://224.0.0.1/",
        "http://255.255.255.255/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://127.1/",
        "http://[::1]/",
        "http://[::]/",
        "http://[fe80::1]/",
        "http://[fd00:ec2::254]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:169.254.169.254]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://[2001:0:4136:e378:8000:63bf:80ff:fffe]/",
        "http://[ff02::1]/",
        "https://ann:secret@93.184.216.34/",
        "ftp://93.184.216.34/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://",
        "http://[",
        "http://a:b:c/",
        "http://93.184.216.34:99999/",
        "http://does-not-exist.invalid/",
        "http://" + "a" * 300 + "/",
        "http://\u0000/",
        "",
    ],
)
def test_an_address_that_is_not_public_is_not_reached(url: str) -> None:
    assert not reachable(url)


@pytest.mark.parametrize(
    "url", ["https://93.184.216.34/x", "http://8.8.8.8:8080/", "https://[2606:4700::1111]/"]
)
def test_a_public_address_is_reached(url: str) -> None:
    assert reachable(url)


def resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    # No name of this kind can be relied on to be in the DNS of every machine that runs the tests.
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)


def test_a_name_with_one_private_address_is_not_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_to(monkeypatch, "8.8.8.8", "10.0.0.1")
    assert not reachable("http://both.example/")
    resolve_to(monkeypatch, "8.8.8.8")
    assert reachable("http://both.example/")


@given(address=st.ip_addresses(v=4))
def test_an_address_is_treated_alike_in_ipv6_clothes(address: object) -> None:
    assert reachable(f"http://{address}/") == reachable(f"http://[::ffff:{address}]/")


def test_two_ways_to_write_an_address_are_one_endpoint() -> None:
    assert endpoint("https://MLflow.Example/a") == endpoint("https://mlflow.example:443/b")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server on loopback; whatever guards the connections is taken away at the end."""
    monkeypatch.setattr(deadline, "_guards", [])
    monkeypatch.setenv("no_proxy", "*")
    with serving(Starlette(routes=[Route("/", lambda _request: PlainTextResponse("hello"))])) as url:
        yield url


def test_a_guarded_process_connects_only_to_what_is_public_or_allowed(server: str) -> None:
    deadline.guard_connections(Guard({endpoint("http://127.0.0.1:1/")}))

    with http.connect(server, attempts=1) as client, pytest.raises(HttpProblem, match="not a public address"):
        client.get("/")

    deadline.guard_connections(Guard({endpoint(server)}))
    with http.connect(server, attempts=1) as client:
        assert client.get_text("/") == "hello"


def test_what_was_checked_is_connected_to_however_the_name_changes_afterwards(server: str) -> None:
    host, port = endpoint(server)
    asked = []

    def guard(name: str, at: int) -> tuple[str, ...]:
        asked.append((name, at))
        return ("127.0.0.2", host)  # the first does not answer, and the name itself means nothing

    deadline.guard_connections(guard)
    with http.connect(f"http://rebinding.invalid:{port}", attempts=1) as client:
        assert client.get_text("/") == "hello"
    assert asked == [("rebinding.invalid", port)]


def test_when_none_of_the_addresses_answers_that_is_the_problem(server: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for addresses in (("127.0.0.1", "127.0.0.2"), ()):
        deadline.guard_connections(lambda _host, _port, found=addresses: found)  # type: ignore[misc]
        with http.connect(f"http://gone.invalid:{port}", attempts=1) as client:
            with pytest.raises(HttpProblem) as problem:
                client.get("/")
            assert problem.value.kind == "unreachable"


def test_a_client_may_have_a_guard_of_its_own_besides(server: str) -> None:
    strict, allowed = Guard(()), Guard({endpoint(server)})
    with http.connect(server, guard=allowed) as client:
        assert client.get_text("/") == "hello"
    for of_the_process in ([], [allowed]):
        deadline._guards[:] = of_the_process
        refused = pytest.raises(HttpProblem, match="not a public address")
        with http.connect(server, attempts=1, guard=strict) as client, refused:
            client.get("/")
