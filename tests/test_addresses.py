"""Which addresses from outside may be fetched."""

from __future__ import annotations

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.addresses import fetchable


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost:8080/x",
        "http://0.0.0.0/",
        "http://10.1.2.3/",
        "http://172.16.0.1/",
        "http://192.168.1.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://100.64.0.1/",
        "http://224.0.0.1/",
        "http://255.255.255.255/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://127.1/",
        "http://[::1]/",
        "http://[::]/",
        "http://[fe80::1]/",
        "http://[fd00:ec2::254]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:169.254.169.254]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://[2001:0:4136:e378:8000:63bf:80ff:fffe]/",
        "http://[ff02::1]/",
        "https://ann:secret@93.184.216.34/",
        "ftp://93.184.216.34/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://",
        "http://[",
        "http://a:b:c/",
        "http://93.184.216.34:99999/",
        "http://does-not-exist.invalid/",
        "http://" + "a" * 300 + "/",
        "http://\u0000/",
        "",
    ],
)
def test_an_address_that_is_not_public_is_not_fetched(url: str) -> None:
    assert not fetchable(url)


@pytest.mark.parametrize(
    "url", ["https://93.184.216.34/x", "http://8.8.8.8:8080/", "https://[2606:4700::1111]/"]
)
def test_a_public_address_is_fetched(url: str) -> None:
    assert fetchable(url)


def test_a_name_with_one_private_address_is_not_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    # No name of this kind can be relied on to be in the DNS of every machine that runs the tests.
    answer = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)) for address in ("8.8.8.8", "10.0.0.1")
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answer)
    assert not fetchable("http://both.example/")
    answer.pop()
    assert fetchable("http://both.example/")


@given(address=st.ip_addresses(v=4))
def test_an_address_is_treated_alike_in_ipv6_clothes(address: object) -> None:
    assert fetchable(f"http://{address}/") == fetchable(f"http://[::ffff:{address}]/")
