"""One pull request's worth of changes, and what its branch is called."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from callboard.changes.change import ModelChange
from callboard.changes.fingerprint import fingerprint_of_files
from callboard.documents.reader import read_documents
from callboard.validation.references import NotAReference, parse_reference


@dataclass(frozen=True)
class Placed:
    """Where a model stands in the organization, as full references in lower case; empty for nowhere."""

    owner: str = ""
    system: str = ""


@dataclass(frozen=True)
class FileChange:
    """One model's change, with the bytes to write."""

    change: ModelChange
    source: str
    files: Mapping[str, bytes | None]
    """Paths from the repository's root; None removes the file."""
    catalog: bytes = b""
    """The model's catalog-info.yaml as it will stand; of a model that goes, as it stands."""
    rewording: bool = False
    """The registry says what it said, and only this version of Callboard writes it in other bytes."""

    @cached_property
    def placed(self) -> Placed:
        """What the entity will say, a person's edits included."""
        return placed_by(document.value for document in read_documents(self.catalog, "").documents)


@dataclass(frozen=True)
class Group:
    """One pull request's worth of changes."""

    key: str
    """Stable: what the branch is named by, so that it is found again whatever its content."""
    slug: str
    changes: tuple[FileChange, ...]

    @property
    def files(self) -> dict[str, bytes | None]:
        """All files of the group."""
        return {path: content for change in self.changes for path, content in change.files.items()}

    @property
    def fingerprint(self) -> str:
        """Of the whole content."""
        return fingerprint_of_files(self.files)

    @property
    def deletion(self) -> bool:
        """Whether it takes models out of the catalog: never mixed with other changes."""
        return all(change.change.kind == "removed" for change in self.changes)

    def branch(self, prefix: str, existing: Iterable[str]) -> str:
        """The head branch: the one that exists for this key, whatever its slug, else a new one."""
        found = sorted(name for name in existing if name.startswith(prefix) and is_named_by(name, self.key))
        return found[0] if found else f"{prefix}{self.slug}{_suffix(self.key)}"


def is_named_by(branch: str, key: str) -> bool:
    """Whether a branch is that of the group with this key."""
    return branch.endswith(_suffix(key))


def placed_by(entities: Iterable[object]) -> Placed:
    """The owner and system of a model's first entity that says an owner."""
    for entity in entities:
        spec = entity.get("spec") if isinstance(entity, Mapping) else None
        if isinstance(spec, Mapping) and spec.get("owner"):
            return Placed(_reference(spec["owner"], "group"), _reference(spec.get("system"), "system"))
    return Placed()


def _reference(value: object, kind: str) -> str:
    if not isinstance(value, str) or not value:
        return ""
    try:
        return str(parse_reference(value, kind=kind, namespace="default"))
    except NotAReference:
        return value.lower()


def _suffix(key: str) -> str:
    return f"-{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:10]}"
