"""YAML in the many styles that people write, drawn by Hypothesis, with the lines of every value known."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from callboard.documents.place import Path
from callboard.documents.writer import Quote, flow_text

QUOTES: st.SearchStrategy[Quote | None] = st.sampled_from([None, None, "'", '"'])
WORDS = st.sampled_from(["owner", "tags", "spec", "a/b.c", "x-y", "no", "größe"])
SCALARS = st.sampled_from(["o", "a b", "it's", "x # y", "k: v", "7318e91234", "", "😀", 1, -0.5, True, None])
VALUES = st.recursive(
    SCALARS | st.just("one\n  two\n\nthree\n"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(WORDS, VALUES, min_size=1, max_size=5)


@dataclass
class Styled:
    """A text of two documents: the drawn one, and ``other: 1``."""

    value: dict[str, Any]
    lines: list[tuple[str, Path]] = field(default_factory=list)
    """Every line, with the path of the innermost value that it belongs to."""
    eol: str = "\n"
    paths: list[Path] = field(default_factory=list)
    flows: set[Path] = field(default_factory=set)
    """The values that stand on one line."""
    beside_dash: set[Path] = field(default_factory=set)
    """The values that stand on the line of the dash of the list that they are in, or deeper."""

    @property
    def text(self) -> str:
        return "".join(line + self.eol for line, _ in self.lines)

    def at(self, path: Path) -> Any:
        value: Any = self.value
        for step in path:
            value = value[step]
        return value

    def lines_outside(self, path: Path) -> list[str]:
        """The lines that an edit of the value at ``path`` must leave as they are."""
        whole = next((path[:end] for end in range(1, len(path)) if path[:end] in self.flows), path)
        touched = [whole]
        siblings = self.at(whole[:-1])
        if len(siblings) == 1:
            # Without its last entry, the collection is written as an empty one.
            touched.append(whole[:-1])
        elif whole in self.beside_dash:
            # What comes next moves to the line of the dash.
            following = 1 if isinstance(siblings, list) else list(siblings)[1]
            touched.append((*whole[:-1], following))
        return [
            line
            for line, owner in self.lines
            if not any(owner[: len(one)] == one for one in touched)
            # A blank line between the two goes with the move.
            and (line or whole not in self.beside_dash)
        ]


@st.composite
def styled_documents(draw: st.DrawFn) -> Styled:
    """A document in a random style."""
    styled = Styled(draw(DOCUMENTS), eol=draw(st.sampled_from(["\n", "\r\n"])))
    _Writer(draw, styled).write()
    return styled


class _Writer:
    def __init__(self, draw: st.DrawFn, styled: Styled) -> None:
        self.draw, self.styled = draw, styled
        self.number = 0

    def write(self) -> None:
        self._noise("", ())
        if self.draw(st.booleans()):
            self._line("---" + self._comment(), ())
        self._mapping(self.styled.value, 0, (), "")
        self._noise("", ())
        self._line("---", ())
        self._line("other: 1", ())

    def _line(self, line: str, path: Path) -> None:
        # After a dash, not even a comment may stand behind a tab.
        self.styled.lines.append((line.replace("-\t#", "- #"), path))

    def _comment(self) -> str:
        if not self.draw(st.integers(0, 2)):
            self.number += 1
            return self.draw(st.sampled_from(["  ", "\t", " "])) + f"# c{self.number}: [it's"
        return ""

    def _noise(self, pad: str, path: Path) -> None:
        """Comments and blank lines between values."""
        for _ in range(self.draw(st.sampled_from([0, 0, 0, 1, 2]))):
            self.number += 1
            self._line(self.draw(st.sampled_from(["", pad + f"# n{self.number}"])), path)

    def _mapping(self, value: dict[str, Any], column: int, path: Path, lead: str) -> None:
        """Entries at ``column``; ``lead`` is what already stands on the first line."""
        for key, held in value.items():
            inner = (*path, key)
            self.styled.paths.append(inner)
            if not lead:
                self._noise(" " * column, path)
            name = flow_text(key, self.draw(QUOTES))
            if lead:
                self.styled.beside_dash.add(inner)
            self._value(held, column, inner, (lead or " " * column) + name + ":", dash=False)
            lead = ""

    def _sequence(self, value: list[Any], column: int, path: Path, lead: str) -> None:
        for index, held in enumerate(value):
            inner = (*path, index)
            self.styled.paths.append(inner)
            if not lead:
                self._noise(" " * column, path)
            if lead:
                self.styled.beside_dash.add(inner)
            self._value(held, column, inner, (lead or " " * column) + "-", dash=True)
            lead = ""

    def _value(self, value: Any, column: int, path: Path, head: str, *, dash: bool) -> None:
        gap = " " * self.draw(st.sampled_from([1, 1, 1, 3]))
        if isinstance(value, str) and "\n" in value:
            self._text(value, column, path, head + gap)
        elif not isinstance(value, dict | list) or not value or self.draw(st.integers(0, 3)) == 0:
            self._flow(value, path, head + gap)
        elif dash and self.draw(st.booleans()):
            self._collection(value, column + 1 + len(gap), path, head + gap)
        else:
            self._line(head + self._comment(), path)
            least = 0 if isinstance(value, list) and not dash else 1
            self._collection(value, column + self.draw(st.integers(least, 4)), path, "")

    def _collection(self, value: Any, column: int, path: Path, lead: str) -> None:
        if isinstance(value, dict):
            self._mapping(value, column, path, lead)
        else:
            self._sequence(value, column, path, lead)

    def _text(self, value: str, column: int, path: Path, head: str) -> None:
        pad = " " * (column + self.draw(st.integers(1, 4)))
        self._line(head + "|" + self._comment(), path)
        for line in value.removesuffix("\n").split("\n"):
            self._line(pad + line if line else line, path)

    def _flow(self, value: Any, path: Path, head: str) -> None:
        quote = self.draw(QUOTES)
        self.styled.flows.add(path)
        self._paths_below(value, path)
        text = flow_text(value, quote)
        if value is None:
            text = self.draw(st.sampled_from(["null", "~", ""]))
        self._line((head + text).rstrip() + self._comment(), path)

    def _paths_below(self, value: Any, path: Path) -> None:
        steps = (
            value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        )
        for step, held in steps:
            self.styled.paths.append((*path, step))
            self._paths_below(held, (*path, step))
