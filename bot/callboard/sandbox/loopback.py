"""Serving a double on a loopback port, in a thread of this process."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

_START_WITHIN = 10.0


class PromptServer(uvicorn.Server):
    """One that ends when it is told to and nothing is left to do: uvicorn's own sleeps twice first."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._told = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def end(self) -> None:
        """From any thread: take nothing more, let what is going on finish within its time, and end."""
        self.should_exit = True
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # it has ended already
                self._loop.call_soon_threadsafe(self._told.set)

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), 1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for listening in (*self.servers, *(sockets or ())):
            listening.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        give_up = time.monotonic() + (self.config.timeout_graceful_shutdown or 0)
        while (self.server_state.connections or self.server_state.tasks) and time.monotonic() < give_up:
            await asyncio.sleep(0.005)
        for task in self.server_state.tasks:
            task.cancel()


@contextlib.contextmanager
def serving(app: ASGIApp, *, port: int = 0) -> Iterator[str]:
    """The address of ``app``, served until the end of the ``with``. Port 0 is any free one.

    Raises OSError when the port is taken, and RuntimeError when the application does not start.
    """
    with socket.create_server(("127.0.0.1", port)) as listener:
        # asyncio leaves it out for a socket that was made elsewhere: small answers would wait 40 ms each.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        config = uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=2)
        server = PromptServer(config)
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        try:
            give_up = time.monotonic() + _START_WITHIN
            while not server.started:
                if not thread.is_alive() or time.monotonic() > give_up:
                    raise RuntimeError("the sandbox server did not start")
                time.sleep(0.01)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.end()
            thread.join(5)
