"""A pull request's content written anew on the present base, from its own locks: no registry is asked."""

from __future__ import annotations

from callboard.catalog.lock import FILE, BadLock, Lock, read_lock
from callboard.catalog.plan import Wish, plan_folder
from callboard.catalog.shelf import lock_paths
from callboard.changes.fingerprint import entry_of
from callboard.changes.group import FileChange, Group
from callboard.forges.protocol import PullRequest
from callboard.git.repository import Repository
from callboard.walk.base import Base
from callboard.walk.folders import deletion, file_change, folder_contents


def written_anew(repository: Repository, base: Base, pull: PullRequest, root: str) -> Group | None:
    """What the pull request proposes, merged with the base branch as it is now.

    None when its head cannot tell: a lock that cannot be used, a folder that cannot be merged, or one that
    is another model's by now.
    """
    depth = root.count("/") + 2
    touched = {"/".join(path.split("/")[:depth]) for path in pull.paths if path.startswith(f"{root}/")}
    entries = repository.tree(pull.head, root)
    locks = {
        path: entries[path].blob
        for path in lock_paths(entries, root)
        if path.removesuffix(f"/{FILE}") in touched
    }
    contents = repository.blobs(locks.values())
    broken = {folder.path for folder in base.shelf.broken}
    by_path = {folder.path: folder for folder in base.shelf.folders.values()}
    current = folder_contents(base, touched)
    changes: list[FileChange] = []
    for folder in sorted(touched):
        lock_path = f"{folder}/{FILE}"
        if lock_path in locks:
            try:
                lock = read_lock(contents[locks[lock_path]])
            except BadLock:
                return None
            if folder in broken or base.shelf.folders.get(lock.key) is not by_path.get(folder):
                return None
            plan = plan_folder(_wish(lock, folder, base), current.get(folder, {}))
            if plan.problems:
                return None
            if plan.files:
                changes.append(file_change(plan, current))
        elif folder in by_path:
            changes.append(deletion(by_path[folder], current))
    return Group(key=pull.head_ref, slug="", changes=tuple(changes))


def head_holds(repository: Repository, head: str, group: Group) -> bool:
    """Whether the commit already has exactly what the group would write."""
    entries = repository.tree(head)
    return all(
        path not in entries
        if content is None
        else path in entries and str(entries[path]) == entry_of(content)
        for path, content in group.files.items()
    )


def _wish(lock: Lock, folder: str, base: Base) -> Wish:
    there = base.shelf.folders.get(lock.key)
    return Wish(
        key=lock.key,
        name=folder.rpartition("/")[2],
        path=folder,
        model=lock.record,
        inputs=lock.inputs,
        generated=lock.generated,
        base=there.lock if there else None,
    )
