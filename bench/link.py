"""A link with limited bandwidth and a delay, between a client and a server that both are on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from urllib.parse import urlsplit

_BURST = 64 * 1024
"""Bytes that an idle link lets through at once: it makes up for a timer that wakes up late."""
_CHUNK = 16 * 1024
_ON_THE_WAY = 256
"""Chunks after which a receiver that does not read holds the sender up."""


class Way:
    """One direction of a link: a token bucket that all connections share."""

    def __init__(self, bytes_per_second: float, burst: int = _BURST) -> None:
        self._rate, self._pause = bytes_per_second, burst / bytes_per_second
        self._free = float("-inf")
        self.carried = 0
        """Bytes so far."""

    def through(self, size: int, now: float) -> float:
        """When the last of ``size`` bytes that come at ``now`` is through, on the same clock."""
        self.carried += size
        self._free = max(self._free, now - self._pause) + size / self._rate
        return max(self._free, now)


@dataclass(frozen=True)
class Link:
    """A link between clients and a server."""

    url: str
    """The server's address, by way of the link."""
    up: Way
    """From clients to the server."""
    down: Way


@contextlib.contextmanager
def link(url: str, *, bits_per_second: float = 100e6, round_trip: float = 0.020) -> Iterator[Link]:
    """A link to the server at ``url``, for as long as the ``with`` lasts; ``round_trip`` is in seconds.

    All connections share the bandwidth, which each direction has for itself. Each chunk arrives half a round
    trip after it left, however many are on the way, and a new connection takes a round trip before its first
    byte leaves, as TCP's handshake does. No byte is lost, and TCP's slow start is not imitated.
    """
    up, down = Way(bits_per_second / 8), Way(bits_per_second / 8)
    started: Future[tuple[Link, asyncio.AbstractEventLoop, asyncio.Event]] = Future()
    connections: set[asyncio.Task[None] | None] = set()

    async def connected(client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        # asyncio alone would let go of a connection whose two ends both wait.
        connections.add(task := asyncio.current_task())
        # A connection that is still open when the link goes down is simply cut.
        with contextlib.suppress(asyncio.CancelledError), contextlib.closing(to_client):
            server, to_server = await asyncio.open_connection(urlsplit(url).hostname, urlsplit(url).port)
            with contextlib.closing(to_server):
                await asyncio.sleep(round_trip)
                try:
                    async with asyncio.TaskGroup() as ways:
                        ways.create_task(_carry(client, to_server, up, round_trip / 2))
                        ways.create_task(_carry(server, to_client, down, round_trip / 2))
                except* ConnectionError:
                    pass
        connections.discard(task)

    async def serve() -> None:
        done = asyncio.Event()
        async with await asyncio.start_server(connected, "127.0.0.1", 0) as listener:
            here = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
            started.set_result((Link(here, up, down), asyncio.get_running_loop(), done))
            await done.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    found, loop, done = started.result(timeout=10)
    try:
        yield found
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(10)


async def _carry(source: asyncio.StreamReader, sink: asyncio.StreamWriter, way: Way, delay: float) -> None:
    now = asyncio.get_running_loop().time
    on_the_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_ON_THE_WAY)

    async def arrive() -> None:
        while True:
            due, chunk = await on_the_way.get()
            await asyncio.sleep(due - now())
            if not chunk:
                sink.write_eof()
                return
            sink.write(chunk)
            await sink.drain()

    async with asyncio.TaskGroup() as both:
        both.create_task(arrive())
        chunk = b"first"
        while chunk:
            chunk = await source.read(_CHUNK)
            through = way.through(len(chunk), now())
            await on_the_way.put((through + delay, chunk))
            # Reading on sooner would empty the sender's buffer faster than the link does.
            await asyncio.sleep(through - now())
