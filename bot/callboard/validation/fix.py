"""Repairs that need no thought: what is put right says the same to Backstage, or was refused by it before.

- An unquoted scalar that YAML 1.1 and 1.2 read differently is put in quotes where Backstage reads a text.
- A number or a boolean that stands where Backstage wants a text is put in quotes.
- A tag is put in small letters, a kind in the case that Backstage knows.
- Blanks around a name, a namespace, a tag or the value of a label go.
- The keys of an entity are put in their usual order: apiVersion, kind, metadata, spec.

Only in documents that say an apiVersion of Backstage. Each is a splice: no other byte changes. The result is
read again, and must hold the values that are wanted and every comment; else the file stays as it was.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path as FilePath
from typing import Any, TypeGuard, cast

import yaml

from callboard.documents.edits import SetValue, applied
from callboard.documents.pieces import Source, hide_breaks
from callboard.documents.place import Path, Place
from callboard.documents.reader import Document, read_documents
from callboard.documents.scalars import read_plain, reads_differently
from callboard.documents.spans import Layout, Node, Part, lay_out, line_end
from callboard.documents.values import same
from callboard.documents.writer import Quote, flow_text
from callboard.validation.contents import content
from callboard.validation.references import KINDS
from callboard.validation.rules import RULES

_MARK = "\ufeff"
_USUAL_ORDER = ("apiVersion", "kind", "metadata", "spec")
_TRIMMED = ("name-format", "namespace-format", "label-value-format")
_SIMPLE = re.compile(r"[-+.:\w]+", re.ASCII)
_LARGEST = 1024 * 1024
"""Bytes. What is larger was not written by hand, and each look at it takes long."""
_MOST_VALUES = 50_000
"""Lines and commas, for the same reason."""
_MOST = 1000
"""Findings of one entity that are looked at."""


@dataclass(frozen=True, slots=True)
class Fix:
    """Something that was put right, and where it stood."""

    file: str
    line: int
    column: int
    code: str
    """Of the diagnostic that there is no more; ``key-order`` for the order of keys."""
    what: str


def fix_file(path: FilePath) -> tuple[Fix, ...]:
    """Repair a file, and answer what was put right. Raises OSError if it cannot be written."""
    try:
        before = content(path)
    except OSError:
        return ()  # the check will say so
    after, fixes = fixed(before, path.as_posix())
    if fixes:
        _replace(path.resolve(), after)
    return fixes


def fixed(text: bytes, file: str) -> tuple[bytes, tuple[Fix, ...]]:
    """What a file should hold, and what is put right by it; the same bytes where nothing is."""
    if len(text) > _LARGEST or text.count(b",") + text.count(b"\n") > _MOST_VALUES:
        return text, ()
    try:
        whole = text.decode()
    except UnicodeDecodeError:
        return text, ()
    body = whole.removeprefix(_MARK)
    try:
        after, fixes = _with_right_scalars(body, file)
        if any(one.code == "unknown-kind" for one in fixes):
            # Only now is it known what the other fields should be.
            after, more = _with_right_scalars(after, file)
            fixes += more
        after, fixes = _in_order(after, fixes, file)
    except _Unfit:
        return text, ()
    return (whole[: len(whole) - len(body)] + after).encode(), fixes


class _Unfit(Exception):
    """The text cannot be read whole, or a repair would change more than it should."""


@dataclass(frozen=True)
class _Splice:
    node: Node
    new: str
    code: str
    edit: SetValue | None
    """What it does to the value of the document."""


def _with_right_scalars(text: str, file: str) -> tuple[str, tuple[Fix, ...]]:
    layout, documents = _read(text)
    wanted: list[Any] = []
    splices: list[_Splice] = []
    for document, part in zip(documents, layout.parts, strict=True):
        value = document.value
        if _is_entity(value):
            mine = {splice.node.start: splice for splice in _splices(value, part, text)}
            for splice in mine.values():
                value = applied(value, splice.edit) if splice.edit else value
            splices += mine.values()
        wanted.append(value)
    source = Source(file, text, {})
    kept, fixes, at = [], [], 0
    for splice in sorted(splices, key=lambda one: one.node.start):
        start, end = splice.node.start, splice.node.end
        what = f"{_shown(text[start:end])} became {_shown(splice.new)}"
        fixes.append(_fix(source.place(start), splice.code, what))
        kept += [text[at:start], splice.new]
        at = end
    after = "".join([*kept, text[at:]])
    _must_hold(after, wanted, layout)
    return after, tuple(fixes)


def _shown(written: str) -> str:
    """What stands in a file, as it stands there."""
    return written if len(written) <= 80 else f"{written[:79]}…"


def _fix(place: Place, code: str, what: str) -> Fix:
    return Fix(place.file, place.line, place.column, code, what)


def _read(text: str) -> tuple[Layout, Sequence[Document]]:
    reading = read_documents(text, "")
    if reading.faults or hide_breaks(text)[1]:
        raise _Unfit
    try:
        layout = lay_out(text)
    except yaml.YAMLError:
        raise _Unfit from None
    if len(layout.parts) != len(reading.documents):
        raise _Unfit
    return layout, reading.documents


def _must_hold(after: str, wanted: Sequence[Any], before: Layout) -> None:
    layout, documents = _read(after)
    comments = [Counter(one.text[start:end] for start, end in one.comments) for one in (before, layout)]
    if not same([one.value for one in documents], wanted) or comments[0] != comments[1]:
        raise _Unfit


# Scalars


def _splices(value: Mapping[str, Any], part: Part, text: str) -> Iterator[_Splice]:
    """What is to be written elsewise; of two for one place, the later one counts."""
    scalars = [node for node in part.root.within() if node.kind == "scalar" and not node.anchored]
    quotes = Counter(node.style for node in scalars)
    quote: Quote = '"' if quotes['"'] > quotes["'"] else "'"
    for node in scalars:
        if _is_plain(node, text) and _is_ambiguous_text(node.text):
            yield _Splice(node, _quoted(node.text, quote), "ambiguous-scalar", None)
    candidates = list(_candidates(value, part, text))
    after: Mapping[str, Any] = value
    for _, _, edit in candidates:
        after = applied(after, edit)
    still = {path for path, _ in _findings(after)}
    for node, code, edit in candidates:
        if edit.path not in still:
            style = cast(Quote, node.style) if node.style else None
            new = _quoted(edit.value, quote) if code == "wrong-type" else flow_text(edit.value, style)
            yield _Splice(node, new, code, edit)


def _quoted(text: str, quote: Quote) -> str:
    return f"{quote}{text}{quote}" if _SIMPLE.fullmatch(text) else flow_text(text, quote)


def _is_ambiguous_text(written: str) -> bool:
    # Who writes << wants to merge, and quotes would end that for readers of YAML 1.1.
    return reads_differently(written) and isinstance(read_plain(written), str) and written not in ("<<", "=")


def _is_plain(node: Node, text: str) -> bool:
    """Whether what stands there is the text itself: no quotes, no tag, on one line."""
    return not node.style and text[node.start : node.end] == node.text


def _findings(value: Mapping[str, Any]) -> set[tuple[Path, str]]:
    return {(one.path, one.code) for rule in RULES for one in islice(rule(value), _MOST) if not one.key}


def _candidates(value: Mapping[str, Any], part: Part, text: str) -> Iterator[tuple[Node, str, SetValue]]:
    given: set[tuple[Path, Any]] = set()  # to items of lists, where one value may not be there twice
    for path, code in sorted(_findings(value), key=str):
        node = _node_at(part.root, path)
        if node is None or node.kind != "scalar" or node.anchored or node.style in ("|", ">"):
            continue
        if not node.style and not _is_plain(node, text):
            continue
        try:
            old, siblings = _value_at(value, path)
        except (LookupError, TypeError):
            continue  # a key that is written one way and read another
        new = _repaired(old, code, node.text)
        item = (path if isinstance(path[-1], str) else path[:-1], new)
        if new != old and new not in siblings and item not in given:
            given.add(item)
            yield node, code, SetValue(path, new)


def _repaired(value: Any, code: str, written: str) -> Any:
    """What should stand there; the value itself where that takes a person."""
    if code == "wrong-type" and isinstance(value, bool | int | float):
        return written
    if not isinstance(value, str):
        return value
    if code == "tag-format":
        return value.strip().lower()
    if code in _TRIMMED:
        return value.strip()
    if code == "unknown-kind":
        return next((kind for kind in KINDS if kind.lower() == value.strip().lower()), value)
    return value


def _value_at(value: Any, path: Path) -> tuple[Any, Sequence[Any]]:
    """The value at a path, and what else stands in the same list."""
    holder: Any = None
    for step in path:
        holder, value = value, value[step]
    return value, holder if isinstance(holder, list) else ()


def _node_at(node: Node, path: Path) -> Node | None:
    for step in path:
        if node.anchored:
            return None
        if node.kind == "mapping":
            found = [inner for key, inner in node.entries if key.text == step]
        elif node.kind == "sequence" and isinstance(step, int):
            found = node.children[step : step + 1]
        else:
            return None
        if not found:
            return None
        node = found[0]
    return node


def _is_entity(value: Any) -> TypeGuard[Mapping[str, Any]]:
    """Whether Backstage reads the document. Others may, too: what they see must not change."""
    version = value.get("apiVersion") if isinstance(value, dict) else None
    return isinstance(version, str) and version.strip().startswith("backstage.io/")


# Order


def _in_order(text: str, fixes: tuple[Fix, ...], file: str) -> tuple[str, tuple[Fix, ...]]:
    layout, documents = _read(text)
    source = Source(file, text, {})
    kept, more, at = [], [], 0
    for document, part in zip(documents, layout.parts, strict=True):
        blocks = _blocks(part, layout) if _is_entity(document.value) else []
        usual = sorted(blocks, key=lambda block: _rank(block[0]))
        if usual == blocks:
            continue
        start, stop = blocks[0][1], blocks[-1][2]
        pieces = [text[begin:end] for _, begin, end in usual]
        # Where the file ends without a line end, it still does, whichever block is the last one now.
        eol = "" if text[start:stop].endswith("\n") else "\r\n" if "\r\n" in text else "\n"
        pieces = [piece if piece.endswith("\n") else piece + eol for piece in pieces]
        kept += [text[at:start], "".join(pieces).removesuffix(eol)]
        at = stop
        what = f"the keys stand in the order {_shown(', '.join(name for name, _, _ in usual))}"
        more.append(_fix(source.place(start), "key-order", what))
    if not more:
        return text, fixes
    after = "".join([*kept, text[at:]])
    try:
        _must_hold(after, [one.value for one in documents], layout)
    except _Unfit:
        return text, fixes
    return after, (*fixes, *more)


def _rank(key: str) -> int:
    return _USUAL_ORDER.index(key) if key in _USUAL_ORDER else len(_USUAL_ORDER)


def _blocks(part: Part, layout: Layout) -> list[tuple[str, int, int]]:
    """Of an entity in block style: each key, and where its lines begin and end, comments above it included.

    Comments above the first key are about the whole, and stay where they are.
    """
    root, text = part.root, layout.text
    if (
        root.kind != "mapping"
        or root.flow
        or not {"apiVersion", "kind", "metadata"} <= {key.text for key, _ in root.entries}
    ):
        return []
    starts: list[int] = []
    for key, _ in root.entries:
        start = key.start
        if key.column or text[start - 1 : start] not in ("", "\n"):
            return []
        while starts and (above := text.rfind("\n", 0, start - 1) + 1) > starts[-1]:
            if not text.startswith("#", above):
                break
            start = above
        starts.append(start)
    last = line_end(text, root.end)
    end = last + (2 if text.startswith("\r\n", last) else 1 if text.startswith("\n", last) else 0)
    names = [key.text for key, _ in root.entries]
    return list(zip(names, starts, [*starts[1:], end], strict=True))


def _replace(path: FilePath, text: bytes) -> None:
    """Write a file at once or not at all, with the permissions that it has."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text)
        shutil.copymode(path, name)
        os.replace(name, path)  # noqa: PTH105 - as cheap as it gets
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(name)  # noqa: PTH108
        raise
