"""The front matter of a Markdown file, read leniently: what is broken in it loses only itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from callboard.documents.place import Fault, Path, Place
from callboard.documents.reader import Document, read_documents
from callboard.sources.fields import MAX_KEYS, Fields, Origin, note

MAX_FRONT_MATTER = 2 * 1024 * 1024
"""Bytes of the front matter that are read. Cards of embedding benchmarks come near to 1 MB."""

_FENCE = re.compile(r"---[ \t]*")
_END = re.compile(r"(---|\.\.\.)[ \t]*")
_KEY = re.compile(r"""(["']?)[\w.-]+\1[ \t]*:(\s|$)""")


@dataclass(frozen=True)
class SplitCard:
    """A Markdown file, split into its front matter and its text."""

    fields: Fields
    """Empty where there is no front matter, or none that can be read."""
    text: str
    """What follows the front matter."""
    text_line: int
    """The line of the file that ``text`` begins on, from 1."""
    faults: list[Fault]
    """What was wrong; ``fields`` adds what is wrong with each field that is taken out of it."""


def split_card(content: bytes, file: str) -> SplitCard:
    """Split ``content`` (UTF-8; anything else is repaired and reported). Never raises."""
    faults: list[Fault] = []
    lines = _decoded(content, file, faults).split("\n")
    start, end = _front_matter(lines, file, faults)
    fields: Fields | None = None
    if end > start:
        fields = _read_front_matter("\n".join(lines[start + 1 : end]), start + 1, file, faults)
    text_from = 0 if fields is None else end + 1
    return SplitCard(
        fields=fields or Fields({}, Origin(lambda _: Place(file), (), faults)),
        text="\n".join(lines[text_from:]),
        text_line=text_from + 1,
        faults=faults,
    )


def has_front_matter(content: bytes) -> bool:
    """Whether the file begins with front matter, readable or not."""
    lines = _decoded(content, "", []).split("\n")
    start, end = _front_matter(lines, "", [])
    return any(_KEY.match(line) for line in lines[start + 1 : end])


def _decoded(content: bytes, file: str, faults: list[Fault]) -> str:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        text = content.decode("utf-8", "replace")
        faults.append(
            Fault(
                _place_at(content[: error.start].decode("utf-8", "replace"), file),
                "card-encoding",
                "the card is not UTF-8; what could not be read stands as �",
                "save the card as UTF-8",
            )
        )
    nul = text.find("\0")
    if nul >= 0:
        faults.append(
            Fault(
                _place_at(text[:nul], file),
                "card-nul",
                f"the card holds {text.count(chr(0))} NUL characters, which were removed",
                "remove them",
            )
        )
        text = text.replace("\0", "")
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _place_at(before: str, file: str) -> Place:
    return Place(file, before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)


def _front_matter(lines: list[str], file: str, faults: list[Fault]) -> tuple[int, int]:
    """The lines of the opening and the closing ``---``; (0, 0) where there is no front matter.

    Blank lines and comments may stand before it (license headers do), as people write but the Hub hides.
    """
    start, comment = 0, False
    while start < len(lines):
        line = lines[start].strip()
        if comment or line.startswith("<!--"):
            comment = not line.endswith("-->")
        elif line:
            break
        start += 1
    if start >= len(lines) or not _FENCE.fullmatch(lines[start]):
        return 0, 0
    for end in range(start + 1, len(lines)):
        if _END.fullmatch(lines[end]):
            return start, end
    if start + 1 < len(lines) and _KEY.match(lines[start + 1]):
        faults.append(
            Fault(
                Place(file, start + 1),
                "card-front-matter",
                "the front matter never ends, so that the whole card was read as its text",
                "put a line `---` after the last field",
            )
        )
    return 0, 0


def _read_front_matter(text: str, line: int, file: str, faults: list[Fault]) -> Fields | None:
    """The fields of the front matter that starts after ``line`` lines; None where it is prose.

    A block that cannot be read as a whole is read again field by field, so that what is broken loses only
    itself.
    """
    size = len(text.encode())
    if size > MAX_FRONT_MATTER:
        faults.append(
            Fault(
                Place(file, line),
                "card-front-matter",
                f"the front matter has {size:,} bytes and was not read",
                f"keep it below {MAX_FRONT_MATTER // 1024 // 1024} MiB",
            )
        )
        return Fields({}, Origin(lambda _: Place(file), (), faults))
    values: dict[object, object] = {}
    places: dict[object, tuple[Document, int]] = {}
    whole = read_documents(text, file)
    value = whole.documents[0].value if len(whole.documents) == 1 else None
    if not whole.faults and isinstance(value, Mapping) and len(value) <= MAX_KEYS:
        values.update(value)
        places.update(dict.fromkeys(value, (whole.documents[0], line)))
    elif any(_KEY.match(row) for row in text.split("\n")):
        _salvage(text, line, file, faults, values, places)
    elif text.strip():
        faults.append(
            Fault(
                Place(file, line),
                "card-front-matter",
                "the card begins with `---` but no fields follow; this was read as text",
                "write `key: value` lines between the two `---`, or remove them",
            )
        )
        return None

    def place(path: Path) -> Place:
        document, offset = places[path[0]]
        return _shifted(document.place(path), offset)

    return Fields(values, Origin(place, [""] * line + text.split("\n"), faults))


def _salvage(
    text: str,
    line: int,
    file: str,
    faults: list[Fault],
    values: dict[object, object],
    places: dict[object, tuple[Document, int]],
) -> None:
    for number, (offset, chunk) in enumerate(_fields(text)):
        if number == MAX_KEYS:
            note(
                faults,
                Fault(
                    Place(file, line + offset + 1),
                    "card-front-matter",
                    f"the front matter has more than {MAX_KEYS} fields; those from here on were left out",
                    "keep only the fields that a model card has",
                ),
            )
            return
        reading = read_documents(chunk, file)
        for fault in reading.faults:
            note(faults, replace(fault, place=_shifted(fault.place, line + offset)))
        for document in reading.documents:
            if not isinstance(document.value, Mapping):
                continue
            for key, value in document.value.items():
                if key in values:
                    note(
                        faults,
                        Fault(
                            _shifted(document.place((key,), key=True), line + offset),
                            "yaml-duplicate-key",
                            f"the front matter has the field {str(key)[:80]!r} twice; the first one counts",
                            "remove one of the two",
                        ),
                    )
                else:
                    values[key] = value
                    places[key] = document, line + offset


def _fields(text: str) -> Iterator[tuple[int, str]]:
    """The front matter cut at the lines that begin a top-level field, with the line number of each part."""
    part: list[str] = []
    begin = 0
    for number, row in enumerate(text.split("\n")):
        if part and _KEY.match(row):
            yield begin, "\n".join(part)
            part, begin = [], number
        part.append(row)
    yield begin, "\n".join(part)


def _shifted(place: Place, lines: int) -> Place:
    return replace(place, line=place.line + lines)
