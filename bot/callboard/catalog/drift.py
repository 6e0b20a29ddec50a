"""What registries and platforms disagree about, of models that are linked: said, never mended.

Three kinds, each in one finding for the two sources that it is between, however many models it is about:
registered in MLflow and not in Kubeflow, served in another version than the one in production, and served
but registered nowhere. Nothing is said of what a source may only have failed to list.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import NamedTuple

from callboard.catalog.identity import Key
from callboard.catalog.known import Known
from callboard.catalog.link_findings import counted, finding, several
from callboard.catalog.text import shortened
from callboard.catalog.uniting import PLATFORMS, same_versions
from callboard.model import Model, Problem

REGISTERING = frozenset({"kubeflow", "mlflow"})
"""Types of registries that platforms serve from."""
PRODUCTION = frozenset({"champion", "prod", "production"})
"""Aliases and states by which registries say which version is in production, in any case."""


def drift(
    groups: Iterable[Sequence[Key]],
    known: Known,
    unsure: Set[str],
) -> tuple[Problem, ...]:
    """All that disagrees. ``groups``: models that are one. ``unsure``: sources that may have listed less."""
    linked = sorted(tuple(sorted(group)) for group in groups if len(group) > 1)
    listed = _listed(linked, known)
    return (
        *_registered_once(listed, known, unsure),
        *_served_otherwise(linked, known),
        *_served_only(listed, known, unsure),
    )


@dataclass(frozen=True)
class _Listed:
    """What the sources list, and which sources it is linked with."""

    of_source: Mapping[str, Sequence[Key]]
    partners: Mapping[Key, Set[str]]
    """The sources of what a model is one with, its own among them."""
    pairs: Set[tuple[str, str]]
    """Sources of which at least one model is one with one of the other."""

    def alone(self, source: str, others: Set[str]) -> list[Key]:
        """The models of a source that are one with none of these others."""
        return [key for key in self.of_source[source] if not self.partners.get(key, set()) & others]


def _listed(groups: Sequence[Sequence[Key]], known: Known) -> _Listed:
    of_source: dict[str, list[Key]] = defaultdict(list)
    for key in sorted(known.models):
        of_source[known.source(key)].append(key)
    partners = {key: {known.source(one) for one in group} for group in groups for key in group}
    return _Listed(of_source, partners, _linked_sources(groups, known))


def _linked_sources(groups: Iterable[Sequence[Key]], known: Known) -> set[tuple[str, str]]:
    found = set()
    for group in groups:
        sources = {known.source(key) for key in group}
        found |= {(one, other) for one in sources for other in sources if one != other}
    return found


def _registered_once(listed: _Listed, known: Known, unsure: Set[str]) -> Iterable[Problem]:
    for source, other in sorted(listed.pairs):
        if (known.type_of(source), known.type_of(other)) != ("mlflow", "kubeflow") or other in unsure:
            continue
        alone = listed.alone(source, {other})
        if alone:
            yield finding(
                f"{len(alone):,} of {counted(len(listed.of_source[source]))} of {source} are not registered "
                f"in {other}, where others of them are: {_names(alone, known)}",
                f"register them in {other}, link them in links: same:, or leave them out of the selection",
                source,
            )


class _Served(NamedTuple):
    name: str
    wanted: str
    served: str


def _served_otherwise(groups: Iterable[Sequence[Key]], known: Known) -> Iterable[Problem]:
    found: dict[tuple[str, str], list[_Served]] = defaultdict(list)
    for group in groups:
        registries = [key for key in group if known.type_of(known.source(key)) in REGISTERING]
        platforms = [key for key in group if known.type_of(known.source(key)) in PLATFORMS]
        for key in registries:
            model = known.models[key]
            wanted = _in_production(model)
            between = [known.models[other] for other in registries if other != key]
            for platform in platforms if wanted else ():
                served = served_versions(known.models[platform], model, between)
                if served and not served & wanted:
                    found[known.source(platform), known.source(key)].append(
                        _Served(model.name, _versions(wanted), _versions(served))
                    )
    for (server, registry), models in sorted(found.items()):
        said = [
            f"{shortened(one.name, 60)} (production is {one.wanted}, served is {one.served})"
            for one in models
        ]
        yield finding(
            f"{server} serves {counted(len(models))} in another version than {registry} has in production: "
            f"{several(said)}",
            "deploy the version that is in production, or move the alias back",
            server,
        )


def served_versions(platform: Model, registry: Model, between: Iterable[Model] = ()) -> frozenset[str]:
    """The versions of the registry that the platform serves, by name; empty when nothing states it.

    Either the platform names them, or it names those of another registry (one of ``between``) that states
    which they are here; else what its endpoints call their version, where the registry has one called so.
    """
    deployed = {version.name for version in platform.versions}
    for middle in (registry, *between):
        names = {theirs for mine, theirs in same_versions(platform, middle).items() if mine in deployed}
        if middle is not registry:
            here = same_versions(middle, registry)
            names = {here[name] for name in names if name in here}
        if names:
            return frozenset(names)
    said = {endpoint.version for endpoint in platform.endpoints if endpoint.version}
    return frozenset(version.name for version in registry.versions if {version.name, version.id} & said)


def _in_production(model: Model) -> frozenset[str]:
    return frozenset(
        version.name
        for version in model.versions
        if any(word.casefold() in PRODUCTION for word in (*version.aliases, version.state or ""))
    )


def _served_only(listed: _Listed, known: Known, unsure: Set[str]) -> Iterable[Problem]:
    registries = [name for kind in sorted(REGISTERING) for name in known.of_type(kind)]
    if not registries or set(registries) & unsure:
        return
    for source, keys in sorted(listed.of_source.items()):
        kind = known.type_of(source)
        # Elsewhere people run what nobody registers; where some of it is registered, all of it may be meant.
        if kind not in PLATFORMS or not (
            kind == "kserve" or any((source, registry) in listed.pairs for registry in registries)
        ):
            continue
        alone = listed.alone(source, set(registries))
        if alone:
            yield finding(
                f"{len(alone):,} of {counted(len(keys))} of {source} are served and linked with nothing "
                f"that is registered in {', '.join(registries)}: {_names(alone, known)}",
                "register them and label what serves them, or link them in links: same:",
                source,
            )


def _names(keys: Iterable[Key], known: Known) -> str:
    return several(shortened(known.models[key].name, 60) for key in keys)


def _versions(names: Iterable[str]) -> str:
    return several(shortened(name, 40) for name in names)
