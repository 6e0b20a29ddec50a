"""After a merge: are these the approved bytes, and does Backstage have them?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from callboard.backstage.client import Catalog, Location
from callboard.backstage.registration import (
    Outcome,
    locations_to_unregister,
    register_and_confirm,
    targets_to_register,
)
from callboard.config import Config
from callboard.documents.reader import read_documents
from callboard.forges.protocol import Forge, PullRequest
from callboard.git.repository import Repository
from callboard.walk.base import Base

CATALOG_FILE = "catalog-info.yaml"
PENDING_LABEL = "registration-pending"
"""Marks a merged pull request whose entities Backstage does not have yet; taken off when it has them."""


@dataclass(frozen=True)
class Registration:
    """What became of the catalog in Backstage."""

    outcomes: tuple[Outcome, ...] = ()
    unregistered: tuple[Location, ...] = ()


def differing_paths(repository: Repository, pull: PullRequest, root: str) -> tuple[str, ...]:
    """The paths of a merged pull request where its merge commit does not have the bytes of its head.

    All of them when a commit cannot be had any more: what cannot be compared is not taken for equal.
    """
    commits = {pull.head, pull.merge_commit or ""}
    if len(repository.fetch_commits(commits)) < 2:
        return pull.paths
    head, merged = (repository.tree(commit, root) for commit in (pull.head, pull.merge_commit or ""))
    return tuple(path for path in pull.paths if head.get(path) != merged.get(path))


def register(
    catalog: Catalog,
    config: Config,
    forge: Forge,
    base: Base,
    recent: Iterable[str],
    *,
    within: float,
    progress: Callable[[str], None],
) -> Registration:
    """Bring Backstage to the state of the base branch. Raises HttpProblem when it does not answer.

    ``recent``: folders that were merged lately and must be confirmed again; what is not registered yet is
    registered whenever it was merged.
    """
    root, branch = config.catalog.path, config.catalog.base
    paths = {
        folder.path: path
        for folder in base.shelf.folders.values()
        if (path := f"{folder.path}/{CATALOG_FILE}") in base.blobs
    }
    target_of = {folder: forge.file_url(path, branch) for folder, path in paths.items()}
    registered = catalog.locations()
    wanted = {forge.file_url(path, branch) for path in base.blobs if path.endswith(f"/{CATALOG_FILE}")}
    gone = locations_to_unregister(registered, wanted, prefix=forge.file_url(root, branch))
    for location in gone:
        progress(f"unregister {location.target}")
        catalog.unregister(location.id)
    new = set(targets_to_register(registered, target_of.values()))
    lately = set(recent)
    due = {folder: target for folder, target in target_of.items() if target in new or folder in lately}
    contents = base.read(paths[folder] for folder in due)
    documents = {target: _documents(contents[paths[folder]], paths[folder]) for folder, target in due.items()}
    for target in documents:
        progress(f"register {target}")
    outcomes = register_and_confirm(catalog, documents, within=within) if documents else ()
    return Registration(outcomes, gone)


def _documents(content: bytes, path: str) -> Sequence[Mapping[str, Any]]:
    reading = read_documents(content, path)
    return [document.value for document in reading.documents if isinstance(document.value, dict)]
