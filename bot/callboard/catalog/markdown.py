"""Markdown from outside, rewritten on its syntax tree until nothing in it acts.

It is parsed as a forge parses it (CommonMark, tables, strikethrough, bare addresses), its tokens are changed,
and it is written anew by mdformat's renderer. So what is not a token that we know cannot come through, and
equal input gives equal bytes. ``inert`` says how text, code and addresses are written.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass

from callboard.catalog import inert
from callboard.catalog.inert import plain
from callboard.catalog.markdown_tokens import inert_tokens
from callboard.catalog.markdown_writing import parse, render

__all__ = ["LONGEST", "Cleaned", "clean_markdown", "plain"]

LONGEST = 256 * 1024
"""Bytes of Markdown, before and after cleaning. What goes beyond is cut at a blank line."""
_MOST_TOKENS = 20_000
"""Blocks that a page may begin and end: four times what real cards of that length have."""
_ROUNDS = 8
_LONG_WORD = re.compile(r"([A-Za-z0-9._+-]{2000})(?=[A-Za-z0-9._+-])")


@dataclass(frozen=True)
class Cleaned:
    """Markdown that acts nowhere, and what had to be changed to make it so."""

    text: str
    """Ends with one line end, or is empty."""
    removed: tuple[str, ...]
    """What was left out or shown in another way, in words for the reader, sorted."""


def clean_markdown(markdown: str, *, heading_offset: int = 0) -> Cleaned:
    """``markdown`` from outside as Markdown that neither a forge, MkDocs nor a bot takes for more than text.

    ``heading_offset`` moves every heading down by so many levels, to six at most. Cleaning what is clean
    changes nothing. Never raises on any text.
    """
    removed: set[str] = set()
    current = _cut(inert.printable(markdown), removed)
    text = _settled(current, heading_offset, removed) if current.strip(" \t\n") else ""
    return Cleaned(text, tuple(sorted(removed)))


def _settled(markdown: str, offset: int, removed: set[str]) -> str:
    """``markdown`` rewritten until rewriting changes nothing, which is what makes cleaning repeatable."""
    current = markdown
    # The parser and the renderer are not ours and not total; this text is not lost for it.
    with suppress(Exception):
        current = _rewritten(current, offset, removed)
        for _ in range(_ROUNDS):
            again = _rewritten(current, 0, set())
            if again == current:
                return current
            current = again
    removed.add("text that is not regular Markdown, shown as it is")
    return _as_code(current)


def _rewritten(markdown: str, offset: int, removed: set[str]) -> str:
    # The search for bare addresses is quadratic in the length of a word.
    source = _LONG_WORD.sub(r"\1 ", inert.printable(markdown))
    while True:
        tokens = parse(source)
        excess = len(tokens) / _MOST_TOKENS
        if excess <= 1:
            text = render(inert_tokens(tokens, offset, removed))
            excess = len(text.encode()) / LONGEST
        if excess <= 1:
            return text
        source = _cut(source, removed, int(len(source.encode()) / excess * 0.9))


def _cut(markdown: str, removed: set[str], limit: int = LONGEST) -> str:
    raw = markdown.encode(errors="replace")
    if len(raw) <= limit:
        return markdown
    removed.add("what goes beyond the longest page")
    head = raw[:limit].decode(errors="ignore")
    for boundary in ("\n\n", "\n", " "):
        position = head.rfind(boundary)
        if position > limit // 2:
            return head[: position + 1]
    return head


def _as_code(text: str) -> str:
    content = inert.code(_cut(text, set(), LONGEST // 2)).strip("\n")
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", content)), default=0))
    return f"{fence}\n{content}\n{fence}\n"
