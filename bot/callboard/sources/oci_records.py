"""What a model in an OCI registry becomes: the record, from its configuration, its card and its layers."""

from __future__ import annotations

from dataclasses import dataclass, field

from callboard.model import (
    Artifact,
    Card,
    Endpoint,
    Evaluation,
    License,
    Lineage,
    Link,
    Model,
    Signature,
    Version,
)
from callboard.sources.cards import CardReading
from callboard.sources.oci_configs import Said
from callboard.sources.oci_manifests import MODELCAR, Kind, Manifest, format_of, weights

_MOST_ARTIFACTS = 500


@dataclass(frozen=True)
class Content:
    """What an artifact says of its model, card included. The same as long as the digest is."""

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
    lineage: Lineage = field(default_factory=Lineage)
    endpoints: tuple[Endpoint, ...] = ()
    signature: Signature | None = None
    card: Card | None = None
    links: tuple[Link, ...] = ()
    properties: tuple[tuple[str, str], ...] = ()


def content_of(said: Said, card: CardReading, license_texts: tuple[str, ...]) -> Content:
    """What configuration and annotations say, and what they leave out from the card.

    A card's owner counts first: what an artifact has are its authors.
    """
    licenses = said.licenses or (() if card.license else license_texts)
    return Content(
        title=said.title or card.title,
        description=said.description or card.description,
        owner=card.owner or said.owner,
        provider=said.provider,
        lifecycle=card.lifecycle,
        license=License(id=", ".join(licenses)) if licenses else card.license,
        library=said.library or card.library,
        languages=said.languages or card.languages,
        tasks=card.tasks,
        capabilities=said.capabilities,
        tags=card.tags,
        lineage=Lineage(
            base_models=tuple(dict.fromkeys((*said.base_models, *card.base_models))),
            datasets=tuple(dict.fromkeys((*said.datasets, *card.datasets))),
        ),
        endpoints=tuple(one.endpoint for one in card.endpoints),
        signature=card.signature,
        card=card.body,
        links=(*said.links, *card.links),
        properties=said.properties,
    )


def content_of_known(known: Model) -> Content:
    """What the record of the same digest says."""
    same = {name: getattr(known, name) for name in Content.__dataclass_fields__ if name != "properties"}
    return Content(**same, properties=tuple(sorted(known.properties.items())))


def version_of(
    url: str,
    repository: str,
    digest: str,
    kind: Kind,
    manifest: Manifest,
    said: Said,
    measured: tuple[Evaluation, ...],
) -> Version:
    """The version, not yet named. ``url`` is the registry's.

    Its first artifact is the whole; the others are the layers that hold the model.
    """
    layers = list(weights(manifest, kind)) if kind != MODELCAR else []
    whole = Artifact(
        uri=f"oci://{url.partition('://')[2]}/{repository}@{digest}",
        digest=digest,
        size=min(sum(layer.size for layer in manifest.layers), 2**63 - 1),
        format=kind,
    )
    return Version(
        name=digest,
        id=digest,
        created_at=said.created_at,
        artifacts=(
            whole,
            *(
                Artifact(
                    uri=f"{url}/v2/{repository}/blobs/{layer.digest}",
                    digest=layer.digest,
                    size=layer.size,
                    format=format_of(layer) or said.format,
                )
                for layer in layers[:_MOST_ARTIFACTS]
            ),
        ),
        evaluations=measured,
        tags=dict(said.properties),
    )


def model_of(
    source: str, repository: str, versions: tuple[Version, ...], content: Content, *, whole: bool
) -> Model:
    """The record. ``whole`` is False when something of the newest version could not be read: then it has no
    revision, so that the next walk asks again."""
    said = {name: getattr(content, name) for name in Content.__dataclass_fields__ if name != "properties"}
    return Model(
        source=source,
        id=repository,
        name=repository,
        **said,
        properties=dict(content.properties),
        versions=versions,
        updated_at=versions[0].created_at,
        revision=versions[0].id if whole else None,
    )
