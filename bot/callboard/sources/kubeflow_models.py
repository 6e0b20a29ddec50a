"""What a model in the Kubeflow Model Registry or Model Catalog becomes.

The id of a registered model is the registry's own, because the labels of KServe's inference services name
it, and so is that of a version. What the registry has a field for counts first; then the ``customProperties``
that Red Hat's model catalog bridge made well known (``License``, ``Owner``, ``Usage`` …), those of the newest
version before those of the model, as the bridge reads them; then the front matter of the readme. Properties
without a value are labels: plain tags of a model.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from callboard.model import Counterpart, Endpoint, License, Lineage, Link, Model, Version
from callboard.sources.cards import CardReading, read_card
from callboard.sources.kubeflow_artifacts import Content
from callboard.sources.kubeflow_properties import Properties, counterparts_of, first, mlflow_uri, plain_key
from callboard.sources.kubeflow_records import Described, InferenceService, ModelVersion, RegisteredModel, utc

_CARD_SECTIONS = {
    "usage": "Usage",
    "howtouse": "How to use",
    "training": "Training",
    "ethics": "Ethics",
    "support": "Support",
}
"""Properties that hold a text for the card, or the address of one."""
_LINKS = {"homepageurl": "Homepage", "homepage": "Homepage", "techdocs": "TechDocs"}
_FIELDS = frozenset({
    "owner", "lifecycle", "license", "licensename", "licenselink", "provider", "task", "tasks", "pipelinetag",
    "language", "languages", "libraryname", "basemodel", "basemodels", "dataset", "datasets", "apispec",
    "apitype", *_CARD_SECTIONS,
})  # fmt: skip
_LONG = frozenset({"apispec", *_CARD_SECTIONS})
_ADDRESS = re.compile(r"https?://[^\s<>\"]+")
_UUID = re.compile(r"(?P<name>.+)/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_T = TypeVar("_T")

MAX_DEFINITION = 1024 * 1024
"""Characters of an API definition; a longer one is left out."""


def version_of(said: ModelVersion, content: Content) -> Version:
    """A version."""
    own = said.properties.without(_LONG)
    for key, text in (("author", said.author), ("externalId", said.external_id)):
        if text:
            own.setdefault(key, text)
    return Version(
        name=said.name,
        id=said.id,
        description=said.description or None,
        state=said.state or None,
        created_at=utc(said.create_time_since_epoch),
        updated_at=utc(said.last_update_time_since_epoch),
        artifacts=content.artifacts,
        evaluations=content.evaluations,
        tags=dict(sorted({**content.tags, **own}.items())),
    )


def model_of(
    source: str,
    said: RegisteredModel,
    versions: Sequence[tuple[ModelVersion, Content]],
    endpoints: tuple[Endpoint, ...],
) -> tuple[Model, CardReading]:
    """A registered model with its versions, newest first, and its readme with what is wrong in it."""
    newest = newest_of(versions)
    of_newest = newest[0].properties if newest else Properties({})
    stated = [one for version, content in versions for one in _version_states(version, content)]
    described, card = described_as(said, said.id, said.properties, of_newest)
    datasets = described.lineage.datasets or (newest[1].datasets if newest else ())
    model = described.model_copy(
        update={
            "source": source,
            "owner": first("owner", of_newest, said.properties) or said.owner or card.owner,
            "state": said.state or None,
            "lineage": described.lineage.model_copy(update={"datasets": datasets}),
            "versions": tuple(version_of(version, content) for version, content in versions),
            "endpoints": endpoints,
            "counterparts": _once([*_model_states(said), *stated]),
            "created_at": utc(said.create_time_since_epoch),
            "updated_at": utc(said.last_update_time_since_epoch),
        }
    )
    return model, card


def described_as(
    said: Described, identifier: str, own: Properties, of_newest: Properties
) -> tuple[Model, CardReading]:
    """What both APIs say of a model in the same fields, with its readme and what is wrong in it.

    ``of_newest``: the properties of its newest version.
    """
    name = said.name or identifier
    holders = (of_newest, own)
    card = read_card(_card_text(said.readme or "", holders), f"{name}/readme")
    tags = dict.fromkeys((*own.labels, *card.tags))
    properties = {key: text for key, text in own.texts.items() if text and not _has_its_place(key, text)}
    for key, text in (("maturity", said.maturity), ("externalId", said.external_id)):
        if text:
            properties.setdefault(key, text)
    tasks = said.tasks or _listed(holders, "tasks", "task", "pipelinetag") or card.tasks
    return Model(
        source="",
        id=identifier,
        name=name,
        title=card.title,
        description=said.description or card.description,
        provider=said.provider or first("provider", *holders),
        lifecycle=first("lifecycle", *holders) or card.lifecycle,
        license=_license(said, holders) or card.license,
        library=said.library_name or first("libraryname", *holders) or card.library,
        languages=_each(said.language or _listed(holders, "languages", "language") or card.languages),
        tasks=_each(tasks),
        tags=tuple(tags),
        properties=dict(sorted(properties.items())),
        lineage=Lineage(
            base_models=_listed(holders, "basemodel", "basemodels") or card.base_models,
            datasets=_listed(holders, "datasets", "dataset") or card.datasets,
        ),
        evaluations=card.evaluations,
        signature=card.signature,
        card=card.body,
        links=_once([*_links(holders), *card.links]),
    ), card


def endpoint_of(
    said: InferenceService, environment: str | None, version: str | None, holders: Sequence[Properties]
) -> Endpoint | None:
    """Where a model is served; None where the registry does not say an address, or says that it is not.

    KServe's controller writes the service's address as the property ``url`` and its name as ``name/uid``.
    """
    url = said.properties.get("url")
    if said.desired_state == "UNDEPLOYED" or url is None or not _ADDRESS.fullmatch(url):
        return None
    named = _UUID.fullmatch(said.name or "")
    name = named["name"] if named else said.name or said.id
    definition = first("apispec", *holders)
    if definition is not None and (len(definition) > MAX_DEFINITION or _ADDRESS.fullmatch(definition)):
        definition = None
    return Endpoint(
        url=url,
        protocol=(first("apitype", *holders) or "rest").casefold(),
        version=version,
        definition=definition,
        server=f"{environment}/{name}" if environment else name,
        runtime=said.runtime or None,
    )


def newest_of(versions: Sequence[tuple[ModelVersion, Content]]) -> tuple[ModelVersion, Content] | None:
    """The newest version that is not archived, else the newest."""
    live = (one for one in versions if one[0].state != "ARCHIVED")
    return next(live, versions[0] if versions else None)


def _model_states(said: RegisteredModel) -> Iterator[Counterpart]:
    yield from counterparts_of(said.properties, None)
    yield from mlflow_uri(said.external_id or "", "externalId", None)


def _version_states(said: ModelVersion, content: Content) -> Iterator[Counterpart]:
    yield from counterparts_of(said.properties, said.name)
    yield from mlflow_uri(said.external_id or "", "externalId", said.name)
    yield from content.counterparts


def _has_its_place(key: str, text: str) -> bool:
    """Whether a property becomes something else than a property."""
    name = plain_key(key)
    return name in _FIELDS or (name in _LINKS and _ADDRESS.fullmatch(text.strip()) is not None)


def _license(said: Described, holders: Sequence[Properties]) -> License | None:
    text = said.license or first("license", *holders)
    if not text:
        return None
    address = said.license_link or first("licenselink", *holders)
    if address is None and _ADDRESS.fullmatch(text):
        address = text
    return License(id=text, name=first("licensename", *holders), url=address)


def _card_text(readme: str, holders: Sequence[Properties]) -> bytes:
    sections = [
        f"## {title}\n\n{text}"
        for name, title in _CARD_SECTIONS.items()
        if (text := first(name, *holders)) and not _ADDRESS.fullmatch(text)
    ]
    return "\n\n".join([readme, *sections]).encode()


def _links(holders: Sequence[Properties]) -> Iterator[Link]:
    titles = {**_LINKS, **_CARD_SECTIONS, "apispec": "API definition"}
    for name, title in titles.items():
        text = first(name, *holders)
        if text and _ADDRESS.fullmatch(text):
            yield Link(url=text, title=title)


def _listed(holders: Sequence[Properties], *names: str) -> tuple[str, ...]:
    """The words of the first of these properties that has some, by commas."""
    for holder in holders:
        text = holder.get(*names)
        if text:
            return _each(word.strip() for word in text.strip("[]").replace('"', "").split(","))
    return ()


def _each(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for word in words if word))


def _once(values: Iterable[_T]) -> tuple[_T, ...]:
    return tuple(dict.fromkeys(values))
