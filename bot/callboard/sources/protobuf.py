"""A walk over the fields of a protobuf message that reads only what it is asked for.

The encoding is https://protobuf.dev/programming-guides/encoding/. Groups are refused: they were deprecated
before the formats that Callboard reads existed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from mmap import mmap
from typing import NamedTuple

MAX_FIELDS = 2_000_000
"""Fields visited in one file. The graph of a large language model has some 100,000."""

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


class BadProtobuf(Exception):
    """The bytes are no protobuf message: what is wrong, and at which byte."""

    def __init__(self, what: str, offset: int) -> None:
        super().__init__(f"{what} (at byte {offset})")
        self.what = what
        self.offset = offset


class FieldValue(NamedTuple):
    """One field: a number, or the part of the file where its bytes are."""

    number: int
    value: int
    """What a varint says, as a signed 64-bit number; 0 for all others."""
    part: Part | None
    """Where the content is, for strings, bytes and messages."""


class Part(NamedTuple):
    """A part of the file, by byte offsets."""

    start: int
    end: int


@dataclass
class Walker:
    """Visits fields of messages in ``data``; raises BadProtobuf, and after MAX_FIELDS gives up."""

    data: mmap | bytes
    visited: int = 0

    def fields(self, part: Part) -> Iterator[FieldValue]:
        """The fields of the message in ``part``, in the order of the file, contents unread."""
        position, end = part
        while position < end:
            self.visited += 1
            if self.visited > MAX_FIELDS:
                raise BadProtobuf(f"it has more than {MAX_FIELDS:,} fields", position)
            start = position
            tag, position = self._varint(position, end)
            number, wire = tag >> 3, tag & 7
            if not 0 < number < 1 << 29:
                raise BadProtobuf("a field has an impossible number", start)
            if wire == _VARINT:
                value, position = self._varint(position, end)
                yield FieldValue(number, value - (1 << 64) if value >> 63 else value, None)
                continue
            if wire == _BYTES:
                length, position = self._varint(position, end)
            elif wire in (_FIXED64, _FIXED32):
                length = 8 if wire == _FIXED64 else 4
            else:
                raise BadProtobuf(f"a field has wire type {wire}, which is not in use", start)
            if length > end - position:
                raise BadProtobuf(f"a field of {length:,} bytes goes beyond its end", start)
            yield FieldValue(number, 0, Part(position, position + length) if wire == _BYTES else None)
            position += length

    def read(self, part: Part, limit: int) -> bytes:
        """The content of ``part``, at most its first ``limit`` bytes."""
        return self.data[part.start : min(part.end, part.start + limit)]

    def _varint(self, position: int, end: int) -> tuple[int, int]:
        value = shift = 0
        start = position
        while position < end:
            byte = self.data[position]
            position += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value & 0xFFFFFFFFFFFFFFFF, position
            shift += 7
            if shift == 70:
                raise BadProtobuf("a number has more than 10 bytes", start)
        raise BadProtobuf("it ends in the middle of a number", start)
