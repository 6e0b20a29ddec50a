"""Raw HTML in Markdown from outside, said again in Markdown's own tokens.

Model cards are full of it: centered logos, badges, ``<details>``, tables, line breaks. What can be said in
Markdown is said so; tags without a meaning for a reader fall away; what acts (scripts, frames, styles) falls
away with its content; and what only looks like a tag (``<mask>``, ``<your-token>``) is text.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

from markdown_it.token import Token


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ACTIVE = _words(
    "script style iframe frame frameset object embed applet template noscript noembed noframes svg math "
    "head title textarea select audio video canvas map portal"
)
_BLOCKS = _words(
    "address article aside blockquote body center dd details dialog dir div dl dt fieldset figcaption figure "
    "footer form h1 h2 h3 h4 h5 h6 header hgroup hr html li main menu nav ol p pre search section summary "
    "table tbody td tfoot th thead tr ul caption colgroup"
)
_INLINE = _words(
    "a abbr acronym area b base basefont bdi bdo big blink br button cite code col data datalist del dfn em "
    "font i img input ins kbd label legend link mark marquee meta meter nobr optgroup option output param "
    "picture plaintext progress q rp rt ruby samp slot small source span strike strong sub sup time track tt "
    "u var wbr xmp"
)
_STRONG = {"b", "strong", "summary", "dt", "caption"}
_EMPHASIS = {"i", "em", "cite"}
_FARTHEST = 200
"""Tokens within a line that are looked through for the end of an element."""
_LARGEST = 64 * 1024
"""Characters of one block that are read. The reader of Python is quadratic in hostile ones."""


def known(tag: str) -> bool:
    """Whether ``tag`` is an HTML element, rather than a placeholder in angle brackets."""
    return tag in _ACTIVE or tag in _BLOCKS or tag in _INLINE


class _Tag(HTMLParser):
    """Reads one tag."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tag = ""
        self.attributes: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tag = self.tag or tag
        self.attributes = self.attributes or {name: value or "" for name, value in attrs}


def _tag(source: str) -> tuple[str, dict[str, str]]:
    reader = _Tag()
    reader.feed(source)
    return reader.tag, reader.attributes


def text_token(content: str) -> Token:
    """A token for plain text."""
    return Token("text", "", 0, content=content)


def _image(attributes: dict[str, str]) -> Token:
    token = Token("image", "img", 0, attrs={"src": attributes.get("src", "")})
    token.children = [text_token(attributes.get("alt", ""))]
    return token


def _link(href: str) -> tuple[Token, Token]:
    return Token("link_open", "a", 1, attrs={"href": href}), Token("link_close", "a", -1)


def inline_tokens(children: list[Token]) -> list[Token]:
    """``children`` of an inline token with every ``html_inline`` said in Markdown or left out."""
    result: list[Token] = []
    position = 0
    while position < len(children):
        token = children[position]
        if token.type != "html_inline":
            result.append(token)
            position += 1
            continue
        name = re.match(r"<(/?)([A-Za-z][A-Za-z0-9-]*)", token.content)
        tag = name[2].lower() if name else ""
        end = _closing(children, position, tag) if name and not name[1] else None
        if name and (not known(tag) or tag == "s"):
            result.append(text_token(token.content))
        elif tag in _ACTIVE and end is not None:
            position = end
        elif name and name[1]:
            pass
        elif tag == "br":
            result.append(Token("hardbreak", "br", 0))
        elif tag == "img":
            result.append(_image(_tag(token.content)[1]))
        elif tag == "a" and end is not None and (href := _tag(token.content)[1].get("href")):
            opened, closed = _link(href)
            result += [opened, *inline_tokens(children[position + 1 : end]), closed]
            position = end
        elif tag in {"code", "kbd", "samp", "tt"} and end is not None:
            inside = children[position + 1 : end]
            if inside and all(child.type == "text" for child in inside):
                content = "".join(child.content for child in inside)
                result.append(Token("code_inline", "code", 0, markup="`", content=content))
                position = end
        position += 1
    return result


def _closing(children: list[Token], start: int, tag: str) -> int | None:
    """Where the element that opens at ``start`` closes on the same level, or None."""
    depth = level = 0
    opens = re.compile(rf"(?i)<{tag}[\s/>]")
    closes = re.compile(rf"(?i)</{tag}[\s>]")
    for index in range(start, min(start + _FARTHEST, len(children))):
        child = children[index]
        level += child.nesting
        if level < 0:
            return None
        if child.type != "html_inline":
            continue
        if opens.match(child.content):
            depth += 1
        elif closes.match(child.content):
            depth -= 1
            if depth == 0:
                return index if level == 0 else None
    return None


