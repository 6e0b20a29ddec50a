"""What a model in an OCI registry becomes: the record, from its configuration, its card and its layers."""

from __future__ import annotations

from dataclasses import replace

from callboard.model import Artifact, Evaluation, License, Lineage, Model, Version
from callboard.sources.cards import CardReading
from callboard.sources.content import Content, content_of_card
from callboard.sources.oci_configs import Said
from callboard.sources.oci_manifests import MODELCAR, Kind, Manifest, format_of, weights

_MOST_ARTIFACTS = 500


def content_of(said: Said, card: CardReading, license_texts: tuple[str, ...]) -> Content:
    """What configuration and annotations say, and what they leave out from the card.

    A card's owner counts first: what an artifact has are its authors.
    """
    licenses = said.licenses or (() if card.license else license_texts)
    return replace(
        content_of_card(card),
        title=said.title or card.title,
        description=said.description or card.description,
        owner=card.owner or said.owner,
        provider=said.provider,
        license=License(id=", ".join(licenses)) if licenses else card.license,
        library=said.library or card.library,
        languages=said.languages or card.languages,
        capabilities=said.capabilities,
        lineage=Lineage(
            base_models=tuple(dict.fromkeys((*said.base_models, *card.base_models))),
            datasets=tuple(dict.fromkeys((*said.datasets, *card.datasets))),
        ),
        links=(*said.links, *card.links),
        properties=dict(said.properties),
    )


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
    return Model(
        source=source,
        id=repository,
        name=repository,
        **vars(content),
        versions=versions,
        updated_at=versions[0].created_at,
        revision=versions[0].id if whole else None,
    )
