"""JSON Schemas and what they are held against, both from outside: bounded in time, and nothing is fetched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import jsonschema_rs

from callboard.documents.place import Path


class BadSchema(ValueError):
    """It is no JSON Schema that can be used: why, and where in it."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(why)
        self.path = path


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Something that a schema does not allow."""

    path: Path
    keyword: str
    message: str
    """One line, not too long."""
    key: bool = False
    """Whether it is the key at ``path`` that is not allowed."""


class JsonSchema:
    """A schema that can be held against many values.

    Its patterns are those of the ``regex`` crate, whose time grows with the text's length alone, so they know
    neither look-around nor back-references. A reference to another document is refused. With ``formats``, a
    ``format`` has to be kept, and to be known; else it is a remark. Raises BadSchema.
    """

    def __init__(self, schema: Mapping[str, Any] | bool, *, formats: bool = False) -> None:
        whole = dict(schema) if isinstance(schema, Mapping) else schema
        try:
            self._validator = jsonschema_rs.validator_for(
                whole,
                validate_formats=formats,
                ignore_unknown_formats=not formats,
                offline=True,
                pattern_options=jsonschema_rs.RegexOptions(),
            )
        except jsonschema_rs.ValidationError as error:
            raise BadSchema(_path_in(whole, error.instance_path), _plain(error.message)) from None
        except ValueError as error:
            raise BadSchema((), _plain(str(error))) from None

    def mismatches(self, value: object, most: int) -> Iterator[Mismatch]:
        """What of a value it does not allow: the first ``most`` that are found; of a large one, the first."""
        try:
            for error in islice(self._errors(value), most):
                yield from _mismatches(value, _nearest_cause(error))
        except UnicodeEncodeError:
            yield Mismatch((), "type", "there is a character in it that is half of one (a lone surrogate)")

    def _errors(self, value: object) -> Iterator[jsonschema_rs.ValidationError]:
        if self._validator.is_valid(value):
            return
        if _is_small(value):
            yield from self._validator.iter_errors(value)
            return
        # All errors are made before the first is told, each with a copy of what it is about.
        try:
            self._validator.validate(value)
        except jsonschema_rs.ValidationError as error:
            yield error


_SMALL = 5_000


def _is_small(value: object) -> bool:
    """Whether it has few values, and little text in them."""
    weight, left = 0, [value]
    while left and weight <= _SMALL:
        one = left.pop()
        weight += 1 + (len(one) // 20 if isinstance(one, str) else 0)
        if isinstance(one, dict):
            left += one.values()
        elif isinstance(one, list):
            left += one
    return weight <= _SMALL


def _nearest_cause(error: jsonschema_rs.ValidationError) -> jsonschema_rs.ValidationError:
    """Where several schemas would do: what is wrong by the one that is meant, as far as can be told."""
    for _ in range(20):
        branches = [branch for branch in getattr(error.kind, "context", ()) if branch]
        if not branches:
            break
        error = min(branches, key=_distance)[0]
    return error


def _distance(branch: list[jsonschema_rs.ValidationError]) -> tuple[int, bool, int]:
    deepest = max(len(error.instance_path) for error in branch)
    reference = any(getattr(error.kind, "property", None) == "$ref" for error in branch)
    return -deepest, reference, len(branch)


def _mismatches(value: object, error: jsonschema_rs.ValidationError) -> Iterator[Mismatch]:
    path = _path_in(value, error.instance_path)
    keyword = error.kind.name
    missing, unexpected = getattr(error.kind, "property", None), getattr(error.kind, "unexpected", None)
    if keyword == "required" and missing is not None:
        yield Mismatch((*path, str(missing)), keyword, f"{_plain(str(missing), 60)!r} is missing")
    elif isinstance(unexpected, list):
        for key in unexpected[:3]:
            step = key if isinstance(key, int) else str(key)
            yield Mismatch((*path, step), keyword, f"{_plain(str(key), 60)!r} is not allowed here", key=True)
    else:
        yield Mismatch(path, keyword, _plain(error.message))


def _path_in(value: object, steps: list[str | int]) -> Path:
    """The steps with every key of a mapping as a string: a key such as ``200`` comes as a number."""
    path: list[str | int] = []
    for step in steps:
        if isinstance(value, dict):
            path.append(str(step))
            value = value.get(str(step))
        else:
            path.append(step)
            value = value[step] if isinstance(value, list) and isinstance(step, int) else None
    return tuple(path)


def _plain(message: str, limit: int = 200) -> str:
    line = " ".join(message[: 4 * limit].split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
