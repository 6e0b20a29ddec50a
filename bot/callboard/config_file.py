"""callboard.yaml, read: every fault with its place, what is wrong, and the nearest right key or value.

This module knows no source: the caller says which types of source there are, and what each can be told.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic.json_schema import models_json_schema
from pydantic_core import ErrorDetails

from callboard.config import Config, SecretReference, Settings, SourceSettings
from callboard.config_links import Links
from callboard.documents.place import Fault, Path, Place
from callboard.documents.reader import Document, read_documents
from callboard.redaction import redact

RETIRED = {
    "github-models": "GitHub Models was retired on 2026-07-30; use type openai or huggingface instead",
}
"""Types of source that people may still have in mind, and what to do instead."""


_S = TypeVar("_S", bound=Settings)


class ConfigError(Exception):
    """callboard.yaml cannot be used: all that is wrong with it, one fault a line. No secret is in it."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(sorted(faults, key=lambda fault: fault.place))
        super().__init__("\n".join(redact(f"{one.place}: {one.what}; {one.hint}") for one in self.faults))


def load_config(
    text: bytes | str,
    file: str,
    settings_of: Callable[[str], type[SourceSettings]],
    source_types: Sequence[str],
) -> Config:
    """The configuration that ``text`` holds; an empty one is all defaults.

    ``settings_of`` gives the settings of each of ``source_types``. Raises ConfigError.
    """
    checked = _only_mapping(text, file, "sources:")
    if checked is None:
        return Config()
    value = checked.document.value
    rest = {key: inner for key, inner in value.items() if key != "sources"}
    config = checked.validated(Config, rest, ())
    entries = value.get("sources")
    if not isinstance(entries, list | None):
        checked.say(("sources",), "config-type", "sources is not a list", "begin each source with '- name:'")
        entries = None
    sources = tuple(_sources(checked, entries or [], settings_of, source_types))
    _check_names(checked, entries or [])
    if config is not None:
        _check_links(checked, config.links, [name for _, name in _names(entries or [])])
    checked.find_credentials(value, ())
    if checked.faults or config is None:
        raise ConfigError(checked.faults)
    return config.model_copy(update={"sources": sources})


def load_settings(text: bytes | str, file: str, kind: type[_S], example: str) -> _S:
    """Another file of the same manner, that is one ``kind``; ``example``: a key of it. Raises ConfigError."""
    checked = _only_mapping(text, file, example)
    if checked is None:
        hint = f"write keys such as '{example}'"
        raise ConfigError([Fault(Place(file), "config-missing", "the file is empty", hint)])
    settings = checked.validated(kind, checked.document.value, ())
    checked.find_credentials(checked.document.value, ())
    if checked.faults or settings is None:
        raise ConfigError(checked.faults)
    return settings


def _only_mapping(text: bytes | str, file: str, example: str) -> _Checked | None:
    """The one document of a file; None when there is none. Raises ConfigError when it is no mapping."""
    reading = read_documents(text, file)
    documents = [document for document in reading.documents if document.value is not None]
    if reading.faults:
        raise ConfigError(reading.faults)
    if not documents:
        return None
    checked = _Checked(documents[0])
    if len(documents) > 1:
        at = documents[1].place()
        checked.say((), "config-documents", "there is more than one document", "keep one", at=at)
    if not isinstance(documents[0].value, dict):
        hint = f"write keys such as '{example}'"
        checked.say((), "config-type", "the configuration is not a mapping", hint)
        raise ConfigError(checked.faults)
    return checked


def _sources(
    checked: _Checked,
    entries: Sequence[object],
    settings_of: Callable[[str], type[SourceSettings]],
    source_types: Sequence[str],
) -> Iterator[SourceSettings]:
    """Each source that is valid."""
    for index, entry in enumerate(entries):
        path: Path = ("sources", index)
        if not isinstance(entry, dict):
            checked.say(
                path, "config-type", "the source is not a mapping", "write at least its name and type"
            )
            continue
        kind = entry.get("type")
        if kind is None:
            hint = f"add one of: {', '.join(source_types)}"
            checked.say((*path, "type"), "config-missing", "the source has no type", hint)
        elif not isinstance(kind, str) or kind not in source_types:
            hint = RETIRED.get(str(kind)) or _nearest(str(kind), source_types)
            what = f"{str(kind)[:60]!r} is not a type of source"
            checked.say((*path, "type"), "config-value", what, hint)
        elif (settings := checked.validated(settings_of(kind), entry, path)) is not None:
            yield settings


