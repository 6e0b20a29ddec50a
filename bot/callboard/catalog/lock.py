"""The lock beside a model's catalog files: what was read and what was generated from it.

It is the base of the three-way merge with people's edits, and the memory of what the registry said last. It
holds no time and no commit: equal input gives equal bytes. It is found by its key, and it is untrusted like
any other file of the repository.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from callboard.catalog.generated import Generated
from callboard.catalog.identity import Key
from callboard.model import Model

FILE = ".callboard.lock"
_LARGEST = 16 * 1024 * 1024


_WRONG = {
    "bool_type": "is neither true nor false",
    "dict_type": "is not a mapping",
    "extra_forbidden": "is not known here",
    "float_type": "is not a number",
    "int_type": "is not a whole number",
    "list_type": "is not a list",
    "literal_error": "is not 1, so another version of Callboard wrote it",
    "missing": "is missing",
    "model_attributes_type": "is not a mapping",
    "model_type": "is not a mapping",
    "string_type": "is not text",
    "tuple_type": "is not a list",
}
"""What is wrong, by pydantic's types of errors."""


class BadLock(Exception):
    """The lock cannot be used: why, in one sentence."""


class _LockedKey(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    scope: Annotated[str, Field(min_length=1, max_length=500)]
    source: Annotated[str, Field(min_length=1, max_length=100)]
    id: Annotated[str, Field(min_length=1, max_length=4000)]


class _LockedPart(BaseModel):
    model_config = ConfigDict(extra="forbid")
    source: Annotated[str, Field(min_length=1, max_length=100, strict=True)]
    id: Annotated[str, Field(min_length=1, max_length=4000, strict=True)]
    record: Model


class _LockFile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    lock: Literal[1]
    key: _LockedKey
    inputs: Annotated[str, Field(max_length=100)]
    record: Model
    parts: list[_LockedPart] = []
    entities: list[dict[str, Any]]
    pages: dict[str, list[str]]


class Lock(BaseModel):
    """What a lock says."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    key: Key
    record: Model
    inputs: str
    """What ``generated`` was generated from: see ``catalog.inputs``."""
    generated: Generated
    parts: tuple[tuple[Key, Model], ...] = ()
    """Where models of several sources are one: what each of them says. Else the record is all there is."""


def write_lock(lock: Lock) -> bytes:
    """The lock's bytes: the same for the same content, on any machine."""
    content = {
        "lock": 1,
        "key": {"scope": lock.key.scope, "source": lock.key.source, "id": lock.key.id},
        "inputs": lock.inputs,
        "record": _record(lock.record),
        # The order of their keys is the order in which they are written.
        "entities": lock.generated.entities,
        # A list of lines, so that a diff of the lock can be read.
        "pages": {path: text.split("\n") for path, text in sorted(lock.generated.pages.items())},
    }
    if lock.parts:
        content["parts"] = [
            {"source": key.source, "id": key.id, "record": _record(record)} for key, record in lock.parts
        ]
    # The bytes must be UTF-8 even when a registry sent half of a surrogate pair.
    text = json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False)
    return text.encode("utf-8", "replace") + b"\n"


def read_lock(content: bytes) -> Lock:
    """What the lock says. Raises BadLock for anything that is not a lock as ``write_lock`` makes it."""
    if len(content) > _LARGEST:
        raise BadLock(f"it is larger than {_LARGEST} bytes")
    try:
        file = _LockFile.model_validate(json.loads(content, parse_constant=_refuse_constant))
    except RecursionError:
        raise BadLock("it is nested too deeply") from None
    except ValidationError as error:
        raise BadLock(_in_words(error)) from None
    except ValueError as error:
        raise BadLock(f"it is not JSON: {error}") from None
    if len({part.source for part in file.parts}) < len(file.parts):
        raise BadLock("parts holds two models of one source")
    pages: Mapping[str, str] = {path: "\n".join(lines) for path, lines in file.pages.items()}
    return Lock(
        key=Key(file.key.scope, file.key.source, file.key.id),
        record=file.record,
        inputs=file.inputs,
        generated=Generated(entities=tuple(file.entities), pages=pages),
        parts=tuple((Key(file.key.scope, part.source, part.id), part.record) for part in file.parts),
    )


def _in_words(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(str(part)[:60] for part in first["loc"]) or "the whole file"
    if first["type"] in _WRONG:
        return f"{where} {_WRONG[first['type']]}"
    return f"{where}: {first['msg'][:1].lower()}{first['msg'][1:]}"


def _record(record: Model) -> Any:
    return _sorted(record.model_dump(mode="json", exclude_defaults=True))


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def _refuse_constant(constant: str) -> float:
    raise ValueError(f"{constant} is not JSON")
