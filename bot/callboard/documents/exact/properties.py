"""What stands before a value (its anchor, its tag, blanks, comments), and what may not stand there."""

from __future__ import annotations

from dataclasses import dataclass

from callboard.documents.exact.branches import Branch, Flow, Leaf, Mapping, Sequence
from callboard.documents.exact.tokens import (
    ANCHOR,
    COMMA,
    COMMENT,
    DASH,
    DOCUMENT,
    NEWLINE,
    PLAIN,
    QUESTION,
    SPACE,
    TAG,
    Kind,
    Malformed,
    Token,
    unexpected,
)

_ORDER = ("not YAML: an anchor or a tag stands before an indicator", "put it directly before the value")


@dataclass(slots=True)
class Properties:
    """What stands before a value."""

    end: int
    start: int
    found: Token | None = None
    comma: Token | None = None
    anchor: Token | None = None
    tag: Token | None = None
    newline: bool = False
    newline_after: Token | None = None
    """The line end behind an anchor or a tag."""


def properties_in(
    tokens: list[Token],
    indicator: Kind,
    following: Branch | Token | None,
    offset: int,
    parent_indent: int,
    *,
    fresh: bool,
    flow: bool = False,
) -> Properties:
    """Reads what stands before a value, or before ``offset`` where no tokens do. Raises Malformed.

    ``indicator`` is what may stand among it, ``following`` the value itself or what is in its place.
    ``fresh``: a line begins there.
    """
    if not tokens:
        return Properties(offset, offset)
    end = tokens[-1].end
    read = Properties(end, end)
    at_newline = spaced = fresh
    glued = False
    start: int | None = None
    tab: Token | None = None
    tabs_count = not flow and not (indicator is DOCUMENT and isinstance(following, Flow))
    for token in tokens:
        kind = token.kind
        if glued and kind not in (SPACE, NEWLINE, COMMA):
            raise _glued(token.offset)
        glued = False
        if tab is not None:
            if at_newline and kind not in (COMMENT, NEWLINE):
                raise _tab(tab)
            tab = None
        if kind is SPACE:
            if tabs_count and "\t" in token.source:
                tab = token
            spaced = True
        elif kind is COMMENT:
            if not spaced:
                raise _comment(token)
            at_newline = False
        elif kind is NEWLINE:
            at_newline = spaced = read.newline = True
            if read.anchor or read.tag:
                read.newline_after = token
        elif kind is ANCHOR or kind is TAG:
            _keep(read, token)
            start = token.offset if start is None else start
            at_newline = spaced = False
            glued = True
        elif kind is indicator:
            if read.anchor or read.tag:
                raise Malformed(token.offset, *_ORDER)
            if read.found:
                raise unexpected(token)
            read.found = token
            at_newline = indicator in (DASH, QUESTION)
            spaced = False
        elif kind is COMMA and flow:
            if read.comma:
                raise unexpected(token)
            read.comma = token
            at_newline = spaced = False
        else:
            raise unexpected(token)
    if glued and following is not None and not _is_gap(following):
        raise _glued(following.offset)
    if tab is not None and (
        (at_newline and tab.indent <= parent_indent) or isinstance(following, Mapping | Sequence)
    ):
        raise _tab(tab)
    read.start = end if start is None else start
    return read


def _keep(read: Properties, token: Token) -> None:
    """Keeps an anchor or a tag. Raises Malformed where there is one already."""
    if (read.anchor if token.kind is ANCHOR else read.tag) is not None:
        what = f"not YAML: {token.kind.words} stands twice before one value"
        raise Malformed(token.offset, what, "keep one of the two")
    if token.kind is ANCHOR:
        read.anchor = token
    else:
        read.tag = token


def _is_gap(following: Branch | Token) -> bool:
    if isinstance(following, Token):
        return following.kind in (SPACE, NEWLINE, COMMA)
    return isinstance(following, Leaf) and following.token.kind is PLAIN and not following.token.source


def check_end(after: list[Token], *, spaced: bool = True) -> None:
    """Refuses what may not stand behind a value. ``spaced``: a comment needs a blank before it."""
    blank = not spaced
    for token in after:
        if token.kind in (SPACE, NEWLINE):
            blank = True
        elif token.kind is not COMMENT:
            raise unexpected(token)
        elif not blank:
            raise _comment(token)


def _glued(offset: int) -> Malformed:
    return Malformed(offset, "not YAML: no blank stands behind an anchor or a tag", "put one there")


def _tab(token: Token) -> Malformed:
    offset = token.offset + token.source.index("\t")
    return Malformed(
        offset, "not YAML: a tab stands where only spaces may", "indent with spaces, not with tabs"
    )


def _comment(token: Token) -> Malformed:
    what = "not YAML: no blank stands before a comment"
    return Malformed(token.offset, what, "put one before '#', or put the value in quotes")
