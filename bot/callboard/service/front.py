"""What the service answers: webhooks, which are verified, kept, and only then accepted; and how it is."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from callboard.redaction import Secret, redact
from callboard.service import signatures
from callboard.service.events import Hint, read_github, read_gitlab
from callboard.service.settings import Service
from callboard.service.store import Store
from callboard.service.work import Tell, Work

LARGEST_BODY = 4 * 1024 * 1024
"""Bytes of a delivery. What a larger one would have told, the next sweep finds."""
_BODY_WITHIN = 10.0
_SWEEPS_MISSED = 3


@dataclass(frozen=True)
class Lock:
    """What opens the door to webhooks of one repository."""

    repository: str
    """Its key."""
    name: str
    """``owner/name``, in lower case."""
    base: str
    secret: Secret | None
    signing_key: bytes | None


class _Answer(Exception):
    def __init__(self, status: int, said: str) -> None:
        self.status, self.said = status, said
        super().__init__(said)


def locks(service: Service, forge: str) -> tuple[Lock, ...]:
    """The locks of the repositories on one kind of forge.

    Raises SecretUnavailable or BadSigningToken, NotConfigured for what is no repository.
    """
    return tuple(
        Lock(
            one.key,
            one.place.name.lower(),
            one.base,
            one.webhook_secret.read() if one.webhook_secret else None,
            signatures.signing_key(one.signing_token.read()) if one.signing_token else None,
        )
        for one in service.repositories
        if one.place.forge == forge
    )


def application(service: Service, store: Store, work: Work, tell: Tell) -> Starlette:
    """The whole front. Raises what ``locks`` raises."""
    front = _Front(service, store, work, tell)
    return Starlette(
        routes=[
            Route("/webhooks/github", front.github, methods=["POST"]),
            Route("/webhooks/gitlab", front.gitlab, methods=["POST"]),
            Route("/healthz", front.healthy),
            Route("/readyz", front.ready),
            Route("/status", front.status),
        ]
    )


class _Front:
    def __init__(self, service: Service, store: Store, work: Work, tell: Tell) -> None:
        self._service, self._store, self._work, self._tell = service, store, work, tell
        self._github, self._gitlab = locks(service, "github"), locks(service, "gitlab")
        self._beat = (float("-inf"), True)

    async def github(self, request: Request) -> Response:
        """A delivery of GitHub."""
        try:
            signature = _raw(request, "x-hub-signature-256")
            if not signature:
                raise _Answer(401, "this is not signed")
            body = await _body(request)

            def opens(lock: Lock) -> bool:
                return bool(lock.secret and signatures.is_from_github(lock.secret, body, signature))

            payload, opened = await run_in_threadpool(_verified, self._github, opens, body)
            hint = read_github(request.headers.get("x-github-event", ""), payload)
            delivery = request.headers.get("x-github-delivery", "")
            return await run_in_threadpool(self._keep, "github", delivery, hint, opened, body)
        except _Answer as answer:
            return self._refused("github", answer)

    async def gitlab(self, request: Request) -> Response:
        """A delivery of GitLab."""
        try:
            signature, token = _raw(request, "webhook-signature"), _raw(request, "x-gitlab-token")
            if not (signature or token):
                raise _Answer(401, "this is not signed")
            body = await _body(request)
            identity, timestamp = _raw(request, "webhook-id"), _raw(request, "webhook-timestamp")

            def opens(lock: Lock) -> bool:
                # With a signing token set, a signature that is there must be right.
                if lock.signing_key is not None and signature:
                    key, now = lock.signing_key, time.time()
                    return signatures.is_signed(key, body, identity, timestamp, signature, now)
                return bool(lock.secret and token and signatures.has_token(lock.secret, token))

            payload, opened = await run_in_threadpool(_verified, self._gitlab, opens, body)
            names = ("webhook-id", "idempotency-key", "x-gitlab-event-uuid")
            delivery = next(filter(None, (request.headers.get(name, "") for name in names)), "")
            hint = read_gitlab(payload)
            return await run_in_threadpool(self._keep, "gitlab", delivery, hint, opened, body)
        except _Answer as answer:
            return self._refused("gitlab", answer)

    def _refused(self, forge: str, answer: _Answer) -> Response:
        self._tell("warning", f"a delivery was refused: {answer.said}", forge=forge, status=answer.status)
        return _said(answer.status, answer.said)

    def _keep(
        self, forge: str, delivery: str, hint: Hint | None, opened: Sequence[Lock], body: bytes
    ) -> Response:
        """Write it down, then accept it. Only a repository whose own secret was used is meant."""
        began = time.monotonic()
        meant = [one for one in opened if hint and one.name == hint.repository.lower()]
        accepted = "ignored"
        for lock in meant:
            assert hint is not None
            need = hint.need(lock.base)
            if need is None:
                continue
            # Without an id nothing tells a delivery that comes twice; then its time makes it another.
            identity = delivery or str(time.time_ns())
            digest = _digest(forge, lock.repository, identity, body)
            try:
                new = self._store.take_in(digest, lock.repository, hint.event, need, time.time())
            except sqlite3.Error as error:
                self._tell("error", f"a delivery could not be kept: {error}", delivery=identity[:100])
                raise _Answer(503, "this could not be kept; send it again") from None
            accepted = "accepted" if new else "known"
            self._tell(
                "info", f"delivery {accepted}",
                delivery=identity[:100], forge=forge, event=hint.event, repository=lock.repository,
                need=need, seconds=round(time.monotonic() - began, 4),
            )  # fmt: skip
            if new:
                self._work.wake()
        return _said(202, accepted)

    async def healthy(self, _request: Request) -> Response:
        """The process lives."""
        return _said(200, "alive")

    async def ready(self, _request: Request) -> Response:
        """What it needs works: the database takes writes, and sweeps happen."""
        now = time.time()
        if not await run_in_threadpool(self._writable, now):
            return _said(503, "the database cannot be written")
        if now - self._work.swept > _SWEEPS_MISSED * self._service.sweep_every * 60:
            return _said(503, f"no sweep for {_SWEEPS_MISSED} intervals")
        return _said(200, "ready")

    def _writable(self, now: float) -> bool:
        last, good = self._beat
        if abs(now - last) >= 1.0:  # whoever asks, and however often
            try:
                self._store.beat(now)
                good = True
            except sqlite3.Error as error:
                self._tell("error", f"the database cannot be written: {error}")
                good = False
            self._beat = (now, good)
        return good

    async def status(self, _request: Request) -> Response:
        """What is due, what runs, and what came of the last walk, of each repository."""
        states = await run_in_threadpool(self._store.states)
        running = await run_in_threadpool(lambda: self._work.running)
        said = {
            "swept": self._work.swept,
            "repositories": [
                {
                    "repository": one.repository,
                    "state": "running" if one.repository in running else "due" if one.due else "idle",
                    "not-before": one.not_before,
                    "failures": one.failures,
                    "started": one.started,
                    "finished": one.finished,
                    "outcome": redact(one.outcome) if one.outcome else None,
                }
                for one in states
            ],
        }
        return JSONResponse(said, headers=_HEADERS)


def _raw(request: Request, name: str) -> bytes:
    """A header's bytes."""
    return request.headers.get(name, "").encode("latin-1")


