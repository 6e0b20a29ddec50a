"""What a mapping says becomes what: entries of a registry's answers to the record of a model.

A field of the wrong type loses only itself, and is told by its name. An id or a version that cannot be read
loses its model, which then counts as unread.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from callboard.metrics import higher_is_better
from callboard.model import (
    Artifact,
    Endpoint,
    Evaluation,
    License,
    Lineage,
    Link,
    Model,
    Validation,
    Version,
)
from callboard.sources.cards import read_card
from callboard.sources.fields import MAX_ITEMS
from callboard.sources.queries import BadQuery, query
from callboard.sources.rest_fields import (
    ArtifactFields,
    EndpointFields,
    EvaluationFields,
    ModelFields,
    ValidationFields,
    VersionFields,
)
from callboard.sources.rest_values import Values, plain

LONGEST_ID = 500
"""Characters of an id or name."""

_PASSED = frozenset(
    {"passed", "pass", "success", "successful", "succeeded", "ok", "true", "valid", "validated"}
)
_FAILED = frozenset({"failed", "fail", "failure", "error", "false", "invalid", "rejected"})
_DIGIT_RUNS = re.compile(r"(\d+)")
_BEFORE = frozenset({"a", "alpha", "b", "beta", "dev", "pre", "preview", "rc", "snapshot"})
"""What a version that comes before the one without it is called."""


class BadEntry(ValueError):
    """An entry cannot be used at all: why, quoting nothing of it."""


def identity(entry: Any, fields: ModelFields) -> tuple[str, str]:
    """The id and the name of an entry's model. Raises BadEntry."""
    id_ = _name(entry, fields.id, "id")
    return id_, id_ if fields.name is None else _name(entry, fields.name, "name")


def version_identity(entry: Any, fields: ModelFields) -> str:
    """The name of the version that an entry is. Raises BadEntry."""
    assert fields.versions is not None
    items = _items(entry, fields.versions)
    if len(items) != 1:
        raise BadEntry("it is not one version")
    return _name(items[0], fields.versions.name, "versions.name")


def keys(item: Any, expression: str) -> tuple[str, ...]:
    """What a joined item belongs to. Raises BadEntry."""
    said = query(expression, item)
    found = tuple(plain(one) for one in (said if isinstance(said, list) else [said]))
    if not found or not all(found):
        raise BadEntry("its keys are no texts")
    return tuple(dict.fromkeys(key for key in found if key))


def key_of(entry: Any, expression: str) -> str:
    """An entry's own key. Raises BadEntry."""
    return _name(entry, expression, "key")


def revision_of(entry: Any, expression: str) -> str | None:
    """What the registry gives to tell that nothing changed."""
    try:
        return plain(query(expression, entry))
    except BadQuery:
        return None


def model_of(
    source: str, id_: str, entries: Sequence[Any], fields: ModelFields, origin: str, *, each_version: bool
) -> tuple[Model, frozenset[str]]:
    """The record, and the names of fields that were left out or cut.

    ``entries`` is one, or with ``each_version`` one for each version: then the newest says what the model is.
    ``origin`` is what evaluations and validations name where the mapping says nothing. Raises BadEntry.
    """
    faults: set[str] = set()
    found: list[tuple[Version, Any]] = []
    if fields.versions is not None:
        for entry in entries:
            found += [
                (_version(item, fields.versions, origin, faults), entry)
                for item in _items(entry, fields.versions)
            ]
        found = _newest_first(found, fields.versions.order)
        names = [version.name for version, _ in found]
        if len(set(names)) < len(names):
            raise BadEntry("two of its versions have the same name")
    values = Values(found[0][1] if each_version and found else entries[0], faults)
    license_id = values.text("license", fields.license)
    link = values.text("link", fields.link)
    card = values.long_text("card", fields.card)
    model = Model(
        source=source,
        id=id_,
        name=identity(values.scope, fields)[1],
        title=values.text("title", fields.title),
        description=values.text("description", fields.description),
        owner=values.text("owner", fields.owner),
        provider=values.text("provider", fields.provider),
        state=values.text("state", fields.state),
        lifecycle=values.text("lifecycle", fields.lifecycle),
        license=License(id=license_id, url=values.text("license-url", fields.license_url))
        if license_id
        else None,
        library=values.text("library", fields.library),
        languages=values.texts("languages", fields.languages),
        tasks=values.texts("tasks", fields.tasks),
        capabilities=values.texts("capabilities", fields.capabilities),
        tags=values.texts("tags", fields.tags),
        properties=values.pairs("properties", fields.properties),
        lineage=Lineage(
            base_models=values.texts("base-models", fields.base_models),
            datasets=values.texts("datasets", fields.datasets),
        ),
        versions=tuple(version for version, _ in found),
        endpoints=tuple(_endpoints(entries, fields.endpoints, faults)),
        evaluations=_some(_evaluations(values, fields.evaluations, origin), values),
        card=read_card(card.encode(), "card").body if card else None,
        links=(Link(url=link, title="Registry"),) if link else (),
        created_at=values.time("created-at", fields.created_at),
        updated_at=values.time("updated-at", fields.updated_at),
    )
    return model, frozenset(faults)


