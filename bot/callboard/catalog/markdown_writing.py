"""Markdown to tokens and back: as a forge reads it, and as mdformat's renderer writes it for all readers."""

from __future__ import annotations

import re
from typing import Any

import mdformat.plugins
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdformat.renderer import MDRenderer, RenderContext, RenderTreeNode

from callboard.catalog import inert


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


def parse(markdown: str) -> list[Token]:
    """The tokens of a text, as a forge reads it."""
    return _PARSER.parse(markdown)


def render(tokens: list[Token]) -> str:
    """Markdown that says what the tokens say."""
    return str(MDRenderer().render(tokens, _PARSER.options, {}))
