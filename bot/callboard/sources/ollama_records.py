"""Ollama's records as its API answers them, and what they become.

A name such as ``llama3.2:3b`` is a registered model, ``llama3.2``, and a tag. Tags with one digest are one
version: ``latest`` and shorter tags are aliases of the longest other one. What is said of the model itself
(license, card, base models) is what the version says that is ``latest``, or else the newest.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field

from callboard.model import Artifact, Card, Counterpart, Endpoint, Model, Version
from callboard.sources import gguf_metadata as gguf
from callboard.sources.cards import read_card
from callboard.sources.content import Content

LATEST = "latest"
CAPABILITIES = "capabilities"
"""The tag of a version that holds what it can do: tags of one model differ in it."""

_PART = "[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}"
_HOST = "[A-Za-z0-9_][A-Za-z0-9_.:-]{0,349}"
NAME = f"(?:(?:{_HOST}/)?{_PART}/)?{_PART}(?::{_PART})?"

_MOST_PARAMETERS = 100
_MOST_ITEMS = 100


def _list(value: Any) -> Any:
    """Go writes an empty list as null."""
    return [] if value is None else value


_Words = Annotated[list[str], BeforeValidator(_list), Field(max_length=_MOST_ITEMS)]
_Count = Annotated[int, Field(ge=0, lt=2**63)]


class Details(BaseModel):
    """What the list and ``/api/show`` both say."""

    parent_model: str = ""
    format: str = ""
    family: str = ""
    families: _Words = []
    parameter_size: str = ""
    quantization_level: str = ""
    context_length: _Count = 0
    embedding_length: _Count = 0


class Tagged(BaseModel):
    """One entry of ``/api/tags``."""

    name: str = Field(pattern=f"^{NAME}$")
    modified_at: datetime | None = None
    size: _Count | None = None
    digest: str | None = Field(default=None, pattern="^(sha256:)?[0-9a-f]{64}$")
    details: Details = Details()
    capabilities: _Words = []
    remote_model: str = ""
    remote_host: str = ""

    @property
    def model(self) -> str:
        """The name without the tag."""
        return split_name(self.name)[0]

    @property
    def tag(self) -> str:
        """``latest`` where the name has none, as in Ollama."""
        return split_name(self.name)[1]

    @property
    def id(self) -> str | None:
        """The digest, in hexadecimal digits: of the manifest, which names all parts of the model."""
        return self.digest and self.digest.removeprefix("sha256:")


class Shown(BaseModel):
    """The answer of ``/api/show``."""

    license: str = ""
    parameters: str = ""
    template: str = ""
    system: str = ""
    requires: str = ""
    details: Details = Details()
    capabilities: _Words = []
    model_info: Annotated[dict[str, Any], BeforeValidator(lambda value: value or {})] = {}


def is_name(text: str) -> bool:
    """Whether ``text`` is a name by Ollama's rules, with or without a tag."""
    return re.fullmatch(NAME, text) is not None


def split_name(name: str) -> tuple[str, str]:
    """A name as the model and its tag. A colon before the last slash is a port's."""
    model, colon, tag = name.rpartition(":")
    return (model, tag) if colon and "/" not in tag else (name, LATEST)


def by_digest(entries: Iterable[Tagged]) -> list[tuple[Tagged, tuple[str, ...]]]:
    """The versions of one model, each with its aliases: the latest first, then the newest."""
    groups: dict[str, list[Tagged]] = {}
    for entry in entries:
        groups.setdefault(entry.id or entry.name, []).append(entry)
    versions = []
    for group in groups.values():
        named, *others = sorted(group, key=lambda one: (one.tag == LATEST, -len(one.tag), one.tag))
        versions.append((named, tuple(sorted(other.tag for other in others))))
    return versions


def newest_first(versions: Iterable[Version]) -> tuple[Version, ...]:
    """What ``latest`` means leads: that is what one gets who asks for the model without a tag."""
    by_name = sorted(versions, key=lambda version: version.name)
    by_time = sorted(by_name, key=lambda version: version.updated_at or "", reverse=True)
    return tuple(sorted(by_time, key=lambda version: LATEST not in (version.name, *version.aliases)))


