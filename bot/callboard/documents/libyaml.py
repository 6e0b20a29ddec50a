"""PyYAML's parser, told to leave the meaning of scalars to us.

libyaml where PyYAML has it, which is ten times as fast; else PyYAML's own, which is the same but for speed.
Its composer is recursive in C: what has more than some thousand levels must never reach it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml
from yaml.composer import Composer
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner

PLAIN = "plain"
"""The tag of a scalar without quotes and without a tag of its own: its meaning is still open."""
PLAIN_1_1 = "plain, YAML 1.1"
"""The same in a document that says it is YAML 1.1."""
STRING = "string"
"""The tag of a scalar in quotes or a block scalar."""
COLLECTION = "collection"


class _Untyped:
    """Takes the place of PyYAML's resolver, whose rules are those of YAML 1.1."""

    def resolve(self, kind: type[yaml.Node], _value: object, implicit: Any) -> str:
        if kind is not yaml.ScalarNode:
            return COLLECTION
        return PLAIN if implicit[0] else STRING

    def descend_resolver(self, _parent: object, _index: object) -> None:
        """Nothing depends on where a scalar stands."""

    def ascend_resolver(self) -> None:
        """Nothing depends on where a scalar stands."""


class _PurePython(_Untyped, Reader, Scanner, Parser, Composer):
    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)


_parser: type[Any]
if yaml.__with_libyaml__:
    from yaml._yaml import CParser

    class _LibYaml(_Untyped, CParser):
        def __init__(self, text: str) -> None:
            CParser.__init__(self, text)

    _parser = _LibYaml
else:
    _parser = _PurePython


def compose(text: str) -> Iterator[yaml.Node | None]:
    """The root node of each document. Raises ``yaml.YAMLError`` at what is not YAML.

    Only for text that is known to be nested less than a thousand levels deep.
    """
    parser = _parser(text)
    while parser.check_node():
        yield parser.get_node()


def events(text: str) -> Iterator[yaml.Event]:
    """What the text says, one after the other: never recursive. Raises ``yaml.YAMLError``."""
    parser = _parser(text)
    while parser.check_event():
        yield parser.get_event()
