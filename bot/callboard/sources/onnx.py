"""What an ONNX file says of itself, without its weights: a walk over the top-level fields of its graph.

Field numbers are those of ``onnx.proto`` in onnx/onnx. The file is mapped, not read, and initializers are
stepped over; external data is never opened, and no session is made. Everything in the file is hostile.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BufferedReader
from mmap import ACCESS_READ, mmap

from callboard.model import Port, Signature
from callboard.sources.protobuf import BadProtobuf, Part, Walker

MAX_NAME = 4096
"""Bytes of one name of an input, output, initializer, dimension, operator set or producer."""
MAX_TEXT = 8192
"""Bytes of a description or of one value of the metadata; the rest is cut."""
MAX_TEXTS = 64 * 1024 * 1024
"""Bytes of all names and texts together."""
MAX_METADATA = 100
"""Entries of the metadata; the rest is left out."""
MAX_PORTS = 100_000
"""Inputs or outputs in the file. Files of old format versions list every initializer as an input."""
MAX_DIMENSIONS = 100
MAX_DEPTH = 16
"""Types within types, such as a sequence of maps."""
MAX_LOCATIONS = 100
"""Files of external data that are named; the rest is left out."""

_TYPES = (
    "undefined", "float32", "uint8", "int8", "uint16", "int16", "int32", "int64", "string", "bool", "float16",
    "float64", "uint32", "uint64", "complex64", "complex128", "bfloat16", "float8e4m3fn", "float8e4m3fnuz",
    "float8e5m2", "float8e5m2fnuz", "uint4", "int4", "float4e2m1", "float8e8m0", "uint2", "int2",
    "float6e2m3", "float6e3m2",
)  # fmt: skip
_LFS = b"version https://git-lfs.github.com/spec/"


class BadOnnx(Exception):
    """The file is no ONNX model that can be read: what is wrong, and at which byte."""

    def __init__(self, what: str, offset: int) -> None:
        super().__init__(f"{what} (at byte {offset})")
        self.what = what
        self.offset = offset


@dataclass(frozen=True)
class OnnxModel:
    """What the file says. All texts are untrusted and may be cut."""

    size: int
    """Bytes."""
    ir_version: int | None
    producer_name: str
    producer_version: str
    graph_name: str
    description: str
    opsets: tuple[tuple[str, int], ...]
    """Domain (empty: ONNX's own) and version."""
    signature: Signature
    """Inputs are those that a caller gives: without initializers."""
    metadata: dict[str, str]
    external_data: tuple[str, ...]
    """Where initializers say that their values are: for reporting, never to be opened."""


@dataclass
class _Found:
    ir_version: int | None = None
    producer_name: str = ""
    producer_version: str = ""
    graph_name: str = ""
    model_description: str = ""
    graph_description: str = ""
    graphs: int = 0
    opsets: list[tuple[str, int]] = field(default_factory=list)
    inputs: list[Part] = field(default_factory=list)
    outputs: list[Part] = field(default_factory=list)
    initializers: set[str] = field(default_factory=set)
    metadata: dict[str, str] = field(default_factory=dict)
    locations: dict[str, None] = field(default_factory=dict)


def read_onnx(file: BufferedReader) -> OnnxModel:
    """Read the open ONNX file but for its weights, however large they are.

    Raises BadOnnx for whatever is in it, OSError if it cannot be read.
    """
    size = file.seek(0, 2)
    if size == 0:
        raise BadOnnx("it is empty", 0)
    with mmap(file.fileno(), 0, access=ACCESS_READ) as data:
        if data[: len(_LFS)] == _LFS:
            raise BadOnnx("it is a Git LFS pointer and not the model; run `git lfs pull`", 0)
        try:
            return _Reader(Walker(data)).model(Part(0, len(data)), size)
        except BadProtobuf as error:
            raise BadOnnx(error.what, error.offset) from None


def digest_of(file: BufferedReader) -> str:
    """``sha256:…`` of the whole open file: the one thing for which all of it must be read."""
    file.seek(0)
    return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


@dataclass
class _Reader:
    walker: Walker
    found: _Found = field(default_factory=_Found)
    text_bytes: int = 0

    def model(self, whole: Part, size: int) -> OnnxModel:
        found = self.found
        for number, value, part in self.walker.fields(whole):
            match number, part:
                case 1, None:
                    found.ir_version = value
                case 2, Part():
                    found.producer_name = self._name(part)
                case 3, Part():
                    found.producer_version = self._name(part)
                case 6, Part():
                    found.model_description = self._text(part)
                case 7, Part():
                    found.graphs += 1
                    self._graph(part)
                case 8, Part():
                    self._opset(part)
                case 14, Part() if len(found.metadata) < MAX_METADATA:
                    key, text = self._pair(part)
                    found.metadata[key] = text
        if not found.graphs:
            raise BadOnnx("it has no graph, so that it is no ONNX model", whole.end)
        return OnnxModel(
            size=size,
            ir_version=found.ir_version,
            producer_name=found.producer_name,
            producer_version=found.producer_version,
            graph_name=found.graph_name,
            description=found.model_description or found.graph_description,
            opsets=tuple(sorted(set(found.opsets))),
            signature=Signature(
                inputs=tuple(p for p in self._ports(found.inputs) if p.name not in found.initializers),
                outputs=tuple(self._ports(found.outputs)),
            ),
            metadata=found.metadata,
            external_data=tuple(found.locations),
        )

    def _graph(self, graph: Part) -> None:
        found = self.found
        for number, _, part in self.walker.fields(graph):
            match number, part:
                case 2, Part():
                    found.graph_name = self._name(part)
                case 5, Part():
                    self._initializer(part)
                case 10, Part():
                    found.graph_description = self._text(part)
                case 11 | 12, Part():
                    ports = found.inputs if number == 11 else found.outputs
                    if len(ports) == MAX_PORTS:
                        raise BadOnnx(f"it has more than {MAX_PORTS:,} inputs or outputs", part.start)
                    ports.append(part)
                case 15, Part():
                    for inner in self._parts(part, 1):
                        self._initializer(inner)

    def _initializer(self, tensor: Part) -> None:
        for number, _, part in self.walker.fields(tensor):
            match number, part:
                case 8, Part():
                    self.found.initializers.add(self._name(part))
                case 13, Part() if len(self.found.locations) < MAX_LOCATIONS:
                    key, text = self._pair(part)
                    if key == "location":
                        self.found.locations[text] = None

    def _opset(self, opset: Part) -> None:
        domain, version = "", 0
        for number, value, part in self.walker.fields(opset):
            match number, part:
                case 1, Part():
                    domain = self._name(part)
                case 2, None:
                    version = value
        if len(self.found.opsets) == MAX_METADATA:
            raise BadOnnx(f"it has more than {MAX_METADATA} operator sets", opset.start)
        self.found.opsets.append((domain, version))

    def _ports(self, parts: list[Part]) -> Iterator[Port]:
        for value_info in parts:
            name, port = "", Port(name="", type="unknown")
            for number, _, part in self.walker.fields(value_info):
                match number, part:
                    case 1, Part():
                        name = self._name(part)
                    case 2, Part():
                        port = self._type(part, MAX_DEPTH)
            yield port.model_copy(update={"name": name})

    def _type(self, type_: Part, depth: int) -> Port:
        """The type as a port without a name: a sequence, map or nested type in words."""
        if depth == 0:
            raise BadOnnx(f"its types are nested more than {MAX_DEPTH} deep", type_.start)
        port = Port(name="", type="unknown")
        for number, _, part in self.walker.fields(type_):
            match number, part:
                case 1, Part():
                    port = self._tensor(part)
                case 8, Part():
                    tensor = self._tensor(part)
                    port = tensor.model_copy(update={"type": f"sparse({tensor.type})"})
                case 4, Part():
                    port = Port(name="", type=f"sequence({self._inner(part, 1, depth).type})")
                case 9, Part():
                    port = self._inner(part, 1, depth).model_copy(update={"optional": True})
                case 5, Part():
                    key = next((f.value for f in self.walker.fields(part) if f.number == 1), 0)
                    port = Port(name="", type=f"map({_type_name(key)}, {self._inner(part, 2, depth).type})")
                case 7, Part():
                    words = [self._name(inner) for number in (1, 2) for inner in self._parts(part, number)]
                    port = Port(name="", type=f"opaque({'.'.join(words)})")
        return port

    def _inner(self, part: Part, number: int, depth: int) -> Port:
        port = Port(name="", type="unknown")
        for inner in self._parts(part, number):
            port = self._type(inner, depth - 1)
        return port

    def _tensor(self, tensor: Part) -> Port:
        type_, shape = 0, None
        for number, value, part in self.walker.fields(tensor):
            match number, part:
                case 1, None:
                    type_ = value
                case 2, Part():
                    shape = tuple(self._dimension(dimension) for dimension in self._dimensions(part))
        return Port(name="", type=_type_name(type_), shape=shape)

    def _dimensions(self, shape: Part) -> list[Part]:
        found: list[Part] = []
        for part in self._parts(shape, 1):
            if len(found) == MAX_DIMENSIONS:
                raise BadOnnx(f"a tensor has more than {MAX_DIMENSIONS} dimensions", part.start)
            found.append(part)
        return found

    def _dimension(self, dimension: Part) -> int | str:
        size: int | str = -1
        for number, value, part in self.walker.fields(dimension):
            match number, part:
                case 1, None:
                    size = value
                case 2, Part():
                    size = self._name(part) or -1
        return size

    def _parts(self, message: Part, number: int) -> Iterator[Part]:
        return (f.part for f in self.walker.fields(message) if f.number == number and f.part is not None)

    def _pair(self, entry: Part) -> tuple[str, str]:
        key = text = ""
        for number, _, part in self.walker.fields(entry):
            match number, part:
                case 1, Part():
                    key = self._name(part)
                case 2, Part():
                    text = self._text(part)
        return key, text

    def _name(self, part: Part) -> str:
        if part.end - part.start > MAX_NAME:
            raise BadOnnx(f"a name in it has {part.end - part.start:,} bytes", part.start)
        return self._text(part)

    def _text(self, part: Part) -> str:
        content = self.walker.read(part, MAX_TEXT)
        self.text_bytes += len(content)
        if self.text_bytes > MAX_TEXTS:
            raise BadOnnx(f"its names and texts have more than {MAX_TEXTS:,} bytes", part.start)
        text = content.decode("utf-8", "replace").replace("\0", "")
        return text if part.end - part.start <= MAX_TEXT else text + " …"


def _type_name(number: int) -> str:
    return _TYPES[number] if 0 <= number < len(_TYPES) else f"type {number}"
