"""JMESPath expressions on answers of registries, bounded in time and memory.

The expressions are somebody's configuration and the values come from outside: neither may cost more than a
budget, and nothing of a value can become code. Beside JMESPath's own functions there are ``from_json(text)``
for JSON inside of a text, ``pairs(object)`` and ``lookup(object, key)`` for objects whose keys are values,
and ``split(separator, text)``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any, ClassVar

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions, signature
from jmespath.visitor import Options, TreeInterpreter

MOST_STEPS = 2_000_000
"""Steps of one evaluation; a step is a node visited, or an item of a list or object that it gave."""
LONGEST_TEXT = 1024 * 1024
"""Characters of a text that an expression makes or reads as JSON."""
MOST_PAIRS = 100_000
"""Keys of an object that can be listed with their values."""

_TEXT: Any = {"types": ["string"]}
_OBJECT: Any = {"types": ["object"]}
_SCALARS = (str, int, float, bool, type(None))


class BadQuery(ValueError):
    """An expression cannot be evaluated on a value. Quotes nothing of the value."""


def checked_query(text: str) -> str:
    """The expression, for the configuration. Raises ValueError for one that is not JMESPath."""
    _parsed(text)
    return text


def query(text: str, value: Any) -> Any:
    """What the expression gives on ``value``; None where it leads nowhere. Raises BadQuery."""
    interpreter = _Bounded(Options(custom_functions=_Functions()))
    try:
        return interpreter.visit(_parsed(text), value)
    except BadQuery:
        raise
    except (JMESPathError, RecursionError, ValueError, ArithmeticError, TypeError) as error:
        raise BadQuery(f"the expression cannot be evaluated ({type(error).__name__})") from None


@lru_cache(maxsize=1024)
def _parsed(text: str) -> Any:
    try:
        return jmespath.compile(text).parsed
    except (JMESPathError, RecursionError, ValueError) as error:
        said = "" if isinstance(error, RecursionError) else " ".join(str(error).split())[:200]
        raise ValueError(f"write a JMESPath expression: {said or 'this one is nested too deeply'}") from None


def _text_only(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool | None]:
    def compared(one: Any, other: Any) -> bool | None:
        # Lists and objects that an expression made can take for ever to compare.
        if isinstance(one, _SCALARS) and isinstance(other, _SCALARS):
            return compare(one, other)
        return None

    return compared


class _Bounded(TreeInterpreter):
    COMPARATOR_FUNC: ClassVar = {
        name: _text_only(compare) for name, compare in TreeInterpreter.COMPARATOR_FUNC.items()
    }

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._left = MOST_STEPS

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:
        result = super().visit(node, *args, **kwargs)
        self._left -= 1 + (len(result) if isinstance(result, list | dict) else 0)
        if self._left < 0:
            raise BadQuery("the expression takes too many steps")
        if isinstance(result, str) and len(result) > LONGEST_TEXT and node["type"] == "function_expression":
            raise BadQuery("the expression makes a text that is too long")
        return result


class _Functions(Functions):
    @signature({"types": []})
    def _func_to_string(self, arg: Any) -> str | None:
        if isinstance(arg, str):
            return arg
        return json.dumps(arg) if isinstance(arg, _SCALARS) else None

    @signature({"types": ["array", "string"]}, {"types": []})
    def _func_contains(self, subject: Any, search: Any) -> bool:
        if isinstance(subject, str):
            return isinstance(search, str) and search in subject
        return any(
            isinstance(one, _SCALARS) and type(one) is type(search) and one == search for one in subject
        )

    @signature(_TEXT, {"types": ["array-string"]})
    def _func_join(self, separator: str, array: list[str]) -> str:
        if sum(map(len, array)) + len(separator) * len(array) > LONGEST_TEXT:
            raise BadQuery("the expression makes a text that is too long")
        return separator.join(array)

    @signature(_TEXT)
    def _func_from_json(self, arg: str) -> Any:
        try:
            return json.loads(arg) if len(arg) <= LONGEST_TEXT else None
        except (ValueError, RecursionError):
            return None

    @signature(_OBJECT)
    def _func_pairs(self, arg: dict[str, Any]) -> list[dict[str, Any]]:
        if len(arg) > MOST_PAIRS:
            raise BadQuery("the object has too many keys")
        return [{"key": key, "value": value} for key, value in arg.items()]

    @signature(_OBJECT, _TEXT)
    def _func_lookup(self, arg: dict[str, Any], key: str) -> Any:
        return arg.get(key)

    @signature(_TEXT, _TEXT)
    def _func_split(self, separator: str, arg: str) -> list[str]:
        if len(arg) > LONGEST_TEXT:
            raise BadQuery("the text is too long to be split")
        return [part.strip() for part in arg.split(separator or None)]
