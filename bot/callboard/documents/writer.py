"""New YAML: the same bytes for the same values, and the same values for every reader.

Readers of YAML 1.1 and of YAML 1.2 differ in what a plain scalar means; what they would take differently
stands in quotes. PyYAML's emitter writes; what it would do otherwise is told it here.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Any, Literal

import yaml

from callboard.documents.scalars import needs_quotes
from callboard.documents.values import is_list

Quote = Literal["'", '"']

_LONGEST_SIMPLE_KEY = 1000
"""Readers look for the colon of a key within 1,024 characters."""
_UNFIT = r"\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff"
_LITERAL = re.compile(rf"[^\s{_UNFIT}][^{_UNFIT}]*")
_SINGLE_QUOTED = re.compile(
    r"[\x20-\x7e\xa1-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]*"
)


def dump(documents: Sequence[Mapping[str, Any]]) -> str:
    """The text of a file that holds ``documents``, keys in the order that they have.

    Half of a surrogate pair, which no UTF-8 file can hold, becomes a question mark.
    """
    return "---\n".join(block_lines(document) for document in documents)


def block_lines(value: Any, *, step: int = 2, indent_lists: bool = True, quote: Quote | None = None) -> str:
    """``value`` in block style, from column 0, ending in a line end.

    ``step`` is the indentation of a nested mapping in columns; ``indent_lists`` says whether the dashes of a
    list stand deeper than its key; ``quote`` puts strings in such quotes where they can be.
    """
    return _emit(value, step=step, indent_lists=indent_lists, quote=quote, flow=False)


def flow_text(value: Any, quote: Quote | None = None) -> str:
    """``value`` on one line, for a place inside of ``[]`` or ``{}``."""
    # A scalar alone would be followed by a document end; in a list it is written as inside of any brackets.
    return _emit([value], step=2, indent_lists=True, quote=quote, flow=True).strip()[1:-1]


def _emit(value: Any, *, step: int, indent_lists: bool, quote: Quote | None, flow: bool) -> str:
    stream = StringIO()
    dumper = _Dumper(stream, step=step, indent_lists=indent_lists, quote=quote, flow=flow)
    dumper.open()
    dumper.represent(value)
    dumper.close()
    dumper.dispose()
    return stream.getvalue()


class _Dumper(yaml.SafeDumper):
    def __init__(
        self, stream: StringIO, *, step: int, indent_lists: bool, quote: Quote | None, flow: bool
    ) -> None:
        super().__init__(
            stream,
            allow_unicode=True,
            default_flow_style=flow,
            indent=step,
            sort_keys=False,
            width=sys.maxsize,
        )
        self.indent_lists = indent_lists
        self.quote = quote
        self.flow = flow

    def ignore_aliases(self, _data: object) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, indentless and not self.indent_lists)

    def check_simple_key(self) -> bool:
        event = self.event
        if isinstance(event, yaml.ScalarEvent):
            return len(event.value) < _LONGEST_SIMPLE_KEY
        return bool(super().check_simple_key())

    def analyze_scalar(self, scalar: str) -> Any:
        analysis = super().analyze_scalar(scalar)
        # The emitter refuses tabs and blanks at line ends in literals; every reader takes them.
        analysis.allow_block = _may_be_literal(scalar)
        return analysis


def _style(text: str, quote: Quote | None) -> str | None:
    if _SINGLE_QUOTED.fullmatch(text) is None:
        return '"'
    return quote or ("'" if needs_quotes(text) else None)


def _may_be_literal(text: str) -> bool:
    # Blank lines at the end of a literal depend on what follows it.
    return _LITERAL.fullmatch(text) is not None and not text.endswith("\n\n")


def _represent_text(dumper: _Dumper, text: str) -> yaml.Node:
    clean = text.encode("utf-8", "replace").decode("utf-8")
    literal = not dumper.flow and "\n" in clean and _may_be_literal(clean)
    style = "|" if literal else _style(clean, dumper.quote)
    return dumper.represent_scalar("tag:yaml.org,2002:str", clean, style=style)


def _represent_mapping(dumper: _Dumper, mapping: Mapping[str, Any]) -> yaml.Node:
    node = dumper.represent_mapping("tag:yaml.org,2002:map", mapping.items())
    for (key, _), (key_node, _) in zip(mapping.items(), node.value, strict=True):
        # A key stands on one line, and its quotes are nobody's choice.
        key_node.style = '"' if "\n" in key else _style(key, None)
    return node


def _represent_other(dumper: _Dumper, value: Any) -> yaml.Node:
    if isinstance(value, Mapping):
        return _represent_mapping(dumper, value)
    if is_list(value):
        return dumper.represent_list(value)
    return dumper.represent_undefined(value)


_Dumper.add_representer(str, _represent_text)
_Dumper.add_representer(dict, _represent_mapping)
_Dumper.add_multi_representer(object, _represent_other)
