"""An edit by ruamel.yaml's round trip, for the layouts that cannot be cut character by character.

It keeps comments and quotes as well as it can and may rewrite the style of other lines: the second choice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import SingleQuotedScalarString
from ruamel.yaml.util import load_yaml_guess_indent

from callboard.documents.scalars import needs_quotes
from callboard.documents.values import is_list


def round_trip(text: str, document: int, change: Callable[[Any], Any]) -> str:
    """``text`` with ``change`` applied to one of its documents.

    ``change`` gets the document as ruamel holds it and answers what shall stand there. Raises whatever
    ruamel raises for what it cannot read or write: it is meant to be tried.
    """
    windows = "\r\n" in text and re.search(r"(?<!\r)\n", text) is None
    plain = text.replace("\r\n", "\n") if windows else text
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 10**6
    _, mapping, offset = load_yaml_guess_indent(plain.split("\n---")[0])
    yaml.indent(mapping=mapping or 2, sequence=(offset or 0) + 2, offset=offset or 0)
    yaml.explicit_start = plain.startswith("---")
    documents = list(yaml.load_all(plain))
    documents[document] = change(documents[document])
    stream = StringIO()
    yaml.dump_all(documents, stream)
    written = stream.getvalue()
    return written.replace("\n", "\r\n") if windows else written


def quoted(value: Any) -> Any:
    """``value`` with strings marked for quotes where readers of YAML 1.1 and 1.2 would differ."""
    if isinstance(value, Mapping):
        return {quoted(key): quoted(item) for key, item in value.items()}
    if is_list(value):
        return [quoted(item) for item in value]
    if isinstance(value, str) and needs_quotes(value):
        return SingleQuotedScalarString(value)
    return value