def version_of(said: Tagged, aliases: tuple[str, ...], shown: Shown) -> Version:
    """A version that was asked about."""
    details = {
        name: getattr(shown.details, name) or getattr(said.details, name) for name in Details.model_fields
    }
    info = shown.model_info
    architecture = gguf.text(info.get("general.architecture")) or details["family"]
    capabilities = said.capabilities or shown.capabilities
    facts = {
        "architecture": architecture,
        "families": ", ".join(details["families"]) if len(details["families"]) > 1 else "",
        "parameter-size": details["parameter_size"],
        "parameters": gguf.text(info.get("general.parameter_count")),
        "quantization": details["quantization_level"],
        "context-length": gguf.text(
            info.get(f"{architecture}.context_length") or details["context_length"] or None
        ),
        "embedding-length": gguf.text(
            info.get(f"{architecture}.embedding_length") or details["embedding_length"] or None
        ),
        "requires": shown.requires,
        "remote-model": said.remote_model,
        "remote-host": said.remote_host,
        CAPABILITIES: ", ".join(capabilities),
        **_parameters(shown.parameters),
    }
    # A remote model's entry is a note of where it is: its size says nothing of the model.
    artifact = Artifact(
        uri=f"ollama://{said.model}:{said.tag}",
        digest=f"sha256:{said.id}" if said.id else None,
        size=None if said.remote_host else said.size,
        format=details["format"] or None,
    )
    return Version(
        name=said.tag,
        id=said.id,
        aliases=aliases,
        updated_at=_utc(said.modified_at),
        artifacts=() if said.remote_host else (artifact,),
        tags={name: value[: gguf.LONGEST] for name, value in sorted(facts.items()) if value},
    )


def known_version(said: Tagged, aliases: tuple[str, ...], known: Version) -> Version:
    """A version of a known digest, under its present tags.

    Its time stays: Ollama's is that of a file, which is written again when nothing is new.
    """
    update: dict[str, Any] = {"name": said.tag, "aliases": aliases}
    if known.artifacts:
        uri = f"ollama://{said.model}:{said.tag}"
        update["artifacts"] = (known.artifacts[0].model_copy(update={"uri": uri}),)
    if said.capabilities:
        tags = known.tags | {CAPABILITIES: ", ".join(said.capabilities)}
        update["tags"] = dict(sorted(tags.items()))
    return known.model_copy(update=update)


def about_of(shown: Shown) -> Content:
    """What a version says of its model."""
    info = shown.model_info
    parent = shown.details.parent_model
    parents = (parent,) if is_name(parent) else ()
    return Content(
        description=gguf.text(info.get("general.description")) or None,
        provider=gguf.provider_of(info),
        license=gguf.license_of(info, shown.license),
        languages=gguf.texts(info.get("general.languages")),
        tags=gguf.texts(info.get("general.tags")),
        lineage=gguf.lineage_of(info, *parents),
        links=gguf.links_of(info),
        card=_card(shown),
    )


def model_of(
    source: str, name: str, versions: tuple[Version, ...], about: Content, endpoints: tuple[Endpoint, ...]
) -> Model:
    """A registered model. ``versions`` begin with the one that ``about`` is of."""
    capabilities = (word for version in versions for word in version.tags.get(CAPABILITIES, "").split(", "))
    shared = set.intersection(*(set(version.tags.items()) for version in versions))
    hub = gguf.hub_id(name)
    times = [version.updated_at for version in versions if version.updated_at]
    return Model(
        source=source,
        id=name,
        name=name,
        description=about.description,
        provider=about.provider,
        license=about.license,
        languages=about.languages,
        capabilities=tuple(dict.fromkeys(word for word in capabilities if word)),
        tags=about.tags,
        properties={
            key: value
            for key, value in sorted(shared)
            if key != CAPABILITIES and not key.startswith("params.")
        },
        lineage=about.lineage,
        versions=versions,
        endpoints=endpoints,
        counterparts=(Counterpart(registry="huggingface", said_by="name", model=hub),) if hub else (),
        card=about.card,
        links=about.links,
        updated_at=max(times, default=None),
        revision=versions[0].id,
    )


def _parameters(text: str) -> Mapping[str, str]:
    """``num_ctx    4096`` in lines, in an order that changes from one answer to the next."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        name, _, value = line.strip().partition(" ")
        value = value.strip()
        if value.startswith('"'):
            try:
                value = str(json.loads(value))
            except ValueError:
                value = value.strip('"')
        if name and value:
            found.setdefault(f"params.{name[:80]}", []).append(value)
    return {name: ", ".join(found[name]) for name in sorted(found)[:_MOST_PARAMETERS]}


def _card(shown: Shown) -> Card | None:
    sections = (
        ("System prompt", shown.system),
        ("Prompt template", shown.template),
        ("License", shown.license),
    )
    parts = [f"## {title}\n\n{_fenced(text)}\n" for title, text in sections if text.strip()]
    return read_card("\n".join(parts).encode("utf-8", "replace"), "show").body if parts else None


def _fenced(text: str) -> str:
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    lines = "\n".join(text.strip("\r\n").splitlines())
    return f"{fence}text\n{lines}\n{fence}"


def _utc(moment: datetime | None) -> str | None:
    """None also for Go's time that is none, which is of the year 1."""
    if moment is None or moment.year < 1970:
        return None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
