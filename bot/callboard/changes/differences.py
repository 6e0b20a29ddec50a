"""What changed in a model for its users, between the record in the catalog and the record as read now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from callboard.catalog.text import shortened
from callboard.changes.difference import Difference, Kind, Severity
from callboard.changes.measures import measure_differences
from callboard.changes.serving import endpoint_differences
from callboard.changes.signatures import signature_differences
from callboard.changes.versions import version_differences
from callboard.model import License, Model, Origin, Signature

_UNSAID = {"source", "created_at", "updated_at", "revision", "provenance", "said"}
"""Fields of a record that say nothing to a model's users."""


def differences(before: Model | None, after: Model | None, why: str = "") -> tuple[Difference, ...]:
    """What changed from ``before`` (the lock on base) to ``after``, most important first.

    Empty when nothing changed that a user of the model could notice. Equal input, equal output. ``why``: it
    goes, where it is not that its registry has no such model any more.
    """
    if before is None and after is None:
        return ()
    if before is None:
        assert after is not None
        return (_new(after),)
    if after is None:
        return (_removed(before, why),)
    found = [
        *version_differences(before, after),
        *signature_differences(_signature(before), _signature(after)),
        *endpoint_differences(before.endpoints, after.endpoints),
        *measure_differences(before, after),
        *_facts(before, after),
        *_texts(before, after),
        *_details(before, after),
    ]
    if not found and before.model_dump(exclude=_UNSAID) != after.model_dump(exclude=_UNSAID):
        said = "Something in the record changed that callers do not see, such as an order or a run's id."
        found.append(Difference("details", "minor", said, "record"))
    return tuple(sorted(found, key=lambda difference: difference.rank))


def _new(model: Model) -> Difference:
    version = model.latest.name if model.latest else None
    name = shortened(model.title or model.name, 120)
    said = f"{name} is new in the catalog"
    said += f", with version {shortened(version, 80)}." if version else "; it has no version yet."
    return Difference("new-model", "important", said, "model", None, version)


def _removed(model: Model, why: str) -> Difference:
    name = shortened(model.title or model.name, 120)
    version = model.latest.name if model.latest else None
    said = (
        f"{name} leaves the catalog: {why}."
        if why
        else (f"{name} is no longer in its registry and leaves the catalog.")
    )
    return Difference("model-removed", "breaking", said, "model", version, None)


def _signature(model: Model) -> Signature | None:
    latest = model.latest
    return (latest.signature if latest else None) or model.signature


def _facts(before: Model, after: Model) -> Iterator[Difference]:
    if before.license != after.license:
        yield _license(before.license, after.license)
    yield from _fact("owner", "important", "owner", before.owner, after.owner)
    yield from _fact("lifecycle", "important", "lifecycle", before.lifecycle, after.lifecycle)
    yield from _fact("name", "important", "name", before.name, after.name)
    yield from _fact("name", "minor", "title", before.title, after.title)
    old, new = before.lineage, after.lineage
    yield from _set("base-model", "important", "base models", old.base_models, new.base_models)
    yield from _set("details", "minor", "training datasets", old.datasets, new.datasets)


def _license(before: License | None, after: License | None) -> Difference:
    was, now = _license_name(before), _license_name(after)
    if before is None:
        return Difference("license", "minor", f"The license is now stated: {now}.", "license", None, now)
    if after is None:
        said = f"No license is stated any more (it was {was}): nothing says what users may do."
        return Difference("license", "important", said, "license", was, None)
    if before.id == after.id:
        said = f"The license is still {shortened(after.id, 80)}, but its name or address changed."
        return Difference("license", "minor", said, "license", was, now)
    said = f"The license is now {now} (it was {was})."
    return Difference("license", "important", said, "license", was, now)


def _license_name(one: License | None) -> str | None:
    if one is None:
        return None
    name = shortened(one.id, 80)
    return f"{name} ({shortened(one.name, 80)})" if one.name and one.name != one.id else name


def _fact(
    kind: Kind, severity: Severity, word: str, before: str | None, after: str | None
) -> Iterator[Difference]:
    if before == after:
        return
    was, now = (None if value is None else shortened(value, 120) for value in (before, after))
    if before is None:
        yield Difference(kind, "minor", f"The {word} is now stated: {now}.", word, None, now)
    elif after is None:
        yield Difference(kind, severity, f"The {word} is no longer stated (it was {was}).", word, was, None)
    else:
        yield Difference(kind, severity, f"The {word} is now {now} (it was {was}).", word, was, now)


def _texts(before: Model, after: Model) -> Iterator[Difference]:
    if before.description != after.description:
        said = _stated("description", before.description, after.description)
        yield Difference("description", "minor", said, "description", before.description, after.description)
    old, new = before.card, after.card
    if old != new:
        said = _stated("model card", old.markdown if old else None, new.markdown if new else None)
        if old and new:
            said = f"{said[:-1]} ({_lines(old.markdown, new.markdown)})."
        yield Difference("card", "minor", said, "model card")


def _stated(word: str, before: str | None, after: str | None) -> str:
    if not before:
        return f"There is a {word} now."
    return f"The {word} changed." if after else f"The {word} is gone."


def _lines(before: str, after: str) -> str:
    was, now = before.count("\n") + 1, after.count("\n") + 1
    return f"{now} lines" if was == now else f"{now} lines, before {was}"


def _details(before: Model, after: Model) -> Iterator[Difference]:
    yield from _set("details", "minor", "tasks", before.tasks, after.tasks)
    yield from _set("details", "minor", "categories", before.categories, after.categories)
    yield from _set("details", "minor", "tags", before.tags, after.tags)
    yield from _set("details", "minor", "languages", before.languages, after.languages)
    yield from _fact("details", "minor", "library", before.library, after.library)
    if before.known_in or after.known_in:
        yield from _set("details", "minor", "registries that know it", _origins(before), _origins(after))
    yield from _set("details", "minor", "properties", _pairs(before.properties), _pairs(after.properties))
    yield from _set(
        "details",
        "minor",
        "links",
        [f"{link.title}: {link.url}" for link in before.links],
        [f"{link.title}: {link.url}" for link in after.links],
    )


def _origins(model: Model) -> list[str]:
    origins = model.known_in or (Origin(source=model.source, id=model.id, name=model.name),)
    return [f"{one.source} ({shortened(one.name, 80)})" for one in origins]


def _pairs(properties: dict[str, str]) -> list[str]:
    return [f"{name}: {value}" for name, value in sorted(properties.items())]


def _set(
    kind: Kind, severity: Severity, word: str, before: Sequence[str], after: Sequence[str]
) -> Iterator[Difference]:
    gone = [value for value in before if value not in after]
    added = [value for value in after if value not in before]
    if not gone and not added:
        return
    parts = [f"{_several(added)} added"] if added else []
    parts += [f"{_several(gone)} removed"] if gone else []
    said = f"The {word} changed: {', '.join(parts)}."
    yield Difference(kind, severity, said, word, _several(before) or None, _several(after) or None)


def _several(values: Sequence[str]) -> str:
    shown = ", ".join(shortened(value, 80) for value in values[:5])
    return f"{shown} and {len(values) - 5} more" if len(values) > 5 else shown
