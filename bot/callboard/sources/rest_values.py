"""Typed values out of a registry's JSON, by expressions: a value of the wrong type loses only itself."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from callboard.sources.fields import MAX_ITEMS, MAX_KEYS, MAX_TEXT
from callboard.sources.queries import BadQuery, query

MAX_LONG_TEXT = 1024 * 1024
"""Characters of a card or an API definition; a longer one is left out."""

_DIGEST = re.compile(r"[a-z0-9]+(?:[+._-][a-z0-9]+)*:[0-9a-f]{32,128}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MILLISECONDS = 100_000_000_000  # in seconds, this were the year 5138


def plain(said: Any) -> str | None:
    """A text, or a number as a text; None for anything else and for an empty one."""
    if isinstance(said, bool) or (isinstance(said, float) and not math.isfinite(said)):
        return None
    if isinstance(said, int | float):
        try:
            return str(said)
        except ValueError:
            return None
    if not isinstance(said, str):
        return None
    # Half of a surrogate pair, which JSON inside of a text can say, is no text.
    return (
        said.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "").strip() or None
    )


@dataclass(frozen=True)
class Values:
    """What expressions give on ``scope``. Nothing here raises: ``faults`` gets the names of bad fields."""

    scope: Any
    faults: set[str]
    prefix: str = ""

    def _said(self, name: str, expression: str | None) -> Any:
        if expression is None:
            return None
        try:
            return query(expression, self.scope)
        except BadQuery:
            self._fault(name)
            return None

    def _fault(self, name: str) -> None:
        self.faults.add(f"{self.prefix}{name}")

    def text(self, name: str, expression: str | None) -> str | None:
        """A text or a number, of at most ``MAX_TEXT`` characters."""
        said = self._said(name, expression)
        text = plain(said)
        if (text is None and said not in (None, "")) or (text is not None and len(text) > MAX_TEXT):
            self._fault(name)
        return text and text[:MAX_TEXT].rstrip()

    def long_text(self, name: str, expression: str | None) -> str | None:
        """A text of many lines; one that is too long is left out."""
        said = self._said(name, expression)
        text = plain(said) if isinstance(said, str) else None
        if (text is None and said not in (None, "")) or (text is not None and len(text) > MAX_LONG_TEXT):
            self._fault(name)
            return None
        return text

    def texts(self, name: str, expression: str | None) -> tuple[str, ...]:
        """Texts, each once; one text counts as a list."""
        said = self._said(name, expression)
        if said is None or said == "":
            return ()
        found: dict[str, None] = {}
        every = said if isinstance(said, list) else [said]
        for one in every[:MAX_ITEMS]:
            text = plain(one)
            if text is None or len(text) > MAX_TEXT:
                self._fault(name)
            else:
                found[text] = None
        if len(every) > MAX_ITEMS:
            self._fault(name)
        return tuple(found)

    def pairs(self, name: str, expression: str | None) -> dict[str, str]:
        """An object of texts, numbers and truth values, sorted by its keys."""
        found = {}
        for key, value in self._object(name, expression).items():
            word = plain(key)
            text = str(value).lower() if isinstance(value, bool) else plain(value)
            if word is None or (text is None and value not in (None, "")):
                self._fault(name)
            elif text is not None:
                found[word[:MAX_TEXT]] = text[:MAX_TEXT]
        return dict(sorted(found.items()))

    def numbers(self, name: str, expression: str | None) -> dict[str, float]:
        """An object of finite numbers, sorted by its keys; other values are left out."""
        found = {}
        for key, value in self._object(name, expression).items():
            word, number = plain(key), _number(value)
            if word is not None and number is not None:
                found[word[:MAX_TEXT]] = number
            elif not isinstance(value, str | bool | None):
                self._fault(name)
        return dict(sorted(found.items()))

    def _object(self, name: str, expression: str | None) -> dict[Any, Any]:
        said = self._said(name, expression)
        if isinstance(said, dict) and len(said) <= MAX_KEYS:
            return said
        if said is not None:
            self._fault(name)
        return {}

    def number(self, name: str, expression: str | None) -> float | None:
        """A finite number, or a text that is one."""
        said = self._said(name, expression)
        number = _number(said)
        if number is None and isinstance(said, str):
            try:
                number = float(said)
            except ValueError:
                number = None
        if said is None or (number is not None and math.isfinite(number)):
            return number
        self._fault(name)
        return None

    def size(self, name: str, expression: str | None) -> int | None:
        """A number of bytes."""
        said = self._said(name, expression)
        if said is None or (isinstance(said, int) and not isinstance(said, bool) and 0 <= said < 2**63):
            return said
        self._fault(name)
        return None

    def digest(self, name: str, expression: str | None) -> str | None:
        """``algorithm:hex``; 64 hexadecimal digits alone are a SHA-256."""
        text = self.text(name, expression)
        if text is None:
            return None
        text = f"sha256:{text.lower()}" if _SHA256.fullmatch(text.lower()) else text.lower()
        if _DIGEST.fullmatch(text):
            return text
        self._fault(name)
        return None

    def flag(self, name: str, expression: str | None) -> bool | None:
        """True or false."""
        said = self._said(name, expression)
        if said is None or isinstance(said, bool):
            return said
        self._fault(name)
        return None

    def outcome(
        self, name: str, expression: str, passed: Collection[str], failed: Collection[str]
    ) -> bool | None:
        """True or false, or a word for either."""
        said = self._said(name, expression)
        if isinstance(said, bool):
            return said
        word = said.strip().lower() if isinstance(said, str) else ""
        if word in passed or word in failed:
            return word in passed
        self._fault(name)
        return None

    def time(self, name: str, expression: str | None) -> str | None:
        """A time in UTC: ISO 8601 (UTC where it names no zone), or seconds or milliseconds since 1970."""
        said = self._said(name, expression)
        if said is None or said == "":
            return None
        try:
            if isinstance(said, str):
                moment = datetime.fromisoformat(said.strip())
                moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
            else:
                number = _number(said)
                if number is None:
                    self._fault(name)
                    return None
                moment = datetime.fromtimestamp(number / 1000 if number >= _MILLISECONDS else number, UTC)
        except (ValueError, OverflowError, OSError):
            self._fault(name)
            return None
        return moment.isoformat(timespec="seconds").replace("+00:00", "Z")

    def items(self, name: str, expression: str) -> Iterator[Values]:
        """The items of a list, each a scope of its own."""
        said = self._said(name, expression)
        if not isinstance(said, list):
            if said is not None:
                self._fault(name)
            return
        if len(said) > MAX_ITEMS:
            self._fault(name)
        for item in said[:MAX_ITEMS]:
            yield Values(item, self.faults, f"{self.prefix}{name}.")


def _number(said: Any) -> float | None:
    if not isinstance(said, int | float) or isinstance(said, bool):
        return None
    try:
        number = float(said)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
