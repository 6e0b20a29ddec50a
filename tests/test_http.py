"""HTTP against real servers on loopback: good, slow, hostile and broken ones."""

from __future__ import annotations

import contextlib
import email.utils
import gzip
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import github
import gitlab
import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from callboard.http import Client, HttpProblem, Response, connect, github_client, gitlab_client
from callboard.http_answers import asked_to_wait
from callboard.redaction import Secret

CANARY = "canary-http-token-9e41c7"


@dataclass
class Server:
    """What a server was asked, and what it says: a list of answers per path, the last one for ever."""

    url: str
    answers: dict[str, list[tuple[int, dict[str, str], bytes]]] = field(default_factory=dict)
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    def say(self, path: str, *answers: tuple[int, dict[str, str], bytes]) -> None:
        self.answers[path] = list(answers)


@contextlib.contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            pass

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            running.requests.append(
                (self.command, self.path, {k.lower(): v for k, v in self.headers.items()})
            )
            said = running.answers.get(self.path.partition("?")[0], [(404, {}, b"")])
            status, headers, body = said.pop(0) if len(said) > 1 else said[0]
            self.send_response(status)
            for name, value in {"content-length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                with contextlib.suppress(OSError):
                    self.wfile.write(body)

        do_POST = do_HEAD = do_DELETE = do_GET  # noqa: N815

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener.daemon_threads = True
    scheme = "http"
    if context is not None:
        listener.socket = context.wrap_socket(listener.socket, server_side=True)
        scheme = "https"
    running = Server(f"{scheme}://127.0.0.1:{listener.server_port}")
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield running
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def client(server: Server, waits: list[float]) -> Iterator[Client]:
    with connect(server.url, token=Secret(CANARY), timeout=5, sleep=waits.append) as client:
        yield client


@contextlib.contextmanager
def talking(talk: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that lets ``talk`` do with each connection what it wants."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def accept() -> None:
        while not over.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                connection.recv(65536)
                talk(connection)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        over.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def hold(over: threading.Event) -> None:
    over.wait(20)


def dripping(before: bytes, drop: bytes) -> Callable[[socket.socket], None]:
    def talk(connection: socket.socket) -> None:
        connection.sendall(before)
        while True:
            connection.sendall(drop)
            time.sleep(0.05)

    return talk


def good(body: Any) -> tuple[int, dict[str, str], bytes]:
    return 200, {"content-type": "application/json"}, json.dumps(body).encode()


def problem(call: Callable[[], object]) -> HttpProblem:
    with pytest.raises(HttpProblem) as caught:
        call()
    error = caught.value
    assert (
        CANARY
        not in f"{error} {error!r} {error.what} {error.where} {error.hint} {error.message} {error.args}"
    )
    assert error.what
    assert error.where
    assert error.hint
    assert str(error) == f"{error.what} ({error.where}); {error.hint}"
    return error


def test_json_is_read_with_the_credentials_of_the_client(server: Server, client: Client) -> None:
    server.say("/prefix/a", good({"a": 1}))
    with connect(server.url + "/prefix/", token=Secret(CANARY), headers={"x-more": "yes"}) as inner:
        assert inner.base_url == server.url + "/prefix"
        assert inner.get_json("/a", {"q": ["1", "2"]}) == {"a": 1}
        assert inner.get_json(server.url + "/prefix/a") == {"a": 1}
        assert inner.requests == 2
    method, path, headers = server.requests[0]
    assert (method, path) == ("GET", "/prefix/a?q=1&q=2")
    assert headers["authorization"] == f"Bearer {CANARY}"
    assert headers["user-agent"].startswith("callboard/")
    assert headers["x-more"] == "yes"


def test_basic_authentication_is_sent(server: Server) -> None:
    server.say("/a", good(1))
    with connect(server.url, basic=("ann", Secret(CANARY))) as client:
        client.get_json("/a")
    assert server.requests[0][2]["authorization"].startswith("Basic ")


def test_text_bytes_and_headers_are_read(server: Server, client: Client) -> None:
    server.say("/t", (200, {"x-one": "1"}, b"caf\xc3\xa9 \xff"))
    assert client.get_text("/t") == "café \ufffd"
    assert client.get_bytes("/t", limit=100) == b"caf\xc3\xa9 \xff"
    assert client.head("/t").headers["X-One"] == "1"


def test_a_write_is_sent_and_answered(server: Server, client: Client) -> None:
    server.say("/w", (201, {}, b'{"id": 5}'))
    server.say("/d", (204, {}, b""))
    assert client.post_json("/w", {"name": "x"}) == {"id": 5}
    assert client.post_json("/d", {}) is None
    client.delete("/d")
    assert [request[0] for request in server.requests] == ["POST", "POST", "DELETE"]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "rejected"),
        (401, "unauthorized"),
        (403, "forbidden"),
        (404, "not-found"),
        (409, "conflict"),
        (410, "not-found"),
        (413, "too-large"),
        (422, "rejected"),
        (501, "server-error"),
    ],
)
def test_a_refusal_says_what_where_and_what_next(
    server: Server, client: Client, status: int, kind: str
) -> None:
    server.say("/a", (status, {}, json.dumps({"message": f"no\n  {CANARY} \u202e here"}).encode()))
    error = problem(lambda: client.get_json("/a", {"token": CANARY}))
    assert (error.kind, error.status) == (kind, status)
    assert error.where == f"GET {server.url}/a"
    assert error.message == "no *** here"
    assert "no *** here" in error.what
    assert client.requests == 1


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"error": "gone"}', "gone"),
        (b'{"error": {"name": "NotFound", "message": "gone"}}', "gone"),
        (b'{"error_code": "X", "message": "gone"}', "gone"),
        (b'{"error": ["gone"]}', ""),
        (b'"gone"', "gone"),
        (b"<html>secret page</html>", ""),
        (b"[" * 100_000, ""),
        (json.dumps({"message": "x" * 5000}).encode(), "x" * 300),
    ],
)
def test_only_the_message_of_a_refusal_is_quoted(
    server: Server, client: Client, body: bytes, message: str
) -> None:
    server.say("/a", (400, {}, body))
    error = problem(lambda: client.get_json("/a"))
    assert error.message == message
    assert "secret page" not in str(error)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_read_is_tried_again_until_it_is_answered(
    server: Server, client: Client, waits: list[float], status: int
) -> None:
    server.say("/a", *[(status, {}, b"")] * 3, good("there"))
    assert client.get_json("/a") == "there"
    assert client.requests == 4
    assert waits == [0.5, 1, 2]


