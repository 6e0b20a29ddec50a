"""What people must know about links: each kind of trouble in one finding, however many models have it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import dataclass, field
from typing import Protocol

from callboard.catalog.identity import Key
from callboard.catalog.known import Known
from callboard.catalog.text import shortened
from callboard.model import Model, Problem

WHERE = "links"
_SHOWN = 3
_DIGEST = re.compile(r"[a-z0-9]{1,10}:[0-9a-f]{32,128}")
_OF_NOTHING = {
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "md5:d41d8cd98f00b204e9800998ecf8427e",
}
"""Digests of an empty file, which many models have."""


class Groups(Protocol):
    """What is one by now."""

    def of(self, key: Key) -> Set[Key]: ...
    def fit(self, keys: Iterable[Key]) -> bool: ...


def several(words: Iterable[str], most: int = _SHOWN) -> str:
    """The first of these in order, and how many more there are."""
    every = sorted(words)
    shown = ", ".join(every[:most])
    return f"{shown} and {len(every) - most:,} more" if len(every) > most else shown


def counted(count: int, word: str = "model") -> str:
    """``1 model``, ``2 models``."""
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"


@dataclass
class Findings:
    """Collected while links are found."""

    known: Known
    contradictions: dict[Key, set[Key]] = field(default_factory=dict)
    """By a model: those that would become one with it and with each other."""
    mutable: dict[str, set[Key]] = field(default_factory=lambda: defaultdict(set))
    unclear: dict[tuple[str, str], set[Key]] = field(default_factory=lambda: defaultdict(set))
    inconsistent: dict[str, set[Key]] = field(default_factory=lambda: defaultdict(set))
    unknown: dict[tuple[str, str], set[Key]] = field(default_factory=lambda: defaultdict(set))
    unheard: dict[Key, str] = field(default_factory=dict)
    """Models that name one of a source of which models may be missing, and that source."""
    unknown_words: set[str] = field(default_factory=set)
    ambiguous_words: set[str] = field(default_factory=set)
    impossible: list[str] = field(default_factory=list)
    alike: dict[tuple[Key, ...], str] = field(default_factory=dict)
    """Models with an equal digest."""

    def word(self, key: Key) -> str:
        """A model as callboard.yaml names it."""
        return shortened(f"{self.known.source(key)}:{key.id}", 80)

    def suggest(self, models: Mapping[Key, Model], groups: Groups) -> None:
        """Remember what has an equal digest and is not one."""
        having: dict[str, set[Key]] = defaultdict(set)
        for key, model in models.items():
            for version in model.versions:
                for artifact in version.artifacts:
                    if artifact.digest and _DIGEST.fullmatch(artifact.digest):
                        having[artifact.digest].add(key)
        for digest, keys in sorted(having.items()):
            one = keys <= groups.of(next(iter(keys)))
            if not one and digest not in _OF_NOTHING and groups.fit(keys):
                self.alike.setdefault(tuple(sorted(keys)), digest)

    def problems(self) -> tuple[Problem, ...]:
        """All of them, in a fixed order."""
        return (
            *self._of_configuration(),
            *self._of_statements(),
            *self._of_contradictions(),
            *self._of_digests(),
        )

    def _of_configuration(self) -> Iterable[Problem]:
        if self.unknown_words:
            count = len(self.unknown_words)
            yield finding(
                f"callboard.yaml links {counted(count)} that no source lists: "
                f"{self._said(self.unknown_words)}",
                "correct the id or name after the colon, or take it out of links:",
            )
        if self.ambiguous_words:
            yield finding(
                f"callboard.yaml links by a name that several models of one source have: "
                f"{self._said(self.ambiguous_words)}",
                "write the id instead of the name; 'callboard models -o json' shows it",
            )
        if self.impossible:
            yield finding(
                "callboard.yaml says of models of one source, or of models that it keeps apart, "
                f"that they are one: {'; '.join(sorted(self.impossible)[:_SHOWN])}; this list links nothing",
                "correct links: same: or apart:",
            )

    def _of_statements(self) -> Iterable[Problem]:
        for source, keys in sorted(self.mutable.items()):
            yield finding(
                f"{counted(len(keys))} of {source} name another registry's model by an alias, a stage or "
                f"a tag, which may come to be another: {self._words(keys)}; this links nothing",
                "name a version, a run or a digest there, or say it in links: same:",
                source,
            )
        for (source, registry), keys in sorted(self.unclear.items()):
            names = several(name for name in self.known.of_type(registry) if name != source)
            yield finding(
                f"{counted(len(keys))} of {source} name a model of {shortened(registry, 40)}, and it is not "
                f"clear which ({names}): {self._words(keys)}; this links nothing",
                f"say in callboard.yaml which source is meant: links: {{means: {{{source}: [NAME]}}}}",
                source,
            )
        for source, keys in sorted(self.inconsistent.items()):
            yield finding(
                f"what {counted(len(keys))} of {source} say of another registry is of different models "
                f"there: {self._words(keys)}; this links nothing",
                "correct the labels or properties, or say it in links: same:",
                source,
            )
        for (source, other), keys in sorted(self.unknown.items()):
            yield finding(
                f"{counted(len(keys))} of {source} name models that {other} does not list: "
                f"{self._words(keys)}",
                f"correct what they name, or select the models in {other}",
                source,
            )

    def _of_contradictions(self) -> Iterable[Problem]:
        if self.contradictions:
            said = [
                f"{self.word(key)} with {several(map(self.word, others))}"
                for key, others in sorted(self.contradictions.items())
            ]
            yield finding(
                "by what the registries state, models of one source would become one, or models that are "
                f"kept apart ({several(said)}); none of these is linked",
                "correct the labels or properties, or say in links: same: which are one",
            )

    def _of_digests(self) -> Iterable[Problem]:
        if self.alike:
            said = [
                f"{' and '.join(map(self.word, keys[:_SHOWN]))} ({digest[:19]}…)"
                for keys, digest in self.alike.items()
            ]
            yield finding(
                "files with an equal digest belong to models of which nothing says that they are one: "
                f"{several(said)}",
                "if they are, say it in links: same:; if not, in links: apart:",
            )

    def _words(self, keys: Collection[Key]) -> str:
        return several(map(self.word, keys))

    def _said(self, words: Iterable[str]) -> str:
        return several(shortened(word, 80) for word in words)


def finding(what: str, hint: str, source: str = WHERE) -> Problem:
    """A finding about models of several sources."""
    where = WHERE if source == WHERE else f"source {source}"
    return Problem(source=source, what=what, where=where, hint=hint, severity="warning")