async def _body(request: Request) -> bytes:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise _Answer(415, "set the webhook's content type to application/json")
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > LARGEST_BODY:
        raise _Answer(413, f"more than {LARGEST_BODY} bytes")
    body = bytearray()
    try:
        async with asyncio.timeout(_BODY_WITHIN):
            async for piece in request.stream():
                body += piece
                if len(body) > LARGEST_BODY:
                    raise _Answer(413, f"more than {LARGEST_BODY} bytes")
    except TimeoutError:
        raise _Answer(408, "the body did not come") from None
    except ClientDisconnect:
        raise _Answer(400, "the body ended early") from None
    return bytes(body)


def _verified(
    known: Sequence[Lock], opens: Callable[[Lock], bool], body: bytes
) -> tuple[Any, tuple[Lock, ...]]:
    """What is in the body, once it is known whose it is: the repositories whose secret was used."""
    # Many repositories may have one secret: it is tried once.
    tried: dict[tuple[Secret | None, bytes | None], bool] = {}
    opened = []
    for lock in known:
        secrets = (lock.secret, lock.signing_key)
        if secrets not in tried:
            tried[secrets] = opens(lock)
        if tried[secrets]:
            opened.append(lock)
    if not opened:
        raise _Answer(401, "the signature is not right")
    try:
        return json.loads(body), tuple(opened)
    except (ValueError, RecursionError):
        raise _Answer(400, "the body is not JSON") from None


def _digest(forge: str, repository: str, delivery: str, body: bytes) -> bytes:
    # The id is not signed on GitHub: alone, it would let one delivery hide another.
    told = (forge, repository, delivery, hashlib.sha256(body).hexdigest())
    return hashlib.sha256("\0".join(told).encode("utf-8", "surrogatepass")).digest()


_HEADERS: Mapping[str, str] = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


def _said(status: int, what: str) -> Response:
    return JSONResponse({"status": what}, status, headers=_HEADERS)
