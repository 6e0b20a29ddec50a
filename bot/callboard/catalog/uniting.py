"""One record of what several registries say of one model: for each field, whose word counts.

What people overruled counts most. Of all else registries' words count before those of platforms that serve
models; but where a model is served, the platforms say. The configured order goes before this one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from callboard.catalog.identity import Key
from callboard.catalog.known import Known
from callboard.catalog.link_findings import counted, finding, several
from callboard.catalog.statements import named
from callboard.catalog.text import shortened
from callboard.config import Config
from callboard.model import Model, Origin, Problem, Version

REGISTRIES = frozenset({"files", "kubeflow", "mlflow", "rest"})
"""Types of sources where models are registered."""
PLATFORMS = frozenset({"kserve", "ollama", "openai", "openwebui", "threescale"})
"""Types of sources where models are served."""
_TOGETHER = ("links", "counterparts")
"""What is no answer to one question: all of it is kept."""
_OF_THE_CATALOG = frozenset({"source", "id", "provenance", "known_in", "promotions", "said"})
_EMPTY: Mapping[str, Any] = {
    name: field.get_default(call_default_factory=True)
    for name, field in Model.model_fields.items()
    if name not in _OF_THE_CATALOG
}
_FILLED = ("signature", "evaluations", "validations", "run_id", "description")
"""Of a version: what another registry may know where the one that counts says nothing."""
_COMPARED: Mapping[str, Callable[[Model], str | None]] = {
    "owner": lambda model: model.owner,
    "license": lambda model: model.license.id if model.license else None,
    "lifecycle": lambda model: model.lifecycle,
}
"""What only one registry can be right about."""


def precedence(known: Known, config: Config) -> Callable[[Key], tuple[int, ...]]:
    """Sorts models by whose word counts most."""
    chosen = {known.present(name): at for at, name in reversed([*enumerate(config.links.order)])}
    written = {settings.name: at for at, settings in enumerate(config.sources)}

    def rank(key: Key) -> tuple[int, ...]:
        source = known.source(key)
        kind = known.type_of(source)
        role = 0 if kind in REGISTRIES else 2 if kind in PLATFORMS else 1
        return chosen.get(source, len(chosen)), role, written.get(source, len(written))

    return rank


def united(parts: Sequence[tuple[Key, Model]], served: Callable[[Key], bool], lead: Key) -> Model:
    """One record of these parts, the one first whose word counts most.

    ``served``: whether a part's source is a platform that serves models. ``lead``: the model that the record
    is under; where it is not among the parts, the first of them is.
    """
    values: dict[str, Any] = {}
    provenance: dict[str, str] = {}
    models = [model for _, model in parts]
    for name, empty in _EMPTY.items():
        saying = [model for model in models if getattr(model, name) not in (empty, "")]
        if name == "endpoints":
            platforms = [model for key, model in parts if served(key) and model.endpoints]
            saying = platforms or saying[:1]
        elif name not in _TOGETHER:
            saying = sorted(saying, key=lambda model: not _overruled(model, name))[:1]
        if not saying:
            values[name] = empty
            continue
        every = [getattr(model, name) for model in saying]
        values[name] = (
            every[0] if len(every) == 1 else tuple(dict.fromkeys(one for each in every for one in each))
        )
        said = [model.provenance.get(name, model.source) for model in saying]
        if name == "versions":
            values[name], others = _filled(saying[0], models)
            said += others
        provenance[name] = ", ".join(dict.fromkeys(said))
    primary = dict(parts).get(lead, models[0])
    known_in = tuple(Origin(source=one.source, id=one.id, name=one.name) for one in models)
    return primary.model_copy(
        update=values
        | {
            "provenance": dict(sorted(provenance.items())),
            "known_in": known_in if len(known_in) > 1 else (),
            "promotions": (),
            "said": {},
        }
    )


def _overruled(model: Model, field: str) -> bool:
    """Whether people said it, in an override: that has a place, which no source's name or table is."""
    by = model.provenance.get(field, model.source)
    return by != model.source and not by.startswith("the table of ")


