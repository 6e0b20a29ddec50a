"""Which texts libyaml surely reads as the npm package ``yaml`` does: most of those that people write.

A text is ordinary when each of its lines is of a kind that both read alike; of anything else (tabs, anchors,
tags, quotes over several lines, odd escapes) nothing is said here. One glance at each character is enough.
"""

from __future__ import annotations

import re

# What one of them refuses, or ends a line at.
_NO = r"\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff"
_EOL = r"\r?\n"
_END = rf"(?:{_EOL}|\Z)"
_REST = rf"\ *+(?:(?<![^\ \n])\#[^{_NO}]*+)?{_END}"
_FIRST = rf"(?:[^{_NO}\ \-?:,\[\]{{}}\#&*!|>'\"%@`]|-(?=[A-Za-z0-9.]))"
_PLAIN = rf"{_FIRST}[^{_NO}\ :\#]*+(?:(?::(?=[^{_NO}\ ])|(?<!\ )\#|\ ++(?=[^{_NO}\ \#]))[^{_NO}\ :\#]*+)*+"
_ESCAPE = r"\\(?:[nrt\"\\/]|u(?:[0-9a-cA-CefEF][0-9a-fA-F]{3}|[dD][0-7][0-9a-fA-F]{2}))"
_DOUBLE = rf"\"(?:[^{_NO}\"\\]|{_ESCAPE})*+\""
_SINGLE = rf"'(?:[^{_NO}']|'')*+'"
_KEY, _KEY_IN_FLOW = (
    rf"(?:[A-Za-z0-9_/.$][-A-Za-z0-9_/.${inside}]{{0,200}}+|\"[^{_NO}\"\\]{{0,200}}+\"|'[^{_NO}']{{0,200}}+')"
    r":(?=[\ \r\n]|\Z)"
    # As in the paths of OpenAPI: /models/{id}
    for inside in ("{}", "")
)
_NOT_IN_FLOW = rf"{_NO}\ ,\[\]{{}}?'\""
_PLAIN_IN_FLOW = (
    rf"[A-Za-z0-9_/.$(<~+;=^][^{_NOT_IN_FLOW}:\#]*+"
    rf"(?:(?::(?=[^{_NOT_IN_FLOW}\#])|\ ++(?=[^{_NOT_IN_FLOW}:\#]))[^{_NOT_IN_FLOW}:\#]*+)*+"
)


def _in_brackets(inner: str) -> str:
    value = rf"(?:{_PLAIN_IN_FLOW}|{_DOUBLE}|{_SINGLE}{inner})"
    pair = rf"(?:{_KEY_IN_FLOW}\ ++{value})"
    # The inner ones stand here as seldom as can be: nested, they are most of what has to be compiled.
    values = rf"(?:{value}\ *+(?:,\ *+(?!\])|(?=\])))*+"
    pairs = rf"(?:{pair}\ *+(?:,\ *+(?!\}})|(?=\}})))*+"
    return rf"|\[\ *+{values}\]|\{{\ *+{pairs}\}}"


_FLOW = _in_brackets(_in_brackets(_in_brackets(_in_brackets(""))))
_VALUE = rf"(?:{_PLAIN}|{_DOUBLE}|{_SINGLE}{_FLOW})"
_LINE = rf"(?!\Z)\ *+(?:-\ ++)*+(?:-(?=[\ \r\n]|\Z)|(?:{_KEY}\ *+)?+{_VALUE}?+){_REST}"
_LINES = re.compile(rf"(?:{_LINE})*+")
_START = re.compile(rf"(?:(?!\Z)\ *+(?:\#[^{_NO}]*+)?{_END})*+(?:---{_REST})?+")
_BLOCK = re.compile(
    rf"(\ *)(-\ )?{_KEY}\ ++[|>]-?{_REST}(?:{_EOL})*+"
    rf"(\1\ (?(2)\ \ )\ *)(?!\ )[^{_NO}]++{_EOL}(?:\3[^{_NO}]++{_EOL}|{_EOL})*+"
)


def is_ordinary(text: str) -> bool:
    """Whether libyaml, where it reads a text of one document, surely reads what Backstage does."""
    found = _START.match(text)
    while found is not None:
        found = _LINES.match(text, found.end())
        assert found is not None
        if found.end() == len(text):
            return True
        found = _BLOCK.match(text, found.end())
    return False
