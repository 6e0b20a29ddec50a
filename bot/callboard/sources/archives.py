"""One file out of a tar archive from a registry, read with bounds and never extracted.

An archive is hostile: it may unpack to petabytes, name files outside of itself, or claim sizes that it does
not have. Names are only compared, links are passed over, and what is unpacked is counted. The standard
library's reader is not used, because headers of an archive's own making cost it quadratic time.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO, cast

MOST_UNPACKED = 64 * 1024 * 1024
"""Bytes of an archive that are unpacked in search of a file."""
_MOST_MEMBERS = 10_000
_LONGEST_NAME = 4096
_LARGEST_EXTENSION = 64 * 1024
_BLOCK = 512

_REGULAR = frozenset(b"0\x007")
_PAX, _PAX_GLOBAL, _LONG_NAME, _LONG_LINK = b"x"[0], b"g"[0], b"L"[0], b"K"[0]


class BadArchive(Exception):
    """An archive cannot be read: why."""


@dataclass(frozen=True)
class Member:
    """A file of an archive."""

    name: str
    """Relative, with slashes, and without ``..``."""
    content: bytes
    unread_bytes: int
    """How much of its end was left out."""


def find_file(archive: bytes, names: Collection[str], *, gzipped: bool, limit: int) -> Member | None:
    """The file nearest to the archive's root whose name, in lower case, is one of ``names``, if there is one.

    Of several in one folder, the name that stands first in ``names`` counts. At most ``limit`` bytes of it
    are read. Raises BadArchive.
    """
    order = list(names)
    best: tuple[tuple[int, int, str], Member] | None = None
    packed = io.BytesIO(archive)
    stream = _Counted(cast(BinaryIO, gzip.GzipFile(fileobj=packed)) if gzipped else packed)
    try:
        for name, size in _members(stream):
            path = _inside(name)
            if path is None or path.name.lower() not in order:
                stream.skip(_padded(size))
                continue
            rank = (len(path.parts), order.index(path.name.lower()), str(path))
            if best is not None and best[0] <= rank:
                stream.skip(_padded(size))
                continue
            content = stream.exactly(min(size, limit))
            stream.skip(_padded(size) - len(content))
            best = rank, Member(str(path), content, size - len(content))
    except (OSError, EOFError, zlib.error) as error:
        raise BadArchive(f"it cannot be unpacked ({type(error).__name__})") from None
    return best and best[1]


def _members(stream: _Counted) -> Iterator[tuple[str, int]]:
    """Name and size of each regular file, the stream standing at its content, which the caller takes."""
    long_name = ""
    long_size: int | None = None
    for _ in range(_MOST_MEMBERS):
        header = stream.up_to(_BLOCK)
        if not header.strip(b"\0"):
            return
        if len(header) < _BLOCK or not _sum_is_right(header):
            raise BadArchive("it is not a tar archive, or a damaged one")
        kind, size = header[156], _number(header[124:136])
        if kind in (_PAX, _PAX_GLOBAL, _LONG_NAME, _LONG_LINK):
            if size > _LARGEST_EXTENSION:
                raise BadArchive(f"one of its headers has more than {_LARGEST_EXTENSION} bytes")
            extension = stream.exactly(_padded(size))[:size]
            if kind == _LONG_NAME:
                long_name = _text(extension)
            elif kind == _PAX:
                said = _pax(extension)
                long_name = said.get("path", long_name)
                if "size" in said:
                    long_size = _whole(said["size"])
            continue
        if kind in _REGULAR:
            prefix = _text(header[345:500]) if header[257:263] == b"ustar\0" else ""
            plain = _text(header[:100])
            yield (
                long_name or (f"{prefix}/{plain}" if prefix else plain),
                (size if long_size is None else long_size),
            )
        else:
            # Folders and links have no content; others are passed over with theirs.
            stream.skip(_padded(size) if kind not in b"123456" else 0)
        long_name, long_size = "", None
    raise BadArchive(f"it has more than {_MOST_MEMBERS} files")


def _pax(extension: bytes) -> dict[str, str]:
    """The records of an extended header, each ``LENGTH KEY=VALUE`` and a line end."""
    said = {}
    at = 0
    while at < len(extension):
        digits, space, _ = extension[at : at + 20].partition(b" ")
        length = _whole(digits.decode("ascii", "replace")) if space else 0
        record = extension[at + len(digits) + 1 : at + length - 1]
        key, equals, value = record.partition(b"=")
        if not equals or not len(digits) < length <= len(extension) - at:
            raise BadArchive("one of its extended headers is damaged")
        said[_text(key)] = _text(value)
        at += length
    return said


def _inside(name: str) -> PurePosixPath | None:
    """The name as a path below the archive's root; None for one that leads elsewhere."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or not path.name or len(name) > _LONGEST_NAME:
        return None
    return path


def _sum_is_right(header: bytes) -> bool:
    return sum(header) - sum(header[148:156]) + 8 * 0x20 == _number(header[148:156])


def _number(text: bytes) -> int:
    """Octal digits; a first byte of 0x80 says that the rest is binary."""
    if text[:1] == b"\x80":
        return int.from_bytes(text[1:], "big")
    digits = text.strip(b" \0")
    if digits.strip(b"01234567"):
        raise BadArchive("it is not a tar archive, or a damaged one")
    return int(digits or b"0", 8)


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise BadArchive("one of its extended headers is damaged")
    return int(text)


def _text(raw: bytes) -> str:
    return raw.partition(b"\0")[0].decode("utf-8", "replace")


def _padded(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK


class _Counted:
    """A stream of which at most MOST_UNPACKED bytes are read."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._left = stream, MOST_UNPACKED

    def up_to(self, size: int) -> bytes:
        """So many bytes, fewer only at the end."""
        if size > self._left:
            raise BadArchive(f"it unpacks to more than {MOST_UNPACKED} bytes")
        self._left -= size
        return self._stream.read(size)

    def exactly(self, size: int) -> bytes:
        """So many bytes. Raises BadArchive when there are fewer."""
        content = self.up_to(size)
        if len(content) < size:
            raise BadArchive("it ends too early")
        return content

    def skip(self, size: int) -> None:
        """Pass over so many bytes, or to the end."""
        while size > 0:
            size -= len(self.up_to(min(size, 64 * 1024))) or size