def test_a_server_that_goes_on_failing_is_given_up(
    server: Server, client: Client, waits: list[float]
) -> None:
    server.say("/a", (500, {}, b""))
    error = problem(lambda: client.get_json("/a"))
    assert (error.kind, error.status) == ("server-error", 500)
    assert client.requests == 4
    assert len(waits) == 3


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_write_is_never_sent_twice(server: Server, client: Client, status: int) -> None:
    server.say("/a", (status, {"retry-after": "0"}, b""))
    problem(lambda: client.post_json("/a", {}))
    problem(lambda: client.delete("/a"))
    assert len(server.requests) == 2


def test_a_write_that_may_be_repeated_is(server: Server, client: Client) -> None:
    server.say("/a", (502, {}, b""), good(1))
    assert client.post_json("/a", {}, idempotent=True) == 1


def test_a_write_is_not_sent_twice_when_the_connection_breaks() -> None:
    connections = []
    with talking(lambda connection: connections.append(connection)) as url, connect(url) as client:
        error = problem(lambda: client.post_json("/a", {}))
    assert error.kind == "unreachable"
    assert len(connections) == 1


@pytest.mark.parametrize(
    ("headers", "low", "high"),
    [
        ({"retry-after": "7"}, 7, 7),
        ({"retry-after": "{date+20}"}, 10, 20),
        ({"retry-after": "{date-20}"}, 0, 0),
        ({"retry-after": "soon"}, 0.5, 0.5),
        ({"ratelimit": '"api";r=0;t=9'}, 9, 9),
        ({"ratelimit-reset": "8"}, 8, 8),
        ({"x-ratelimit-reset": "{seconds+30}"}, 15, 30),
        ({}, 0.5, 0.5),
    ],
)
def test_the_server_says_how_long_to_wait(
    server: Server, client: Client, waits: list[float], headers: dict[str, str], low: float, high: float
) -> None:
    now = time.time()
    times = {
        "{date+20}": email.utils.formatdate(now + 20, usegmt=True),
        "{date-20}": email.utils.formatdate(now - 20, usegmt=True),
        "{seconds+30}": str(int(now) + 30),
    }
    said = {name: times.get(value, value) for name, value in headers.items()}
    server.say("/a", (429, said, b""), good(1))
    client.get_json("/a")
    (wait,) = waits
    assert low <= wait <= high


