"""The service from its start to its end."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import shutil
import signal
import socket
import sqlite3
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import uvicorn

from callboard.addresses import Guard, NotPublic, endpoint
from callboard.config import SecretUnavailable
from callboard.deadline import guard_connections
from callboard.service.front import application
from callboard.service.settings import Service, secrets_of
from callboard.service.signatures import BadSigningToken
from callboard.service.store import Store
from callboard.service.walks import Walks
from callboard.service.work import Tell, Work
from callboard.walk.workplace import NotConfigured

STOP_WITHIN = 20.0
"""Seconds that running walks are given to end; what they did not come to is done after the next start."""
_AT_ONCE = 100


def serve(service: Service, folder: Path, tell: Tell) -> None:
    """Serve until SIGTERM or SIGINT. ``folder``: where a relative ``state`` starts from.

    Raises NotConfigured when a secret is missing or another process has the state, OSError when the address
    is taken, sqlite3.Error when the database cannot be used.
    """
    state = folder / service.state
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _alone(state), _listening(service.listen) as listener, _opened(state / "callboard.db") as store:
        _tidy(state)
        _read_secrets(service)
        guard_connections(Guard(set(_allowed(service))))
        walks = Walks(service, state, tell)
        store.begin(walks.repositories)
        work = Work(
            store,
            walks.repositories,
            walks.walk,
            tell,
            at_once=service.walks_at_once,
            sweep_every=service.sweep_every * 60,
        )
        try:
            app = application(service, store, work, tell)
        except BadSigningToken as error:
            raise NotConfigured(str(error)) from None
        _log_through(tell)
        config = uvicorn.Config(
            app, log_config=None, access_log=False, lifespan="off", server_header=False,
            limit_concurrency=_AT_ONCE, timeout_graceful_shutdown=5,
        )  # fmt: skip
        server = uvicorn.Server(config)

        def stop(_number: int, _frame: object) -> None:
            server.should_exit = True

        # Before uvicorn listens to them itself, and when it raises them again after it has stopped.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        work.start()
        host, port = listener.getsockname()[:2]
        tell("info", "listening", address=f"{host}:{port}", repositories=len(walks.repositories))
        server.run([listener])
        if work.stop(STOP_WITHIN):
            tell("info", "stopped")
        else:
            left = sorted(work.running)
            tell("warning", "stopped in the middle of walks, which the next start does again", walks=left)


@contextlib.contextmanager
def _alone(state: Path) -> Iterator[IO[str]]:
    with (state / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise NotConfigured(
                f"another callboard serve works in {state}; stop it, or give this one another state"
            ) from None
        yield file


@contextlib.contextmanager
def _listening(address: str) -> Iterator[socket.socket]:
    host, _, port = address.rpartition(":")
    family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
    with socket.create_server((host.strip("[]"), int(port)), family=family, backlog=512) as listener:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield listener


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Store]:
    try:
        store = Store(path)
    except sqlite3.DatabaseError as error:
        raise NotConfigured(
            f"the database {path} cannot be used: {error}; delete it: the first sweep makes it good"
        ) from None
    try:
        yield store
    finally:
        store.close()


def _tidy(state: Path) -> None:
    """Take away the folders that walks left behind that were killed."""
    for left in state.glob("checkout-*"):
        shutil.rmtree(left, ignore_errors=True)


def _read_secrets(service: Service) -> None:
    """Each once, so that all are masked from now on, and that nobody finds out later that one is missing."""
    for one in secrets_of(service):
        try:
            one.read()
        except SecretUnavailable as error:
            raise NotConfigured(str(error)) from None


def _allowed(service: Service) -> Iterator[tuple[str, int]]:
    """What the operator named, and the proxies, which connect for us."""
    for served in service.repositories:
        yield endpoint(served.repository)
        if served.api_url:
            yield endpoint(served.api_url)
        for server in served.servers:
            yield endpoint(server.url)
    for proxy in urllib.request.getproxies().values():
        with contextlib.suppress(NotPublic):
            yield endpoint(proxy if "://" in proxy else f"http://{proxy}")


def _log_through(tell: Tell) -> None:
    """What libraries have to say goes the same way as all else."""

    class Through(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            what = " ".join(record.getMessage().split())
            if record.exc_info and record.exc_info[1]:
                what += f": {record.exc_info[1]!r}"
            tell("error" if record.levelno >= logging.ERROR else "warning", what, by=record.name)

    root = logging.getLogger()
    root.handlers[:] = [Through(logging.WARNING)]
