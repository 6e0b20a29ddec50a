"""YAML from outside, read as Backstage reads it, with the place of every value and limits on everything.

YAML 1.2, core schema: ``no`` and ``2026-01-01`` are strings, ``0777`` is 777, ``<<`` is a key like any other,
a key that stands twice is an error. libyaml reads what every reader reads alike (``ordinary``), ``exact`` the
rest; what could be nothing else to anybody has a shorter way (``quick``). The limits hold before anything
recursive sees the text, because deep nesting ends the process in libyaml's composer, and aliases can make a
terabyte of a hundred bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import islice
from typing import Any

import yaml

from callboard.documents import libyaml
from callboard.documents.building import Builder, Limits, Refused, key_of, offset_of, too_deep
from callboard.documents.exact.nodes import AliasNode
from callboard.documents.exact.stream import documents
from callboard.documents.exact.tree import TooDeep, TooMany
from callboard.documents.ordinary import is_ordinary
from callboard.documents.pieces import Piece, Source, pieces
from callboard.documents.place import Fault, Path, Place
from callboard.documents.quick import read_quickly
from callboard.documents.scalars import read_plain


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
    _exact: bool = field(default=False, repr=False, compare=False)
    """libyaml does not read it, or not as Backstage does."""
    _ambiguous: tuple[tuple[str, int], ...] = field(default=(), repr=False, compare=False)
    _odd_keys: tuple[tuple[str, int], ...] = field(default=(), repr=False, compare=False)
    _clean: bool = field(default=True, repr=False, compare=False)
    """Its file holds no character that YAML forbids."""

    def place(self, path: Path = (), *, key: bool = False) -> Place:
        """Where the value at ``path`` begins, or with ``key`` its key.

        For a path that leads nowhere: the key of the nearest mapping or list on the way that is there.
        """
        return self._piece.place(self._find(path, key))

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
        if not self._clean and (found := _BAD_CHARACTER.search(self._piece.text)):
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
    def _root(self) -> yaml.Node:
        if self._exact:
            found = [read.node for read in documents(self._piece.text) if read.node is not None]
        else:
            found = [node for node in libyaml.compose(self._piece.text) if node is not None]
        return found[-1]

    def _find(self, path: Path, key: bool) -> int:
        node = self._root
        at_key = offset_of(node)
        for step in path:
            found = self._child(node, step)
            if found is None:
                return at_key
            name, node = found
            at_key = offset_of(name)
        return at_key if key else offset_of(node)

    def _child(self, node: yaml.Node, step: str | int) -> tuple[yaml.Node, yaml.Node] | None:
        if isinstance(node, AliasNode) and node.value is not None:
            node = node.value
        if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and 0 <= step < len(node.value):
            return node.value[step], node.value[step]
        if isinstance(node, yaml.MappingNode) and isinstance(step, str):
            if id(node) not in self._entries:
                # Once for all, since a hostile mapping has a thousand wrong keys among a million.
                self._entries[id(node)] = {
                    _key(key_node): (key_node, value_node)
                    for key_node, value_node in node.value
                    if isinstance(key_node, yaml.ScalarNode)
                }
            return self._entries[id(node)].get(step)
        return None

    @cached_property
    def _entries(self) -> dict[int, dict[str, tuple[yaml.Node, yaml.Node]]]:
        """By mapping, what was looked up in it; the nodes live as long as the document does."""
        return {}


@dataclass(frozen=True)
class Reading:
    """What a text holds, and why the rest of it could not be read."""

    documents: tuple[Document, ...]
    faults: tuple[Fault, ...]


_LIMITS = Limits()


def read_documents(
    content: bytes | str, file: str, limits: Limits = _LIMITS, *, forgiving: bool = False
) -> Reading:
    """Every document of a text. Never raises for what the text holds: faults tell.

    A document that is not YAML costs itself only; those before and after it are read. ``forgiving`` reads all
    that Backstage reads; else what it hardly reads as it was meant (``Document.oddities``) is a fault too.
    """
    raw = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    if len(raw) > limits.bytes:
        what = f"the file is larger than the limit of {limits.bytes:,} bytes"
        fault = Fault(Place(file), "yaml-too-large", what, "split it, or leave the large values out")
        return Reading((), (fault,))
    source = Source(file, raw.decode("utf-8", "replace").removeprefix("\ufeff"))
    if (values := read_quickly(source.text, limits)) is not None:
        found = (Document(value, index, partial(_nth, source, index)) for index, value in enumerate(values))
        return Reading(tuple(found), ())
    clean = not raw.translate(None, _GOOD_BYTES) or _BAD_CHARACTER.search(source.text) is None
    reader = _Reader(limits, trusted=_is_small(raw, limits), clean=clean, forgiving=forgiving)
    if _is_told_apart_otherwise(source.text):
        reader.read_exactly(Piece(source, 0, source.text))
    else:
        for piece in pieces(source):
            reader.read(piece)
            if len(reader.faults) >= limits.faults or reader.exhausted:
                break
    return Reading(tuple(reader.documents), tuple(reader.faults))


def _nth(source: Source, index: int) -> Piece:
    return next(islice(pieces(source), index, None))


def _is_told_apart_otherwise(text: str) -> bool:
    """Whether there may be more to where documents begin than lines with three dashes."""
    return "\n..." in text or "\n%" in text or text.startswith(("...", "%")) or "\ufeff" in text


_BAD_CHARACTER = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffc\U00010000-\U0010ffff]")
# The same for ASCII, at ten times the speed.
_GOOD_BYTES = bytes((*b"\t\n\r", *range(0x20, 0x7F)))
# What libyaml's composer surely survives, and the indentation that goes with it.
_SAFE_FLOW_DEPTH = 1000
_SAFE_INDENTATION = b" " * 200
_AS_INDENTATION = bytes.maketrans(b"\t-?:", b"    ")


def _is_small(content: bytes, limits: Limits) -> bool:
    """Whether the text is surely shallow and has surely few values: two passes at the speed of memory.

    A level of flow style needs a bracket; one of block style a column, filled with indentation or one of the
    three indicators, and at most two levels share one. A value needs one of six characters before it, or
    it is the second of two that do.
    """
    opening = content.count(b"[") + content.count(b"{")
    if opening > _SAFE_FLOW_DEPTH or _SAFE_INDENTATION in content.translate(_AS_INDENTATION):
        return False
    separators = len(content) - len(content.translate(None, b",[{-:?"))
    return 2 * separators + 1 <= limits.nodes


class _Reader:
    """Collects documents and faults, piece by piece."""

    def __init__(self, limits: Limits, *, trusted: bool, clean: bool, forgiving: bool) -> None:
        self.limits, self.trusted, self.clean, self.forgiving = limits, trusted, clean, forgiving
        self.documents: list[Document] = []
        self.faults: list[Fault] = []
        self.exhausted = False
        self._index = 0
        self._nodes = 0

    def read(self, piece: Piece) -> None:
        """Takes in the documents of a piece; there is more than one only if all but one are empty."""
        try:
            if not is_ordinary(piece.text):
                self.read_exactly(piece)
                return
            if not self.trusted:
                self._count(piece.text)
            nodes = list(libyaml.compose(piece.text))
        except yaml.YAMLError:
            self.read_exactly(piece)
        except Refused as refused:
            self._refuse(piece, refused)
        else:
            for node in nodes:
                assert node is not None
                self._add(piece, node)

    def read_exactly(self, piece: Piece) -> None:
        """The same for any text, documents told apart as Backstage does it; ten times as slow."""
        try:
            for read in documents(piece.text, self.limits.depth, self.limits.nodes):
                part = Piece(piece.source, piece.start + read.start, read.text)
                self._nodes += 1
                if self._nodes > self.limits.nodes:
                    raise TooMany(read.start)
                if read.node is not None:
                    self._add(part, read.node, read.aliased)
                elif read.malformed is not None:
                    wrong = read.malformed
                    self._refuse(part, Refused(wrong.offset, "yaml-syntax", wrong.what, wrong.hint))
                if len(self.faults) >= self.limits.faults:
                    return
        except TooDeep as deep:
            self._refuse(piece, too_deep(deep.offset, self.limits))
        except TooMany as many:
            self.exhausted = True
            self._refuse(piece, _too_large(many.offset, self.limits))

    def _add(self, piece: Piece, node: yaml.Node, aliased: tuple[yaml.Node, ...] | None = None) -> None:
        builder = Builder(self.limits)
        try:
            value = builder.root(node, aliased or ())
        except Refused as refused:
            self._refuse(piece, refused)
            return
        ambiguous, odd_keys = tuple(builder.ambiguous), tuple(builder.odd_keys)
        exact = aliased is not None
        document = Document(value, self._index, lambda: piece, exact, ambiguous, odd_keys, self.clean)
        if not self.forgiving and (odd := next(document.oddities, None)):
            self.faults.append(odd)
        else:
            self.documents.append(document)
        self._index += 1

    def _refuse(self, piece: Piece, refused: Refused) -> None:
        place = piece.place(refused.offset)
        self.faults.append(Fault(place, refused.code, refused.what, refused.hint))
        self._index += 1

    def _count(self, text: str) -> None:
        depth = 0
        for event in libyaml.events(text):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > self.limits.depth:
                    raise too_deep(offset_of(event), self.limits)
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
                continue
            # Beginnings of documents count too: they cost more than a value does.
            self._nodes += 1
            if self._nodes > self.limits.nodes:
                self.exhausted = True
                raise _too_large(offset_of(event), self.limits)


def _too_large(offset: int, limits: Limits) -> Refused:
    what = f"the file has more than {limits.nodes:,} values"
    return Refused(offset, "yaml-too-large", what, "split the file")


def _key(node: yaml.ScalarNode) -> str:
    text: str = node.value
    return key_of(read_plain(text)) if node.tag == libyaml.PLAIN else text
