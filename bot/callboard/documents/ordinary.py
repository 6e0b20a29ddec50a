"""Which texts every reader of YAML surely reads alike: most of those that people write.

A text is ordinary when each of its lines is of a kind that libyaml and the npm package ``yaml`` read alike;
of anything else (tabs, anchors, tags, quotes over several lines, odd escapes) nothing is said here. It is
unmistakable when besides no value and no key in it is one thing in YAML 1.1 and another in YAML 1.2, or looks
like it: then every reader makes the same values of it. One glance at each character is enough for both.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, partial

import pcre2

# What one of them refuses, or ends a line at. Beyond ASCII, it is looked for apart: sets of such characters
# take long to compile.
_NO = r"\x00-\x1f\x7f"
_NO_BEYOND_ASCII = re.compile("[\x80-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")
_EOL = r"\r?\n"
_END = rf"(?:{_EOL}|\z)"
_REST = rf"\ *+(?:(?<![^\ \n])\#[^{_NO}]*+)?{_END}"
_FIRST = rf"(?:[^{_NO}\ \-?:,\[\]{{}}\#&*!|>'\"%@`]|-(?=[A-Za-z0-9.]))"
_PLAIN = rf"{_FIRST}[^{_NO}:\#]*+(?:(?::(?=[^{_NO}\ ])|(?<!\ )\#)[^{_NO}:\#]*+)*+"
_ESCAPE = r"\\(?:[nrt\"\\/]|u(?:[0-9a-cA-CefEF][0-9a-fA-F]{3}|[dD][0-7][0-9a-fA-F]{2}))"
_DOUBLE = rf"\"(?:[^{_NO}\"\\]|{_ESCAPE})*+\""
_SINGLE = rf"'(?:[^{_NO}']|'')*+'"
_NOT_IN_FLOW = rf"{_NO},\[\]{{}}?'\""
_PLAIN_IN_FLOW = (
    rf"[A-Za-z0-9_/.$(<~+;=^][^{_NOT_IN_FLOW}:\#]*+"
    rf"(?:(?<!\ ):(?=[^{_NOT_IN_FLOW}\ \#])[^{_NOT_IN_FLOW}:\#]*+)*+"
)
_QUOTED_KEY = rf"\"[^{_NO}\"\\]{{0,200}}+\"|'[^{_NO}']{{0,200}}+'"
_KEY_ENDS = r":(?=[\ \r\n]|\z)"

_START = rf"(?:(?!\z)\ *+(?:\#[^{_NO}]*+)?{_END})*+(?:---{_REST})?+"

_AT_ONCE = 1_000_000
DEEPEST = 80
"""More than unmistakable documents are nested."""

# What is no text to some reader, and the few of these that are the same to all.
_WORD = "(?:[yY][eE]?[sS]?|[nN][oOuU]?[lL]{0,2}|[oO][nNfF]{1,2}|[tT][rR][uU][eE]|[fF][aA][lL][sS][eE])"
_SAME_TO_ALL = r"(?:true|false|null|(?!-0)-?(?:0|[1-9][0-9]{0,9})(?:\.[0-9]{1,6}){0,9})"


@dataclass(frozen=True, slots=True)
class _Scalars:
    """How keys and plain values may look."""

    plain: str
    plain_in_flow: str
    key: str
    first_of_key: str
    indentation: str
    dashes: str


_ANY = _Scalars(_PLAIN, _PLAIN_IN_FLOW, "", "[A-Za-z0-9_/.$]", "*+", "*+")


def _told_apart(ends: str) -> str:
    return rf"(?:(?![-+.0-9~<=yYnNoOtTfF])|(?![-+.0-9~<=]|{_WORD}{ends})|(?={_SAME_TO_ALL}{ends}))"


_UNMISTAKABLE = _Scalars(
    _told_apart(r"(?=\ *+(?:[\#\r\n]|\z))") + _PLAIN,
    _told_apart(r"(?=\ *+[,\]}])") + _PLAIN_IN_FLOW,
    rf"(?!(?=[yYnNoOtTfF]){_WORD}:)",
    "[A-Za-z_/$]",
    # At most a level for each column, for each dash, and for each bracket below.
    "{0,60}+",
    "{0,10}+",
)


def _grammar(scalars: _Scalars) -> pcre2.Pattern:
    """A part of a text: lines, block scalars with their keys, and beginnings of documents."""
    key, key_in_flow = (
        rf"(?:{scalars.key}{scalars.first_of_key}[-A-Za-z0-9_/.${inside}]{{0,200}}+|{_QUOTED_KEY}){_KEY_ENDS}"
        # As in the paths of OpenAPI: /models/{id}
        for inside in ("{}", "")
    )

    scalar = rf"{scalars.plain_in_flow}|{_DOUBLE}|{_SINGLE}"

    def in_brackets(within_list: str, within_mapping: str) -> str:
        value, pair = rf"(?:{scalar}{within_list})", rf"(?:{key_in_flow}\ ++(?:{scalar}{within_mapping}))"
        values = rf"(?:{value}\ *+(?:,\ *+(?!\])|(?=\])))*+"
        pairs = rf"(?:{pair}\ *+(?:,\ *+(?!\}})|(?=\}})))*+"
        return rf"|\[\ *+{values}\]|\{{\ *+{pairs}\}}"

    # Nested, they are most of what has to be compiled; so lists within others hold nothing but scalars.
    mappings = in_brackets("", in_brackets("", in_brackets("", "")))
    flow = in_brackets(mappings, mappings)
    value = rf"(?:{scalars.plain}|{_DOUBLE}|{_SINGLE}{flow})"
    begins = rf"(?!\z)\ {scalars.indentation}(?:-\ ++){scalars.dashes}"
    line = rf"{begins}(?:-(?=[\ \r\n]|\z)|(?:{key}\ *+)?+{value}?+){_REST}"
    # The key of a block scalar may stand beside a dash, which counts as indentation then.
    block, in_list = (
        rf"(?<{name}>\ *){dash}{key}\ ++[|>]-?{_REST}(?:{_EOL})*+"
        rf"(?<in_{name}>\k<{name}>\ {space}\ *)(?!\ )[^{_NO}]++{_EOL}"
        rf"(?:\k<in_{name}>[^{_NO}]++{_EOL}|{_EOL})*+"
        for name, dash, space in (("key", "", ""), ("item", r"-\ ", r"\ \ "))
    )
    part = rf"(?:{line})++|(?<block>{block}|{in_list})|---{_REST}"
    whole = rf"\G(?:\A(?<start>{_START}))?+(?:{part})*+".encode()
    # To be searched for: what is matched is never run as machine code.
    try:
        return pcre2.compile(whole, jit=True)
    except pcre2.LibraryError:  # a hardened system lets no process write what it runs
        return pcre2.compile(whole, jit=False)


_ordinary = cache(partial(_grammar, _ANY))
_unmistakable = cache(partial(_grammar, _UNMISTAKABLE))


def is_ordinary(text: str) -> bool:
    """Whether libyaml, where it reads a text of one document, surely reads what Backstage does."""
    return _documents(text, _ordinary()) == 1


def unmistakable_documents(text: str) -> int:
    """How many documents a text has of which all readers make the same values, every key a string.

    0 where there is one that some might read otherwise, or that may be nested ``DEEPEST`` levels deep.
    """
    return _documents(text, _unmistakable())


def _documents(text: str, grammar: pcre2.Pattern) -> int:
    if not text.isascii() and _NO_BEYOND_ASCII.search(text):
        return 0
    raw = text.encode()
    at, start, has_block = 0, 0, False
    while at < len(raw):
        # PCRE2 counts its steps and gives up after some millions, so no more is asked for at a time.
        cut = raw.find(b"\n---", at + _AT_ONCE) + 1 or len(raw)
        try:
            found = grammar.search(raw, at, cut)
        except pcre2.LibraryError:
            return 0
        if found is None or found.end() < cut:
            return 0
        start = found.end("start") if at == 0 else start
        has_block |= found["block"] is not None
        at = cut
    # Where a newline is missing, the last line may belong to a block scalar, which ends differently to some.
    if has_block and raw[-1:] != b"\n":
        return 0
    return 1 + raw.count(b"\n---", max(start - 1, 0))
