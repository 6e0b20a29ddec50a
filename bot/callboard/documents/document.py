"""One document of a text: its value, and where in the text everything stands."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from callboard.documents.pieces import Piece
from callboard.documents.place import Fault, Path, Place

if TYPE_CHECKING:
    from callboard.documents.exact.tag_names import Directives
    from callboard.documents.lookup import Lookup


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """A plain scalar that readers of YAML 1.1 and of YAML 1.2 take differently."""

    text: str
    place: Place


@dataclass(frozen=True)
class Document:
    """One document of a text."""

    value: Any
    """Mappings, lists, strings, numbers, booleans, None; equal aliases are one shared object."""
    index: int
    """Its position in the text, counted from 0; documents that could not be read count too."""
    _cut: Callable[[], Piece] = field(repr=False, compare=False)
    _directives: Directives | None = field(default=None, repr=False, compare=False)
    """Where libyaml does not read it, or not as Backstage does: what stood before it."""
    _ambiguous: tuple[tuple[str, int], ...] = field(default=(), repr=False, compare=False)
    _odd_keys: tuple[tuple[str, int], ...] = field(default=(), repr=False, compare=False)
    _clean: bool = field(default=True, repr=False, compare=False)
    """Its file holds no character that YAML forbids."""

    def place(self, path: Path = (), *, key: bool = False) -> Place:
        """Where the value at ``path`` begins, or with ``key`` its key.

        For a path that leads nowhere: the key of the nearest mapping or list on the way that is there.
        """
        return self._piece.place(self._lookup.offset(path, key=key))

    def written(self, path: Path) -> str | None:
        """The scalar at ``path`` as it stands in the text, without quotes; None where there is none."""
        return self._lookup.scalar(path)

    @property
    def ambiguous(self) -> tuple[Ambiguous, ...]:
        """The plain scalars, keys included, that readers of YAML 1.1 and 1.2 take differently."""
        return tuple(Ambiguous(text, self._piece.place(offset)) for text, offset in self._ambiguous)

    @property
    def oddities(self) -> Iterator[Fault]:
        """What Backstage reads, but hardly as it was meant: bytes that are no text, lists that are keys."""
        for key, offset in self._odd_keys:
            what = f"a mapping or a list stands as a key, which is read as the text {key[:60]!r}"
            yield Fault(self._piece.place(offset), "yaml-key", what, "write a plain word or a quoted string")
        if not self._clean and (found := BAD_CHARACTER.search(self._piece.text)):
            place = self._piece.place(found.start())
            what = f"the character U+{ord(found[0]):04X} is not allowed in YAML"
            hint = "remove it, or write it as an escape in double quotes"
            if found[0] == "\ufffd":
                what, hint = "a byte here is not UTF-8, and is read as U+FFFD", "save the file as UTF-8"
            yield Fault(place, "yaml-encoding" if found[0] == "\ufffd" else "yaml-character", what, hint)

    @cached_property
    def _piece(self) -> Piece:
        return self._cut()

    @cached_property
    def _lookup(self) -> Lookup:
        # The places of what is right are never asked for, and what knows them takes long to load.
        from callboard.documents.lookup import Lookup, root_of

        return Lookup(root_of(self._piece.text, self._directives))


@dataclass(frozen=True)
class Reading:
    """What a text holds, and why the rest of it could not be read."""

    documents: tuple[Document, ...]
    faults: tuple[Fault, ...]


BAD_CHARACTER = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffc\U00010000-\U0010ffff]")
"""What YAML forbids, and what stands for bytes that were no text."""