def _version(item: Any, fields: VersionFields, origin: str, faults: set[str]) -> Version:
    values = Values(item, faults, "versions.")
    return Version(
        name=_name(item, fields.name, "versions.name"),
        id=values.text("id", fields.id),
        description=values.text("description", fields.description),
        state=values.text("state", fields.state),
        aliases=tuple(sorted(values.texts("aliases", fields.aliases))),
        created_at=values.time("created-at", fields.created_at),
        updated_at=values.time("updated-at", fields.updated_at),
        run_id=values.text("run-id", fields.run_id),
        artifacts=tuple(_artifacts(values, fields.artifacts)) if fields.artifacts else (),
        evaluations=_some(_evaluations(values, fields.evaluations, origin), values),
        validations=tuple(_validations(values, fields.validations, origin)),
        tags=values.pairs("tags", fields.tags),
    )


def _artifacts(values: Values, fields: ArtifactFields) -> Iterable[Artifact]:
    for item in values.items("artifacts", fields.items):
        uri = item.text("uri", fields.uri)
        if uri is not None:
            yield Artifact(
                uri=uri,
                digest=item.digest("digest", fields.digest),
                size=item.size("size", fields.size),
                format=item.text("format", fields.format),
            )


def _some(evaluations: Iterable[Evaluation], values: Values) -> tuple[Evaluation, ...]:
    found = tuple(islice(evaluations, MAX_ITEMS + 1))
    if len(found) > MAX_ITEMS:
        values.faults.add(f"{values.prefix}evaluations")
    return found[:MAX_ITEMS]


def _evaluations(values: Values, all_fields: Iterable[EvaluationFields], origin: str) -> Iterable[Evaluation]:
    for fields in all_fields:
        for item in values.items("evaluations", fields.items):
            measured = item.numbers("metrics", fields.metrics)
            metric = item.text("metric", fields.metric)
            value = item.number("value", fields.value)
            if metric is not None and value is not None:
                measured[metric] = value
            dataset, split = item.text("dataset", fields.dataset), item.text("split", fields.split)
            task, source = item.text("task", fields.task), item.text("source", fields.source)
            for name, number in measured.items():
                yield Evaluation(
                    metric=name,
                    value=number,
                    dataset=dataset,
                    split=split,
                    task=task,
                    source=source or origin,
                    higher_is_better=higher_is_better(name),
                )


def _validations(values: Values, all_fields: Iterable[ValidationFields], origin: str) -> Iterable[Validation]:
    for fields in all_fields:
        for item in values.items("validations", fields.items):
            name = item.text("name", fields.name)
            passed = item.outcome("passed", fields.passed, _PASSED, _FAILED)
            if name is not None and passed is not None:
                yield Validation(
                    name=name,
                    passed=passed,
                    details=item.text("details", fields.details),
                    source=item.text("source", fields.source) or origin,
                )


def _endpoints(
    entries: Iterable[Any], all_fields: Iterable[EndpointFields], faults: set[str]
) -> Iterable[Endpoint]:
    found: dict[Endpoint, None] = {}
    for fields in all_fields:
        for entry in entries:
            for item in Values(entry, faults).items("endpoints", fields.items):
                url, protocol = item.text("url", fields.url), item.text("protocol", fields.protocol)
                if url is not None and protocol is not None:
                    endpoint = Endpoint(
                        url=url,
                        protocol=protocol,
                        needs_key=item.flag("needs-key", fields.needs_key),
                        version=item.text("version", fields.version),
                        definition=item.long_text("definition", fields.definition),
                        server=item.text("server", fields.server),
                        runtime=item.text("runtime", fields.runtime),
                    )
                    found[endpoint] = None
    return found


def _items(entry: Any, fields: VersionFields) -> list[Any]:
    try:
        said = query(fields.items, entry)
    except BadQuery:
        said = False
    if said is None:
        return []
    if not isinstance(said, list):
        raise BadEntry("its versions are no list")
    return said


def _name(entry: Any, expression: str, what: str) -> str:
    try:
        said = plain(query(expression, entry))
    except BadQuery:
        said = None
    # A replacement character stands for what told the name from others.
    if said is None or "\ufffd" in said or len(said) > LONGEST_ID:
        raise BadEntry(f"its {what} is missing, too long, or no text")
    return said


def _newest_first(found: list[tuple[Version, Any]], order: str) -> list[tuple[Version, Any]]:
    if order == "listed":
        return found
    by_name = sorted(found, key=lambda one: _rank(one[0].name), reverse=True)
    if order == "created-at":
        return sorted(by_name, key=lambda one: one[0].created_at or "", reverse=True)
    return by_name


def _rank(name: str) -> list[tuple[int, int, str]]:
    """``v1.10`` after ``v1.9``, ``v1.0-rc1`` before ``v1.0``; of equal numbers, the text decides."""
    return [*map(_part_rank, filter(None, _DIGIT_RUNS.split(name))), (-1, 0, name)]


def _part_rank(part: str) -> tuple[int, int, str]:
    if part.isascii() and part.isdigit() and len(part) < 19:
        return 1, int(part), ""
    return -2 if part.strip("-._").lower() in _BEFORE else 0, 0, part
