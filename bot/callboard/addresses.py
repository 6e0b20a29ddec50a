"""Which addresses may be reached that somebody named whom we need not trust.

What the operator named may be anywhere. What stands in the configuration of a repository is somebody else's:
following it must not reach this machine, its network or its cloud's metadata service.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection
from urllib.parse import urlsplit

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_PORTS = {"http": 80, "https": 443}

Endpoint = tuple[str, int]
"""A host's name in lower case, or its address, and a port."""


class NotPublic(Exception):
    """A host must not be reached: which, and why."""


def endpoint(url: str) -> Endpoint:
    """Where a connection for ``url`` goes. Raises NotPublic for what is no http or https URL."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise NotPublic("the address is not a URL") from None
    if parts.scheme not in _PORTS or not host or parts.username is not None:
        raise NotPublic("the address is not a plain http or https URL")
    return host.lower(), _PORTS[parts.scheme] if port is None else port


def public_addresses(host: str, port: int) -> tuple[str, ...]:
    """The addresses of a host, all of them public. Raises NotPublic.

    A name counts as public only when every address that it resolves to is: not loopback, private, link-local
    (where clouds keep their metadata service), multicast or reserved.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NotPublic(f"{host} does not resolve to an address") from None
    addresses = tuple(dict.fromkeys(str(address[0]) for *_, address in found))
    if not addresses or not all(_is_public(address) for address in addresses):
        raise NotPublic(f"{host} is not a public address, and nobody who runs Callboard allowed it")
    return addresses


class Guard:
    """Resolves, checks, and answers what was checked: a name that changes afterwards gains nothing."""

    def __init__(self, allowed: Collection[Endpoint]) -> None:
        self._allowed = frozenset(allowed)

    def __call__(self, host: str, port: int) -> tuple[str, ...]:
        """What to connect to, in this order. Raises NotPublic."""
        if (host.lower().strip("[]"), port) in self._allowed:
            return (host,)
        return public_addresses(host.strip("[]"), port)


def _is_public(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        # An IPv4 address in IPv6 clothes leads to the IPv4 address.
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return inner.is_global and not inner.is_multicast
    return address.is_global and not address.is_multicast
