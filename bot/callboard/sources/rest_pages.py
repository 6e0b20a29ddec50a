"""Lists that come in pages, in the ways that registries have: none, numbers, offsets, cursors, links.

A list that rows are put into or taken from while it is read by numbers or offsets gives some rows twice and
others never. What can tell is used: a total, and with offsets one row of overlap. Where nothing can, the list
is not sure to be whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlencode, urljoin

from pydantic import AfterValidator, Field, model_validator

from callboard.config import Settings
from callboard.http import Client, Response
from callboard.sources.queries import checked_query, query

MOST_PAGES = 1000

_NEXT = re.compile(r'<([^<>]+)>\s*;[^,<]*\brel="?next"?')

Query = Annotated[
    str,
    Field(min_length=1, max_length=1000, description="a JMESPath expression"),
    AfterValidator(checked_query),
]
Word = Annotated[str, Field(min_length=1, max_length=200)]


def _inside(path: str) -> str:
    if any(part in (".", "..") for part in path.partition("?")[0].split("/")):
        raise ValueError("write the path without . and ..")
    return path


PathBelow = Annotated[
    str,
    Field(
        pattern=r"^/[^\s#\\]*$",
        max_length=1000,
        description="a path below url, beginning with /, with a query where it needs one",
    ),
    AfterValidator(_inside),
]


class Unending(Exception):
    """A list whose pages do not end, or that changed while it was read: in words for people."""


class Paging(Settings):
    """How a list comes in pages."""

    style: Literal["none", "page", "offset", "cursor", "link"] = "none"
    """``page``: by number. ``offset``: by the number of entries before. ``cursor``: by a token in the answer
    before. ``link``: by the address of the next page, in the header ``Link`` or at ``next``."""
    parameter: Word | None = None
    """Of the query, for the page's number, offset or cursor. Default: ``page``, ``offset``, ``cursor``."""
    first: Annotated[int, Field(strict=True, ge=0, le=1)] = 1
    """The number of the first page."""
    size_parameter: Word | None = None
    """Of the query, for the number of entries on a page."""
    size: Annotated[int, Field(strict=True, ge=2, le=100_000)] | None = None
    next: Query | None = None
    """On the answer: the next cursor, or for ``link`` the next page's address."""
    total: Query | None = None
    """On the answer: how many entries the list has."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.style == "cursor" and self.next is None:
            raise ValueError("with style: cursor, give next: where in the answer the next cursor stands")
        if (self.size is None) != (self.size_parameter is None):
            raise ValueError("give both size and size-parameter, or neither")
        if self.next is not None and self.style not in ("cursor", "link"):
            raise ValueError("next is for style: cursor or link")
        return self


class Request(Settings):
    """A list that the registry answers."""

    path: PathBelow
    query: dict[Word, str] = Field(default_factory=dict)
    items: Query = "@"
    """On the answer: the list of entries."""
    paging: Paging = Paging()


@dataclass(frozen=True)
class Page:
    """The entries of one page, those left out that a page before had."""

    entries: list[Any]
    sure: bool
    """Whether, if this is the last page, the list is sure to be whole."""


def pages(client: Client, request: Request, identity: Callable[[Any], str]) -> Iterator[Page]:
    """The pages. ``identity`` tells an entry from others.

    Raises HttpProblem, BadQuery and Unending, after all pages that could be read.
    """
    paging, walk = request.paging, _Walk(request.paging, identity)
    path, _, written = request.path.partition("?")
    given = [*request.query.items()]
    if paging.size_parameter is not None:
        given.append((paging.size_parameter, str(paging.size)))
    address = None
    extra = [(paging.parameter or "page", str(paging.first))] if paging.style == "page" else []
    for number in range(1, MOST_PAGES + 1):
        asked = "&".join(filter(None, [written, urlencode([*given, *extra])]))
        response = client.get(address or (f"{path}?{asked}" if asked else path))
        answer = response.json()
        entries = query(request.items, answer)
        if not isinstance(entries, list):
            raise Unending("the answer holds no list there")
        if paging.total is not None:
            walk.count(query(paging.total, answer))
        yield walk.page(entries)
        if paging.style == "page" and entries and not walk.has_all:
            extra = [(paging.parameter or "page", str(paging.first + number))]
        elif paging.style == "offset" and len(entries) > walk.overlap and not walk.has_all:
            extra = [(paging.parameter or "offset", str(walk.following(len(entries))))]
        elif paging.style == "cursor" and (token := _token(query(paging.next or "@", answer))) is not None:
            walk.once(token)
            extra = [(paging.parameter or "cursor", token)]
        elif paging.style == "link" and (token := _following(paging, response, answer)) is not None:
            walk.once(token)
            address = token
        else:
            walk.end()
            return
    raise Unending(f"the list has not ended after {MOST_PAGES} pages")


def _token(said: Any) -> str | None:
    if said is None or said is False or said == "":
        return None
    if isinstance(said, str) or (isinstance(said, int) and not isinstance(said, bool)):
        return str(said)
    raise Unending("what should lead to the next page is no text")


def _following(paging: Paging, response: Response, answer: Any) -> str | None:
    if paging.next is not None:
        said = _token(query(paging.next, answer))
    else:
        found = _NEXT.search(response.headers.get("link", ""))
        said = found[1] if found else None
    try:
        return None if said is None else urljoin(response.url, said)
    except ValueError:
        raise Unending("what should lead to the next page is no address") from None


class _Walk:
    """What was seen so far of a list."""

    def __init__(self, paging: Paging, identity: Callable[[Any], str]) -> None:
        self._paging, self._identity = paging, identity
        self._seen: set[str] = set()
        self._asked: set[str] = set()
        self._total: int | None = None
        self._last: str | None = None
        self._offset = 0
        self._pages = 0
        self._moved = False
        self.overlap = 0
        """How many entries the present page should have in common with the one before."""

    @property
    def has_all(self) -> bool:
        """Whether as many entries were seen as the list is said to have."""
        return self._total is not None and len(self._seen) >= self._total

    def count(self, total: Any) -> None:
        """Note what the answer says of the list's length."""
        if not isinstance(total, int) or isinstance(total, bool) or total < 0:
            raise Unending("the total is no number")
        self._moved = self._moved or self._total not in (None, total)
        self._total = total

    def page(self, entries: list[Any]) -> Page:
        """The entries of a page that were on none before. Raises Unending when all were."""
        names = [self._identity(entry) for entry in entries]
        if self.overlap:
            self._moved = self._moved or names[:1] != [self._last]
            if names[:1] == [self._last]:
                names, entries = names[1:], entries[1:]
        before = self._seen if self._paging.style in ("page", "offset") else ()
        fresh = [entry for entry, name in zip(entries, names, strict=True) if name not in before]
        if names and not fresh:
            raise Unending("the registry answers the same entries again, whatever page is asked for")
        self._moved = self._moved or len(fresh) < len(entries)
        self._seen.update(names)
        self._last = names[-1] if names else self._last
        self._pages += bool(names)
        return Page(fresh, self._paging.style != "page" or self._total is not None or self._pages < 2)

    def following(self, entries: int) -> int:
        """The offset of the next page: the last entry again, so that what moved is seen."""
        self._offset += entries
        self.overlap = 1 if entries > 1 else 0
        self._offset -= self.overlap
        return self._offset

    def once(self, token: str) -> None:
        """Note what leads to the next page. Raises Unending when that was asked for before."""
        if token in self._asked:
            raise Unending("the registry leads to the same next page again and again")
        self._asked.add(token)

    def end(self) -> None:
        """Raises Unending when the list is not what it was said to be."""
        if self._moved:
            raise Unending("entries came or went while the list was read, so some may be missing")
        if self._total is not None and len(self._seen) != self._total:
            raise Unending(f"the list is said to have {self._total} entries, and {len(self._seen)} came")
