"""Licenses as SPDX has them: identifiers, and expressions such as ``MIT OR (Apache-2.0 AND Zlib)``."""

from __future__ import annotations

from collections.abc import Callable

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

LONGEST = 500
"""Characters of an expression; what is longer is none."""
_DEEPEST = 20


class BadLicense(ValueError):
    """It is no license that SPDX knows: why."""


def license_id(text: str) -> str:
    """The identifier as SPDX writes it, with an exception perhaps (``… WITH …``). Raises BadLicense."""
    expression = _canonical(text)
    words = expression.split()
    if "(" in expression or "AND" in words or "OR" in words:
        raise BadLicense(f"{text!r} is an expression, and not one license")
    return expression


def permits(text: str, is_allowed: Callable[[str], bool]) -> bool:
    """Whether allowed licenses are enough: one of those that OR joins, all of those that AND does.

    Raises BadLicense.
    """
    words = _canonical(text).replace("(", " ( ").replace(")", " ) ").split()
    return _either(words, is_allowed)


def _canonical(text: str) -> str:
    shown = repr(text[:60])
    if len(text) > LONGEST or text.count("(") > _DEEPEST:
        raise BadLicense(f"{shown} is too long for a license")
    try:
        return canonicalize_license_expression(text)
    except InvalidLicenseExpression:
        raise BadLicense(f"{shown} is no license that SPDX knows") from None


def _either(words: list[str], is_allowed: Callable[[str], bool]) -> bool:
    return any(_joined("OR", words, lambda: _all(words, is_allowed)))


def _all(words: list[str], is_allowed: Callable[[str], bool]) -> bool:
    return all(_joined("AND", words, lambda: _one(words, is_allowed)))


def _joined(word: str, words: list[str], read: Callable[[], bool]) -> list[bool]:
    """What each part says of those that a word joins: all are read, whatever the first of them says."""
    results = [read()]
    while words and words[0] == word:
        words.pop(0)
        results.append(read())
    return results


def _one(words: list[str], is_allowed: Callable[[str], bool]) -> bool:
    word = words.pop(0)
    if word == "(":
        result = _either(words, is_allowed)
        words.pop(0)
        return result
    if words and words[0] == "WITH":
        word = f"{word} WITH {words[1]}"
        del words[:2]
    return is_allowed(word)
