"""The formats of names, keys, tags and URLs, which Backstage has in code and not in its schemas.

Each is what ``KubernetesValidatorFunctions`` and ``CommonValidatorFunctions`` of @backstage/catalog-model do.
"""

from __future__ import annotations

import re

from callboard.validation.addresses import scheme_of

_NAME = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_DNS_LABEL = re.compile(r"[a-z0-9]+(?:-+[a-z0-9]+)*")
_KIND = re.compile(r"[a-zA-Z][a-z0-9A-Z]*")
_VERSION = re.compile(r"[a-z0-9A-Z]+")
_TAG = re.compile(r"[a-z0-9:+#]+(?:-[a-z0-9:+#]+)*")

NAME = "1 to 63 letters, digits, '-', '_' or '.', beginning and ending with a letter or digit"
NAMESPACE = "1 to 63 small letters, digits or '-', beginning and ending with a letter or digit"
KIND = "1 to 63 letters or digits, beginning with a letter"
API_VERSION = "a version such as backstage.io/v1alpha1"
TAG = "1 to 63 small letters, digits, ':', '+' or '#', in words separated by single '-'"
KEY = f"{NAME}, after an optional prefix such as example.com/"
LABEL_VALUE = f"nothing, or {NAME}"
URL = "an absolute URL such as https://example.com/page"


def is_name(text: str) -> bool:
    """Whether it can be ``metadata.name``."""
    return len(text) <= 63 and _NAME.fullmatch(text) is not None


def is_namespace(text: str) -> bool:
    """Whether it can be ``metadata.namespace``."""
    return len(text) <= 63 and _DNS_LABEL.fullmatch(text) is not None


def is_kind(text: str) -> bool:
    """Whether it can be ``kind``."""
    return len(text) <= 63 and _KIND.fullmatch(text) is not None


def is_api_version(text: str) -> bool:
    """Whether it can be ``apiVersion``."""
    prefix, slash, version = text.rpartition("/")
    right = len(version) <= 63 and _VERSION.fullmatch(version) is not None
    return right and (not slash or _is_dns_subdomain(prefix))


def is_tag(text: str) -> bool:
    """Whether it can stand in ``metadata.tags``."""
    return len(text) <= 63 and _TAG.fullmatch(text) is not None


def is_key(text: str) -> bool:
    """Whether it can be the key of a label or an annotation."""
    prefix, slash, name = text.rpartition("/")
    return is_name(name) and (not slash or _is_dns_subdomain(prefix))


def is_label_value(text: str) -> bool:
    """Whether it can be the value of a label."""
    return text == "" or is_name(text)


def _is_dns_subdomain(text: str) -> bool:
    return len(text) <= 253 and all(is_namespace(label) for label in text.split("."))


_UNSAFE = frozenset({"javascript", "vbscript", "data", "blob", "file", "view-source"})
# What JavaScript takes for blank.
_BLANKS = "\t\n\v\f\r \xa0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff" + "".join(
    map(chr, range(0x2000, 0x200B))
)


def is_blank(text: str) -> bool:
    """Whether JavaScript sees nothing in it."""
    return not text.strip(_BLANKS)


def is_unsafe_link(text: str) -> bool:
    """Whether following the link could run a script, or open what is not a page."""
    return scheme_of(text) in _UNSAFE
