"""What people say of a model instead of its registry: overrides, read and applied.

A file of overrides is YAML: source, then the registry's name or id of a model, or a glob of them, then fields
as ``callboard models -o json`` shows them. ``null`` takes a field away.

    prod-mlflow:
      fraud-detector: {owner: group:default/fraud, license: {id: apache-2.0}}
      churn-*: {lifecycle: production}
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, create_model
from pydantic_core import ErrorDetails

from callboard.documents.place import Path
from callboard.documents.reader import Document, read_documents
from callboard.model import Endpoint, License, Lineage, Link, Model, Problem

FIELDS = (
    "title", "description", "owner", "provider", "state", "lifecycle", "license", "library", "languages",
    "tasks", "capabilities", "categories", "tags", "properties", "lineage", "endpoints", "links",
)  # fmt: skip
"""What can be overridden. The others say which model it is, or what was measured."""
COMMAND_LINE = "--set"
LARGEST = 1024 * 1024
"""Bytes of one file of overrides."""

_TYPES: dict[str, Any] = {name: Model.model_fields[name].annotation for name in FIELDS}
_OPTIONAL: dict[str, Any] = {name: (type_ | None, None) for name, type_ in _TYPES.items()}
_PARTS: Mapping[str, type[BaseModel]] = {
    "license": License,
    "lineage": Lineage,
    "endpoints": Endpoint,
    "links": Link,
}
_Fields: type[BaseModel] = create_model(
    "_Fields", __config__=ConfigDict(extra="forbid", frozen=True), **_OPTIONAL
)
_ASSIGNMENT = re.compile(
    r"(?P<source>[^/=]+)/(?P<model>.+?)\.(?P<field>[A-Za-z_-]+)=(?P<value>.*)", re.DOTALL
)


class BadOverride(ValueError):
    """An override of the command line that cannot be used: why, and what to do."""


@dataclass(frozen=True)
class Override:
    """What is said of some models of a source instead of their registry."""

    source: str
    model: str
    """The registry's name or id, or a glob of them; case counts in none."""
    values: Mapping[str, Any]
    """Field to value, as the record holds it."""
    places: Mapping[str, str]
    """Field to where that is written."""
    where: str
    """Where the whole of it is written."""
    faulty: bool = False
    """Some of it cannot be used, so that what these models should be is not known."""


class OfSource:
    """The overrides of one source, by their rank, ready to be asked about many models."""

    def __init__(self, entries: Mapping[int, Override]) -> None:
        self.entries = entries
        self._named: dict[str, list[int]] = {}
        self._globs: list[tuple[str, int]] = []
        for rank, one in entries.items():
            pattern = one.model.casefold()
            self._named.setdefault(pattern, []).append(rank)
            if set("*?[") & set(pattern):
                self._globs.append((pattern, rank))

    def fitting(self, model: Model) -> dict[int, Override]:
        """Those about this model by their rank, in its order."""
        names = {model.name.casefold(), model.id.casefold()}
        ranks = {rank for name in names for rank in self._named.get(name, ())}
        ranks |= {rank for glob, rank in self._globs if any(fnmatchcase(name, glob) for name in names)}
        return {rank: self.entries[rank] for rank in sorted(ranks)}


@dataclass(frozen=True)
class Overrides:
    """All of them, those that win behind the others, and what was wrong."""

    entries: tuple[Override, ...] = ()
    problems: tuple[Problem, ...] = ()
    unusable: bool = False
    """Some of them could not be read at all, so that what any model should be is not known."""

    def of(self, source: str) -> OfSource:
        """Those of one source."""
        return OfSource({rank: one for rank, one in enumerate(self.entries) if one.source == source})

    def __add__(self, other: Overrides) -> Overrides:
        """Both, those of ``other`` winning."""
        return Overrides(
            self.entries + other.entries,
            self.problems + other.problems,
            self.unusable or other.unusable,
        )


def read_overrides(content: bytes, file: str, sources: Sequence[str]) -> Overrides:
    """The overrides of a file, and every fault in it at its place. ``sources``: those that there are."""
    reading = read_documents(content, file)
    if reading.faults or len(content) > LARGEST:
        problems = [_problem(str(one.place), one.what, one.hint) for one in reading.faults]
        if len(content) > LARGEST:
            problems.append(_problem(file, f"the file has more than {LARGEST:,} bytes", "split it"))
        return Overrides(problems=tuple(problems), unusable=True)
    found = Overrides()
    for document in reading.documents:
        if document.value is not None:
            found += _Reading(document, sources).overrides()
    return found


def parse_assignment(text: str, sources: Sequence[str]) -> Override:
    """The override of ``SOURCE/NAME.FIELD=VALUE``. Raises BadOverride.

    The value of a field that is a text is taken as it is, any other as YAML.
    """
    match = _ASSIGNMENT.fullmatch(text)
    if match is None:
        raise BadOverride(f"{_quoted(text)} is not of the form SOURCE/NAME.FIELD=VALUE")
    source, field = match["source"], match["field"].replace("-", "_")
    if source not in sources:
        raise BadOverride(f"there is no source {_quoted(source)}; {nearest(source, sources)}")
    if field not in FIELDS:
        raise BadOverride(f"{_quoted(field)} cannot be set; {nearest(field, FIELDS)}")
    written = match["value"]
    if _TYPES[field] == (str | None):
        value: object = written or None
    else:
        reading = read_documents(written, COMMAND_LINE)
        if reading.faults:
            raise BadOverride(f"the value of {field} is not YAML: {reading.faults[0].what}")
        value = reading.documents[0].value if reading.documents else None
    try:
        values = _values({field: value})
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)[0]
        raise BadOverride(f"{_dotted(details['loc'])}: {_said(details)[1]}") from None
    return Override(source, match["model"], values, {field: COMMAND_LINE}, COMMAND_LINE)


