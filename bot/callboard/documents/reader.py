"""YAML from outside, read as Backstage reads it, with the place of every value and limits on everything.

YAML 1.2, core schema: ``no`` and ``2026-01-01`` are strings, ``0777`` is 777, ``<<`` is a key like any other,
a key that stands twice is an error. The limits hold before anything recursive sees the text, because deep
nesting ends the process in libyaml's composer, and aliases can make a terabyte of a hundred bytes.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import yaml

from callboard.documents import libyaml
from callboard.documents.place import Fault, Path, Place
from callboard.documents.scalars import Scalar, read_plain, reads_differently
from callboard.documents.syntax import fault_of

Value = dict[str, Any] | list[Any] | Scalar
"""What a document can hold: mappings with string keys, lists, strings, numbers, booleans, null."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a text may cost. What goes beyond is a fault, not a wait."""

    bytes: int = 10 * 1024 * 1024
    depth: int = 100
    """Nested collections."""
    nodes: int = 1_000_000
    """Values in the whole text, with every alias counted as what it stands for."""
    aliases: int = 100
    """In one document."""
    faults: int = 100
    """Reading stops after so many documents that could not be read."""


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
    _piece: _Piece = field(repr=False, compare=False)
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
        at_key = _offset(node)
        for step in path:
            found = _child(node, step, self._piece.source.hidden)
            if found is None:
                return at_key
            name, node = found
            at_key = _offset(name)
        return at_key if key else _offset(node)


@dataclass(frozen=True)
class Reading:
    """What a text holds, and why the rest of it could not be read."""

    documents: tuple[Document, ...]
    faults: tuple[Fault, ...]


def read_documents(content: bytes | str, file: str, limits: Limits = Limits()) -> Reading:
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
    source = _Source(file, *_hide_breaks(text.removeprefix("\ufeff")))
    reader = _Reader(limits, trusted=_is_small(raw, limits), clean=_BAD_CHARACTER.search(text) is None)
    for piece in _pieces(source):
        reader.read(piece)
        if len(reader.faults) >= limits.faults or reader.exhausted:
            break
    return Reading(tuple(reader.documents), tuple(reader.faults))


_BAD_CHARACTER = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BOUNDARY = re.compile(r"^(?:---(?=[ \t\r\n]|\Z)|\.\.\.(?=[ \t\r\n]|\Z)[^\n]*\n?)", re.MULTILINE)
# A line that is neither blank nor a comment nor a directive.
_CONTENT = re.compile(r"^(?:[ \t\r]*+[^ \t\r\n#%]|[ \t\r]++%)", re.MULTILINE)

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


_ONLY_1_1_BREAKS = "\x85\u2028\u2029"
_PRIVATE = range(0xE000, 0xF900)


def _hide_breaks(text: str) -> tuple[str, dict[int, str]]:
    """The text with ordinary characters for those that end a line in YAML 1.1 only, and which is which."""
    if not any(character in text for character in _ONLY_1_1_BREAKS):
        return text, {}
    free = (code for code in _PRIVATE if chr(code) not in text)
    hidden = dict(zip(free, _ONLY_1_1_BREAKS, strict=False))
    return text.translate({ord(character): code for code, character in hidden.items()}), hidden


@dataclass(frozen=True)
class _Source:
    """A whole file."""

    file: str
    text: str
    hidden: dict[int, str]
    """What stands in the text for characters that libyaml would take for ends of lines."""

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in re.finditer("\n", self.text))]

    def place(self, offset: int) -> Place:
        line = bisect_right(self._starts, offset)
        return Place(self.file, line, offset - self._starts[line - 1] + 1)


@dataclass(frozen=True)
class _Piece:
    """A part of a file that is parsed on its own: as a rule, one document."""

    source: _Source
    start: int
    text: str

    def place(self, offset: int) -> Place:
        return self.source.place(self.start + offset)


def _pieces(source: _Source) -> Iterator[_Piece]:
    """The text, cut where a document surely begins, so that what is wrong in one leaves the others alone.

    Three dashes or dots at the start of a line end everything, block scalars included.
    """
    text, start = source.text, 0
    for boundary in _BOUNDARY.finditer(text):
        empty = _CONTENT.search(text, start, boundary.start()) is None
        end = boundary.start() if boundary[0] == "---" else boundary.end()
        if not empty:
            yield _Piece(source, start, text[start:end])
        if not empty or boundary[0] != "---":
            start = end
    if start < len(text):
        yield _Piece(source, start, text[start:])


class _Refused(Exception):
    """A document goes beyond a limit, or says what YAML does not allow."""

    def __init__(self, offset: int, code: str, what: str, hint: str) -> None:
        super().__init__(what)
        self.offset, self.code, self.what, self.hint = offset, code, what, hint


class _Reader:
    """Collects documents and faults, piece by piece."""

    def __init__(self, limits: Limits, *, trusted: bool, clean: bool) -> None:
        self.limits, self.trusted, self.clean = limits, trusted, clean
        self.documents: list[Document] = []
        self.faults: list[Fault] = []
        self.exhausted = False
        self._index = 0
        self._nodes = 0

    def read(self, piece: _Piece) -> None:
        try:
            self._check(piece.text)
            for number, node in enumerate(libyaml.compose(piece.text)):
                assert node is not None
                aliased = "*" in piece.text and "&" in piece.text
                builder = _Builder(self.limits, piece.source.hidden, aliased=aliased)
                value = builder.build(node, 1)
                found = tuple(builder.ambiguous)
                self.documents.append(Document(value, self._index, piece, number, found))
                self._index += 1
        except _Refused as refused:
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
                    raise _too_deep(_offset(event), self.limits)
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
                continue
            # Beginnings of documents count too: they cost more than a value does.
            self._nodes += 1
            if self._nodes > self.limits.nodes:
                self.exhausted = True
                what = f"the file has more than {self.limits.nodes:,} values"
                raise _Refused(_offset(event), "yaml-too-large", what, "split the file")


