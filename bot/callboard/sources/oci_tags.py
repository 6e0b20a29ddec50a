"""Which tags of a repository are versions, in which order, and which are names for another.

A registry keeps no order: tags are names that can be moved. Tags that stand for one digest are one version,
named by the most exact of them; the others are its aliases.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
"""What the distribution specification allows."""

_LATEST = "latest"
_FALLBACK = re.compile(r"sha(256|512)-[0-9a-f]{32,}(\..*)?")
_VERSION = re.compile(r"(?P<v>v?)(?P<numbers>[0-9]{1,18}(\.[0-9]{1,18})*)([._-](?P<rest>.+))?", re.IGNORECASE)

_Part = tuple[int, int, str]
_Natural = tuple[_Part, ...]


@dataclass(frozen=True)
class Named:
    """A version: the digest, and what it is called."""

    digest: str
    name: str
    aliases: tuple[str, ...]


def is_attached(tag: str) -> bool:
    """Whether the tag is not for people: signatures and attestations are kept under ``sha256-…``."""
    return _FALLBACK.fullmatch(tag) is not None


def newest(tags: Iterable[str], most: int) -> tuple[str, ...]:
    """The newest of the tags, ``most`` at most, and ``latest`` besides, newest first.

    Tags that are version numbers come first, then ``latest``, then all others by name. What a tag stands for
    is not asked here: that costs a request.
    """
    ordered = sorted(set(tags), key=_age, reverse=True)
    kept = [tag for tag in ordered if tag != _LATEST][:most]
    return tuple(tag for tag in ordered if tag in {*kept, _LATEST})


def versions_of(digests: Mapping[str, str]) -> tuple[Named, ...]:
    """The versions that the tags stand for, newest first. ``digests`` says it for each tag."""
    tags: dict[str, list[str]] = {}
    for tag, digest in digests.items():
        tags.setdefault(digest, []).append(tag)
    found = []
    for digest, names in tags.items():
        name = max(names, key=_exactness)
        found.append(Named(digest, name, tuple(sorted(set(names) - {name}))))
    return tuple(sorted(found, key=lambda one: max(map(_age, (one.name, *one.aliases))), reverse=True))


def _age(tag: str) -> tuple[int, tuple[int, ...], int, _Natural, str]:
    """The greater, the newer."""
    version = _version(tag)
    if version is None:
        return (1 if tag == _LATEST else 0), (), 0, _natural(tag), tag
    numbers, rest = version
    # 1.2.0-rc1 is before 1.2.0.
    return 2, numbers, int(rest is None), _natural(rest or ""), tag


def _exactness(tag: str) -> tuple[object, ...]:
    """The greater, the less likely it is that the tag will be moved."""
    version = _version(tag)
    if version is not None:
        return 2, len(version[0]), _age(tag)
    return int(tag != _LATEST), len(tag), _age(tag)


def _version(tag: str) -> tuple[tuple[int, ...], str | None] | None:
    """The numbers of a version and what follows them; None for ``70b`` or ``7-instruct``."""
    match = _VERSION.fullmatch(tag)
    if match is None:
        return None
    numbers, rest = match["numbers"], match["rest"]
    if rest is not None and not match["v"] and "." not in numbers and not rest[0].isdigit():
        return None
    return tuple(int(part) for part in numbers.split(".")), rest


def _natural(text: str) -> _Natural:
    """For an order in which ``rc10`` follows ``rc9``."""
    parts = re.findall(r"([0-9]{1,18})|([^0-9]+)", text.lower())
    return tuple((0, int(digits), "") if digits else (1, 0, word) for digits, word in parts)