def test_a_wait_that_is_too_long_is_a_problem_at_once(
    server: Server, client: Client, waits: list[float]
) -> None:
    server.say("/a", (429, {"retry-after": "3600"}, b""))
    error = problem(lambda: client.get_json("/a"))
    assert error.kind == "rate-limited"
    assert "3600 seconds" in error.hint
    assert waits == []
    assert client.requests == 1


def test_githubs_rate_limit_is_told_from_a_missing_permission(server: Server, client: Client) -> None:
    server.say("/a", (403, {"x-ratelimit-remaining": "0"}, b""))
    assert problem(lambda: client.get_json("/a")).kind == "rate-limited"


@pytest.mark.parametrize(
    ("headers", "hint"),
    [
        ({"X-Accepted-GitHub-Permissions": "issues=write"}, "give the token the permission issues: write"),
        (
            {"X-Accepted-GitHub-Permissions": "contents=write,workflows=write; contents=write"},
            "give the token the permission contents: write and workflows: write or contents: write",
        ),
        ({"X-Accepted-GitHub-Permissions": "<script>"}, "give the token the permission for this"),
        (
            {"X-Accepted-GitHub-Permissions": "issues=write", "Retry-After": "1"},
            "give the token the permission for",
        ),
        ({}, "give the token the permission for this"),
    ],
)
def test_the_permission_that_github_asks_for_is_named(
    server: Server, client: Client, headers: dict[str, str], hint: str
) -> None:
    server.say("/a", (403, headers, b""))
    assert problem(lambda: client.get_json("/a")).hint.startswith(hint)


@given(value=st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=40))
def test_any_header_of_a_busy_server_is_understood_or_ignored(value: str) -> None:
    for name in ("retry-after", "ratelimit", "ratelimit-reset", "x-ratelimit-reset"):
        wait = asked_to_wait({name: value})
        assert wait is None or wait >= 0


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html>log in</html>", "not JSON"),
        (b"", "not JSON"),
        (b'{"a": ', "not JSON at byte"),
        (b"[" * 200_000, "nested too deeply"),
        (b"9" * 10_000, "not JSON"),
        (b"\xff\xfe\xff", "not JSON"),
    ],
)
def test_garbage_is_a_bad_answer(server: Server, client: Client, body: bytes, said: str) -> None:
    server.say("/a", (200, {"content-type": "text/html; charset=utf-8"}, body))
    error = problem(lambda: client.get_json("/a"))
    assert error.kind == "bad-answer"
    assert said in error.what
    assert "log in" not in str(error)


def test_numbers_that_are_not_numbers_pass(server: Server, client: Client) -> None:
    server.say("/a", (200, {}, b"[NaN, Infinity]"))
    assert str(client.get_json("/a")) == "[nan, inf]"


def test_half_characters_are_replaced_and_whole_ones_are_not(server: Server, client: Client) -> None:
    server.say("/a", (200, {}, b'{"\\ud83e\\udd8a": ["\\ud800x", "\\uDFFF", "\xf0\x9f\xa6\x8a", 1, null]}'))
    assert client.get_json("/a") == {"🦊": ["\ufffdx", "\ufffd", "🦊", 1, None]}


@given(value=st.recursive(st.text(st.characters()) | st.integers(), lambda inner: st.lists(inner)))
def test_what_json_holds_can_be_written_again(value: Any) -> None:
    answer = Response(200, {}, json.dumps(value).encode(), "http://a/", "GET http://a/")
    json.dumps(answer.json(), ensure_ascii=False).encode()


def test_redirects_on_the_same_server_are_followed(server: Server, client: Client) -> None:
    server.say("/a", (302, {"location": "/b"}, b""))
    server.say("/b", (307, {"location": f"{server.url}/c"}, b""))
    server.say("/c", good(1))
    answer = client.get("/a")
    assert answer.json() == 1
    assert answer.url == f"{server.url}/c"
    assert client.requests == 3


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_server_is_never_followed(server: Server, client: Client, status: int) -> None:
    with serving() as other:
        for target in (
            f"{other.url}/x",
            f"//127.0.0.1:{other.url.rpartition(':')[2]}/x",
            server.url.replace("127.0.0.1", "localhost") + "/x",
            server.url.replace("http:", "https:") + "/x",
            server.url.replace("http://", f"http://{CANARY}@") + "/x",
        ):
            server.say("/a", (status, {"location": target}, b""))
            error = problem(lambda: client.get_json("/a"))
            assert error.kind == "refused"
            assert error.headers["Location"] == target
            assert problem(lambda: client.post_json("/a", {})).kind == "refused"
        assert other.requests == []
        assert {path for _, path, _ in server.requests} == {"/a"}


