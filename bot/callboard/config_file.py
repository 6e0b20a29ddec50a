"""callboard.yaml, read: every fault with its place, what is wrong, and the nearest right key or value.

This module knows no source: the caller says which types of source there are, and what each can be told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from callboard.config import Config, Settings, SourceSettings
from callboard.config_faults import Checked, nearest
from callboard.config_links import Links
from callboard.documents.place import Fault, Path, Place
from callboard.documents.reader import read_documents
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


def _only_mapping(text: bytes | str, file: str, example: str) -> Checked | None:
    """The one document of a file; None when there is none. Raises ConfigError when it is no mapping."""
    reading = read_documents(text, file)
    documents = [document for document in reading.documents if document.value is not None]
    if reading.faults:
        raise ConfigError(reading.faults)
    if not documents:
        return None
    checked = Checked(documents[0])
    if len(documents) > 1:
        at = documents[1].place()
        checked.say((), "config-documents", "there is more than one document", "keep one", at=at)
    if not isinstance(documents[0].value, dict):
        hint = f"write keys such as '{example}'"
        checked.say((), "config-type", "the configuration is not a mapping", hint)
        raise ConfigError(checked.faults)
    return checked


def _sources(
    checked: Checked,
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
            hint = RETIRED.get(str(kind)) or nearest(str(kind), source_types)
            what = f"{str(kind)[:60]!r} is not a type of source"
            checked.say((*path, "type"), "config-value", what, hint)
        elif (settings := checked.validated(settings_of(kind), entry, path)) is not None:
            yield settings


def _check_names(checked: Checked, entries: Sequence[object]) -> None:
    """A name is part of the key of every model of its source, so no two may ever have meant two sources."""
    taken: dict[str, Place] = {}
    for path, name in _names(entries):
        if name in taken:
            what = f"the source name {name!r} is already taken at {taken[name]}"
            checked.say(path, "config-duplicate-source", what, "give each source a name of its own")
        taken.setdefault(name, checked.document.place(path))


def _check_links(checked: Checked, links: Links, known: Sequence[str]) -> None:
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
            hint = nearest(name, known) if known else "configure one by that name"
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
