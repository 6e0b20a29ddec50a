"""Which texts are absolute URLs, by the URL standard that Node's ``URL`` follows."""

from __future__ import annotations

import re
import unicodedata
from ipaddress import AddressValueError, IPv6Address
from urllib.parse import unquote_to_bytes

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(.*)", re.DOTALL)
_AROUND = "".join(map(chr, range(0x21)))
_REMOVED = str.maketrans("", "", "\t\r\n")
# Schemes whose URLs need a host, and in which a backslash is a slash.
_WITH_HOST = frozenset({"http", "https", "ws", "wss", "ftp"})
_FORBIDDEN = re.compile(r"[\x00\t\n\r #/:<>?@\[\\\]^|]")
_FORBIDDEN_IN_DOMAIN = re.compile(r"[\x00-\x20\"#%/:<>?@\[\\\]^`{|}\x7f]")
_ALLOWED_ANYWAY = re.compile(r"[\"`{}]")
_PORT = re.compile(r"[0-9]*")
_DRIVE = re.compile(r"[A-Za-z][:|]")
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]*|[0-9]+")
_IGNORED = re.compile("[\u00ad\u034f\u180b-\u180d\u180f\u200b-\u200d\u2060\u2064\ufe00-\ufe0f\ufeff]")
_DOTS = re.compile("[\u3002\uff0e\uff61]")
_UNFIT_CATEGORIES = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"})


def scheme_of(text: str) -> str:
    """The scheme that a browser would see, in lower case; empty for what is no absolute URL."""
    found = _SCHEME.fullmatch(text.strip(_AROUND).translate(_REMOVED))
    return found[1].lower() if found else ""


def is_url(text: str) -> bool:
    """Whether it is an absolute URL."""
    found = _SCHEME.fullmatch(text.strip(_AROUND).translate(_REMOVED))
    if found is None:
        return False
    scheme, rest = found[1].lower(), found[2]
    if scheme in _WITH_HOST:
        return _is_authority(re.split(r"[/\\?#]", rest.lstrip("/\\"), maxsplit=1)[0], domain=True)
    if scheme == "file":
        slashes = rest.replace("\\", "/")
        if not slashes.startswith("//"):
            return True
        host = re.split("[/?#]", slashes[2:], maxsplit=1)[0]
        return not host or _DRIVE.fullmatch(host) is not None or _is_host(host, domain=True)
    if rest.startswith("//"):
        return _is_authority(re.split(r"[/?#]", rest[2:], maxsplit=1)[0], domain=False)
    return True


def _is_authority(text: str, *, domain: bool) -> bool:
    user, at, host = text.rpartition("@")
    if at and not host:
        return False
    end = host.find("]") if host.startswith("[") else 0
    colon = host.find(":", max(end, 0))
    port = ""
    if colon >= 0:
        host, port = host[:colon], host[colon + 1 :]
        if not host or _PORT.fullmatch(port) is None or int(port[-6:] or 0) > 65535 or _is_long(port):
            return False
    if not host:
        return not domain and not user
    return _is_host(host, domain=domain)


def _is_long(port: str) -> bool:
    return len(port.lstrip("0")) > 5


def _is_host(host: str, *, domain: bool) -> bool:
    if host.startswith("["):
        return host.endswith("]") and _is_ipv6(host[1:-1])
    if not domain:
        return _FORBIDDEN.search(host) is None
    name = _as_ascii(unquote_to_bytes(host.encode("utf-8", "replace")).decode("utf-8", "replace"))
    if not name or _FORBIDDEN_IN_DOMAIN.search(_ALLOWED_ANYWAY.sub("", name)):
        return False
    return _is_ipv4(name) if _ends_in_number(name) else True


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except (AddressValueError, ValueError):
        return False
    return "%" not in text


def _as_ascii(domain: str) -> str:
    """A domain as it is looked up, as far as it decides whether there can be one; empty where none can."""
    if not domain.isascii():
        mapped = unicodedata.normalize("NFKC", _DOTS.sub(".", _IGNORED.sub("", domain)).casefold())
        domain = unicodedata.normalize("NFKC", mapped)
        if "\ufffd" in domain or any(
            ord(char) > 0x7F and unicodedata.category(char) in _UNFIT_CATEGORIES for char in domain
        ):
            return ""
        if not all(map(_keeps_direction, domain.split("."))):
            return ""
    labels = domain.lower().split(".")
    for label in labels:
        if label[:1] and unicodedata.category(label[0]).startswith("M"):
            return ""
        if label.startswith("xn--") and not _is_punycode(label[4:]):
            return ""
    return ".".join(labels)


_DIRECTED = frozenset({"R", "AL", "AN"})
_ANY_DIRECTION = frozenset({"EN", "ES", "CS", "ET", "ON", "BN", "NSM"})


def _keeps_direction(label: str) -> bool:
    """Whether a label with letters that run from right to left holds no others, as RFC 5893 asks.

    Node does not ask it of labels that begin with a letter that runs from left to right.
    """
    kinds = [unicodedata.bidirectional(char) for char in label]
    if not _DIRECTED.intersection(kinds):
        return True
    if kinds[0] == "L":
        return not {"EN", "AN"} <= {*kinds}
    while kinds[-1] == "NSM":
        kinds.pop()
    ends_well = kinds[-1] in ("R", "AL", "EN", "AN")
    return ends_well and _ANY_DIRECTION.issuperset({*kinds} - _DIRECTED) and not {"EN", "AN"} <= {*kinds}


def _is_punycode(text: str) -> bool:
    try:
        decoded = text.encode("ascii").decode("punycode")
        if any(unicodedata.category(char) in _UNFIT_CATEGORIES for char in decoded):
            return False
        # What would be written elsewise, such as a capital, is nothing that could be looked up.
        if not decoded or unicodedata.normalize("NFKC", decoded.lower()) != decoded:
            return False
        if unicodedata.category(decoded[0]).startswith("M"):
            return False
        return text.removeprefix("-") == decoded.encode("punycode").decode().removeprefix("-")
    except (UnicodeError, ValueError, OverflowError):
        return False


def _ends_in_number(domain: str) -> bool:
    parts = domain.split(".")
    if parts[-1] == "" and len(parts) > 1:
        parts.pop()
    return _NUMBER.fullmatch(parts[-1]) is not None


def _is_ipv4(domain: str) -> bool:
    parts = domain.removesuffix(".").split(".")
    if len(parts) > 4 or any(_NUMBER.fullmatch(part) is None for part in parts):
        return False
    try:
        numbers = [_number(part) for part in parts]
    except ValueError:
        return False
    return all(one <= 255 for one in numbers[:-1]) and numbers[-1] < 256 ** (5 - len(parts))


def _number(text: str) -> int:
    if len(text) > 300:
        return 2**40
    if text[:2] in ("0x", "0X"):
        return int(text[2:] or "0", 16)
    return int(text, 8) if len(text) > 1 and text[0] == "0" else int(text)
