"""YAML from outside, read as Backstage reads it, with the place of every value and limits on everything.

YAML 1.2, core schema: ``no`` and ``2026-01-01`` are strings, ``0777`` is 777, ``<<`` is a key like any other,
a key that stands twice is an error. The limits hold before anything recursive sees the text, because deep
nesting ends the process in libyaml's composer, and aliases can make a terabyte of a hundred bytes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import yaml

from callboard.documents import libyaml
from callboard.documents.building import Builder, Limits, Refused, key_of, offset_of, too_deep
from callboard.documents.pieces import Piece, Source, hide_breaks, pieces
from callboard.documents.place import Fault, Path, Place
from callboard.documents.scalars import read_plain
from callboard.documents.syntax import fault_of


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
    _piece: Piece = field(repr=False, compare=False)
    _number: int = field(repr=False, compare=False)
    _ambiguous: tuple[tuple[str, int], ...] = field(repr=False, compare=False)

    def place(self, path: Path = (), *, key: bool = False) -> Place:
        """Where the value at ``path`` begins, or with ``key`` its key.

        For a path that leads nowhere: the key of the nearest mapping or list on the way that is there.
        """
        return self._piece.place(self._find(path, key))

    @property
    def ambiguous(self) -> tuple[Ambiguous, ...]:
        """The plain scalars, keys included, that readers of YAML 1.1 and 1.2 take differently."""
        return tuple(Ambiguous(text, self._piece.place(offset)) for text, offset in self._ambiguous)

    @cached_property
    def _root(self) -> yaml.Node:
        for number, node in enumerate(libyaml.compose(self._piece.text)):
            if number == self._number and node is not None:
                return node
        raise AssertionError("a document that was read once cannot be read again")

    def _find(self, path: Path, key: bool) -> int:
        node = self._root
        at_key = offset_of(node)
        for step in path:
            found = _child(node, step, self._piece.source.hidden)
            if found is None:
                return at_key
            name, node = found
            at_key = offset_of(name)
        return at_key if key else offset_of(node)


@dataclass(frozen=True)
class Reading:
    """What a text holds, and why the rest of it could not be read."""

    documents: tuple[Document, ...]
    faults: tuple[Fault, ...]


_LIMITS = Limits()


def read_documents(content: bytes | str, file: str, limits: Limits = _LIMITS) -> Reading:
    """Every document of a text. Never raises for what the text holds: faults tell.

    A document that is not YAML costs itself only; those before and after it are read.
    """
    raw = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    if len(raw) > limits.bytes:
        what = f"the file is larger than the limit of {limits.bytes:,} bytes"
        fault = Fault(Place(file), "yaml-too-large", what, "split it, or leave the large values out")
        return Reading((), (fault,))
    # Bytes that are not UTF-8 become lone surrogates here, which the check of characters then finds.
    text = content if isinstance(content, str) else content.decode("utf-8", "surrogateescape")
    source = Source(file, *hide_breaks(text.removeprefix("\ufeff")))
    clean = not raw.translate(None, _GOOD_BYTES) or _BAD_CHARACTER.search(text) is None
    reader = _Reader(limits, trusted=_is_small(raw, limits), clean=clean)
    for piece in pieces(source):
        reader.read(piece)
        if len(reader.faults) >= limits.faults or reader.exhausted:
            break
    return Reading(tuple(reader.documents), tuple(reader.faults))


_BAD_CHARACTER = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
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

    def __init__(self, limits: Limits, *, trusted: bool, clean: bool) -> None:
        self.limits, self.trusted, self.clean = limits, trusted, clean
        self.documents: list[Document] = []
        self.faults: list[Fault] = []
        self.exhausted = False
        self._index = 0
        self._nodes = 0

    def read(self, piece: Piece) -> None:
        try:
            self._check(piece.text)
            for number, node in enumerate(libyaml.compose(piece.text)):
                assert node is not None
                aliased = "*" in piece.text and "&" in piece.text
                builder = Builder(self.limits, piece.source.hidden, aliased=aliased)
                value = builder.build(node, 1)
                found = tuple(builder.ambiguous)
                self.documents.append(Document(value, self._index, piece, number, found))
                self._index += 1
        except Refused as refused:
            place = piece.place(refused.offset)
            self.faults.append(Fault(place, refused.code, refused.what, refused.hint))
            self._index += 1
        except yaml.YAMLError as error:
            offset, what, hint = fault_of(error, piece.text)
            self.faults.append(Fault(piece.place(offset), "yaml-syntax", what, hint))
            self._index += 1

    def _check(self, text: str) -> None:
        if not self.clean and (bad := _BAD_CHARACTER.search(text)):
            raise _bad_character(bad)
        if not self.trusted:
            self._count(text)

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
                what = f"the file has more than {self.limits.nodes:,} values"
                raise Refused(offset_of(event), "yaml-too-large", what, "split the file")


def _child(node: yaml.Node, step: str | int, hidden: dict[int, str]) -> tuple[yaml.Node, yaml.Node] | None:
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and 0 <= step < len(node.value):
        return node.value[step], node.value[step]
    if isinstance(node, yaml.MappingNode):
        for key_node, value_node in node.value:
            text = key_node.value.translate(hidden) if isinstance(key_node.value, str) else ""
            if step == (key_of(read_plain(text), key_node) if key_node.tag == libyaml.PLAIN else text):
                return key_node, value_node
    return None


def _bad_character(found: re.Match[str]) -> Refused:
    code = ord(found[0])
    if 0xDC80 <= code <= 0xDCFF:
        what = f"byte 0x{code - 0xDC00:02X} is not UTF-8"
        return Refused(found.start(), "yaml-encoding", what, "save the file as UTF-8")
    what = f"the character U+{code:04X} is not allowed in YAML"
    return Refused(
        found.start(), "yaml-character", what, "remove it, or write it as an escape in double quotes"
    )
