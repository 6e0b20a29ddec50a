"""YAML from outside, read as Backstage reads it, with the place of every value and limits on everything.

YAML 1.2, core schema: ``no`` and ``2026-01-01`` are strings, ``0777`` is 777, ``<<`` is a key like any other,
a key that stands twice is an error. libyaml reads what every reader reads alike (``ordinary``), ``exact`` the
rest; what could be nothing else to anybody has a shorter way (``quick``). The limits hold before anything
recursive sees the text, because deep nesting ends the process in libyaml's composer, and aliases can make a
terabyte of a hundred bytes.
"""

from __future__ import annotations

from functools import partial
from itertools import islice

from callboard.documents.document import Document as Document
from callboard.documents.document import Reading as Reading
from callboard.documents.limits import Limits
from callboard.documents.pieces import Piece, Source, pieces
from callboard.documents.place import Fault, Place
from callboard.documents.quick import read_quickly

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
        found = [Document(value, index, partial(_nth, source, index)) for index, value in enumerate(values)]
        return Reading(tuple(found), ())
    # It takes as long to load as hundreds of files take to be read.
    from callboard.documents.careful import read_carefully

    return read_carefully(raw, source, limits, forgiving=forgiving)


def _nth(source: Source, index: int) -> Piece:
    return next(islice(pieces(source), index, None))
