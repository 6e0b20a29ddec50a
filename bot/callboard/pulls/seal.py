"""Telling whether a pull request's title and text are still as we wrote them.

The text ends in a hidden line with a digest of both. Once a person changed one of them, it is theirs.
"""

from __future__ import annotations

import hashlib
import re

_SEAL = re.compile(r"\n*<!-- Callboard-Text: ([0-9a-f]{16}) ([0-9a-f]{16}) -->\s*\Z")


def sealed(title: str, body: str) -> str:
    """The body with its seal."""
    return f"{body.rstrip()}\n\n<!-- Callboard-Text: {_digest(title)} {_digest(body)} -->\n"


def is_our_title(title: str, body: str) -> bool:
    """Whether the title is the one that the body was sealed with."""
    found = _SEAL.search(_lines(body))
    return found is not None and found.group(1) == _digest(title)


def is_our_body(body: str) -> bool:
    """Whether nobody changed the body since it was sealed."""
    text = _lines(body)
    found = _SEAL.search(text)
    return found is not None and found.group(2) == _digest(text[: found.start()])


def _digest(text: str) -> str:
    return hashlib.sha256(_lines(text).strip().encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _lines(text: str) -> str:
    # Browsers send line ends as CRLF.
    return text.replace("\r\n", "\n")
