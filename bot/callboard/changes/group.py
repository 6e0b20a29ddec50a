"""Which changes go into one pull request, and what its branch is called."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from callboard.changes.change import ModelChange
from callboard.changes.fingerprint import fingerprint_of_files

_LONGEST_SLUG = 40


@dataclass(frozen=True)
class FileChange:
    """One model's change, with the bytes to write."""

    change: ModelChange
    source: str
    files: Mapping[str, bytes | None]
    """Paths from the repository's root; None removes the file."""


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
        suffix = f"-{hashlib.sha256(self.key.encode('utf-8', 'surrogatepass')).hexdigest()[:10]}"
        found = sorted(name for name in existing if name.startswith(prefix) and name.endswith(suffix))
        return found[0] if found else f"{prefix}{self.slug}{suffix}"


def group(changes: Iterable[FileChange], by: Literal["model", "source", "all"]) -> tuple[Group, ...]:
    """Sort changes into groups, deletions apart; in the order of their keys."""
    members: dict[tuple[str, str], list[FileChange]] = {}
    for change in sorted(changes, key=lambda one: one.change.key):
        kind = "delete" if change.change.kind == "removed" else "update"
        key, slug = {
            "model": (change.change.key, change.change.name),
            "source": (f"source:{change.source}", change.source),
            "all": ("all", "models"),
        }[by]
        prefix = "delete-" if kind == "delete" else ""
        members.setdefault((f"{kind} {key}", _slug(prefix + slug)), []).append(change)
    return tuple(Group(key, slug, tuple(found)) for (key, slug), found in sorted(members.items()))


def _slug(text: str) -> str:
    # "--", "..", ".lock" and a dot at the ends are what git refuses in names (git-check-ref-format).
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:_LONGEST_SLUG].strip("-") or "model"
