"""The documents of a text, and the directives before them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from callboard.documents.collector import without_collector
from callboard.documents.exact.budget import Budget, TooMany
from callboard.documents.exact.nodes import root_node
from callboard.documents.exact.tag_names import HANDLES, NO_DIRECTIVES, Directives
from callboard.documents.exact.tokens import Malformed
from callboard.documents.exact.tree import grow

_MARK = "\ufeff"
_BOUNDARY = re.compile(r"^(?:---|\.\.\.)(?=[ \t\r\n]|\Z)", re.MULTILINE)
_NOTHING = re.compile(r"[ \t]*(?:\#[^\n]*)?(?:\r?\n|\Z)")
_LINE = re.compile(r"[^\n]*\n?")
_COMMENT = re.compile(r"[ \t]#.*", re.DOTALL)
_VERSION = re.compile(r"[0-9]+\.[0-9]+")
_DIRECTIVE_HINT = "write %YAML 1.2, or remove the line"


@dataclass(frozen=True, slots=True)
class Read:
    """One document."""

    start: int
    text: str
    node: yaml.Node | None
    """Its places are counted from ``start``. None where it cannot be read."""
    malformed: Malformed | None = None
    aliased: tuple[yaml.Node, ...] = ()
    """The nodes that aliases stand for."""
    directives: Directives = NO_DIRECTIVES


def documents(text: str, depth: float = math.inf, budget: Budget | None = None) -> Iterator[Read]:
    """Every document of a text; one that has more than ``depth`` collections in each other is TooDeep.

    Raises TooMany beyond the ``budget``.
    """
    return _Stream(text, depth, budget or Budget()).documents()


def read_again(text: str, directives: Directives) -> yaml.Node:
    """The node of a document that was read before; what is too large or too deep was refused then."""
    with without_collector():
        root = grow(text, math.inf, Budget(), marked=_marker_at(text, 0) == "---")
        return root_node(root, text, directives)[0]


@dataclass
class _State:
    """The directives that hold for the next document."""

    explicit: bool = False
    old: bool = False
    handles: dict[str, str] = field(default_factory=lambda: dict(HANDLES))
    used: bool = False
    """A document of YAML 1.1 had them; they hold until the next directive."""

    def for_document(self) -> Directives:
        directives = Directives(self.explicit and self.old, self.handles)
        if self.old:
            self.used = True
        else:
            self.explicit, self.used, self.handles = False, False, dict(HANDLES)
        return directives

    def add(self, line: str, offset: int) -> Malformed | None:
        """Takes in a directive; returns what is wrong with it. An unknown one is nothing."""
        if self.used:
            self.explicit, self.used, self.handles = False, False, dict(HANDLES)
        name, *parts = _COMMENT.sub("", line).split()
        if name == "%TAG":
            if len(parts) >= 2:
                self.handles[parts[0]] = parts[1]
            if len(parts) != 2:
                return Malformed(offset, "not YAML: %TAG needs a handle and a prefix", _DIRECTIVE_HINT)
        elif name == "%YAML":
            self.explicit = True
            if parts in (["1.1"], ["1.2"]):
                self.old = parts == ["1.1"]
            elif len(parts) != 1 or _VERSION.fullmatch(parts[0]) is None:
                return Malformed(offset, "not YAML: %YAML needs one version", _DIRECTIVE_HINT)
        return None


class _Stream:
    def __init__(self, text: str, depth: float, budget: Budget) -> None:
        self.text, self.depth, self.budget = text, depth, budget
        self.at = 0
        self.state = _State()
        self.directed = False
        """A directive stands before the next document."""
        self.wrong: Malformed | None = None

    def documents(self) -> Iterator[Read]:
        held: Read | None = None
        try:
            for read in self._read():
                if held is not None:
                    yield held
                held = read
        except TooMany:
            if held is not None:
                yield held
            raise
        if held is not None:
            # What is wrong behind the last document is its fault.
            if self.wrong is not None and held.malformed is None:
                held = Read(held.start, held.text, None, self.wrong.moved(-held.start))
            yield held

    def _read(self) -> Iterator[Read]:
        between = True
        while True:
            if between and not self._skip_to_document():
                return
            read = self._document()
            between = self.text.startswith("...", self.at)
            if between:
                self.at += 3
                if _NOTHING.match(self.text, self.at) is None:
                    what = "not YAML: something stands behind '...'"
                    wrong = Malformed(self.at - read.start, what, "put it behind '---' on a line of its own")
                    yield Read(read.start, read.text, None, read.malformed or wrong)
                    return
            yield read
            if not between and self.at >= len(self.text):
                return

    def _skip_to_document(self) -> bool:
        """Goes to the next document, over comments and directives; False where there is none."""
        text = self.text
        while self.at < len(text):
            if text.startswith(_MARK, self.at):
                self.at += 1
            if text.startswith("%", self.at):
                found = _LINE.match(text, self.at)
                assert found is not None
                wrong = self.state.add(found[0], self.at)
                self.wrong = self.wrong or wrong
                self.directed = True
            else:
                found = _NOTHING.match(text, self.at)
                if found is None:
                    return True
            self.at = found.end()
        return False

    def _document(self) -> Read:
        start = self.at
        marked = _marker_at(self.text, start) == "---"
        boundary = _BOUNDARY.search(self.text, start + 3 if marked else start)
        if _marker_at(self.text, start) != "...":  # Nothing stands before those.
            self.at = boundary.start() if boundary else len(self.text)
        wrong, directed = self.wrong, self.directed
        self.wrong, self.directed = None, False
        directives = self.state.for_document()
        if wrong is None and directed and not marked:
            what = "not YAML: no '---' stands behind the directives"
            wrong = Malformed(start, what, "put '---' on a line of its own before the document")
        if wrong is not None:
            return Read(start, self.text[start : self.at], None, wrong.moved(-start))
        text = self.text[start : self.at]
        try:
            root = grow(text, self.depth, self.budget, marked=marked)
            node, aliased = root_node(root, text, directives)
            return Read(start, text, node, None, tuple(aliased), directives)
        except Malformed as malformed:
            return Read(start, text, None, malformed)
        except TooMany as many:
            raise TooMany(start + many.offset, many.what) from None


def _marker_at(text: str, at: int) -> str:
    """What tells documents apart and stands there; empty where nothing does."""
    marker, behind = text[at : at + 3], text[at + 3 : at + 4]
    return marker if marker in ("---", "...") and behind in " \t\r\n" else ""
