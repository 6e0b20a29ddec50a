"""A catalog in a folder and on no forge: what a walk would propose, written there as if people landed it."""

from __future__ import annotations

from pathlib import Path

from callboard.catalog.lock import read_lock
from callboard.model import Model
from callboard.walk.desired import Desired


def land(desired: Desired, folder: Path) -> None:
    """Write all changes at once."""
    for change in desired.changes:
        for path, content in change.files.items():
            at = folder / path
            at.parent.mkdir(parents=True, exist_ok=True)
            at.unlink() if content is None else at.write_bytes(content)


def record_of(name: str, folder: Path) -> Model:
    """What the catalog holds of a model, by its entity's name."""
    return read_lock((folder / f"models/{name}/.callboard.lock").read_bytes()).record
