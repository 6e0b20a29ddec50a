"""What was asked of the sandbox, for tests, figures and the demo to count. It holds no token and no body."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Literal

Kind = Literal["rest", "graphql", "git"]


@dataclass(frozen=True)
class Request:
    """One answered request."""

    kind: Kind
    method: str
    path: str
    """Without the query."""
    operation: str
    """GitHub's operation id; ``git/push``, ``git/fetch``, ``git/refs``; ``graphql``; ``unimplemented``."""
    status: int
    user: str | None
    is_write: bool


@dataclass(frozen=True)
class Counts:
    """How often the forge was asked: API reads and writes, git fetches and pushes, unimplemented calls."""

    reads: int
    writes: int
    fetches: int
    pushes: int
    unimplemented: int


class RequestLog:
    """All requests since the start, in the order of their answers."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: list[Request] = []

    def add(self, request: Request) -> None:
        """Remember a request."""
        with self._lock:
            self._requests.append(request)

    def mark(self) -> int:
        """A place in the log, for ``since`` and ``counts``."""
        with self._lock:
            return len(self._requests)

    def since(self, mark: int = 0) -> tuple[Request, ...]:
        """The requests answered after ``mark``."""
        with self._lock:
            return tuple(self._requests[mark:])

    def counts(self, mark: int = 0) -> Counts:
        """The requests after ``mark``, counted. Refused requests count too: they cost the caller as much."""
        requests = self.since(mark)
        api = [request for request in requests if request.kind != "git"]
        return Counts(
            reads=sum(not request.is_write for request in api),
            writes=sum(request.is_write for request in api),
            fetches=sum(request.operation == "git/fetch" for request in requests),
            pushes=sum(request.operation == "git/push" for request in requests),
            unimplemented=sum(request.operation == "unimplemented" for request in requests),
        )
