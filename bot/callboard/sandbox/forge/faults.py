"""Answers that go wrong on request, so that tests can ask what the product does then."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Fault:
    """One wrong answer to the next request of ``operation`` (as in the request log)."""

    operation: str
    status: int
    after_applying: bool
    """True: the work is done and only the answer is lost, as when a gateway times out."""
    message: str = "Server Error"
    headers: dict[str, str] = field(default_factory=dict)


class Faults:
    """The faults that wait for their request."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Wait for the next request of the fault's operation."""
        with self._lock:
            self._waiting.append(fault)

    def take(self, operation: str) -> Fault | None:
        """The oldest fault for ``operation``, used up."""
        with self._lock:
            for fault in self._waiting:
                if fault.operation == operation:
                    self._waiting.remove(fault)
                    return fault
        return None

    def secondary_rate_limit(self, operation: str, retry_after: int) -> None:
        """The next request of ``operation`` meets GitHub's secondary rate limit: 403 with Retry-After."""
        message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
        self.add(Fault(operation, 403, False, message, {"retry-after": str(retry_after)}))

    def gitlab_rate_limit(self, operation: str, retry_after: int) -> None:
        """The next request of ``operation`` meets GitLab's rate limit: 429, with when to come again."""
        message = "This endpoint has been requested too many times. Try again later."
        headers = {
            "retry-after": str(retry_after),
            "ratelimit-limit": "60",
            "ratelimit-name": "throttle_authenticated_api",
            "ratelimit-observed": "61",
            "ratelimit-remaining": "0",
            "ratelimit-reset": str(int(time.time()) + retry_after),
        }
        self.add(Fault(operation, 429, False, message, headers))
