"""What libyaml says of a text that is not YAML, said so that a person knows what to do."""

from __future__ import annotations

import yaml
from yaml.reader import ReaderError

_HINTS = (
    ("mapping values are not allowed", "quote the value if it holds ': ', or check the indentation"),
    ("that cannot start any token", "put the value in quotes"),
    ("could not find expected ':'", "put ': ' after the key, or close the quote that is still open"),
    ("unexpected end of stream", "close the quote or bracket that is still open"),
    ("unexpected document indicator", "close the quote or bracket that is still open"),
    ("expected ',' or", "close the bracket, or put a comma between the values"),
    ("did not find expected key", "check the indentation, or quote the value"),
    ("expected '-' indicator", "check the indentation of the list"),
    ("undefined alias", "define the anchor before its alias, or quote a value that begins with '*'"),
    ("duplicate anchor", "give each anchor a name of its own"),
    ("unknown escape character", "write a backslash in double quotes as two, or use single quotes"),
    ("undefined tag handle", "remove the tag, or quote a value that begins with '!'"),
    ("expected <document start>", "put '---' on a line of its own before the second document"),
)


def fault_of(error: yaml.YAMLError, text: str) -> tuple[int, str, str]:
    """Offset in characters, what is wrong with ``text`` there, and what would be right."""
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        problem = " ".join(part for part in (error.problem, error.context) if part) or "this is not YAML"
        offset = mark.index if mark else 0
        if text[offset : offset + 1] == "\t":
            return offset, "not YAML: a tab stands where only spaces may", "indent with spaces, not with tabs"
        hint = next((hint for sign, hint in _HINTS if sign in problem), "correct the YAML here")
        return offset, f"not YAML: {problem}", hint
    offset = error.position if isinstance(error, ReaderError) and isinstance(error.position, int) else 0
    return offset, f"not YAML: {error}".splitlines()[0], "correct the YAML here"
