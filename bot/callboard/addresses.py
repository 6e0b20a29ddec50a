"""Which addresses that a registry gave may be fetched.

What a person wrote into callboard.yaml may be anywhere. A URL that stands in a registry's record is somebody
else's: following it must not reach this machine, its network or its cloud's metadata service.
"""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urlsplit

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def fetchable(url: str) -> bool:
    """Whether a URL that comes from outside is http or https to a public address, without credentials.

    A name counts as public only when it resolves and every address that it resolves to is public: not
    loopback, private, link-local (where clouds keep their metadata service), multicast or reserved.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or not host or parts.username is not None:
        return False
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return bool(found) and all(_is_public(str(address[0])) for *_, address in found)


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
