"""Markdown from outside, rewritten on its syntax tree until nothing in it acts.

It is parsed as a forge parses it (CommonMark, tables, strikethrough, bare addresses), its tokens are changed,
and it is written anew by mdformat's renderer. So what is not a token that we know cannot come through, and
equal input gives equal bytes. ``inert`` says how text, code and addresses are written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import mdformat.plugins
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdformat.renderer import MDRenderer, RenderContext, RenderTreeNode

from callboard.catalog import inert
from callboard.catalog.inert import plain
from callboard.catalog.raw_html import block_tokens, inline_tokens, text_token

__all__ = ["LONGEST", "Cleaned", "clean_markdown", "plain"]

LONGEST = 256 * 1024
"""Bytes of Markdown, before and after cleaning. What goes beyond is cut at a blank line."""
_MOST_TOKENS = 20_000
"""Blocks that a page may begin and end: four times what real cards of that length have."""
_ROUNDS = 8
_EMPTIABLE = {
    f"{kind}_open"
    for kind in (
        *("paragraph", "heading", "list_item", "bullet_list", "ordered_list", "blockquote"),
        *("strong", "em", "s", "link"),
    )
}
_LONG_WORD = re.compile(r"([A-Za-z0-9._+-]{2000})(?=[A-Za-z0-9._+-])")
_ALERT = re.compile(r"\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\][ \t]*", re.IGNORECASE)


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
        tokens = _PARSER.parse(source)
        excess = len(tokens) / _MOST_TOKENS
        if excess <= 1:
            text = _render(_changed(tokens, offset, removed))
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


def _any_address(url: str) -> bool:  # noqa: ARG001
    return True


def _parser() -> MarkdownIt:
    """The parser that mdformat-gfm sets up, but for three things.

    Labels are not kept, so that every link is written inline; no address is refused while parsing, so that a
    link that must not be followed is seen as one; and task boxes stay text.
    """
    parser = MarkdownIt(renderer_cls=MDRenderer)  # type: ignore[arg-type]
    parser.options["parser_extension"] = []
    parser.options["mdformat"] = {"compact_tables": True}
    gfm = mdformat.plugins.PARSER_EXTENSIONS["gfm"]
    parser.options["parser_extension"].append(gfm)
    gfm.update_mdit(parser)
    parser.core.ruler.disable("github-tasklists")
    parser.validateLink = _any_address  # type: ignore[method-assign]
    # After the plugins of mdformat-gfm, whose renderers these replace.
    parser.options["parser_extension"] = [_Combined(parser.options["parser_extension"])]
    return parser


# Tokens


def _changed(tokens: list[Token], offset: int, removed: set[str]) -> list[Token]:
    """``tokens`` of a document with what acts taken out, and without what is then empty."""
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


# Rendering


def _text(node: RenderTreeNode, _context: RenderContext) -> str:
    # A node's previous_sibling costs as much as it has siblings.
    parent = node.parent
    first = parent is not None and parent.type == "inline" and parent.children[0] is node
    return inert.text(node.content, starts_line=first)


def _link(node: RenderTreeNode, context: RenderContext) -> str:
    href = str(node.attrs["href"])
    if len(node.children) == 1 and node.children[0].content == href:
        return inert.address(href)
    shown = "".join(child.render(context) for child in node.children)
    return f"[{shown}]({href})"


def _line_break(_node: RenderTreeNode, _context: RenderContext) -> str:
    # Two spaces are lost to editors, a backslash is not known to MkDocs, and neither works in a table.
    return "<br>"


def _paragraph(node: RenderTreeNode, context: RenderContext) -> str:
    line = node.children[0].render(context).strip(" ")
    if node.parent is not None and node.parent.type == "root" and node.parent.children[0] is node:
        # MkDocs takes "key: value" on the first line of a page for its metadata.
        line = re.sub(r"\A([A-Za-z0-9_-]+):", r"\1&#58;", line)
    return line


def _list_item(node: RenderTreeNode, context: RenderContext) -> str:
    """mdformat's own, but the list is looked through once and not once for each of its items."""
    parent = node.parent
    assert parent is not None
    tight: dict[int, bool] = context.env.setdefault("tight lists", {})
    if id(parent) not in tight:
        blocks = (block for item in parent.children for block in item.children)
        tight[id(parent)] = all(block.hidden for block in blocks if block.type == "paragraph")
    separator = "\n" if tight[id(parent)] else "\n\n"
    return separator.join(block for child in node.children if (block := child.render(context)))


def _code_span(node: RenderTreeNode, _context: RenderContext) -> str:
    content = node.content
    runs = [len(run) for run in re.findall("`+", content)]
    mark = "`" * (max(runs, default=0) + 1)
    padded = runs or (content.startswith(" ") and content.endswith(" "))
    return f"{mark} {content} {mark}" if padded else f"{mark}{content}{mark}"


def _nothing(_node: RenderTreeNode, _context: RenderContext) -> str:
    raise AssertionError("raw HTML is left out before rendering")


_RENDERERS: dict[str, Any] = {
    "text": _text,
    "link": _link,
    "hardbreak": _line_break,
    "paragraph": _paragraph,
    "list_item": _list_item,
    "code_inline": _code_span,
    "html_inline": _nothing,
    "html_block": _nothing,
    "image": _nothing,
}


class _Combined:
    """The extensions of mdformat as one, with our renderers in the place of theirs and no postprocessing."""

    def __init__(self, extensions: list[Any]) -> None:
        self.RENDERERS = {
            name: doer for one in extensions for name, doer in one.RENDERERS.items()
        } | _RENDERERS
        self.POSTPROCESSORS: dict[str, Any] = {}


_PARSER = _parser()


def _render(tokens: list[Token]) -> str:
    return str(MDRenderer().render(tokens, _PARSER.options, {}))
