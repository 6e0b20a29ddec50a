"""The syntax tree of a page from outside, with what acts in it taken out or made text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from markdown_it.token import Token

from callboard.catalog import inert
from callboard.catalog.raw_html import block_tokens, inline_tokens, text_token

_EMPTIABLE = {
    f"{kind}_open"
    for kind in (
        *("paragraph", "heading", "list_item", "bullet_list", "ordered_list", "blockquote"),
        *("strong", "em", "s", "link"),
    )
}
_ALERT = re.compile(r"\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\][ \t]*", re.IGNORECASE)


def inert_tokens(tokens: list[Token], offset: int, removed: set[str]) -> list[Token]:
    """``tokens`` of a document with what acts taken out, and without what is then empty.

    ``offset`` moves every heading down by so many levels. What is left out is added to ``removed``, in words.
    """
    result: list[Token] = []
    for token in _without_html(tokens, removed):
        if token.type == "inline":
            token.children = _inline(
                token.children or [], removed, in_cell=result[-1].type in {"td_open", "th_open"}
            )
            if not token.children and result[-1].type in _EMPTIABLE:
                continue
        elif token.type in {"heading_open", "heading_close"}:
            level = min(6, int(token.tag[1:]) + offset)
            token.tag, token.markup = f"h{level}", "#" * level
        elif token.type in {"fence", "code_block"}:
            _change_code(token)
            if _begins_list_item(result):
                result += _blank_paragraph()
        elif token.type == "blockquote_open":
            token.markup = ">"
        if token.nesting == -1 and result and result[-1].type in _EMPTIABLE and result[-1].nesting == 1:
            result.pop()
            continue
        result.append(token)
    return result


def _without_html(tokens: list[Token], removed: set[str]) -> Iterator[Token]:
    for token in tokens:
        if token.type == "html_block":
            removed.add("raw HTML")
            yield from block_tokens(token.content)
        else:
            yield token


def _change_code(token: Token) -> None:
    token.type, token.tag, token.markup = "fence", "code", "```"
    token.info = inert.language(token.info)
    content = inert.code(token.content)
    token.content = content if content.endswith("\n") or not content else content + "\n"


def _begins_list_item(before: list[Token]) -> bool:
    """Whether a code block here would begin on the line of a list marker, where MkDocs does not see it."""
    for token in reversed(before):
        if token.type == "list_item_open":
            return True
        if token.type not in {"blockquote_open", "bullet_list_open", "ordered_list_open"}:
            return False
    return False


def _blank_paragraph() -> list[Token]:
    inline = Token("inline", "", 0, children=[text_token(inert.NO_BREAK_SPACE)])
    return [
        Token("paragraph_open", "p", 1, hidden=True),
        inline,
        Token("paragraph_close", "p", -1, hidden=True),
    ]


def _inline(children: list[Token], removed: set[str], *, in_cell: bool) -> list[Token]:
    if any(child.type == "html_inline" for child in children):
        removed.add("raw HTML")
        children = inline_tokens(children)
    changed = _merged(_followable(_alert(children), removed, in_cell=in_cell))
    return _trimmed(changed)


def _alert(children: list[Token]) -> list[Token]:
    """GitHub's ``[!NOTE]`` as a bold word, because how MkDocs rewrites it changes what follows."""
    first = children[0] if children else None
    match = _ALERT.match(first.content) if first and first.type == "text" else None
    if first is None or match is None:
        return children
    first.content = first.content[match.end() :]
    word = [Token("strong_open", "strong", 1, markup="**"), text_token(match[1].capitalize())]
    return [*word, Token("strong_close", "strong", -1, markup="**"), text_token(" "), *children]


def _followable(children: list[Token], removed: set[str], *, in_cell: bool) -> Iterator[Token]:
    """``children`` with only links that may be followed, and links where images from elsewhere would load."""
    links: list[bool] = []
    for child in children:
        if child.type in {"link_open", "gfm_autolink_open"}:
            address = str(child.attrs.get("href", ""))
            bare = child.type == "gfm_autolink_open" or child.info == "auto"
            # A bare mail address stays text: nobody asked for a link.
            href = None if any(links) or (bare and address.startswith("mailto:")) else inert.link(address)
            links.append(href is not None)
            if href is not None:
                yield Token("link_open", "a", 1, attrs={"href": href})
            elif not bare:
                removed.add("links that lead nowhere from here")
        elif child.type in {"link_close", "gfm_autolink_close"}:
            if links and links.pop():
                yield Token("link_close", "a", -1)
        elif child.type == "image":
            removed.add("images, shown as links")
            yield from _as_link(child, inside=any(links))
        elif child.type == "code_inline":
            content = inert.code(re.sub(r"\n", " ", child.content))
            if not content.strip() or (in_cell and "|" in content):
                yield text_token(content)
            else:
                child.content = content
                yield child
        elif child.type == "softbreak":
            yield text_token(" ")
        elif child.type in {"text", "text_special"}:
            yield text_token(child.content)
        else:
            yield child


def _as_link(image: Token, *, inside: bool) -> Iterator[Token]:
    shown = _shown_text(image.children or [])
    href = inert.link(str(image.attrs.get("src", "")))
    if href is None or inside:
        yield text_token(shown)
        return
    yield Token("link_open", "a", 1, attrs={"href": href})
    yield text_token(shown.strip() or href.partition("?")[0].rstrip("/").rpartition("/")[2] or "image")
    yield Token("link_close", "a", -1)


def _shown_text(children: list[Token]) -> str:
    return "".join(child.content or _shown_text(child.children or []) or " " for child in children)


def _merged(children: Iterator[Token]) -> list[Token]:
    """``children`` without empty marks, and with texts that stand side by side as one."""
    result: list[Token] = []
    for child in children:
        if child.type == "text" and result and result[-1].type == "text":
            result[-1].content += child.content
        elif child.nesting == -1 and result and result[-1].nesting == 1:
            result.pop()
        elif child.type != "text" or child.content:
            result.append(child)
    return result


def _trimmed(children: list[Token]) -> list[Token]:
    """``children`` without white space and breaks at either end."""

    def blank(token: Token) -> bool:
        return token.type == "hardbreak" or (token.type == "text" and not token.content.strip(" \t\n"))

    start, end = 0, len(children)
    while start < end and blank(children[start]):
        start += 1
    while end > start and blank(children[end - 1]):
        end -= 1
    return children[start:end]