def test_a_redirect_without_end_ends(server: Server, client: Client) -> None:
    server.say("/a", (302, {"location": "/a"}, b""))
    assert problem(lambda: client.get_json("/a")).kind == "refused"
    assert client.requests == 5


def test_a_write_is_not_redirected(server: Server, client: Client) -> None:
    server.say("/a", (307, {"location": "/b"}, b""))
    assert problem(lambda: client.post_json("/a", {})).kind == "refused"
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "path", ["http://localhost:{port}/a", "https://127.0.0.1:{port}/a", "http://127.0.0.1/a"]
)
def test_an_address_elsewhere_is_refused(server: Server, client: Client, path: str) -> None:
    error = problem(lambda: client.get_json(path.format(port=server.url.rpartition(":")[2])))
    assert error.kind == "refused"
    assert server.requests == []


@pytest.mark.parametrize(
    "path", ["@example.com/a", "//example.com/a", ".example.com/", "\\\\example.com", ":1/x"]
)
def test_no_path_leads_to_another_server(server: Server, client: Client, path: str) -> None:
    error = problem(lambda: client.get_json(path))
    assert error.status == 404 or error.kind == "refused"
    assert client.requests == len(server.requests)


@pytest.mark.parametrize(
    "url", ["ftp://example.com", "example.com", "http://", "http://[::1", f"https://ann:{CANARY}@example.com"]
)
def test_an_address_that_cannot_be_used_is_refused(url: str) -> None:
    Secret(CANARY)
    assert problem(lambda: connect(url)).kind == "refused"


@pytest.mark.parametrize("token", [f"{CANARY}\nx: y", f"{CANARY} b", f"{CANARY}é", "\0" + CANARY])
def test_a_token_that_would_break_a_header_is_refused(server: Server, token: str) -> None:
    assert problem(lambda: connect(server.url, token=Secret(token))).kind == "refused"


