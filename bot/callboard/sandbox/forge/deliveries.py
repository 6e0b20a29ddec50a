"""Webhooks out of the sandbox: signed, posted in the background, and at a test's command in any order."""

from __future__ import annotations

import hashlib
import hmac
import json
import queue
import threading
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

_TIMEOUT = 10.0
"""Seconds after which GitHub takes a delivery for failed."""
Payload = Mapping[str, Any]
Headers = Callable[[str, bytes], Mapping[str, str]]
"""Those of one attempt, for a guid and a body."""


@dataclass(frozen=True)
class Webhook:
    """Where a repository's events go. ``id`` is the forge's number of it."""

    id: int
    url: str
    secret: str
    """With GitLab it may be empty, when there is a signing token."""
    forge: Literal["github", "gitlab"] = "github"
    signing_token: str = ""
    """GitLab's: ``whsec_`` and a key in base64."""

    def __post_init__(self) -> None:
        if urlsplit(self.url).hostname not in ("127.0.0.1", "localhost", "::1"):
            raise ValueError(f"the sandbox posts to this machine only, and not to {self.url}")


@dataclass
class Delivery:
    """One event for one webhook. A redelivery has the same ``guid`` and the same bytes."""

    guid: str
    event: str
    url: str
    make_headers: Headers = field(repr=False)
    body: bytes = field(repr=False)
    answers: list[int] = field(default_factory=list)
    """The status of each attempt; 0: nobody answered."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Those of an attempt that is made now, as its time may be signed."""
        return self.make_headers(self.guid, self.body)

    @property
    def payload(self) -> Any:
        """The body's JSON."""
        return json.loads(self.body)


def github_headers(webhook: Webhook, repository_id: int, event: str) -> Headers:
    """What GitHub sends beside the body."""

    def headers(guid: str, body: bytes) -> dict[str, str]:
        signature = hmac.new(webhook.secret.encode(), body, hashlib.sha256).hexdigest()
        return {
            "Content-Type": "application/json",
            "User-Agent": "GitHub-Hookshot/sandbox",
            "X-GitHub-Event": event,
            "X-GitHub-Delivery": guid,
            "X-GitHub-Hook-ID": str(webhook.id),
            "X-GitHub-Hook-Installation-Target-Type": "repository",
            "X-GitHub-Hook-Installation-Target-ID": str(repository_id),
            "X-Hub-Signature-256": f"sha256={signature}",
        }

    return headers


class Deliveries:
    """All deliveries, in the order of their events. They are posted one after the other in the background.

    ``hold`` stops that: what happens then only waits, until ``send`` posts some of it, as often and in
    whatever order, or ``release`` the rest.
    """

    def __init__(self) -> None:
        self._log: list[Delivery] = []
        self._waiting: list[Delivery] = []
        self._held = False
        self._lock = threading.Lock()
        self._queue: queue.Queue[Delivery | None] = queue.Queue()
        self._thread: threading.Thread | None = None

    @property
    def log(self) -> tuple[Delivery, ...]:
        """All so far, sent or not."""
        with self._lock:
            return tuple(self._log)

    def add(self, url: str, event: str, payload: Payload, headers: Headers) -> None:
        """Deliver an event."""
        body = json.dumps(payload, ensure_ascii=False).encode()
        delivery = Delivery(str(uuid.uuid4()), event, url, headers, body)
        with self._lock:
            self._log.append(delivery)
            if self._held:
                self._waiting.append(delivery)
                return
        self._enqueue(delivery)

    def hold(self) -> None:
        """Post nothing by itself from now on."""
        with self._lock:
            self._held = True

    def release(self) -> None:
        """Post what waits, in its order, and everything from now on."""
        with self._lock:
            self._held, waiting, self._waiting = False, self._waiting, []
        for delivery in waiting:
            self._enqueue(delivery)

    def drop(self) -> int:
        """Lose what waits, as a network does; answers how many that were."""
        with self._lock:
            lost, self._waiting = len(self._waiting), []
        return lost

    def send(self, *numbers: int) -> list[int]:
        """Post these of the log now, in this order, again or for the first time; answers their statuses."""
        log = self.log
        chosen = [log[number] for number in numbers]
        with self._lock:
            self._waiting = [each for each in self._waiting if each not in chosen]
        return [_post(delivery) for delivery in chosen]

    def wait(self) -> None:
        """Until everything that is on its way has been answered."""
        self._queue.join()

    def stop(self) -> None:
        """End the background work."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None

    def _enqueue(self, delivery: Delivery) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="webhooks", daemon=True)
                self._thread.start()
        self._queue.put(delivery)

    def _work(self) -> None:
        while True:
            delivery = self._queue.get()
            try:
                if delivery is None:
                    return
                _post(delivery)
            finally:
                self._queue.task_done()


def _post(delivery: Delivery) -> int:
    # No proxy: it goes to this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    headers = dict(delivery.headers)
    request = urllib.request.Request(delivery.url, delivery.body, headers, method="POST")  # noqa: S310
    try:
        with opener.open(request, timeout=_TIMEOUT) as answer:
            status = int(answer.status)
    except urllib.error.HTTPError as refused:
        status = refused.code
    except OSError:
        status = 0
    delivery.answers.append(status)
    return status
