"""That a link carries every byte, in order, no faster than it says. It is counted; no time is asserted."""

from __future__ import annotations

import contextlib
import random
import socket
import socketserver
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.link import Link, Way, link


class _Echo(socketserver.BaseRequestHandler):
    """Reads to the end, then says all of it again."""

    def handle(self) -> None:
        self.request.sendall(_read(self.request))


@pytest.fixture(scope="module")
def echo() -> Iterator[str]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Echo) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def _read(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))


@contextlib.contextmanager
def _connected(to: Link) -> Iterator[socket.socket]:
    address = urlsplit(to.url)
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        yield connection


def _said_again(to: Link, content: bytes) -> bytes:
    with _connected(to) as connection:
        connection.sendall(content)
        connection.shutdown(socket.SHUT_WR)
        return _read(connection)


@pytest.mark.parametrize("size", [0, 1, 16 * 1024, 1_000_003])
def test_every_byte_arrives_once_and_in_order(echo: str, size: int) -> None:
    content = random.Random(size).randbytes(size)

    with link(echo, bits_per_second=1e9, round_trip=0.002) as carried:
        assert _said_again(carried, content) == content
        assert (carried.up.carried, carried.down.carried) == (size, size)


def test_connections_share_a_link_and_keep_their_bytes_apart(echo: str) -> None:
    contents = {number: random.Random(number).randbytes(100_000 + number) for number in range(4)}
    answers: dict[int, bytes] = {}

    with link(echo, bits_per_second=1e9, round_trip=0.002) as carried:
        threads = [
            threading.Thread(target=lambda at=at: answers.update({at: _said_again(carried, contents[at])}))
            for at in contents
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert carried.up.carried == carried.down.carried == sum(map(len, contents.values()))

    assert answers == contents


def test_a_client_that_hangs_up_spoils_nothing_for_the_next(echo: str) -> None:
    with link(echo, bits_per_second=1e9, round_trip=0.002) as carried:
        with _connected(carried) as connection:
            connection.sendall(b"no end")
        assert _said_again(carried, b"hello") == b"hello"


@given(st.lists(st.tuples(st.integers(0, 5000), st.floats(0, 3)), min_size=1, max_size=50))
def test_no_stretch_of_time_lets_more_through_than_the_rate_and_one_burst(
    sent: list[tuple[int, float]],
) -> None:
    way, now = Way(1000.0, burst=500), 0.0
    through: list[tuple[float, int]] = []
    for size, pause in sent:
        now += pause
        through.append((way.through(size, now), size))
        assert through[-1][0] >= now

    times = [time for time, _ in through]
    assert times == sorted(times)
    for first in range(len(through)):
        passed = 0
        for time, size in through[first:]:
            passed += size
            # The first of them may have been on its way since before the stretch began.
            assert passed - through[first][1] <= 500 + 1000 * (time - times[first]) + 1e-6


def test_a_busy_link_takes_as_long_as_its_rate_says() -> None:
    way = Way(1000.0, burst=500)

    assert [way.through(1000, 7.0) for _ in range(3)] == [7.5, 8.5, 9.5]
    assert way.through(500, 100.0) == 100.0
    assert way.carried == 3500