def test_a_server_that_is_not_there_is_tried_again(waits: list[float]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with connect(f"http://127.0.0.1:{port}", token=Secret(CANARY), sleep=waits.append) as client:
        error = problem(lambda: client.get_json("/a"))
    assert (error.kind, error.status) == ("unreachable", None)
    assert waits == [0.5, 1, 2]


def test_a_server_that_never_answers_is_left(waits: list[float]) -> None:
    over = threading.Event()
    with (
        talking(lambda _: hold(over)) as url,
        connect(url, token=Secret(CANARY), timeout=0.2, sleep=waits.append) as client,
    ):
        error = problem(lambda: client.get_json("/a"))
        over.set()
    assert error.kind == "timeout"
    assert "0.2 seconds" in error.what
    assert waits == []


@pytest.mark.parametrize(
    ("before", "drop"),
    [
        (b"", b"H"),
        (b"HTTP/1.1 200 OK\r\nx: ", b"y"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n", b"z"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"1\r\nz\r\n"),
    ],
)
def test_a_server_that_drips_is_left(before: bytes, drop: bytes) -> None:
    with talking(dripping(before, drop)) as url, connect(url, timeout=0.4, attempts=1) as client:
        error = problem(lambda: client.get_json("/a"))
    # A line that never ends may be called broken before the time is over.
    assert error.kind in ("timeout", "unreachable")
    if before:
        assert error.kind == "timeout"


@pytest.mark.parametrize(
    "answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort"]
)
def test_a_connection_that_breaks_is_a_problem(answer: bytes) -> None:
    with (
        talking(lambda connection: connection.sendall(answer)) as url,
        connect(url, token=Secret(CANARY), sleep=lambda _: None) as client,
    ):
        error = problem(lambda: client.get_json("/a"))
    assert error.kind == "unreachable"


def test_a_huge_answer_is_stopped(server: Server, client: Client) -> None:
    server.say("/a", (200, {}, b"x" * 5000))
    error = problem(lambda: client.get_bytes("/a", limit=4999))
    assert error.kind == "too-large"
    assert client.get_bytes("/a", limit=5000) == b"x" * 5000


def test_a_refusal_longer_than_what_was_wanted_is_still_a_refusal(server: Server, client: Client) -> None:
    server.say("/a", (404, {}, b"x" * 1_000_000))
    assert problem(lambda: client.get_bytes("/a", limit=10)).kind == "not-found"


def test_a_gzip_bomb_is_stopped_while_it_grows(server: Server, client: Client) -> None:
    bomb = gzip.compress(b"\0" * (200 * 1024 * 1024), 1)
    server.say("/a", (200, {"content-encoding": "gzip"}, bomb))
    assert problem(lambda: client.get_bytes("/a", limit=1024 * 1024)).kind == "too-large"


def test_an_answer_that_is_not_what_it_is_packed_as_is_bad(server: Server, client: Client) -> None:
    server.say("/a", (200, {"content-encoding": "gzip"}, b"not gzip"))
    assert problem(lambda: client.get_json("/a")).kind == "bad-answer"


def test_a_proxy_of_the_environment_is_used(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.say("http://registry.test/a", good("through the proxy"))
    monkeypatch.setenv("http_proxy", server.url.removeprefix("http://"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with connect("http://registry.test") as client:
        assert client.get_json("/a") == "through the proxy"
    server.say("/a", good("without it"))
    with connect(server.url) as client:
        assert client.get_json("/a") == "without it"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "ca.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    path.with_name("key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return path


def test_certificates_are_verified_against_the_configured_authorities(certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    with serving(context) as server:
        server.say("/a", good("safe"))
        with connect(server.url, ca_bundle=certificate, token=Secret(CANARY)) as client:
            assert client.get_json("/a") == "safe"
        with connect(server.url, token=Secret(CANARY), sleep=lambda _: None) as client:
            error = problem(lambda: client.get_json("/a"))
        assert error.kind == "unreachable"
        assert "certificate" in error.what.lower()
        assert len(server.requests) == 1


def test_authorities_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("nothing")
    missing = problem(lambda: connect("https://example.com", ca_bundle=tmp_path / "missing.pem"))
    assert "missing.pem" in missing.what
    empty = problem(lambda: connect("https://example.com", ca_bundle=tmp_path / "empty.pem"))
    assert "empty.pem" in empty.what


class TestGithubsLibrary:
    def test_asks_once_with_the_token_and_no_waits(self, server: Server) -> None:
        server.say("/api/v3/user", good({"login": "ann", "id": 1, "url": f"{server.url}/api/v3/users/ann"}))
        forge = github_client(f"{server.url}/api/v3/", Secret(CANARY))
        for _ in range(3):
            assert forge.get_user().login == "ann"
        assert server.requests[0][2]["authorization"] == f"token {CANARY}"
        assert server.requests[0][2]["user-agent"].startswith("callboard/")

    def test_never_sends_a_write_twice(self, server: Server) -> None:
        server.say("/api/v3/user/repos", (502, {}, b"{}"))
        forge = github_client(f"{server.url}/api/v3", Secret(CANARY))
        user = forge.get_user()
        assert isinstance(user, github.AuthenticatedUser.AuthenticatedUser)
        with pytest.raises(github.GithubException):
            user.create_repo("x")
        assert len(server.requests) == 1


class TestGitlabsLibrary:
    def test_asks_once_with_a_bearer_token(self, server: Server) -> None:
        server.say("/git/api/v4/user", good({"username": "ann", "id": 1}))
        forge = gitlab_client(f"{server.url}/git/api/v4/", Secret(CANARY))
        assert forge.http_get("/user") == {"username": "ann", "id": 1}
        assert server.requests[0][2]["authorization"] == f"Bearer {CANARY}"
        assert server.requests[0][2]["user-agent"].startswith("callboard/")

    @pytest.mark.parametrize("status", [409, 429, 500, 502])
    def test_never_sends_a_write_twice(self, server: Server, status: int) -> None:
        server.say("/api/v4/projects", (status, {"retry-after": "60"}, b"{}"))
        forge = gitlab_client(f"{server.url}/api/v4", Secret(CANARY))
        with pytest.raises(gitlab.GitlabError):
            forge.http_post("/projects", post_data={"name": "x"})
        assert len(server.requests) == 1

    @pytest.mark.parametrize("status", [301, 307])
    def test_follows_no_redirect(self, server: Server, status: int) -> None:
        server.say("/api/v4/projects", (status, {"location": f"{server.url}/elsewhere"}, b""))
        forge = gitlab_client(f"{server.url}/api/v4", Secret(CANARY))
        with pytest.raises(requests.TooManyRedirects):
            forge.http_post("/projects", post_data={"name": "x"})
        assert [request[1] for request in server.requests] == ["/api/v4/projects"]
