"""Serving a double on a loopback port, in a thread of this process."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

_START_WITHIN = 10.0


@contextlib.contextmanager
def serving(app: ASGIApp, *, port: int = 0) -> Iterator[str]:
    """The address of ``app``, served until the end of the ``with``. Port 0 is any free one.

    Raises OSError when the port is taken, and RuntimeError when the application does not start.
    """
    with socket.create_server(("127.0.0.1", port)) as listener:
        # asyncio leaves it out for a socket that was made elsewhere: small answers would wait 40 ms each.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        config = uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=2)
        server = uvicorn.Server(config)
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
            server.should_exit = True
            thread.join(5)
