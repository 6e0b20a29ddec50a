"""Protobuf fields written by hand: those that the onnx package refuses to write, or only holds in memory."""

from __future__ import annotations


def message(number: int, content: bytes) -> bytes:
    """One length-delimited field."""
    return head(number, len(content)) + content


def head(number: int, length: int) -> bytes:
    """What comes before the content of a length-delimited field."""
    return _varint(number << 3 | 2) + _varint(length)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
