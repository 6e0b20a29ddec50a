"""What a model's own files say of it: the part of the record that stays as long as their digest does.

So it is read once, and then taken from the known record of the same digest, commit or version.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from callboard.model import Card, Endpoint, License, Lineage, Link, Model, Signature
from callboard.sources.cards import CardReading


@dataclass(frozen=True)
class Content:
    """Fields of the record, by the same names."""

    title: str | None = None
    description: str | None = None
    owner: str | None = None
    provider: str | None = None
    lifecycle: str | None = None
    license: License | None = None
    library: str | None = None
    languages: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    properties: dict[str, str] = field(default_factory=dict)
    lineage: Lineage = field(default_factory=Lineage)
    endpoints: tuple[Endpoint, ...] = ()
    signature: Signature | None = None
    card: Card | None = None
    links: tuple[Link, ...] = ()


def content_of_card(card: CardReading) -> Content:
    """What a card says. API definitions of its endpoints are files beside it, and not read here."""
    return Content(
        title=card.title,
        description=card.description,
        owner=card.owner,
        lifecycle=card.lifecycle,
        license=card.license,
        library=card.library,
        languages=card.languages,
        tasks=card.tasks,
        tags=card.tags,
        lineage=Lineage(base_models=card.base_models, datasets=card.datasets),
        endpoints=tuple(one.endpoint for one in card.endpoints),
        signature=card.signature,
        card=card.body,
        links=card.links,
    )


def content_of_known(known: Model) -> Content:
    """What the record says that was made of the same files."""
    said = {one.name: getattr(known, one.name) for one in fields(Content)}
    return Content(**said | {"properties": dict(sorted(known.properties.items()))})
