"""Three-way merge of the text of a page, by lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from merge3 import Merge3


@dataclass(frozen=True)
class EditedLines:
    """Lines that a person changed. An empty text: they were removed, or the registry has none there."""

    first: int
    """Of the lines as they stand in the merged page, counted from 1."""
    last: int
    """Before ``first`` if the person removed the lines."""
    current: str
    wished: str
    conflict: bool
    """The registry changed the same lines, and that did not arrive."""
    section: str
    """The heading that they stand under, as the registry's page has it; empty before the first."""


def same_text(one: str, other: str) -> bool:
    """Whether two pages say the same: the kind of their line ends does not count."""
    return one == other or _lines(one) == _lines(other)


def with_line_ends_of(current: str, text: str) -> str:
    """``text`` with the line ends that prevail in ``current``."""
    return _joined([(line, None) for line in _lines(text)], current)


def _never(_section: str) -> bool:
    return False


def merge_page(
    base: str, current: str, wished: str, handed_back: Callable[[str], bool] = _never
) -> tuple[str, list[EditedLines]]:
    """The merged page, with its own line ends, and what people changed in it.

    ``handed_back`` tells of a heading whether people gave the lines under it back to the registry.
    """
    old, now, new = _lines(base), _lines(current), _lines(wished)
    own_ends = [line.endswith("\r") for line in current.split("\n")]
    sections = _sections(new)
    merged: list[tuple[str, bool | None]] = []
    edited: list[EditedLines] = []
    done_old = done_now = done_new = 0
    for old_from, old_to, now_from, now_to, new_from, new_to in Merge3(old, now, new).find_sync_regions():
        was, says, wants = old[done_old:old_from], now[done_now:now_from], new[done_new:new_from]
        section = sections[done_new if wants else done_new - 1] if wants or done_new else ""
        if says == was or handed_back(section):
            merged.extend((line, None) for line in wants)
        else:
            if says != wants:
                first = len(merged) + 1
                conflict = wants != was
                last = len(merged) + len(says)
                edited.append(EditedLines(first, last, "\n".join(says), "\n".join(wants), conflict, section))
            merged.extend(_own(now, own_ends, done_now, now_from))
        merged.extend(_own(now, own_ends, now_from, now_to))
        done_old, done_now, done_new = old_to, now_to, new_to
    return _joined(merged, current), edited


def _sections(lines: list[str]) -> list[str]:
    """For each line the heading that it stands under, or is."""
    found, heading, fence = [], "", ""
    for line in lines:
        opening = re.match(r" {0,3}(`{3,}|~{3,})", line)
        if opening and (not fence or line.strip().startswith(fence)):
            fence = "" if fence else opening[1]
        if not fence and (match := re.match(r"#{1,6}[ \t]+(\S.*?)[ \t#]*$", line)):
            heading = match[1]
        found.append(heading)
    return found


def _own(lines: list[str], ends: list[bool], start: int, stop: int) -> Iterator[tuple[str, bool | None]]:
    """Lines of the person with their own line ends; the last line of a page has none."""
    for index in range(start, stop):
        yield lines[index], (ends[index] if index + 1 < len(lines) else None)


def _lines(text: str) -> list[str]:
    """The lines without their ends. What follows the last line end counts, even if it is nothing."""
    *lines, last = text.split("\n")
    return [*(line.removesuffix("\r") for line in lines), last]


def _joined(lines: list[tuple[str, bool | None]], like: str) -> str:
    """Lines with ends of their own (True for CR LF), or else the ends that prevail in ``like``."""
    usual = like.count("\r\n") * 2 > like.count("\n")
    *most, (last, _) = lines or [("", None)]
    ended = (line + ("\r\n" if (usual if end is None else end) else "\n") for line, end in most)
    return "".join(ended) + last
