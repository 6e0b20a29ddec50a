"""A model card, cleaned and taken apart into the pages of a site."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import yaml
from markdown_it import MarkdownIt

from callboard.resources import shipped

OVERVIEW = "index"
_WITHOUT_MEANING = re.compile(r"(?i)^(?:model card(?: for)?|readme|overview)?$")


@dataclass(frozen=True)
class _Section:
    """A heading with what follows it up to the next heading. Level 0: what stands before the first one."""

    level: int
    heading: str
    body: str


@cache
def page_phrases() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """The table of ``techdocs/sections.yaml``: page, and the phrases that a heading of it holds."""
    table: Mapping[str, list[str]] = yaml.safe_load(shipped("techdocs", "sections.yaml").read_text("utf-8"))
    return tuple(
        (page, re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(phrases)))})\b"))
        for page, phrases in table.items()
    )


def split_card(markdown: str, names: set[str]) -> dict[str, str]:
    """Page to the part of the card that belongs there, headings from the second level down.

    ``markdown`` is clean. A first heading that only says the model's name (one of ``names``) falls away:
    the page has it already. Everything else is on exactly one page.
    """
    pages: dict[str, list[str]] = {}
    above: list[tuple[int, str, int]] = []  # level in the card, page, level on the page
    for number, section in enumerate(_sections(markdown)):
        while above and above[-1][0] >= section.level:
            above.pop()
        if number <= 1 and section.level == 1 and _says_only(section.heading, names):
            # What stands below the title is no subsection of it: a card has one title and many sections.
            pages.setdefault(OVERVIEW, []).append(section.body)
            continue
        page = _page_of(section.heading) or (above[-1][1] if above else OVERVIEW)
        inside = [level for _, held, level in above if held == page]
        level = min(6, inside[-1] + 1 if inside else 2)
        if _words(section.heading) == page:
            # The page has this title already.
            level -= 1
        elif section.level:
            pages.setdefault(page, []).append(f"{'#' * level} {section.heading}")
        if section.level:
            above.append((section.level, page, level))
        pages.setdefault(page, []).append(section.body)
    return {page: text for page, parts in pages.items() if (text := "\n\n".join(filter(None, parts)))}


def _sections(markdown: str) -> Iterator[_Section]:
    lines = markdown.split("\n")
    headings = [
        (token.map[0], int(token.tag[1:]))
        for token in MarkdownIt().parse(markdown)
        if token.type == "heading_open" and token.level == 0 and token.map
    ]
    ends = [start for start, _ in headings] + [len(lines)]
    yield _Section(0, "", "\n".join(lines[: ends[0]]).strip("\n"))
    for (start, level), end in zip(headings, ends[1:], strict=True):
        heading = lines[start].lstrip("#").strip()
        yield _Section(level, heading, "\n".join(lines[start + 1 : end]).strip("\n"))


def _page_of(heading: str) -> str | None:
    words = _words(heading)
    return next((page for page, phrases in page_phrases() if phrases.search(words)), None)


def _says_only(heading: str, names: set[str]) -> bool:
    words = _words(heading)
    for name in sorted(map(_words, names), key=len, reverse=True):
        if name and words.endswith(name):
            words = words.removesuffix(name).strip()
            break
    return bool(_WITHOUT_MEANING.match(words))


def _words(text: str) -> str:
    """``text`` in lower case, letters and digits only, single spaces between the words."""
    shown = re.sub(r"\]\([^)]*\)|<[^>]*>|&#?\w+;", " ", text)
    flat = unicodedata.normalize("NFKC", shown).casefold()
    return re.sub(r"[\W_]+", " ", flat).strip()
