"""Small servers in a thread of the test process, and a proxy that watches and spoils what passes."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

import httpx2
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from callboard.sandbox.loopback import PromptServer

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_PASSED_ON = frozenset({"content-type", "docker-content-digest", "link", "www-authenticate"})

Interference = Callable[[Request, int], Awaitable[Response | None]]
"""Given a request and how many with the same path came before it: an answer instead of the server's own."""


@contextlib.contextmanager
def serving(app: ASGIApp, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """The URL of ``app`` on a loopback port, until the end of the ``with``."""
    listener = socket.create_server(("127.0.0.1", 0))
    # asyncio leaves it out for a socket that was made elsewhere: small answers would wait 40 ms each.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    config = uvicorn.Config(app, log_level="critical", lifespan="off", timeout_graceful_shutdown=0)
    config.load()
    config.ssl = tls
    server = PromptServer(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.end()
        thread.join()


def app_of(answer: Callable[[Request], Awaitable[Response]]) -> Starlette:
    """One function for every path and method."""
    return Starlette(routes=[Route("/{path:path}", answer, methods=_METHODS)])


@dataclass
class Proxy:
    """What came through a proxy, and what it does to it."""

    upstream: str
    url: str = ""
    requests: list[str] = field(default_factory=list)
    """``METHOD /path`` in order."""
    headers: list[dict[str, str]] = field(default_factory=list)
    interfere: Interference | None = None
    _client: httpx2.AsyncClient = field(
        default_factory=lambda: httpx2.AsyncClient(trust_env=False, verify=False, timeout=60)
    )

    def reset(self) -> None:
        """As if nothing had passed, and nothing done to it any more."""
        self.requests.clear()
        self.headers.clear()
        self.interfere = None

    def count(self, part: str) -> int:
        """How many requests had ``part`` in their path."""
        return sum(part in request for request in self.requests)

    async def answer(self, request: Request) -> Response:
        """The answer to a request, the server's own unless ``interfere`` gives another."""
        line = f"{request.method} {request.url.path}"
        before = self.requests.count(line)
        self.requests.append(line)
        self.headers.append(dict(request.headers))
        instead = await self.interfere(request, before) if self.interfere else None
        return instead or await self.forward(request)

    async def forward(self, request: Request) -> Response:
        """What the server itself answers."""
        said = await self._client.request(
            request.method,
            f"{self.upstream}{request.url.path}?{request.url.query}",
            headers={k: v for k, v in request.headers.items() if k not in ("host", "accept-encoding")},
            content=await request.body(),
        )
        kept = {k: v for k, v in said.headers.items() if k in _PASSED_ON}
        return Response(said.content, said.status_code, kept)


@contextlib.contextmanager
def proxying(upstream: str) -> Iterator[Proxy]:
    """A proxy in front of ``upstream``, until the end of the ``with``."""
    proxy = Proxy(upstream)
    with serving(app_of(proxy.answer)) as proxy.url:
        yield proxy
