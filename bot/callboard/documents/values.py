"""Plain values, as documents hold them: compared strictly, and told apart from what is not there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, Final


class Absent(Enum):
    """The type of ``ABSENT``, which is not None: a key may be there and hold null."""

    ABSENT = "absent"

    def __repr__(self) -> str:
        return "absent"


ABSENT: Final = Absent.ABSENT
"""Stands where a mapping has no such key, a list no such item, a file no such document."""


def is_list(value: object) -> bool:
    """Whether ``value`` is written as a YAML sequence."""
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def same(one: Any, other: Any) -> bool:
    """Whether a reader gets the same from both: types count (1, 1.0 and True differ), key order does not."""
    if isinstance(one, Mapping):
        return (
            isinstance(other, Mapping)
            and len(one) == len(other)
            and all(key in other and same(value, other[key]) for key, value in one.items())
        )
    if is_list(one):
        return is_list(other) and len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float):
        # By their text, so that a NaN is equal to itself and -0.0 is not 0.0.
        return isinstance(other, float) and repr(one) == repr(other)
    return type(one) is type(other) and bool(one == other)


def fingerprint(value: Any) -> str:
    """A text that is equal exactly for values that are the ``same``."""
    if isinstance(value, Mapping):
        inner = sorted(f"{key!r}: {fingerprint(item)}" for key, item in value.items())
        return "{" + ", ".join(inner) + "}"
    if is_list(value):
        return "[" + ", ".join(map(fingerprint, value)) + "]"
    return repr(value)
