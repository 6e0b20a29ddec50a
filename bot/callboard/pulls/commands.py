"""Commands that people write into the comments of a pull request: finding them, and who may give which.

A command is a line of its own in the comment's own words: ``/rebase``, or ``/callboard rebase``, which nobody
else takes for theirs. GitLab takes ``/rebase``, ``/merge``, ``/reopen`` and ``/approve`` for its own quick
actions and removes these lines from the comment; what it does not know, it leaves as it is (its source,
``Gitlab::QuickActions::Extractor``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from html.parser import HTMLParser
from typing import Literal

from markdown_it import MarkdownIt
from markdown_it.token import Token

Name = Literal[
    "help", "explain", "hold", "unhold", "rebase", "recreate", "merge", "ignore", "reopen", "regenerate"
]
Permission = Literal["comment", "write"]

PERMISSION: dict[Name, Permission] = {
    "help": "comment",
    "explain": "comment",
    "hold": "comment",
    "unhold": "write",
    "rebase": "write",
    "recreate": "write",
    "merge": "write",
    "ignore": "write",
    "reopen": "write",
    "regenerate": "write",
}
"""What somebody must be allowed to do here to give a command; only persons give any."""

TAKEN_BY_GITLAB: frozenset[Name] = frozenset({"rebase", "merge", "reopen"})
"""GitLab's own quick actions: it carries them out itself, and nobody else sees them."""

MOST_COMMANDS = 5
"""In one comment; what follows is not read."""

_APPROVALS = {"approve", "approved", "lgtm", "unapprove"}
LONGEST = 16_384
"""Characters of a comment in which commands are looked for. A parser of Markdown takes quadratic time for
some texts, and anybody may comment."""
_LINE = re.compile(r"/([A-Za-z][A-Za-z-]{0,30})(?:[ \t]+(\S.*))?[ \t]*")
_MIGHT_COMMAND = re.compile(r"^/[A-Za-z]", re.MULTILINE)
_OURS = re.compile(r"<!--\s*callboard[:-]", re.IGNORECASE)
_MARK = "\ue000"
"""Put around a line's number before it while it is parsed, to see where it ends up. From the private area: it
means nothing."""
_MARKED = re.compile(f"{_MARK}([0-9]+){_MARK}")
_NEAR = 0.75


@dataclass(frozen=True, slots=True)
class Command:
    """One line that was meant as a command."""

    word: str
    """What stands there, in lower case: known or not."""
    meant: Name | Literal["approve"] | None
    """The command; ``approve`` for any of the words for it, which is the forge's; None when it is unknown."""
    argument: str = ""
    """What follows on the line, single-spaced."""
    explicit: bool = False
    """Written as ``/callboard …``: meant for us, and for nobody else."""
    nearest: Name | None = None
    """What an unknown word is most like."""


def commands(text: str) -> tuple[Command, ...]:
    """The commands in the text of a comment, in order; one more than ``MOST_COMMANDS`` at most. Never raises.

    Only lines of top-level paragraphs count: what is quoted, listed, in a table, code, raw HTML, folded away,
    emphasized or part of a link does nothing, nor does a text with hidden lines of ours in it.
    """
    return _commands(text[:LONGEST])


@lru_cache(maxsize=1024)  # a pass asks several times
def _commands(text: str) -> tuple[Command, ...]:
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace(_MARK, "")
    if _MIGHT_COMMAND.search(text) is None or _OURS.search(text):
        return ()
    found: list[Command] = []
    for line in _own_lines(text):
        command = _command(line)
        if command is not None:
            found.append(command)
        if len(found) > MOST_COMMANDS:
            break
    return tuple(found)


def spelling(name: str, *, explicit: bool) -> str:
    """How a command is written."""
    return f"/callboard {name}" if explicit else f"/{name}"


def _command(line: str) -> Command | None:
    match = _LINE.fullmatch(line)
    if match is None:
        return None
    word, words = match[1].lower(), (match[2] or "").split()
    explicit = word == "callboard"
    if explicit:
        word, words = (words[0].lower().removeprefix("/"), words[1:]) if words else ("help", [])
    if (word, words) == ("hold", ["cancel"]):  # Prow's word for it
        word, words = "unhold", []
    argument = " ".join(words)
    for name in PERMISSION:
        if word == name:
            return Command(word, name, argument, explicit)
    if word in _APPROVALS:
        return Command(word, "approve", argument, explicit)
    near = get_close_matches(word, PERMISSION, n=1, cutoff=_NEAR)
    nearest = next((name for name in PERMISSION if name in near), None)
    if explicit or (nearest is not None and len(words) < 2):
        return Command(word, None, argument, explicit, nearest)
    return None


# CommonMark with GitHub's tables; what a forge adds beyond (bare links, task boxes) hides no line.
_PARSER = MarkdownIt("commonmark").enable("table")
_HIDING = {
    *("details", "blockquote", "pre", "code", "table", "ul", "ol", "dl", "div", "section", "template"),
    *("del", "s", "q", "samp", "kbd", "script", "style", "textarea", "a"),
}
"""Elements whose content is not simply said."""


class _Elements(HTMLParser):
    """How many of the elements that hide are open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: Sequence[object]) -> None:  # noqa: ARG002
        if tag in _HIDING:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Sequence[object]) -> None:
        self.handle_starttag(tag, attrs)  # HTML has no such thing: <details/> opens

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            del self.open[len(self.open) - 1 - self.open[::-1].index(tag) :]

    def read(self, markup: str) -> None:
        """Take in one piece of raw HTML."""
        self.reset()
        self.feed(markup)

    def read_inline(self, tokens: Sequence[Token]) -> None:
        """Take in the raw HTML among the parts of a line."""
        for token in tokens:
            if token.type == "html_inline":
                self.read(token.content)


def _own_lines(text: str) -> Iterator[str]:
    """The lines that begin with a slash and are plain text of a paragraph of the comment itself."""
    env: dict[str, object] = {}
    elements = _Elements()
    lines = text.split("\n")
    before = ""
    for token in _PARSER.parse(text, env):
        if token.type == "html_block":
            elements.read(token.content)
        elif token.type == "inline":
            if token.level == 1 and before == "paragraph_open" and token.map is not None:
                yield from _plain_lines(lines[token.map[0] : token.map[1]], env, elements)
            else:
                elements.read_inline(token.children or [])
        before = token.type


def _plain_lines(lines: Sequence[str], env: dict[str, object], elements: _Elements) -> Iterator[str]:
    """Those of a paragraph's lines that begin with a slash and turn out to be text and nothing else."""
    marked = "\n".join(
        f"{_MARK}{number}{_MARK}{line}" if line.startswith("/") else line for number, line in enumerate(lines)
    )
    begins = True
    for child in _PARSER.parseInline(marked, env)[0].children or []:
        elements.read_inline([child])
        match = _MARKED.match(child.content) if child.type == "text" and child.level == 0 and begins else None
        if match is not None and not elements.open:
            yield lines[int(match[1])].rstrip()
        begins = child.type in ("softbreak", "hardbreak")
