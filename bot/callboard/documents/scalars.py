"""What a plain (unquoted) YAML scalar means to readers of YAML 1.2 and to those of YAML 1.1.

Backstage reads YAML 1.2 (the core schema); many of the tools that people point at the same files read 1.1.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from functools import lru_cache

Scalar = str | int | float | bool | None

_NULL = re.compile(r"(?:~|null|Null|NULL)?")
_TRUE = re.compile(r"true|True|TRUE")
_FALSE = re.compile(r"false|False|FALSE")
_INTEGER = re.compile(r"[-+]?[0-9]+")
_PREFIXED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_INFINITE = re.compile(r"([-+]?)\.(?:inf|Inf|INF)")
_NOT_A_NUMBER = re.compile(r"\.(?:nan|NaN|NAN)")

# YAML 1.1 as its type repository defines it, which is wider than what PyYAML does: y and n are booleans.
_BOOLEAN_1_1 = re.compile(r"y|yes|n|no|true|false|on|off", re.IGNORECASE)
_NUMBER_1_1 = re.compile(
    r"[-+]?0b[01_]+"
    r"|[-+]?0[0-7_]+"
    r"|[-+]?0x[0-9a-fA-F_]+"
    r"|[-+]?[0-9][0-9_]*"
    r"|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"
    r"|[-+]?(?:[0-9][0-9_]*)?\.[0-9_]*(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?\.inf|\.nan",
    re.IGNORECASE,
)
_DATE_1_1 = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:(?:[Tt]|[ \t]+)[0-9].*)?")
_SPECIAL_1_1 = ("=", "<<")
# The same in both: what is a decimal integer without a leading zero, or a decimal with a point.
_SAME_NUMBER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)|[-+]?[0-9]+\.[0-9]*(?:[eE][-+][0-9]+)?")

# Anything that looks like a number, a date or a time to some reader; what else starts so costs two quotes.
_LOOKS_NUMERIC = re.compile(r"[-+]?\.?[0-9][-+0-9_.,:eExXoObBa-fA-FtTzZ \t]*")
_SAFE = re.compile(
    r"[A-Za-z0-9_./()\u00c0-\u024f\u0370-\u1fff\u3040-\ud7ff][^\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]*"
)
_UNSAFE_INSIDE = re.compile(r": |:$| #|[\[\]{},?]|[\ud800-\udfff\ufffe\uffff]|:[^\x20-\x7e]")
_DOCUMENT_MARK = re.compile(r"---|\.\.\.")


def is_surely_text(text: str) -> bool:
    """Whether a plain scalar is a string to every reader, told by a glance: no other word is this long."""
    return len(text) > 5 and text[0].isalpha()


@lru_cache(maxsize=16384)
def read_plain(text: str) -> Scalar:
    """The value of a plain scalar by the core schema of YAML 1.2."""
    first = text[:1]
    if first.isalpha():
        if first not in "tTfFnN" or len(text) > 5:
            return text
        if _TRUE.fullmatch(text):
            return True
        if _FALSE.fullmatch(text):
            return False
        return None if _NULL.fullmatch(text) else text
    if _NULL.fullmatch(text):
        return None
    return _number(text)


def _number(text: str) -> str | int | float:
    if _INTEGER.fullmatch(text):
        value = number_of(text.lstrip("+-"), 10)
        return value if text[0] != "-" else -value if value else -0.0
    if _PREFIXED.fullmatch(text):
        return number_of(text[2:], 8 if text[1] == "o" else 16)
    if _FLOAT.fullmatch(text):
        return float(text)
    if infinite := _INFINITE.fullmatch(text):
        return float(f"{infinite[1]}inf")
    return float("nan") if _NOT_A_NUMBER.fullmatch(text) else text


def number_of(digits: str, base: int) -> int | float:
    """A whole number: exactly, though to JavaScript only the first 53 bits count."""
    try:
        return int(digits, base)
    except ValueError:  # Python refuses more than 4,300 decimal digits
        return float(digits)


def as_double(value: float) -> float:
    """A number as JavaScript has it."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def number_text(value: float) -> str:
    """A number as JavaScript writes it."""
    value = as_double(value)
    if not math.isfinite(value):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    assert isinstance(exponent, int)
    if not any(digits):
        return "0"
    text, point = "".join(map(str, digits)), len(digits) + exponent
    if -6 < point <= 21:
        if point <= 0:
            text = f"0.{'0' * -point}{text}"
        elif point < len(text):
            text = f"{text[:point]}.{text[point:]}"
        else:
            text += "0" * (point - len(text))
    else:
        fraction = f".{text[1:]}" if len(text) > 1 else ""
        text = f"{text[0]}{fraction}e{point - 1:+}"
    return f"-{text}" if sign else text


@lru_cache(maxsize=16384)
def reads_differently(text: str) -> bool:
    """Whether a plain scalar is one thing to a reader of YAML 1.1 and another to one of YAML 1.2."""
    value = read_plain(text)
    if isinstance(value, bool) or value is None:
        return False
    if isinstance(value, str):
        return text in _SPECIAL_1_1 or any(
            pattern.fullmatch(text) and text not in (".", "-", "+", "-.", "+.")
            for pattern in (_BOOLEAN_1_1, _NUMBER_1_1, _DATE_1_1)
        )
    return not (_SAME_NUMBER.fullmatch(text) or _INFINITE.fullmatch(text) or _NOT_A_NUMBER.fullmatch(text))


@lru_cache(maxsize=16384)
def needs_quotes(text: str) -> bool:
    """Whether ``text``, written plain as a key, a value or a list item, might not be read back as itself.

    False is a promise that holds for readers of YAML 1.1 and of YAML 1.2, in block and in flow style. True is
    only a precaution: it also covers what looks like a number, a date, a time or a boolean to some reader.
    """
    return (
        _SAFE.fullmatch(text) is None
        or text != text.strip()
        or not isinstance(read_plain(text), str)
        or _BOOLEAN_1_1.fullmatch(text) is not None
        or _LOOKS_NUMERIC.fullmatch(text) is not None
        or _NUMBER_1_1.fullmatch(text) is not None
        or _DATE_1_1.fullmatch(text) is not None
        or _DOCUMENT_MARK.match(text) is not None
        or _UNSAFE_INSIDE.search(text) is not None
    )
