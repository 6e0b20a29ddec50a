"""Where a model of a source is found by what another registry, or a person, calls it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from urllib.parse import urlsplit

from callboard.catalog.identity import Key
from callboard.catalog.statements import Named
from callboard.config import SourceSettings
from callboard.model import Counterpart, Model

_Index = Mapping[tuple[str, str], frozenset[Key]]


class Known:
    """All models, found by their sources' present names and their ids, names, versions and runs."""

    def __init__(
        self,
        models: Mapping[Key, Model],
        sources: Sequence[SourceSettings],
        aside: Set[tuple[str, str]] = frozenset(),
    ) -> None:
        """``aside``: sources and ids of models that are there, and not among these."""
        self.models = models
        self._aside = aside
        self._present = {former: one.name for one in sources for former in (one.name, *one.formerly)}
        self._types = {one.name: str(getattr(one, "instead_of", one.type)).lower() for one in sources}
        self._apis = {one.name: str(getattr(one, "api", "")) for one in sources}
        self._hosts = {one.name: _host(str(getattr(one, "url", ""))) for one in sources}
        self._ids = self._index((model.id,) for model in models.values())
        self._names = self._index((model.name,) for model in models.values())
        self._versions = self._index(
            tuple(version.id for version in model.versions if version.id) for model in models.values()
        )
        self._runs = self._index(
            tuple(version.run_id for version in model.versions if version.run_id) for model in models.values()
        )

    def _index(self, words: Iterable[Iterable[str]]) -> _Index:
        found: dict[tuple[str, str], set[Key]] = defaultdict(set)
        for key, each in zip(self.models, words, strict=True):
            for word in each:
                found[self.source(key), word].add(key)
        return {word: frozenset(keys) for word, keys in found.items()}

    def source(self, key: Key) -> str:
        """The present name of the source that a model is from."""
        return self._present.get(key.source, key.source)

    def present(self, source: str) -> str:
        """The present name of a source."""
        return self._present.get(source, source)

    def of_type(self, registry: str) -> list[str]:
        """The sources that read a registry of this type."""
        return [name for name, kind in self._types.items() if kind == registry]

    def meant_by(self, said: Counterpart) -> list[str]:
        """The sources that a statement can mean, by the type that it says."""
        sources = self.of_type(said.registry.lower())
        # Kubeflow's registry numbers its models; its catalog names them by SOURCE/NAME.
        api = "catalog" if said.model and "/" in said.model else "registry"
        return [name for name in sources if self._apis[name] in ("", api)]

    def type_of(self, source: str) -> str:
        """The type of the registry that a source reads; empty when nothing configures it."""
        return self._types.get(source, "")

    def host(self, source: str) -> str:
        """Host and port of a source's server; empty where it has none."""
        return self._hosts.get(source, "")

    def of_run(self, source: str, run_id: str) -> frozenset[Key]:
        """The models with a version from this run."""
        return self._runs.get((source, run_id), frozenset())

    def by_word(self, source: str, word: str) -> frozenset[Key]:
        """The models that a person can mean: the one with this id, else those with this name."""
        at = (self.present(source), word)
        return self._ids.get(at) or self._names.get(at, frozenset())

    def is_aside(self, source: str, names: Iterable[Named]) -> bool:
        """Whether a model that is named is there, and nobody asked for it."""
        return any((source, each) in self._aside for one in names for each in one.ids)

    def find(self, source: str, names: Iterable[Named]) -> tuple[frozenset[Key], bool]:
        """The models of a source that are named, and whether what is said of them is of different models."""
        found = []
        nothing: frozenset[Key] = frozenset()
        for one in names:
            if one.ids or one.name:
                models = nothing.union(*(self._ids.get((source, each), nothing) for each in one.ids))
                models |= self._names.get((source, one.name), nothing) if one.name else nothing
                if not models:
                    return nothing, False
                found.append(models)
            found.append(self._versions.get((source, one.version), nothing) if one.version else nothing)
            found.append(self.of_run(source, one.run_id) if one.run_id else nothing)
        found = [keys for keys in found if keys]
        if not found:
            return nothing, False
        common = frozenset.intersection(*found)
        return common, not common


def _host(url: str) -> str:
    try:
        parts = urlsplit(url)
        return parts.netloc.rpartition("@")[2].lower()
    except ValueError:
        return ""
