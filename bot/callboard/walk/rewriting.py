"""A pull request's content written anew on the present base, from its own locks: no registry is asked."""

from __future__ import annotations

from collections.abc import Mapping, Set

from callboard.catalog.lock import FILE, BadLock, Lock, read_lock
from callboard.catalog.plan import FolderPlan, Wish, plan_folder
from callboard.catalog.shelf import Folder, lock_paths
from callboard.changes.fingerprint import entry_of
from callboard.changes.group import FileChange, Group
from callboard.forges.protocol import PullRequest
from callboard.git.repository import Repository
from callboard.pulls.asked import fields_of
from callboard.walk.base import Base
from callboard.walk.folders import deletion, file_change, folder_contents, folders_of


def written_anew(
    repository: Repository, base: Base, pull: PullRequest, root: str, handed_back: Set[str] = frozenset()
) -> Group | None:
    """What the pull request proposes, merged with the base branch as it is now.

    ``handed_back``: what people gave back to the registry in it (``asked.handed_back``). None when its head
    cannot tell: a lock that cannot be used, a folder that cannot be merged, or one that is another model's by
    now.
    """
    found = _planned(repository, base, pull, root, handed_back)
    if found is None:
        return None
    planned, current = found
    changes: list[FileChange] = []
    for one in planned:
        if isinstance(one, Folder):
            changes.append(deletion(one, current))
        elif one.files:
            changes.append(file_change(one, current))
    return Group(key=pull.head_ref, slug="", changes=tuple(changes))


def edited_fields(
    repository: Repository, base: Base, pull: PullRequest, root: str, handed_back: Set[str] = frozenset()
) -> tuple[str, ...]:
    """What people edited in the models of a pull request and have not handed back: ``fraud spec.owner``.

    In the words in which ``/regenerate`` takes them; without the model's name where there is only one.
    """
    planned, _ = _planned(repository, base, pull, root, handed_back) or ([], {})
    plans = [one for one in planned if not isinstance(one, Folder)]
    fields = [
        f"{plan.wish.name} {kept.field}" if len(plans) > 1 else kept.field
        for plan in plans
        for kept in plan.kept
    ]
    return tuple(dict.fromkeys(fields))


_Contents = Mapping[str, Mapping[str, bytes]]


def _planned(
    repository: Repository, base: Base, pull: PullRequest, root: str, handed_back: Set[str]
) -> tuple[list[FolderPlan | Folder], _Contents] | None:
    """For each of its folders what to write, or the folder that goes; and what the base branch has there."""
    touched = folders_of(pull, root)
    entries = repository.tree(pull.head, root)
    locks = {
        path: entries[path].blob
        for path in lock_paths(entries, root)
        if path.removesuffix(f"/{FILE}") in touched
    }
    contents = repository.blobs(locks.values())
    broken = {folder.path for folder in base.shelf.broken}
    by_path = {folder.path: folder for folder in base.shelf.folders.values()}
    current = folder_contents(base, touched, root)
    planned: list[FolderPlan | Folder] = []
    for folder in sorted(touched):
        lock_path = f"{folder}/{FILE}"
        if lock_path in locks:
            try:
                lock = read_lock(contents[locks[lock_path]])
            except BadLock:
                return None
            if folder in broken or base.shelf.folders.get(lock.key) is not by_path.get(folder):
                return None
            wanted = _wish(lock, folder, base)
            plan = plan_folder(wanted, current.get(folder, {}), fields_of(handed_back, wanted.name))
            if plan.problems:
                return None
            planned.append(plan)
        elif folder in by_path:
            planned.append(by_path[folder])
    return planned, current


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
        parts=lock.parts,
    )