def overridden(model: Model, overrides: Iterable[Override]) -> Model:
    """The record with what the overrides say of it, the last of them winning."""
    values: dict[str, Any] = {}
    places: dict[str, str] = {}
    for one in overrides:
        values |= one.values
        places |= one.places
    return model.model_copy(update={**values, "provenance": model.provenance | places}) if values else model


def nearest(wrong: str, known: Sequence[str]) -> str:
    """What to use instead."""
    near = difflib.get_close_matches(wrong, known, 1)
    return f"did you mean {near[0]!r}?" if near else f"use one of: {', '.join(known) or 'none'}"


class _Reading:
    """One document of a file."""

    def __init__(self, document: Document, sources: Sequence[str]) -> None:
        self.document, self.sources = document, sources
        self.problems: list[Problem] = []
        self.entries: list[Override] = []

    def overrides(self) -> Overrides:
        value = self.document.value
        if not isinstance(value, dict):
            self._say((), "the file is not a mapping", "begin it with the name of a source and ':'")
            return Overrides(problems=tuple(self.problems), unusable=True)
        for source, models in value.items():
            if source not in self.sources:
                what = f"there is no source {_quoted(source)}"
                self._say((source,), what, nearest(str(source), self.sources), key=True)
                for name in models if isinstance(models, dict) else ("*",):
                    for any_of_them in self.sources:
                        self._faulty(any_of_them, name, (source,))
            elif not isinstance(models, dict):
                hint = "write the name of a model, ':' and the fields to override"
                self._say((source,), f"{source} is not a mapping of models", hint)
                self._faulty(source, "*", (source,))
            else:
                for name, fields in models.items():
                    self._entry(source, name, fields)
        return Overrides(tuple(self.entries), tuple(self.problems))

    def _entry(self, source: str, name: str, fields: object) -> None:
        path = (source, name)
        if not isinstance(fields, dict):
            self._say(path, "this is not a mapping of fields", f"write some of: {', '.join(FIELDS)}")
            self._faulty(source, name, path)
            return
        wrong = set()
        try:
            values = _values(fields)
        except ValidationError as error:
            for details in error.errors(include_url=False, include_input=False):
                wrong.add(details["loc"][0])
                what, hint = _said(details)
                where = f"{_dotted(details['loc'])} {what}"
                self._say((*path, *details["loc"]), where, hint, key=details["type"] == "extra_forbidden")
            values = _values({field: value for field, value in fields.items() if field not in wrong})
        places = {field: str(self.document.place((*path, field))) for field in values}
        where = str(self.document.place(path, key=True))
        self.entries.append(Override(source, name, values, places, where, faulty=bool(wrong)))

    def _faulty(self, source: str, name: str, path: Path) -> None:
        where = str(self.document.place(path, key=True))
        self.entries.append(Override(source, name, {}, {}, where, faulty=True))

    def _say(self, path: Path, what: str, hint: str, *, key: bool = False) -> None:
        self.problems.append(_problem(str(self.document.place(path, key=key)), what, hint))


def _values(fields: Mapping[Any, object]) -> dict[str, Any]:
    """The fields as the record holds them. Raises ValidationError."""
    given = {field: _shorthand(field, value) for field, value in fields.items()}
    found = _Fields.model_validate(given)
    default = {
        name: Model.model_fields[name].get_default(call_default_factory=True)
        for name in found.model_fields_set
    }
    return {name: default[name] if getattr(found, name) is None else getattr(found, name) for name in default}


def _shorthand(field: object, value: object) -> object:
    # A license that is only an identifier is what most people have to say.
    return {"id": value} if field == "license" and isinstance(value, str) else value


def _said(details: ErrorDetails) -> tuple[str, str]:
    """What is wrong, and what to do."""
    where, inner = details["loc"], details["loc"][-1]
    match details["type"]:
        case "extra_forbidden" if len(where) == 1:
            return "is not a field that can be overridden", nearest(str(inner), FIELDS)
        case "extra_forbidden":
            return "is not known here", nearest(str(inner), tuple(_PARTS[str(where[0])].model_fields))
        case "missing":
            return "is missing", "add it"
        case "tuple_type":
            return "is not a list", "write a list: [one, another]"
        case "string_type":
            return "is not a text", "write it in quotes"
        case "dict_type" | "model_type":
            return "is not a mapping", "write its keys and their values"
        case _:
            return "has a wrong value", details["msg"][:1].lower() + details["msg"][1:]


def _dotted(path: Sequence[object]) -> str:
    return ".".join(str(step)[:60] for step in path)


def _quoted(value: object) -> str:
    return repr(str(value)[:80])


def _problem(where: str, what: str, hint: str) -> Problem:
    return Problem(source="overrides", what=what, where=where, hint=hint)
