"""A gate in front of a forge, at which a process can be caught in the middle of its work."""

from __future__ import annotations

import asyncio
import re
import threading

from starlette.types import ASGIApp, Receive, Scope, Send

_POINTS = {
    "github": {"open": r"POST .*/pulls", "merge": r"PUT .*/pulls/\d+/merge"},
    "gitlab": {"open": r"POST .*/merge_requests", "merge": r"PUT .*/merge_requests/\d+/merge"},
}


class Gate:
    """Middleware: holds the requests whose ``METHOD path`` matches, before or after they were done."""

    def __init__(self) -> None:
        self._pattern: re.Pattern[str] | None = None
        self._after = False
        self._dropping = False
        self._caught = threading.Event()
        self._opened = threading.Event()
        self._opened.set()

    @staticmethod
    def names(kind: str) -> dict[str, str]:
        """Points in a walk to their requests."""
        return {"git-receive-pack": r"POST .*git-receive-pack", **_POINTS[kind]}

    def close(self, pattern: str, *, after: bool = False) -> None:
        self._pattern, self._after = re.compile(f".*{pattern}$"), after
        self._caught.clear()
        self._opened.clear()

    def wait(self) -> None:
        """Until a request is held."""
        assert self._caught.wait(60), "nobody came to the gate"

    def open(self, *, drop: bool = False) -> None:
        """Let all through; ``drop``: what is held never arrived, as whoever asked is dead."""
        self._pattern, self._dropping = None, drop
        self._opened.set()

    def wrap(self, app: ASGIApp) -> ASGIApp:
        async def gated(scope: Scope, receive: Receive, send: Send) -> None:
            line = f"{scope.get('method')} {scope.get('path')}"
            held = self._pattern is not None and self._pattern.match(line)
            if not held:
                await app(scope, receive, send)
            elif self._after:
                await app(scope, receive, _unheard)
                await self._hold()
            elif await self._hold():
                await app(scope, receive, send)

        return gated

    async def _hold(self) -> bool:
        """Whether to go on."""
        self._caught.set()
        while not self._opened.is_set():
            await asyncio.sleep(0.01)
        return not self._dropping


async def _unheard(_message: object) -> None:
    return
