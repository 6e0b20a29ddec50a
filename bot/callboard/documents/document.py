"""One document of a text: its value, and where in the text everything stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from callboard.documents.pieces import Piece
from callboard.documents.place import Fault, Path, Place

if TYPE_CHECKING:
    from callboard.documents.doubts import Ambiguous, Doubts
    from callboard.documents.lookup import Lookup


@dataclass(frozen=True)
class Document:
    """One document of a text."""

    value: Any
    """Mappings, lists, strings, numbers, booleans, None; equal aliases are one shared object."""
    index: int
    """Its position in the text, counted from 0; documents that could not be read count too."""
    _cut: Callable[[], Piece] = field(repr=False, compare=False)
    _doubts: Doubts | None = field(default=None, repr=False, compare=False)
    """What reading it with care has found; None where all readers take all of it alike."""

    def place(self, path: Path = (), *, key: bool = False) -> Place:
        """Where the value at ``path`` begins, or with ``key`` its key.

        For a path that leads nowhere: the key of the nearest mapping or list on the way that is there.
        """
        return self._piece.place(self._lookup.offset(path, key=key))

    def written(self, path: Path) -> str | None:
        """The scalar at ``path`` as it stands in the text, without quotes; None where there is none."""
        return self._lookup.scalar(path)

    @property
    def is_doubted(self) -> bool:
        """Whether some reader may take something of it otherwise; if not, nothing is ambiguous or odd."""
        return self._doubts is not None

    @property
    def ambiguous(self) -> Iterable[Ambiguous]:
        """The plain scalars, keys included, that readers of YAML 1.1 and 1.2 take differently."""
        return self._doubts.ambiguous_in(self._piece) if self._doubts else ()

    @property
    def oddities(self) -> Iterable[Fault]:
        """What Backstage reads, but hardly as it was meant: bytes that are no text, lists that are keys."""
        return self._doubts.oddities_in(self._piece) if self._doubts else ()

    @cached_property
    def _piece(self) -> Piece:
        return self._cut()

    @cached_property
    def _lookup(self) -> Lookup:
        # The places of what is right are never asked for, and what knows them takes long to load.
        from callboard.documents.lookup import Lookup, root_of

        return Lookup(root_of(self._piece.text, self._doubts.directives if self._doubts else None))


@dataclass(frozen=True)
class Reading:
    """What a text holds, and why the rest of it could not be read."""

    documents: tuple[Document, ...]
    faults: tuple[Fault, ...]
