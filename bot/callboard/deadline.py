"""A deadline for a whole HTTP exchange, below the HTTP client.

A client's own timeouts count from one byte to the next, so a server that sends a byte now and then, of
headers or of a body, would hold a walk for ever. Here each wait is cut to what is left until the deadline.
"""

from __future__ import annotations

import math
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpcore2
import httpx2

from callboard.addresses import NotPublic

_limits = threading.local()


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """All exchanges of the clients that this thread makes in here are over within ``seconds`` together."""
    before = getattr(_limits, "end", math.inf)
    _limits.end = min(before, time.monotonic() + seconds)
    try:
        yield
    finally:
        _limits.end = before


class Deadline:
    """When the running exchange must be over. One exchange at a time."""

    def __init__(self) -> None:
        self._end = math.inf
        self._last = getattr(_limits, "end", math.inf)

    def start(self, seconds: float) -> None:
        """Give the exchange that begins now ``seconds``, or what is left of a limit for all of them."""
        self._end = min(time.monotonic() + seconds, self._last)

    @property
    def is_last(self) -> bool:
        """Whether the limit for all exchanges has passed, so that none can follow."""
        return time.monotonic() >= self._last

    def left(self, timeout: float | None, over: type[Exception]) -> float:
        """How long to wait at most, from a timeout and the deadline. Raises ``over`` when it has passed."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise over
        return left if timeout is None else min(timeout, left)


_guards: list[Callable[[str, int], Sequence[str]]] = []


def guard_connections(guard: Callable[[str, int], Sequence[str]]) -> None:
    """From now on, connect only to the addresses that ``guard`` answers for a host and port.

    It raises NotPublic for what must not be reached. For the whole process: the service has but one.
    """
    _guards[:] = [guard]


class DeadlineTransport(httpx2.HTTPTransport):
    """httpx2's transport, held to a deadline, and to a guard of its own where it has one."""

    def __init__(
        self,
        deadline: Deadline,
        *,
        verify: ssl.SSLContext | bool,
        proxy: str | None,
        guard: Callable[[str, int], Sequence[str]] | None = None,
    ) -> None:
        super().__init__(verify=verify, proxy=proxy)
        # httpcore2 takes a backend as an argument, but httpx2 has no way to hand it through.
        backend = self._pool._network_backend  # noqa: SLF001
        self._pool._network_backend = _Backend(backend, deadline, guard)  # noqa: SLF001


class _Backend(httpcore2.NetworkBackend):
    def __init__(
        self,
        backend: httpcore2.NetworkBackend,
        deadline: Deadline,
        guard: Callable[[str, int], Sequence[str]] | None,
    ) -> None:
        self._backend, self._deadline, self._guard = backend, deadline, guard

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        try:
            addresses: Sequence[str] = (host,)
            for guard in (*_guards, *((self._guard,) if self._guard else ())):
                addresses = guard(host, port)
        except NotPublic as refusal:
            raise httpcore2.ConnectError(str(refusal)) from None
        for last, address in enumerate(addresses, 1 - len(addresses)):
            # Each has its share of the time: one that leads nowhere leaves some for the others.
            left = self._deadline.left(timeout, httpcore2.ConnectTimeout) / (1 - last)
            try:
                stream = self._backend.connect_tcp(address, port, left, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                if last == 0:
                    raise
            else:
                return _Stream(stream, self._deadline)
        raise httpcore2.ConnectError(f"{host} has no address")


class _Stream(httpcore2.NetworkStream):
    def __init__(self, stream: httpcore2.NetworkStream, deadline: Deadline) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        left = self._deadline.left(timeout, httpcore2.ReadTimeout)
        return self._stream.read(max_bytes, left)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        left = self._deadline.left(timeout, httpcore2.WriteTimeout)
        self._stream.write(buffer, left)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        left = self._deadline.left(timeout, httpcore2.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
