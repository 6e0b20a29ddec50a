"""A lenient reader of model cards: Markdown with YAML front matter, as the Hugging Face Hub defined it.

Nothing raises: a bad field loses only itself and is reported with its place, and the body can be read
whatever the front matter is. Texts are kept as they are; cleaning belongs to the rooms that write.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from callboard.documents.place import Fault, Place
from callboard.model import Card, Endpoint, Evaluation, License, Link, Port, Problem, Signature, Version
from callboard.redaction import redact
from callboard.sources import evaluations
from callboard.sources.fields import Fields
from callboard.sources.front_matter import split_card

MAX_BODY = 256 * 1024
"""Bytes of the body that are kept."""

_REPAIRED = frozenset({"card-encoding", "card-nul", "card-cut"})
_CODE_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")


@dataclass(frozen=True)
class CardEndpoint:
    """An endpoint of a card; its API definition is a file beside the card, not yet read."""

    endpoint: Endpoint
    definition: str | None
    """A path relative to the card: untrusted."""
    place: Place


@dataclass(frozen=True)
class CardReading:
    """What a model card says, typed, and what was wrong with it."""

    name: str | None = None
    title: str | None = None
    description: str | None = None
    owner: str | None = None
    lifecycle: str | None = None
    license: License | None = None
    library: str | None = None
    languages: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    base_models: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    """Names of metrics that the card announces; the values are in ``evaluations``."""
    evaluations: tuple[Evaluation, ...] = ()
    version: str | None = None
    versions: tuple[Version, ...] = ()
    """Newest first, ``version`` leading."""
    endpoints: tuple[CardEndpoint, ...] = ()
    signature: Signature | None = None
    links: tuple[Link, ...] = ()
    body: Card | None = None
    """The Markdown below the front matter; None where there is none."""
    faults: tuple[Fault, ...] = ()


def read_card(content: bytes, file: str, unread_bytes: int = 0) -> CardReading:
    """What the card in ``content`` says. Never raises.

    ``file`` is how places name it; ``unread_bytes`` is how much of it the caller left out at its end.
    """
    card = split_card(content, file)
    body = _body(card.text, unread_bytes)
    if body is not None and body.cut_bytes:
        card.faults.append(
            Fault(
                Place(file, card.text_line),
                "card-cut",
                f"the card is too long: its last {body.cut_bytes:,} bytes were left out",
                f"keep the text of a card below {MAX_BODY // 1024} KiB and link to the rest",
            )
        )
    return replace(
        _typed(card.fields), body=body, faults=tuple(sorted(card.faults, key=lambda fault: fault.place))
    )


def as_problem(fault: Fault, source: str, model: str | None) -> Problem:
    """A fault as a source reports it: a warning where the card was repaired, else an error."""
    return Problem(
        source=source,
        model=model,
        what=redact(fault.what),
        where=redact(str(fault.place)),
        hint=redact(fault.hint),
        severity="warning" if fault.code in _REPAIRED else "error",
    )


def _body(text: str, unread_bytes: int) -> Card | None:
    text = text.strip("\n")
    if not text.strip():
        return None
    text += "\n"
    size = len(text.encode())
    if size <= MAX_BODY:
        return Card(markdown=text, cut_bytes=unread_bytes)
    kept = _head(text)
    return Card(markdown=kept, cut_bytes=size - len(kept.encode()) + unread_bytes)


def _head(text: str) -> str:
    """The blocks at the beginning of ``text`` that fit: never half a table or half a code block."""
    head = text.encode()[: MAX_BODY - 1].decode("utf-8", "ignore")
    boundary = position = 0
    fence = ""
    for row in head.splitlines(keepends=True):
        position += len(row)
        mark = _CODE_FENCE.match(row)
        if mark and not fence:
            fence = mark.group(1)
        elif mark and mark.group(1).startswith(fence) and not row.strip(" \n`~"):
            fence = ""
        elif not row.strip() and not fence:
            boundary = position
    if not boundary:
        boundary = head.rfind("\n") + 1 or len(head)
    return head[:boundary].rstrip("\n") + "\n"


def _typed(card: Fields) -> CardReading:
    versions = _versions(card)
    return CardReading(
        name=card.text("name", "model_name"),
        title=card.text("title"),
        description=card.text("description"),
        owner=card.text("owner"),
        lifecycle=card.text("lifecycle"),
        license=_license(card),
        library=card.text("library_name"),
        languages=card.texts("language"),
        tags=card.texts("tags"),
        tasks=card.texts("pipeline_tag", "tasks"),
        base_models=card.texts("base_model"),
        datasets=card.texts("datasets"),
        metrics=card.texts("metrics"),
        evaluations=evaluations.from_model_index(card),
        version=card.text("version"),
        versions=versions,
        endpoints=tuple(_endpoints(card)),
        signature=_signature(card),
        links=tuple(_links(card)),
    )


def _license(card: Fields) -> License | None:
    ids = card.texts("license")
    if not ids:
        return None
    return License(id=", ".join(ids), name=card.text("license_name"), url=card.text("license_link"))


def _versions(card: Fields) -> tuple[Version, ...]:
    found: dict[str, Version] = {}
    for item in card.records("versions"):
        name = item.text("version")
        if name is None:
            item.missing("version")
        elif name in found:
            item.origin.fault(
                item.at, "card-field", f"version {name[:80]} is listed twice; the first counts", "remove one"
            )
        else:
            found[name] = Version(
                name=name,
                description=item.text("description"),
                state=item.text("state"),
                aliases=item.texts("aliases"),
                created_at=item.time("date"),
                evaluations=evaluations.from_list(item, "evaluations"),
            )
    newest = card.text("version")
    if newest is not None:
        return (
            found.pop(newest, Version(name=newest)),
            *found.values(),
        )
    return tuple(found.values())


def _endpoints(card: Fields) -> Iterator[CardEndpoint]:
    for item in card.records("endpoints"):
        url = item.text("url")
        if url is None:
            item.missing("url")
            continue
        definition = item.text("definition")
        yield CardEndpoint(
            Endpoint(
                url=url,
                protocol=item.text("protocol") or "rest",
                needs_key=item.flag("needs-key"),
                version=item.text("version"),
            ),
            definition,
            item.origin.place((*item.at, "definition") if definition else item.at),
        )


def _links(card: Fields) -> Iterator[Link]:
    for item in card.records("links"):
        url = item.text("url")
        if url is None:
            item.missing("url")
        else:
            yield Link(url=url, title=item.text("title") or url)


def _signature(card: Fields) -> Signature | None:
    fields = card.record("signature")
    signature = Signature(
        inputs=tuple(_ports(fields, "inputs")),
        outputs=tuple(_ports(fields, "outputs")),
        parameters=tuple(_ports(fields, "parameters")),
    )
    return signature if signature != Signature() else None


def _ports(signature: Fields, name: str) -> Iterator[Port]:
    for item in signature.records(name):
        port = item.text("name")
        if port is None:
            item.missing("name")
        else:
            yield Port(
                name=port,
                type=item.text("type") or "unknown",
                shape=item.shape("shape"),
                optional=item.flag("optional") or False,
            )