def _filled(winner: Model, models: Iterable[Model]) -> tuple[tuple[Version, ...], list[str]]:
    """The versions of the registry that counts, with what others know of them; and who those are."""
    mine = {version.name: version for version in winner.versions}
    found: dict[str, Version] = {}
    sources = []
    for other in models:
        pairs = same_versions(winner, other) if other is not winner else {}
        theirs = {version.name: version for version in other.versions}
        for name, same in pairs.items():
            now = found.get(name, mine[name])
            more = {
                field: value
                for field in _FILLED
                if not getattr(now, field) and (value := getattr(theirs[same], field))
            }
            if more:
                found[name] = now.model_copy(update=more)
                sources.append(other.source)
    return tuple(found.get(version.name, version) for version in winner.versions), sources


def same_versions(one: Model, other: Model) -> dict[str, str]:
    """Which version of ``one`` is which of ``other``, by name: only where one of them states it.

    By the run that both are from, or by what one says of the other's version. Two that claim the same are
    not believed.
    """
    claims: set[tuple[str, str]] = set(_claims(one, other))
    claims |= {(mine, theirs) for theirs, mine in _claims(other, one)}
    runs, others = _by_run(one), _by_run(other)
    claims |= {(name, others[run]) for run, name in runs.items() if run in others}
    here, there = Counter(mine for mine, _ in claims), Counter(theirs for _, theirs in claims)
    once, once_there = (_once(version.name for version in each.versions) for each in (one, other))
    return {
        mine: theirs
        for mine, theirs in sorted(claims)
        if here[mine] == there[theirs] == 1 and mine in once and theirs in once_there
    }


def _once(names: Iterable[str]) -> set[str]:
    return {name for name, count in Counter(names).items() if count == 1}


def _claims(one: Model, other: Model) -> Iterator[tuple[str, str]]:
    """What ``one`` says of versions of ``other``."""
    mine = {version.name for version in one.versions}
    by_run = _by_run(other)
    by_id = {version.id: version.name for version in other.versions if version.id}
    names = {version.name for version in other.versions}
    for said in one.counterparts:
        said_of = said.of_version
        readings = named(said)
        if said_of not in mine or isinstance(readings, str):
            continue
        for reading in readings:
            if reading.ids and other.id not in reading.ids:
                continue
            version = reading.version
            if reading.run_id in by_run:
                yield str(said_of), by_run[str(reading.run_id)]
            elif version in by_id:
                yield str(said_of), by_id[version]
            elif version in names and (reading.ids or reading.name == other.name):
                yield str(said_of), str(version)


def _by_run(model: Model) -> dict[str, str]:
    """Run to the one version that came from it."""
    seen: dict[str, list[str]] = {}
    for version in model.versions:
        if version.run_id:
            seen.setdefault(version.run_id, []).append(version.name)
    return {run: names[0] for run, names in seen.items() if len(names) == 1}


def disagreements(groups: Iterable[Sequence[Model]]) -> tuple[Problem, ...]:
    """What registries say differently of models that are one: one finding for each field.

    ``groups``: each with the one first whose word counts. What people overruled is settled.
    """
    found: dict[str, list[str]] = {}
    for models in groups:
        for field, read in _COMPARED.items():
            said = [(model, value) for model in models if (value := read(model))]
            other = next((one for one in said[1:] if one[1].casefold() != said[0][1].casefold()), None)
            if other is None or any(_overruled(model, field) for model, _ in said):
                continue
            (first, taken), (second, left) = said[0], other
            found.setdefault(field, []).append(
                f"{shortened(first.name, 60)}: {shortened(taken, 60)} by {first.source}, "
                f"{shortened(left, 60)} by {second.source}"
            )
    return tuple(
        finding(
            f"registries disagree on the {field} of {counted(len(said))}, and the first named counts: "
            f"{several(said)}",
            "correct it in one of them, or set the order of sources in links: order:",
        )
        for field, said in found.items()
    )
