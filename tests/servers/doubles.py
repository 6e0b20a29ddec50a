"""What all doubles have in common that answer in this process: what they were asked, and what spoils it."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import ssl
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response

from tests.servers.threads import Proxy, app_of, serving

Interference = Callable[[Request], Awaitable[Response | None]]
"""Given a request: an answer instead of the double's own."""


@dataclass(kw_only=True)
class Double:
    """A running server that is none. Subclasses say what it answers."""

    url: str = ""
    requests: list[str] = field(default_factory=list)
    """In order, each in the words of ``line``."""
    authorizations: list[str] = field(default_factory=list)
    interfere: Interference | None = None

    def count(self, part: str) -> int:
        """How many requests had ``part`` in their line."""
        return sum(part in request for request in self.requests)

    async def answer(self, request: Request) -> Response:
        """The answer to any request: the double's own unless ``interfere`` gives another."""
        self.requests.append(self.line(request))
        self.authorizations.append(request.headers.get("authorization", ""))
        instead = await self.interfere(request) if self.interfere else None
        return await self.own(request) if instead is None else instead

    def line(self, request: Request) -> str:
        """How ``requests`` words a request: the method and the path."""
        return f"{request.method} {request.url.path}"

    async def own(self, request: Request) -> Response:
        """What the server itself answers."""
        raise NotImplementedError


@contextlib.contextmanager
def standing_in(double: Double, tls: ssl.SSLContext | None = None) -> Iterator[None]:
    """The double answers at its URL, until the end of the ``with``."""
    with serving(app_of(double.answer), tls) as double.url:
        yield


def spoil(server: Double | Proxy, part: str, *answers: Response | None, then: Response | None = None) -> None:
    """Requests whose path has ``part`` get these answers in turn (None: the server's own), then ``then``."""
    left = list(answers)

    async def interfere(request: Request, _before: int = 0) -> Response | None:
        if part not in request.url.path:
            return None
        return left.pop(0) if left else then

    server.interfere = interfere


async def hang(_request: Request, _before: int = 0) -> Response | None:
    """To interfere: no answer before a test is over."""
    await asyncio.sleep(60)
    return None


def bomb(size: int) -> Response:
    """So many bytes, of which a thousandth is sent."""
    return Response(gzip.compress(bytes(size), 1), headers={"content-encoding": "gzip"})
