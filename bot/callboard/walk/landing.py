"""After a merge: are these the approved bytes, and does Backstage have them?"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from callboard.backstage.client import Catalog, Location
from callboard.backstage.registration import (
    Outcome,
    locations_to_unregister,
    register_and_confirm,
    targets_to_register,
)
from callboard.documents.reader import read_documents
from callboard.forges.protocol import PullRequest
from callboard.git.formats import Entry
from callboard.git.repository import Repository
from callboard.walk.base import Base
from callboard.walk.moves import former_folders
from callboard.walk.workplace import Workplace

CATALOG_FILE = "catalog-info.yaml"
PENDING_LABEL = "registration-pending"
"""Marks a merged pull request whose entities Backstage does not have yet; taken off when it has them."""


@dataclass(frozen=True)
class Registration:
    """What became of the catalog in Backstage."""

    outcomes: tuple[Outcome, ...] = ()
    unregistered: tuple[Location, ...] = ()


def differing_paths(
    repository: Repository, pull: PullRequest, root: str, now: Mapping[str, Entry]
) -> tuple[str, ...]:
    """The paths of a merged pull request where its merge commit does not have what was approved.

    That is the bytes of its head; where a person changed the same file on the base branch meanwhile, what git
    makes of both. What the base branch has other bytes for by ``now`` was put right since. All the paths when
    a commit cannot be had any more: what cannot be compared is not taken for equal.
    """
    commits = {pull.head, pull.merge_commit or ""}
    if len(repository.fetch_commits(commits)) < 2:
        return pull.paths
    head, merged = (repository.tree(commit, root) for commit in (pull.head, pull.merge_commit or ""))
    differing = [
        path
        for path in pull.paths
        if head.get(path) != merged.get(path) and now.get(path) == merged.get(path)
    ]
    if not differing:
        return ()
    parents = [repository.commit(commit).parents for commit in (pull.head, pull.merge_commit or "")]
    if len(parents[0]) != 1 or not parents[1]:
        return tuple(differing)
    first = [one[0] for one in parents]
    if len(repository.fetch_commits(first)) < len(set(first)):
        return tuple(differing)
    ancestor, before = (repository.tree(commit, root) for commit in first)
    return tuple(
        path
        for path in differing
        if not _is_both(repository, *(tree.get(path) for tree in (before, ancestor, head, merged)))
    )


def _is_both(
    repository: Repository,
    before: Entry | None,
    ancestor: Entry | None,
    head: Entry | None,
    merged: Entry | None,
) -> bool:
    """Whether a merged file is the head's change to it and the base branch's own, and nothing else."""
    if before is None or ancestor is None or head is None or merged is None or before == ancestor:
        return False
    contents = repository.blobs(one.blob for one in (before, ancestor, head, merged))
    made = repository.merge_file(contents[before.blob], contents[ancestor.blob], contents[head.blob])
    return made == contents[merged.blob] and merged.mode == before.mode


def register(
    catalog: Catalog,
    workplace: Workplace,
    base: Base,
    recent: Iterable[str],
    *,
    withheld: Collection[str],
    within: float,
    progress: Callable[[str], None],
) -> Registration:
    """Bring Backstage to the state of the base branch. Raises HttpProblem when it does not answer.

    ``recent``: folders that were merged lately and must be confirmed again; what is not registered yet is
    registered whenever it was merged. ``withheld``: folders that must not be, as they are not what was
    approved. What is registered below an address that the catalog had before it was renamed moves here.
    """
    forge = workplace.forge
    root, branch = workplace.config.catalog.path, workplace.config.catalog.base
    paths = {
        folder.path: path
        for folder in base.shelf.folders.values()
        if (path := f"{folder.path}/{CATALOG_FILE}") in base.blobs
    }
    target_of = {folder: forge.file_url(path, branch) for folder, path in paths.items()}
    registered = catalog.locations()
    wanted = {forge.file_url(path, branch) for path in base.blobs if path.endswith(f"/{CATALOG_FILE}")}
    gone = locations_to_unregister(registered, wanted, prefix=forge.file_url(root, branch))
    gone += _moving(
        catalog, workplace, base, registered, {target_of[one] for one in withheld if one in target_of}
    )
    for location in gone:
        progress(f"unregister {location.target}")
        catalog.unregister(location.id)
    new = set(targets_to_register(registered, target_of.values()))
    lately = set(recent)
    due = {
        folder: target
        for folder, target in target_of.items()
        if (target in new or folder in lately) and folder not in withheld
    }
    contents = base.read(paths[folder] for folder in due)
    documents = {target: _documents(contents[paths[folder]], paths[folder]) for folder, target in due.items()}
    for target in documents:
        progress(f"register {target}")
    outcomes = register_and_confirm(catalog, documents, within=within) if documents else ()
    return Registration(outcomes, gone)


def _moving(
    catalog: Catalog,
    workplace: Workplace,
    base: Base,
    registered: Sequence[Location],
    withheld: Collection[str],
) -> tuple[Location, ...]:
    """The locations at former addresses that can go: their file is gone, or can be read at its new address.

    An entity belongs to the location that brought it first, so that the former one has to go before the new
    one can bring it.
    """
    root = workplace.config.catalog.path
    known = {folder.path for folder in base.shelf.folders.values()}
    moving = []
    for prefix in former_folders(workplace, [location.target for location in registered]):
        for location in locations_to_unregister(registered, (), prefix=prefix):
            path = f"{root}/{location.target.removeprefix(f'{prefix}/')}"
            target = workplace.forge.file_url(path, workplace.config.catalog.base)
            is_ours = path.rpartition("/")[0] in known and target not in withheld
            if path not in base.blobs or (is_ours and catalog.dry_run(target).problem is None):
                moving.append(location)
    return tuple(moving)


def _documents(content: bytes, path: str) -> Sequence[Mapping[str, Any]]:
    reading = read_documents(content, path)
    return [document.value for document in reading.documents if isinstance(document.value, dict)]
