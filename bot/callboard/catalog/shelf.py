"""What the catalog holds now: the folders of the base branch, and which model each belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from callboard.catalog.identity import Key
from callboard.catalog.lock import FILE, BadLock, Lock, read_lock
from callboard.model import Model


@dataclass(frozen=True)
class Folder:
    """A model's folder on the base branch."""

    path: str
    """From the repository's root, without a slash at the end."""
    lock: Lock

    @property
    def name(self) -> str:
        """The entity name that was published: the folder's own, since a lock's text is nobody's promise."""
        return self.path.rpartition("/")[2]

    @property
    def models(self) -> Mapping[Key, Model]:
        """What each source says of the model: one record, or those of several that are one."""
        return dict(self.lock.parts) or {self.lock.key: self.lock.record}


@dataclass(frozen=True)
class BrokenFolder:
    """A folder whose lock cannot be used. Nothing is written there until a person has looked."""

    path: str
    why: str


@dataclass(frozen=True)
class Shelf:
    """All folders of the catalog."""

    folders: Mapping[Key, Folder]
    """By the keys that they were published under."""
    broken: tuple[BrokenFolder, ...] = ()
    taken: frozenset[str] = frozenset()
    """Lower-case names of folders and files that are there, whoever made them."""

    @cached_property
    def places(self) -> Mapping[Key, Folder]:
        """The folder of every model that the catalog holds, of those also that are one with another."""
        parts = {key: folder for _, folder in sorted(self.folders.items()) for key in folder.models}
        return {**parts, **self.folders}

    def record(self, key: Key) -> Model | None:
        """What the catalog holds of what its source said of a model."""
        folder = self.places.get(key)
        return folder.models.get(key) if folder else None

    def published(self) -> dict[Key, str]:
        """Key to the entity name that was published for it."""
        return {key: folder.name for key, folder in self.folders.items()}

    def of_source(self, scope: str, sources: Iterable[str]) -> dict[Key, Folder]:
        """The models of one scope that come from a source of one of these names, each with its folder."""
        names = set(sources)
        return {key: at for key, at in self.places.items() if key.scope == scope and key.source in names}

    def known(self, scope: str, sources: Iterable[str]) -> dict[str, Model]:
        """Registry id to the record that the catalog holds, for a source of one of these names."""
        held = self.of_source(scope, sources)
        return {key.id: record for key in held if (record := self.record(key)) is not None}


def folder_of(path: str, root: str) -> str:
    """The model folder that a path is in: one below ``root``. What lies beside the folders is its own."""
    return "/".join(path.split("/")[: root.count("/") + 2])


def lock_paths(paths: Iterable[str], root: str) -> list[str]:
    """The locks among ``paths``: exactly one folder below ``root``."""
    return [
        path for path in paths if path.startswith(f"{root}/") and path == f"{folder_of(path, root)}/{FILE}"
    ]


def read_shelf(paths: Iterable[str], locks: Mapping[str, bytes], root: str) -> Shelf:
    """The shelf from the base branch's paths below ``root`` and the contents of its locks (by path).

    Two folders that claim the same key are both broken: which is the model's is a person's decision.
    """
    claims: dict[Key, list[Folder]] = {}
    broken = []
    for path, content in sorted(locks.items()):
        folder = path.removesuffix(f"/{FILE}")
        try:
            lock = read_lock(content)
        except BadLock as error:
            broken.append(BrokenFolder(folder, f"its lock cannot be used: {error}"))
            continue
        claims.setdefault(lock.key, []).append(Folder(folder, lock))
    for key, folders in claims.items():
        if len(folders) > 1:
            others = ", ".join(folder.path for folder in folders)
            broken += [
                BrokenFolder(at.path, f"its lock claims the key {key}, as do {others}") for at in folders
            ]
    return Shelf(
        folders={key: folders[0] for key, folders in sorted(claims.items()) if len(folders) == 1},
        broken=tuple(sorted(broken, key=lambda folder: folder.path)),
        taken=frozenset(
            path[len(root) + 1 :].split("/", 1)[0].lower() for path in paths if path.startswith(f"{root}/")
        ),
    )