class _Builder:
    """Makes values of one document's nodes."""

    def __init__(self, limits: Limits, hidden: dict[int, str], *, aliased: bool) -> None:
        self.limits, self.hidden = limits, hidden
        self.ambiguous: list[tuple[str, int]] = []
        self._seen: dict[int, tuple[Any, int]] | None = {} if aliased else None
        self._aliases = 0
        self._weight = 0

    def build(self, node: yaml.Node, depth: int) -> Any:
        if self._seen is not None:
            return self._remember(node, depth, self._seen)
        return self._make(node, depth)

    def _remember(self, node: yaml.Node, depth: int, seen: dict[int, tuple[Any, int]]) -> Any:
        """An alias is the node of its anchor once more: its value is shared, its weight counts again."""
        if id(node) not in seen:
            seen[id(node)] = (_UNFINISHED, 0)
            before = self._weight
            self._weight += 1 + (len(node.value) // 100 if type(node) is yaml.ScalarNode else 0)
            value = self._make(node, depth)
            seen[id(node)] = (value, self._weight - before)
            return value
        value, weight = seen[id(node)]
        self._aliases += 1
        self._weight += weight
        if value is _UNFINISHED:
            what = "an alias stands inside the value of its own anchor"
            raise _Refused(_offset(node), "yaml-alias-cycle", what, "write the value out")
        if self._aliases > self.limits.aliases or self._weight > self.limits.nodes:
            what = (
                f"aliases: more than {self.limits.aliases}, or more than {self.limits.nodes:,} values by them"
            )
            raise _Refused(_offset(node), "yaml-alias-bomb", what, "write the values out")
        return value

    def _make(self, node: yaml.Node, depth: int) -> Any:
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if depth > self.limits.depth:
            raise _too_deep(_offset(node), self.limits)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, depth + 1) for item in node.value]
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = _key(self.build(key_node, depth + 1), key_node)
            if key in mapping:
                what = f"the key {_shown(key)} stands twice in one mapping"
                raise _Refused(_offset(key_node), "yaml-duplicate-key", what, "keep one of the two")
            mapping[key] = self.build(value_node, depth + 1)
        return mapping

    def _scalar(self, node: yaml.ScalarNode) -> Scalar:
        text: str = node.value.translate(self.hidden) if self.hidden else node.value
        if node.tag == libyaml.PLAIN:
            if len(text) < 80 and reads_differently(text):
                self.ambiguous.append((text, _offset(node)))
            return read_plain(text)
        return text if node.tag == libyaml.STRING else _tagged(node, text)


_UNFINISHED = object()
_CORE_TAGS: dict[str, tuple[type, ...]] = {
    "tag:yaml.org,2002:bool": (bool,),
    "tag:yaml.org,2002:float": (float, int),
    "tag:yaml.org,2002:int": (int,),
    "tag:yaml.org,2002:null": (type(None),),
}


def _tagged(node: yaml.ScalarNode, text: str) -> Scalar:
    """A scalar with a tag of its own. A tag that YAML 1.2 does not know leaves a string, as in Backstage."""
    wanted = _CORE_TAGS.get(node.tag)
    if wanted is None:
        return text
    value = read_plain(text)
    if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
        what = f"{_shown(text)} is not what its tag {node.tag.rpartition(':')[2]!r} says"
        raise _Refused(_offset(node), "yaml-tag", what, "remove the tag, or write a value that fits it")
    return float(value) if wanted[0] is float and isinstance(value, int) else value


def _key(value: Value, node: yaml.Node) -> str:
    """A key as JavaScript has it: a string."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict | list):
        what = "a mapping or a list stands as a key"
        raise _Refused(_offset(node), "yaml-key", what, "write a plain word or a quoted string as key")
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    return str(value)


def _child(node: yaml.Node, step: str | int, hidden: dict[int, str]) -> tuple[yaml.Node, yaml.Node] | None:
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and 0 <= step < len(node.value):
        return node.value[step], node.value[step]
    if isinstance(node, yaml.MappingNode):
        for key_node, value_node in node.value:
            text = key_node.value.translate(hidden) if isinstance(key_node.value, str) else ""
            if step == (_key(read_plain(text), key_node) if key_node.tag == libyaml.PLAIN else text):
                return key_node, value_node
    return None


def _too_deep(offset: int, limits: Limits) -> _Refused:
    what = f"values are nested more than {limits.depth} levels deep"
    return _Refused(offset, "yaml-too-deep", what, "flatten the structure")


def _bad_character(found: re.Match[str]) -> _Refused:
    code = ord(found[0])
    if 0xDC80 <= code <= 0xDCFF:
        what = f"byte 0x{code - 0xDC00:02X} is not UTF-8"
        return _Refused(found.start(), "yaml-encoding", what, "save the file as UTF-8")
    what = f"the character U+{code:04X} is not allowed in YAML"
    return _Refused(
        found.start(), "yaml-character", what, "remove it, or write it as an escape in double quotes"
    )


def _offset(node: yaml.Node | yaml.Event) -> int:
    assert node.start_mark is not None
    return node.start_mark.index


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "…")