def _check_names(checked: _Checked, entries: Sequence[object]) -> None:
    """A name is part of the key of every model of its source, so no two may ever have meant two sources."""
    taken: dict[str, Place] = {}
    for path, name in _names(entries):
        if name in taken:
            what = f"the source name {name!r} is already taken at {taken[name]}"
            checked.say(path, "config-duplicate-source", what, "give each source a name of its own")
        taken.setdefault(name, checked.document.place(path))


def _check_links(checked: _Checked, links: Links, known: Sequence[str]) -> None:
    """Every source that the links name has to be one, or to have been one."""
    named: list[tuple[Path, str]] = [
        (("links", key, at, position), model.partition(":")[0])
        for key, lists in (("same", links.same), ("apart", links.apart))
        for at, models in enumerate(lists)
        for position, model in enumerate(models)
    ]
    named += [(("links", "order", at), name) for at, name in enumerate(links.order)]
    for source, meant in links.means.items():
        named += [(("links", "means", source), source)]
        named += [(("links", "means", source, at), name) for at, name in enumerate(meant)]
    for path, name in named:
        if name not in known:
            hint = _nearest(name, known) if known else "configure one by that name"
            checked.say(path, "config-value", f"there is no source {name[:60]!r}", hint)


def _names(entries: Sequence[object]) -> Iterator[tuple[Path, str]]:
    for index, entry in enumerate(entries):
        if not isinstance(entry, dict):
            continue
        if isinstance(entry.get("name"), str):
            yield ("sources", index, "name"), entry["name"]
        former = entry.get("formerly")
        for position, name in enumerate(former if isinstance(former, list) else []):
            if isinstance(name, str):
                yield ("sources", index, "formerly", position), name


_CREDENTIALS = re.compile(r"\s*[a-z][a-z0-9+.-]*:[/\\]{2}[^/\\?#]*@", re.IGNORECASE)
_INSTEAD = {
    "catalog": "token: {env: NAME_OF_A_VARIABLE}",
    "sources": "token: {env: …}, or username and password: {env: …}",
    "backstage": "token: {env: NAME_OF_A_VARIABLE}",
}
"""Where a secret belongs that somebody put into an address in this part of the file."""


class _Checked:
    """One document, and what was found wrong with it."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.faults: list[Fault] = []

    def say(
        self, path: Path, code: str, what: str, hint: str, *, key: bool = False, at: Place | None = None
    ) -> None:
        self.faults.append(Fault(at or self.document.place(path, key=key), code, what, hint))

    def validated(self, kind: type[_S], value: Mapping[str, Any], path: Path) -> _S | None:
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
                hint = _nearest(str(inner[-1]), known)
                self.say(
                    path, "config-unknown-key", f"{name} is not a key that is known here", hint, key=True
                )
            case "missing":
                self.say(path, "config-missing", f"{name} is missing", "add it")
            case "literal_error":
                choices = re.findall(r"'([^']*)'", str(context.get("expected")))
                hint = _nearest(str(self._value(path)), choices)
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


def _nearest(wrong: str, known: Sequence[str]) -> str:
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


def config_schema(settings: Mapping[str, type[SourceSettings]]) -> dict[str, Any]:
    """The JSON Schema of callboard.yaml, for editors, with the settings of each type of source."""
    references, schema = models_json_schema(
        [(Config, "validation"), *((one, "validation") for one in settings.values())]
    )
    definitions = schema["$defs"]
    choices = []
    for name, one in sorted(settings.items()):
        reference = references[(one, "validation")]
        definition = definitions[reference["$ref"].rpartition("/")[2]]
        definition["properties"]["type"] = {"const": name}
        definition["required"] = [
            key for key in definition["properties"] if key in (*definition["required"], "type")
        ]
        choices.append(reference)
    root = definitions.pop(references[(Config, "validation")]["$ref"].rpartition("/")[2])
    root["properties"]["sources"]["items"] = {"oneOf": choices}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://callboard.dev/schemas/callboard.schema.json",
        **root,
        "title": "callboard.yaml",
        "$defs": definitions,
    }
