"""What is wrong with a document of settings, told so that whoever wrote it knows what to write instead."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from callboard.config import SecretReference, Settings
from callboard.documents.place import Fault, Path, Place
from callboard.documents.reader import Document

_S = TypeVar("_S", bound=Settings)
_CREDENTIALS = re.compile(r"\s*[a-z][a-z0-9+.-]*:[/\\]{2}[^/\\?#]*@", re.IGNORECASE)
_INSTEAD = {
    "catalog": "token: {env: NAME_OF_A_VARIABLE}",
    "sources": "token: {env: …}, or username and password: {env: …}",
    "backstage": "token: {env: NAME_OF_A_VARIABLE}",
}
"""Where a secret belongs that somebody put into an address in this part of the file."""


class Checked:
    """One document, and what was found wrong with it."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.faults: list[Fault] = []

    def say(
        self, path: Path, code: str, what: str, hint: str, *, key: bool = False, at: Place | None = None
    ) -> None:
        """Add a fault, at the value that ``path`` leads to, or at its key."""
        self.faults.append(Fault(at or self.document.place(path, key=key), code, what, hint))

    def validated(self, kind: type[_S], value: Mapping[str, Any], path: Path) -> _S | None:
        """The settings that a value of the document is; None, and the faults, where it is none."""
        try:
            return kind.model_validate(value, by_alias=True, by_name=False)
        except ValidationError as error:
            for details in error.errors(include_url=False, include_input=False):
                self._explain(kind, details, path)
            return None

    def _explain(self, kind: type[BaseModel], details: ErrorDetails, prefix: Path) -> None:
        """Never says a value of which it is not sure that it is no secret."""
        inner: Path = tuple(details["loc"])
        path: Path = (*prefix, *inner)
        name = _dotted(path)
        context = details.get("ctx", {})
        match details["type"]:
            case "extra_forbidden":
                known = _keys(_model_at(kind, inner[:-1]))
                hint = nearest(str(inner[-1]), known)
                self.say(
                    path, "config-unknown-key", f"{name} is not a key that is known here", hint, key=True
                )
            case "missing":
                self.say(path, "config-missing", f"{name} is missing", "add it")
            case "literal_error":
                choices = re.findall(r"'([^']*)'", str(context.get("expected")))
                hint = nearest(str(self._value(path)), choices)
                self.say(path, "config-value", f"{name} has a value that is not known here", hint)
            case "model_type" if context.get("class_name") == SecretReference.__name__:
                what = f"{name} is a secret, and no secret may stand in this file"
                hint = f"write {inner[-1]}: {{env: NAME_OF_A_VARIABLE}}, and have the secret replaced"
                self.say(path, "config-inline-secret", what, hint)
            case "value_error":
                what = details["msg"].removeprefix("Value error, ")
                self.say(path, "config-value", f"{name or 'this'} cannot be used", what)
            case "string_pattern_mismatch":
                what = f"{name} is not written as it has to be"
                hint = f"write {_described(kind.model_json_schema(), str(context.get('pattern')))}"
                self.say(path, "config-value", what, hint)
            case "tuple_type":
                value = self._value(path)
                shown = isinstance(value, str) and re.fullmatch(r"[\w*?./:@-]{1,20}", value)
                example = json.dumps(value) if shown else "one, another"
                self.say(path, "config-type", f"{name} is not a list", f"write a list: [{example}]")
            case "too_short":
                hint = f"give at least {context.get('min_length')}"
                self.say(path, "config-value", f"{name} has too few values", hint)
            case "model_type":
                self.say(path, "config-type", f"{name} is not a mapping", "write its keys and their values")
            case _:
                hint = details["msg"][:1].lower() + details["msg"][1:]
                self.say(path, "config-value", f"{name} has a wrong value", hint)

    def _value(self, path: Path) -> object:
        value = self.document.value
        for step in path:
            value = value[step]
        return value

    def find_credentials(self, value: object, path: Path) -> None:
        """Tokens and passwords in addresses, which would end in logs and in keys."""
        if isinstance(value, str) and _CREDENTIALS.match(value):
            what = f"{_dotted(path)} is an address with a user, a token or a password in it"
            hint = "take all before the @ out of the address, and have the secret replaced"
            if instead := _INSTEAD.get(str(path[0]) if path else ""):
                hint += f"; give {instead}"
            place = self.document.place(path)
            self.faults = [fault for fault in self.faults if fault.place != place]
            self.say(path, "config-inline-secret", what, hint)
        inside = dict(enumerate(value)) if isinstance(value, list) else value
        for step, inner in inside.items() if isinstance(inside, dict) else ():
            self.find_credentials(inner, (*path, step))


def _described(schema: object, pattern: str, around: str = "") -> str:
    """What the schema says in words of what ``pattern`` allows.

    ``around`` is what it says of the value as a whole, where the pattern is one of its alternatives.
    """
    if isinstance(schema, list):
        return next(filter(None, (_described(one, pattern, around) for one in schema)), "")
    if not isinstance(schema, dict):
        return ""
    around = str(schema.get("description") or around)
    if schema.get("pattern") == pattern:
        return around
    inside = (_described(one, pattern, around if key == "anyOf" else "") for key, one in schema.items())
    return next(filter(None, inside), "")


def nearest(wrong: str, known: Sequence[str]) -> str:
    """A hint that names the nearest of what is known, or all of it."""
    near = difflib.get_close_matches(wrong, [*known, *(one.replace("-", "_") for one in known)], 1)
    if near:
        return f"did you mean {near[0].replace('_', '-')!r}?"
    return f"use one of: {', '.join(known)}"


def _dotted(path: Path) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


def _keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_at(model: type[BaseModel], path: Path) -> type[BaseModel]:
    for step in path:
        if isinstance(step, str):
            field = next((one for name, one in model.model_fields.items() if step in (name, one.alias)), None)
            # Else it is a key of a mapping, whose values are what the field was said to hold.
            model = model if field is None else next(_models_in(field.annotation))
    return model


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)
