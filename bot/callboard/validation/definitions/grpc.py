"""Protocol Buffers: whether it can be a file of them, by its words and braces. No compiler looks at it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from callboard.validation.definitions.wrong import Wrong
from callboard.validation.diagnostics import shown

_TOKEN = re.compile(
    r"""//[^\n]*|/\*.*?\*/|"(?:[^"\\\n]|\\.)*+"|'(?:[^'\\\n]|\\.)*+'|(?P<unended>/\*|["'])|(?P<brace>[{}])"""
    r"|(?P<word>[A-Za-z_][A-Za-z0-9_.]*+)|(?P<odd>[^\s0-9;=<>()\[\],:.+\-/])",
    re.DOTALL,
)
_DECLARES = frozenset({"enum", "extend", "message", "service"})
_BEGINS = _DECLARES | {"edition", "import", "option", "package", "syntax"}


def wrong_in(text: str) -> Iterator[Wrong]:
    """What is wrong in a definition. Raises Wrong."""
    hint = "write the .proto file of the service"
    declares, depth, first = False, 0, True
    for token in _TOKEN.finditer(text):
        line = text.count("\n", 0, token.start()) + 1 if token["unended"] or token["odd"] else 0
        if token["unended"]:
            what = f"line {line}: a comment or a text that begins with {token['unended']} does not end"
            raise Wrong("definition-syntax", what, hint)
        if token["odd"]:
            what = f"line {line}: {shown(token['odd'])} has no place in a .proto file"
            raise Wrong("definition-syntax", what, hint)
        if token["brace"]:
            depth += 1 if token["brace"] == "{" else -1
        elif token["word"]:
            if first and token["word"] not in _BEGINS:
                what = f"it begins with {shown(token['word'], 30)}, as no .proto file does"
                raise Wrong("definition-syntax", what, hint)
            first = False
            declares |= depth == 0 and token["word"] in _DECLARES
        if depth < 0:
            break
    if depth:
        what = "there is a } too many" if depth < 0 else f"{depth} {{ too many"
        raise Wrong("definition-syntax", what, hint)
    if not declares:
        yield Wrong("definition-invalid", "it declares no service, message or enum", hint)
