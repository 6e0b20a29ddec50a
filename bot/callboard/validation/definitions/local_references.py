"""References of an OpenAPI definition to what stands in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from callboard.documents.place import Path

_DATA = frozenset({"example", "examples", "default", "enum", "const", "value"})
"""What stands under these keys is what the API speaks of, and refers to nothing."""


def lost_references(text: str, value: Mapping[str, Any]) -> Iterable[tuple[Path, str]]:
    """References within a definition that lead nowhere. Those to elsewhere are never followed.

    ``value`` is what the definition's ``text`` holds.
    """
    return () if _surely_has_all(text, value) else _lost(value)


def _lost(value: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    found: dict[tuple[int, str], bool] = {}
    stack: list[tuple[object, Path, object]] = [(value, (), value)]
    while stack:
        inner, path, base = stack.pop()
        if isinstance(inner, list):
            stack += [(item, (*path, index), base) for index, item in reversed(list(enumerate(inner)))]
        elif isinstance(inner, dict):
            # A schema with an address of its own is what references in it begin at.
            address = inner.get("$id")
            base = inner if isinstance(address, str) and address[:1] not in ("", "#") else base
            reference = inner.get("$ref")
            if isinstance(reference, str) and (reference == "#" or reference.startswith("#/")):
                if (id(base), reference) not in found:
                    found[id(base), reference] = _leads_somewhere(base, reference)
                if not found[id(base), reference]:
                    yield (*path, "$ref"), reference
            below = [(key, one) for key, one in inner.items() if key not in _DATA and key[:2] != "x-"]
            stack += [(one, (*path, key), base) for key, one in reversed(below)]


_REFERENCE = re.compile(r"""\$ref["']?\s*:\s*(?:"([^"\n]*)"|'([^'\n]*)'(?!'))""")


def _surely_has_all(text: str, value: Mapping[str, Any]) -> bool:
    """Whether each reference that the text can hold leads somewhere, told without a look at every value."""
    found = _REFERENCE.findall(text)
    # A backslash may spell one otherwise, and what has an address of its own has references of its own.
    if len(found) != text.count("$ref") or "\\" in text or "$id" in text:
        return False
    references = {one or other for one, other in found}
    return all(_leads_somewhere(value, one) for one in references if one == "#" or one[:2] == "#/")


def _leads_somewhere(value: object, reference: str) -> bool:
    for step in unquote(reference).split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and name in value:
            value = value[name]
        elif isinstance(value, list) and name.isdecimal() and len(name) < 10 and int(name) < len(value):
            value = value[int(name)]
        else:
            return False
    return True
