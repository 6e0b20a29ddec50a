"""Typed values out of hand-written YAML: a value of the wrong type is reported and loses only itself."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from callboard.documents.place import Fault, Path, Place

MAX_TEXT = 8192
"""Characters of one text; a longer one is cut."""
MAX_ITEMS = 5000
"""Items of one list; the rest is left out. Cards of embedding benchmarks list some 2,000 results."""
MAX_KEYS = 1000
"""Fields of one mapping."""
MAX_FAULTS = 100
"""Faults of one file that are told."""
MAX_LOOKUPS = 5000
"""Numbers of one file that are looked up as they are written; the rest is spelled as they are understood."""

_PLAIN = re.compile(r"[^\s,\[\]{}#&!*|>'\"]+")
_INTEGER = re.compile(r"[-+]?[0-9]{1,15}")


def note(faults: list[Fault], fault: Fault) -> None:
    """Add ``fault``, unless the file has so many that nobody would read it."""
    if len(faults) == MAX_FAULTS:
        what = f"more is wrong in this file than the {MAX_FAULTS} faults that are told"
        fault = Fault(fault.place, "card-more", what, "correct those and run again")
    if len(faults) <= MAX_FAULTS:
        faults.append(fault)


@dataclass
class Origin:
    """Where the values were written, and where faults go."""

    place: Callable[[Path], Place]
    lines: Sequence[str]
    """The lines of the file that places speak of."""
    faults: list[Fault]
    _lookups: int = 0

    def written(self, path: Path, value: object) -> str:
        """A number or truth value as its author wrote it: ``1.10`` is a version, the float 1.1 is not."""
        self._lookups += 1
        plain = None
        if self._lookups <= MAX_LOOKUPS:
            place = self.place(path)
            plain = _PLAIN.match(self.lines[place.line - 1], place.column - 1)
        return plain.group() if plain else str(value)

    def fault(self, path: Path, code: str, what: str, hint: str) -> None:
        """Report what is wrong with the value at ``path``."""
        if len(self.faults) <= MAX_FAULTS:
            note(self.faults, Fault(self.place(path), code, what, hint))


@dataclass(frozen=True)
class Fields:
    """The fields of one YAML mapping. Absent and null are the same; nothing here raises."""

    values: Mapping[object, object]
    origin: Origin
    at: Path = ()

    def text(self, *names: str) -> str | None:
        """The first of the named fields that holds a text (or a number, as it is written)."""
        for name in names:
            if self.values.get(name) is not None:
                text = self._text((*self.at, name), self.values[name])
                if text:
                    return text
        return None

    def texts(self, *names: str) -> tuple[str, ...]:
        """All texts of the named fields, each a list or one text, in order and each once.

        A mapping in such a list counts by its ``name``, ``id`` or ``type``, as cards in the wild write.
        """
        found: dict[str, None] = {}
        for name in names:
            for path, value in self._items(name):
                if isinstance(value, Mapping):
                    text = Fields(value, self.origin, path).text("name", "id", "type")
                    if text is None:
                        self.wrong("a text", path, value)
                else:
                    text = self._text(path, value)
                if text:
                    found[text] = None
        return tuple(found)

    def number(self, name: str) -> float | None:
        """A finite number; a text that is one counts."""
        value = self.values.get(name)
        if value is None:
            return None
        path = (*self.at, name)
        number: float | None = None
        if isinstance(value, int | float | str) and not isinstance(value, bool):
            try:
                number = float(value)
            except (ValueError, OverflowError):
                number = None
        if number is None or not math.isfinite(number):
            self.wrong("a finite number", path, value)
            return None
        return number

    def flag(self, *names: str) -> bool | None:
        """True or false."""
        for name in names:
            value = self.values.get(name)
            if isinstance(value, bool):
                return value
            if value is not None:
                self.wrong("true or false", (*self.at, name), value)
        return None

    def time(self, *names: str) -> str | None:
        """A date or time, in UTC as ``YYYY-MM-DDTHH:MM:SSZ``; one without an offset is taken as UTC."""
        for name in names:
            text = self.text(name)
            if text is None:
                continue
            try:
                moment = datetime.fromisoformat(text)
                moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
            except (ValueError, OverflowError):
                self.wrong("a date such as 2026-05-31", (*self.at, name), text)
                continue
            return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
        return None

    def shape(self, name: str) -> tuple[int | str, ...] | None:
        """The dimensions of a tensor: whole numbers, or names of dynamic dimensions."""
        if self.values.get(name) is None:
            return None
        texts = (self._text(path, value) for path, value in self._items(name))
        return tuple(int(text) if _INTEGER.fullmatch(text) else text for text in texts if text)

    def record(self, name: str) -> Fields:
        """The mapping at that field; an empty one where there is none."""
        value = self.values.get(name)
        path = (*self.at, name)
        return self._fields(path, value) or Fields({}, self.origin, path)

    def records(self, name: str) -> Iterator[Fields]:
        """The mappings of that list, the others reported."""
        for path, value in self._items(name):
            fields = self._fields(path, value)
            if fields is not None:
                yield fields

    def wrong(self, expected: str, path: Path, value: object) -> None:
        """Report that the value at ``path`` is not what it should be."""
        self.origin.fault(
            path,
            "card-field",
            f"{spelled(path)} {_said(value)} where {expected} is expected, and was left out",
            f"write {expected} there, or remove the field",
        )

    def missing(self, name: str) -> None:
        """Report that this mapping is of no use without the field ``name``."""
        self.origin.fault(
            self.at,
            "card-field",
            f"{spelled(self.at)} has no {name}, and was left out",
            f"give it a `{name}`, or remove it",
        )

    def _fields(self, path: Path, value: object) -> Fields | None:
        if isinstance(value, Mapping) and len(value) <= MAX_KEYS:
            return Fields(value, self.origin, path)
        if isinstance(value, Mapping):
            self.wrong(f"a mapping of at most {MAX_KEYS} fields", path, value)
        elif value is not None:
            self.wrong("a mapping", path, value)
        return None

    def _items(self, name: str) -> Iterator[tuple[Path, object]]:
        value = self.values.get(name)
        path = (*self.at, name)
        if value is None:
            return
        if not isinstance(value, list):
            yield path, value
            return
        if len(value) > MAX_ITEMS:
            self.origin.fault(
                (*path, MAX_ITEMS),
                "card-cut",
                f"{spelled(path)} has {len(value)} items; only the first {MAX_ITEMS} were read",
                "shorten the list",
            )
        for index, item in enumerate(value[:MAX_ITEMS]):
            yield (*path, index), item

    def _text(self, path: Path, value: object) -> str | None:
        if isinstance(value, bool | int | float):
            value = self.origin.written(path, value)
        if not isinstance(value, str):
            if value is not None:
                self.wrong("a text", path, value)
            return None
        if "\0" in value:
            value = value.replace("\0", "")
            self.origin.fault(
                path, "card-nul", f"{spelled(path)} holds a NUL character, which was removed", "remove it"
            )
        value = value.strip()
        if len(value) > MAX_TEXT:
            self.origin.fault(
                path,
                "card-cut",
                f"{spelled(path)} has {len(value)} characters; it was cut after {MAX_TEXT}",
                "write long texts into the body of the card",
            )
            value = value[:MAX_TEXT].rstrip()
        return value


def spelled(path: Path) -> str:
    """A path as people write it: ``model-index[0].results[2].value``."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return f"`{text}`"


def _said(value: object) -> str:
    if isinstance(value, Mapping):
        return f"is a mapping of {len(value)} fields"
    if isinstance(value, list):
        return "is a list"
    if isinstance(value, bool):
        return f"is {str(value).lower()}"
    text = str(value)
    return f"is “{text if len(text) <= 40 else text[:39] + '…'}”"
