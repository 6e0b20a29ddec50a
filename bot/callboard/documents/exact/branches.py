"""What the tree of a document is made of.

Blanks, line ends and comments are kept beside what they stand before, because where they stand decides what
an anchor belongs to and whether a key may be there.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from callboard.documents.exact.tokens import Token


@dataclass(slots=True, eq=False)
class Leaf:
    """A scalar or an alias."""

    token: Token
    indent: int
    after: list[Token] = field(default_factory=list)
    header: list[Token] | None = None
    """What stands before a block of text: ``|`` and what is in its line."""

    @property
    def offset(self) -> int:
        """Where it begins."""
        return self.header[0].offset if self.header else self.token.offset


@dataclass(slots=True, eq=False)
class Item:
    """An entry of a collection. A list has only values."""

    before: list[Token] = field(default_factory=list)
    key: Branch | None = None
    between: list[Token] | None = None
    """From the key to its value; None where there is no key yet."""
    value: Branch | None = None
    asked: bool = False
    """The key begins with ``?``."""


@dataclass(slots=True, eq=False)
class Block:
    """A collection without brackets."""

    offset: int
    indent: int
    items: list[Item]
    after: list[Token] = field(default_factory=list)


class Mapping(Block):
    """A mapping without brackets."""

    __slots__ = ()


class Sequence(Block):
    """A list without brackets."""

    __slots__ = ()


@dataclass(slots=True, eq=False)
class Flow:
    """A mapping or list in brackets."""

    opening: Token
    indent: int
    items: list[Item] = field(default_factory=list)
    closing: Token | None = None
    after: list[Token] = field(default_factory=list)

    @property
    def offset(self) -> int:
        """Where it begins."""
        return self.opening.offset


Branch = Leaf | Mapping | Sequence | Flow


@dataclass(slots=True, eq=False)
class Root:
    """A document."""

    before: list[Token] = field(default_factory=list)
    value: Branch | None = None
    after: list[Token] = field(default_factory=list)


def is_flow(branch: Branch | None) -> bool:
    """Whether it is in brackets, or a scalar or alias that may stand there."""
    return isinstance(branch, Flow) or (isinstance(branch, Leaf) and not branch.header)
