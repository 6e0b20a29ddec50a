"""Which models of several sources are one: by configuration, or by what their registries state of each other.

Never within one source, never by a name that can come to mean another model, never by a guess. What is not
clear links nothing and is said; an equal digest only suggests.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field

from callboard.catalog.identity import Key
from callboard.catalog.known import Known
from callboard.catalog.link_findings import Findings
from callboard.catalog.statements import named
from callboard.catalog.text import shortened
from callboard.config import Config
from callboard.model import Counterpart, Problem

_SHOWN = 3


@dataclass(frozen=True)
class Together:
    """Models that the catalog holds in one folder."""

    models: frozenset[Key]
    headless: bool
    """The model that the folder was published for is gone: nothing can state the link any more."""


@dataclass(frozen=True)
class Linking:
    """What was found."""

    groups: tuple[tuple[Key, ...], ...] = ()
    """Models that are one, two or more; sorted."""
    configured: Mapping[Key, tuple[int, int, int]] = field(default_factory=dict)
    """For the models that callboard.yaml links: a number of what is one by it, in which list, where in it."""
    waiting: Mapping[Key, str] = field(default_factory=dict)
    """Models that name one of a source that did not answer, and that source."""
    findings: tuple[Problem, ...] = ()


def find_links(
    known: Known,
    config: Config,
    together: Iterable[Together] = (),
    unsure: Set[str] = frozenset(),
    silent: Set[str] = frozenset(),
) -> Linking:
    """Which of the known models are one, whatever their order.

    ``together``: what the catalog holds as one; it stays so where statements contradict each other, or where
    nothing can make them any more. ``unsure``: sources of which models may be missing here. ``silent``: those
    of them that did not answer.
    """
    models = known.models
    findings = Findings(known)
    groups = _Groups(known, _apart(known, config, findings, unsure))
    configured = _by_configuration(groups, known, config, findings, unsure)
    edges = _statements(groups, known, config, findings, unsure)
    void = _void(edges, groups, known, findings)
    for one in sorted(together, key=lambda one: sorted(one.models)):
        here = sorted(one.models & models.keys())
        if len(here) > 1 and (one.headless or void & one.models) and groups.fit(here):
            groups.join(here)
    findings.suggest(models, groups)
    found = tuple(sorted(tuple(sorted(group)) for group in groups.all() if len(group) > 1))
    waiting = {key: source for key, source in findings.unheard.items() if source in silent}
    return Linking(found, configured, waiting, findings.problems())


class _Groups:
    """Sets of models that are one: no two of one source, and none that must stay apart."""

    def __init__(self, known: Known, apart: Mapping[Key, Set[Key]]) -> None:
        self._known, self.apart = known, apart
        self._of: dict[Key, set[Key]] = {}

    def of(self, key: Key) -> Set[Key]:
        return self._of.get(key) or {key}

    def all(self) -> Iterator[Set[Key]]:
        """The sets of more than one."""
        seen: set[int] = set()
        for group in self._of.values():
            if id(group) not in seen:
                seen.add(id(group))
                yield group

    def fit(self, keys: Iterable[Key]) -> bool:
        """Whether these, with all that each of them is one with already, may be one."""
        every = {other for key in keys for other in self.of(key)}
        sources = {self._known.source(key) for key in every}
        return len(sources) == len(every) and not any(self.apart.get(key, set()) & every for key in every)

    def join(self, keys: Iterable[Key]) -> None:
        every = {other for key in keys for other in self.of(key)}
        self._of.update(dict.fromkeys(every, every))


def _apart(
    known: Known, config: Config, findings: Findings, unsure: Set[str]
) -> Mapping[Key, frozenset[Key]]:
    apart: dict[Key, set[Key]] = defaultdict(set)
    for words in config.links.apart:
        keys = set(_configured(words, known, findings, unsure))
        for key in keys:
            apart[key] |= keys - {key}
    return {key: frozenset(others) for key, others in apart.items()}


def _configured(words: Sequence[str], known: Known, findings: Findings, unsure: Set[str]) -> list[Key]:
    """The models that a list in callboard.yaml names, as far as there are such."""
    keys: list[Key] = []
    for word in words:
        source, _, name = word.partition(":")
        found = known.by_word(source, name)
        if len(found) == 1:
            keys += found
        elif found:
            findings.ambiguous_words.add(word)
        elif known.present(source) not in unsure:
            findings.unknown_words.add(word)
    return list(dict.fromkeys(keys))


def _by_configuration(
    groups: _Groups, known: Known, config: Config, findings: Findings, unsure: Set[str]
) -> dict[Key, tuple[int, int, int]]:
    configured: dict[Key, tuple[int, int]] = {}
    for at, words in enumerate(config.links.same):
        keys = _configured(words, known, findings, unsure)
        if len(keys) < 2:
            continue
        if not groups.fit(keys):
            findings.impossible.append(", ".join(shortened(word, 80) for word in words[:_SHOWN]))
            continue
        groups.join(keys)
        for position, key in enumerate(keys):
            configured.setdefault(key, (at, position))
    return {
        key: (min(configured[other][0] for other in groups.of(key)), *at) for key, at in configured.items()
    }


_Edge = tuple[Key, Key]


def _statements(
    groups: _Groups, known: Known, config: Config, findings: Findings, unsure: Set[str]
) -> set[_Edge]:
    """What registries state and configuration has not decided, each pair once."""
    edges: set[_Edge] = set()
    for key, model in sorted(known.models.items()):
        if not model.counterparts:
            continue
        meant: dict[str, set[Key]] = defaultdict(set)
        for said in model.counterparts:
            other = _meant(key, said, known, config, findings, unsure)
            if other is not None and other not in groups.of(key):
                meant[known.source(other)].add(other)
        for others in meant.values():
            undecided = {other for other in others if groups.fit((key, other))}
            if len(undecided) > 1:
                # Whoever names many takes nothing from those who name one.
                findings.contradictions[key] = undecided
            else:
                edges |= {(min(key, other), max(key, other)) for other in undecided}
    return edges


def _meant(
    key: Key, said: Counterpart, known: Known, config: Config, findings: Findings, unsure: Set[str]
) -> Key | None:
    """The one model that a statement is about, or None."""
    source, registry = known.source(key), said.registry.lower()
    candidates = [name for name in known.meant_by(said) if name != source]
    meant = {
        known.present(name)
        for here, names in config.links.means.items()
        if known.present(here) == source
        for name in names
    }
    # What is said of sources of one type narrows nothing of another.
    candidates = [name for name in candidates if name in meant] or candidates
    if not candidates:
        return None
    names = named(said)
    if isinstance(names, str):
        if names == "mutable":
            findings.mutable[source].add(key)
        return None
    hosts = {one.host for one in names if one.host}
    if hosts:
        candidates = [name for name in candidates if known.host(name) in hosts]
    run = next((one.run_id for one in names if one.run_id), None)
    if len(candidates) > 1 and run is not None and len(run) >= 32:
        # No two registries make the same run, so where it is found is where it is from.
        candidates = [name for name in candidates if known.of_run(name, run)]
    if len(candidates) != 1:
        if candidates:
            findings.unclear[source, registry].add(key)
        return None
    found, conflict = known.find(candidates[0], names)
    if conflict:
        findings.inconsistent[source].add(key)
    elif len(found) == 1:
        return next(iter(found))
    elif found:
        findings.unclear[source, registry].add(key)
    elif candidates[0] in unsure:
        findings.unheard.setdefault(key, candidates[0])
    elif not known.is_aside(candidates[0], names):
        findings.unknown[source, candidates[0]].add(key)
    return None


def _void(edges: set[_Edge], groups: _Groups, known: Known, findings: Findings) -> frozenset[Key]:
    """Join what fits, and answer the models whose statements do not."""
    void: set[Key] = set(findings.contradictions)
    near: dict[Key, dict[str, set[Key]]] = defaultdict(lambda: defaultdict(set))
    for one, other in edges:
        near[one][known.source(other)].add(other)
        near[other][known.source(one)].add(one)
    for key, sources in near.items():
        for others in sources.values():
            if len(others) > 1:
                findings.contradictions.setdefault(key, set()).update(others)
                void |= {key, *others}
                edges -= {(min(key, other), max(key, other)) for other in others}
    for component in _components(edges, groups):
        if groups.fit(component):
            groups.join(component)
        else:
            void |= component
            first = min(component)
            findings.contradictions.setdefault(first, set()).update(component - {first})
    return frozenset(void)


def _components(edges: Iterable[_Edge], groups: _Groups) -> Iterator[set[Key]]:
    """What hangs together by statements and by what is one already."""
    near: dict[Key, set[Key]] = defaultdict(set)
    for one, other in edges:
        near[one].add(other)
        near[other].add(one)
    left = set(near)
    for start in sorted(near):
        if start not in left:
            continue
        component: set[Key] = set()
        waiting = [start]
        while waiting:
            key = waiting.pop()
            if key in component:
                continue
            component.add(key)
            waiting += [*near.get(key, ()), *groups.of(key)]
        left -= component
        yield component
