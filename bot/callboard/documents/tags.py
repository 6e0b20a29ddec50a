"""What tags make of values, and what YAML 1.1 makes of plain scalars: as the npm package ``yaml`` has both.

Catalogs have them by accident only. A value that JSON has no word for is what JavaScript writes for it.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import yaml

from callboard.documents import libyaml
from callboard.documents.exact.tag_names import OLD
from callboard.documents.scalars import number_of, read_plain

CORE = "tag:yaml.org,2002:"


class Unfit(Exception):
    """A value is not what its tag says: what is wrong."""


def tagged(node: yaml.ScalarNode) -> Any:
    """The value of a scalar with a tag. Raises Unfit."""
    text: str = node.value
    if node.tag == libyaml.PLAIN_1_1:
        return read_plain_1_1(text)
    old = node.tag.startswith(OLD)
    name = node.tag.removeprefix(OLD).removeprefix(CORE)
    if name == "timestamp":
        return _timestamp(text)
    if name == "binary":
        return _binary(text)
    # What does not fit, and what nobody knows, is a string.
    read = _BY_NAME_1_1.get(name) if old else _BY_NAME.get(name)
    value = read(text) if read else text
    return text if value is _NO else value


def special_mapping(node: yaml.MappingNode, mapping: dict[str, Any]) -> dict[str, Any]:
    """What a mapping with a tag is. Raises Unfit."""
    if node.tag.removeprefix(OLD) != f"{CORE}set":
        return mapping
    if any(value is not None for value in mapping.values()):
        raise Unfit("the items of a set may not have values")
    return {}


def special_list(node: yaml.SequenceNode, items: list[Any]) -> Any:
    """What a list with a tag is. Raises Unfit."""
    name = node.tag.removeprefix(OLD)
    if name not in (f"{CORE}omap", f"{CORE}pairs"):
        return items
    pairs = [item if isinstance(item, dict) else {_text(item): None} for item in items]
    if any(len(pair) > 1 for pair in pairs):
        raise Unfit("each pair must be an item of its own")
    if name == f"{CORE}pairs":
        return pairs
    keys = [key for pair in pairs for key in pair]
    if len(set(keys)) < len(keys):
        raise Unfit("an ordered mapping has a key twice")
    return {}


def _text(item: Any) -> str:
    return "" if item is None else str(item)


_NO = object()
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(
    r"[-+]?\.(?:inf|Inf|INF)|\.nan|\.NaN|\.NAN|[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)[eE][-+]?[0-9]+"
    r"|[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)"
)


def _where(fits: Callable[[str], bool], read: Callable[[str], Any]) -> Callable[[str], Any]:
    return lambda text: read(text) if fits(text) else _NO


def _matches(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda text: pattern.fullmatch(text) is not None


def _is_bool(text: str) -> bool:
    return isinstance(read_plain(text), bool)


def _is_null(text: str) -> bool:
    return read_plain(text) is None


_BY_NAME: dict[str, Callable[[str], Any]] = {
    "bool": _where(_is_bool, read_plain),
    "float": _where(_matches(_FLOAT), read_plain),
    "int": _where(_matches(_INT), read_plain),
    "null": _where(_is_null, read_plain),
}

# YAML 1.1

_TRUE_1_1 = re.compile(r"Y|y|[Yy]es|YES|[Tt]rue|TRUE|[Oo]n|ON")
_FALSE_1_1 = re.compile(r"N|n|[Nn]o|NO|[Ff]alse|FALSE|[Oo]ff|OFF")
_INTS_1_1 = (
    (re.compile(r"[-+]?0b[0-1_]+"), 2, "0b"),
    (re.compile(r"[-+]?0[0-7_]+"), 8, "0"),
    (re.compile(r"[-+]?[0-9][0-9_]*"), 10, ""),
    (re.compile(r"[-+]?0x[0-9a-fA-F_]+"), 16, "0x"),
)
_FLOAT_1_1 = re.compile(
    r"[-+]?(?:[0-9][0-9_]*)?(?:\.[0-9_]*)?[eE][-+]?[0-9]+|[-+]?(?:[0-9][0-9_]*)?\.[0-9_]*"
)
_BEGINS_FLOAT = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_SIXTIES = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
_TIMESTAMP = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"(?:(?:t|T|[ \t]+)([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:\.([0-9]+))?"
    r"(?:[ \t]*(Z|[-+][012]?[0-9](?::[0-9]{2})?))?)?"
)


def read_plain_1_1(text: str) -> Any:
    """The value of a plain scalar by the rules of YAML 1.1."""
    for read in (_null_1_1, _bool_1_1, _int_1_1, _float_1_1, _sixties_1_1):
        value = read(text)
        if value is not _NO:
            return value
    return _timestamp(text) if _TIMESTAMP.fullmatch(text) else text


def _null_1_1(text: str) -> Any:
    return None if _is_null(text) else _NO


def _bool_1_1(text: str) -> Any:
    if _TRUE_1_1.fullmatch(text):
        return True
    return False if _FALSE_1_1.fullmatch(text) else _NO


def _int_1_1(text: str) -> Any:
    for pattern, base, prefix in _INTS_1_1:
        if pattern.fullmatch(text):
            digits = text.lstrip("+-").removeprefix(prefix).replace("_", "")
            value = float("nan") if not digits else number_of(digits, base)
            return value if text[0] != "-" else -value if value else -0.0
    return _NO


def _float_1_1(text: str) -> Any:
    if _FLOAT_1_1.fullmatch(text):
        found = _BEGINS_FLOAT.match(text.replace("_", ""))
        return float(found[0]) if found else float("nan")
    value = read_plain(text) if text.lstrip("+-").startswith(".") else text
    return value if isinstance(value, float) else _NO


def _sixties_1_1(text: str) -> Any:
    if _SIXTIES.fullmatch(text) is None:
        return _NO
    value = 0.0
    for part in text.lstrip("+-").replace("_", "").split(":"):
        value = value * 60 + float(part)
    value = -value if text[0] == "-" else value
    return int(value) if value.is_integer() and value else value


def _number_1_1(text: str) -> Any:
    value = _int_1_1(text)
    return _sixties_1_1(text) if value is _NO else value


def _real_1_1(text: str) -> Any:
    value = _float_1_1(text)
    return _sixties_1_1(text) if value is _NO and "." in text else value


_BY_NAME_1_1: dict[str, Callable[[str], Any]] = {
    "bool": _bool_1_1,
    "float": _real_1_1,
    "int": lambda text: _NO if "." in text else _number_1_1(text),
    "null": _null_1_1,
}


def _timestamp(text: str) -> str | None:
    """As JavaScript writes a date; None for one that there is not."""
    found = _TIMESTAMP.fullmatch(text)
    if found is None:
        raise Unfit("a timestamp begins with a date such as 2026-01-31")
    year, month, day, hour, minute, second, part, zone = found.groups()
    try:
        moment = datetime(int(year), 1, 1, tzinfo=UTC)
        months = moment.month - 1 + int(month) - 1
        moment = moment.replace(year=moment.year + months // 12, month=months % 12 + 1)
        moment += timedelta(
            days=int(day) - 1,
            hours=int(hour or 0),
            minutes=int(minute or 0),
            seconds=int(second or 0),
            milliseconds=int(f"{part or ''}000"[:3]),
        )
        moment -= timedelta(minutes=_minutes(zone))
    except (ValueError, OverflowError):
        return None
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


def _minutes(zone: str | None) -> int:
    if zone in (None, "Z"):
        return 0
    hours, _, minutes = zone[1:].partition(":")
    value = int(hours) * 60 + int(minutes) if minutes else int(hours)
    value = value * 60 if value < 30 else value
    return -value if zone[0] == "-" else value


def _binary(text: str) -> dict[str, Any]:
    digits = re.sub(r"[^A-Za-z0-9+/]", "", text.split("=")[0].replace("-", "+").replace("_", "/"))
    digits = digits[: len(digits) - (len(digits) % 4 == 1)]
    return {"type": "Buffer", "data": list(b64decode(digits + "=" * (-len(digits) % 4)))}
