"""Which models our branches hold, and in which open pull request each of them is."""

from __future__ import annotations

from collections.abc import Mapping

from callboard.catalog.identity import Key
from callboard.catalog.lock import BadLock, Lock, read_lock
from callboard.catalog.shelf import lock_paths
from callboard.forges.protocol import Account, PullRequest
from callboard.git.repository import Repository
from callboard.model import Model
from callboard.pulls.asked import CanWrite, handed_back
from callboard.walk.base import Base
from callboard.walk.folders import folders_of

Locks = Mapping[str, Mapping[str, Lock]]
"""Branch to folder to its lock, for the folders that the base branch does not have."""


def locks_beyond_base(repository: Repository, heads: Mapping[str, str], base: Base, root: str) -> Locks:
    """The models that our branches (name to head) propose and the base branch does not have."""
    found: dict[str, dict[str, str]] = {}
    for branch, head in sorted(heads.items()):
        entries = repository.tree(head, root)
        paths = [path for path in lock_paths(entries, root) if path not in base.blobs]
        found[branch] = {path.rpartition("/")[0]: entries[path].blob for path in paths}
    contents = repository.blobs(blob for blobs in found.values() for blob in blobs.values())
    locks: dict[str, Lock] = {}
    for blob, content in contents.items():
        try:
            locks[blob] = read_lock(content)
        except BadLock:
            continue
    return {
        branch: {folder: locks[blob] for folder, blob in blobs.items() if blob in locks}
        for branch, blobs in found.items()
    }


def pending_names(locks: Locks) -> dict[Key, str]:
    """The entity names that our branches propose for models that the base branch does not have."""
    named = sorted((folder, lock.key) for folders in locks.values() for folder, lock in folders.items())
    found: dict[Key, str] = {}
    for folder, key in named:
        found.setdefault(key, folder.rpartition("/")[2])
    return found


def pending_parts(locks: Locks) -> dict[Key, dict[Key, Model]]:
    """What each source said of models of several sources that our branches propose, by the folders' keys."""
    return {
        lock.key: dict(lock.parts)
        for _, folders in sorted(locks.items())
        for lock in folders.values()
        if len(lock.parts) > 1
    }


def open_in(pulls: Mapping[str, PullRequest], locks: Locks, base: Base, root: str) -> dict[str, str]:
    """The branch of the open pull request that changes a model, by the model's key.

    ``pulls``: our open pull requests by their branches.
    """
    on_base = {folder.path: key for key, folder in base.shelf.folders.items()}
    found: dict[str, str] = {}
    for branch, pull in sorted(pulls.items()):
        proposed = locks.get(branch, {})
        for folder in folders_of(pull, root):
            lock = proposed.get(folder)
            key = on_base.get(folder) or (lock.key if lock else None)
            if key is not None:
                found.setdefault(str(key), branch)
    return found


def given_back(
    pulls: Mapping[str, PullRequest], held: Mapping[str, str], identity: Account, can_write: CanWrite
) -> dict[str, frozenset[str]]:
    """What people handed back to the registry in our open pull requests, by the models' keys.

    ``held``: the branch of the pull request that holds a model, by its key.
    """
    asked = {branch: handed_back(pull, identity, can_write) for branch, pull in pulls.items()}
    return {key: asked[branch] for key, branch in held.items() if asked[branch]}
