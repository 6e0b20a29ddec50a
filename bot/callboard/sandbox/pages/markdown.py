"""Markdown of pull requests as safe HTML: raw HTML is shown as text, but for folding and hidden comments."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markupsafe import Markup

_PIECES = re.compile(r"(<!--.*?(?:-->|\Z)|</?(?:details|summary)\s*>|<details\s+open\s*>)", re.DOTALL)
_OPEN_TAGS = "open_tags"


class _Renderer(RendererHTML):
    """Renders raw HTML piece by piece; ``env`` remembers which folding tags are open."""

    def html_block(self, tokens: Sequence[Token], idx: int, _options: Any, env: Any) -> str:
        return "".join(
            _piece(part, env.setdefault(_OPEN_TAGS, [])) for part in _PIECES.split(tokens[idx].content)
        )

    def html_inline(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return self.html_block(tokens, idx, options, env)


def _piece(part: str, open_tags: list[str]) -> str:
    if part.startswith("<!--"):
        return ""
    if not _PIECES.fullmatch(part):
        return escape(part)
    name = "summary" if "summary" in part else "details"
    if not part.startswith("</"):
        open_tags.append(name)
        return "<details open>" if "open" in part else f"<{name}>"
    if name not in open_tags:
        return ""
    closed = ""
    while open_tags:
        last = open_tags.pop()
        closed += f"</{last}>"
        if last == name:
            break
    return closed


_MARKDOWN = MarkdownIt("commonmark", {"html": True}, renderer_cls=_Renderer).enable(
    ["table", "strikethrough"]
)


def render(text: str) -> Markup:
    """The HTML of ``text``; every tag in it is one of ours, and every one that is open is closed."""
    env: dict[str, Any] = {}
    html = _MARKDOWN.render(text, env)
    html += "".join(f"</{name}>" for name in reversed(env.get(_OPEN_TAGS, [])))
    # Safe: html of markdown-it, whose raw HTML went through _piece.
    return Markup(html)  # noqa: S704