class _Block(HTMLParser):
    """Reads a block of HTML into paragraphs, headings, code blocks and tables."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tokens: list[Token] = []
        self._line: list[Token] = []
        self._active: str | None = None
        self._links: list[Token] = []
        self._marks: list[str] = []
        self._heading = 0
        self._pre: list[str] | None = None
        self._rows: list[list[list[Token]]] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if self._active:
            return
        if not known(tag):
            self.handle_data(self.get_starttag_text() or "")
        elif tag in _ACTIVE:
            self._active = tag
        elif tag == "br":
            self._line.append(Token("hardbreak", "br", 0))
        elif tag == "img":
            self._line.append(_image(attributes))
        elif tag == "a" and attributes.get("href") and not self._links:
            opened, closed = _link(attributes["href"])
            self._line.append(opened)
            self._links.append(closed)
        elif tag in {"td", "th"} and self._rows:
            self._end_cell()
            self._rows[-1].append([])
        elif tag in _BLOCKS:
            self._start_block(tag)
        if tag in _STRONG or tag in _EMPHASIS:
            self._open_mark("strong" if tag in _STRONG else "em")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _ACTIVE:
            self.handle_starttag(tag, attrs)

    def _start_block(self, tag: str) -> None:
        if tag == "table" and self._rows is None:
            self._end_line()
            self._rows = []
        elif tag == "tr" and self._rows is not None:
            self._end_cell()
            self._rows.append([])
        elif self._rows is None:
            self._end_line()
            if tag == "pre":
                self._pre = []
            elif tag[0] == "h" and tag[1:].isdigit():
                self._heading = int(tag[1:])
        elif self._line:
            self._line.append(Token("hardbreak", "br", 0))

    def handle_endtag(self, tag: str) -> None:
        if self._active:
            self._active = None if tag == self._active else self._active
            return
        if not known(tag):
            self.handle_data(f"</{tag}>")
        elif tag == "a" and self._links:
            self._line.append(self._links.pop())
        elif tag in {"td", "th", "tr"} and self._rows is not None:
            self._end_cell()
        elif tag == "table" and self._rows is not None:
            self._end_table()
        elif tag == "pre" and self._pre is not None:
            self.tokens.append(
                Token("fence", "code", 0, markup="```", content="".join(self._pre).strip("\n") + "\n")
            )
            self._pre = None
        elif (tag in _STRONG or tag in _EMPHASIS) and self._marks:
            self._close_mark()
        if tag in _BLOCKS and self._rows is None:
            self._end_line()

    def handle_data(self, data: str) -> None:
        if self._active:
            return
        if self._pre is not None:
            self._pre.append(data)
        elif data.strip() or self._line:
            self._line.append(text_token(data))

    def _open_mark(self, mark: str) -> None:
        self._marks.append(mark)
        self._line.append(Token(f"{mark}_open", mark, 1, markup="**" if mark == "strong" else "*"))

    def _close_mark(self) -> None:
        mark = self._marks.pop()
        self._line.append(Token(f"{mark}_close", mark, -1, markup="**" if mark == "strong" else "*"))

    def _take_line(self) -> list[Token]:
        while self._marks or self._links:
            # The order of closing is the order of opening, turned round; a link is never inside itself.
            if self._links:
                self._line.append(self._links.pop())
            if self._marks:
                self._close_mark()
        line, self._line = self._line, []
        return _balanced(line)

    def _end_line(self) -> None:
        line = self._take_line()
        level, self._heading = self._heading, 0
        if line:
            kind, tag = ("heading", f"h{level}") if level else ("paragraph", "p")
            self.tokens += _wrapped(kind, tag, line, markup="#" * level)

    def _end_cell(self) -> None:
        line = self._take_line()
        if self._rows and self._rows[-1]:
            self._rows[-1][-1] += line
        elif line:
            self.tokens += _wrapped("paragraph", "p", line)

    def _end_table(self) -> None:
        self._end_cell()
        rows, self._rows = [row for row in self._rows or [] if row], None
        if not rows:
            return
        width = max(len(row) for row in rows)
        self.tokens.append(Token("table_open", "table", 1))
        for number, row in enumerate(rows):
            part, cell = ("thead", "th") if number == 0 else ("tbody", "td")
            if number < 2:
                self.tokens.append(Token(f"{part}_open", part, 1))
            self.tokens.append(Token("tr_open", "tr", 1))
            for line in [*row, *([[]] * (width - len(row)))]:
                self.tokens += _wrapped(cell, cell, line)
            self.tokens.append(Token("tr_close", "tr", -1))
            if number == 0 or number == len(rows) - 1:
                self.tokens.append(Token(f"{part}_close", part, -1))
        self.tokens.append(Token("table_close", "table", -1))

    def finish(self) -> list[Token]:
        """The tokens of all that was fed."""
        self.close()
        if self._pre is not None:
            self.handle_endtag("pre")
        if self._rows is not None:
            self._end_table()
        self._end_line()
        return self.tokens


def _wrapped(kind: str, tag: str, line: list[Token], markup: str = "") -> list[Token]:
    inline = Token("inline", "", 0, children=list(line))
    return [
        Token(f"{kind}_open", tag, 1, markup=markup),
        inline,
        Token(f"{kind}_close", tag, -1, markup=markup),
    ]


def _balanced(line: list[Token]) -> list[Token]:
    """``line`` without the marks and links that cross each other."""
    opened: list[int] = []
    kept: set[int] = set()
    for index, token in enumerate(line):
        if token.nesting == 1:
            opened.append(index)
        elif token.nesting == -1:
            if opened and line[opened[-1]].tag == token.tag:
                kept |= {opened.pop(), index}
        else:
            kept.add(index)
    return [token for index, token in enumerate(line) if index in kept]


def block_tokens(html: str) -> list[Token]:
    """The block tokens that say what a block of raw HTML says."""
    if re.fullmatch(r"\s*<!--.*?-->\s*", html, re.DOTALL):
        return []
    reader = _Block()
    reader.feed(html[:_LARGEST])
    return reader.finish()
