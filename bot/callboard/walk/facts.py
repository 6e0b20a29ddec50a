"""Gathering what ``decide`` must know about our open pull requests, in as few requests as git allows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from callboard.catalog.lock import FILE
from callboard.changes.fingerprint import fingerprint
from callboard.config import Config
from callboard.forges.protocol import Account, PullRequest
from callboard.git.repository import Entry, Repository
from callboard.pulls.approvals import commits_to_read
from callboard.pulls.commits import fingerprint_in
from callboard.pulls.facts import PullFacts
from callboard.validation.check import validate_files
from callboard.validation.diagnostics import Diagnostic

_MOST_OF_A_STRANGER = 500
"""A pull request of somebody else with more files than this in the catalog is not validated."""


@dataclass(frozen=True)
class Examined:
    """A pull request with all that was found about it."""

    facts: PullFacts
    diagnostics: tuple[Diagnostic, ...] | None = None
    """Of the catalog files in its head; None when nobody has validated them."""


def gather(
    config: Config,
    repository: Repository,
    slug: str,
    identity: Account,
    pulls: Sequence[PullRequest],
    is_current: Callable[[PullRequest], bool],
    *,
    paused: bool = False,
) -> tuple[Examined, ...]:
    """The facts of each pull request, in order.

    ``slug``: ``owner/name`` of the repository. ``is_current`` tells whether what would be written now equals
    what a head holds. Pull requests of others are validated where they change the catalog.
    """
    root = config.catalog.path
    ours = [pull for pull in pulls if might_be_ours(pull, slug, identity, config)]
    others = [pull for pull in pulls if pull not in ours and _is_small(pull, root)]
    history = _History(
        repository, {commit for pull in ours for commit in (pull.head, *commits_to_read(pull))}
    )
    had = repository.fetch_commits(pull.head for pull in others) if others else frozenset()
    files = {
        pull.number: _folder_files(repository, pull, root)
        for pull in (*ours, *others)
        if history.has(pull.head) or pull.head in had
    }
    contents = repository.blobs(
        entry.blob for found in files.values() for entry in found.values() if entry.is_file
    )
    examined = []
    for pull in pulls:
        mine = pull in ours and history.has(pull.head)
        reviewed = commits_to_read(pull) if mine else frozenset()
        found = _diagnostics(files[pull.number], contents) if pull.number in files else None
        errors = None if found is None else tuple(_sentence(one) for one in found if one.severity == "error")
        facts = PullFacts(
            pull=pull,
            identity=identity,
            repository=slug,
            base_ref=config.catalog.base,
            branch_prefix=config.pull_requests.branch_prefix,
            path=root,
            content=history.content(pull.head) if mine else None,
            content_of={commit: history.content(commit) for commit in reviewed},
            single_commits=frozenset(filter(history.is_single, reviewed)),
            made_by_us=mine and history.made_by_us(pull.head),
            current=mine and is_current(pull),
            errors=errors,
            deletion=mine and history.removes_a_model(pull.head),
            paused=paused,
        )
        examined.append(Examined(facts, found))
    return tuple(examined)


def might_be_ours(pull: PullRequest, slug: str, identity: Account, config: Config) -> bool:
    return (
        pull.author.id == identity.id
        and pull.head_repository.lower() == slug.lower()
        and pull.head_ref.startswith(config.pull_requests.branch_prefix)
    )


def made_by_us(repository: Repository, head: str) -> bool:
    """Whether a commit is as we made it: a message of ours over other content is a person's amendment."""
    return _History(repository, [head]).made_by_us(head)


class _History:
    """The commits that matter to some pull requests, with their parents, brought in a few batches."""

    def __init__(self, repository: Repository, wanted: Iterable[str]) -> None:
        had = repository.fetch_commits(wanted)
        self._commits = {commit: repository.commit(commit) for commit in sorted(had)}
        parents = {one.parents[0] for one in self._commits.values() if len(one.parents) == 1}
        on_base = repository.on_base(repository.fetch_commits(parents)) if parents else frozenset()
        self._changes = {
            commit: repository.changes(one)
            for commit, one in self._commits.items()
            if len(one.parents) == 1 and one.parents[0] in on_base
        }

    def has(self, commit: str) -> bool:
        return commit in self._commits

    def is_single(self, commit: str) -> bool:
        """Whether the commit's only parent is on the base branch."""
        return commit in self._changes

    def content(self, commit: str) -> str | None:
        """The fingerprint of what the commit does to the base branch."""
        changes = self._changes.get(commit)
        return None if changes is None else fingerprint(changes)

    def made_by_us(self, commit: str) -> bool:
        content = self.content(commit)
        return content is not None and fingerprint_in(self._commits[commit].message) == content

    def removes_a_model(self, commit: str) -> bool:
        changes = self._changes.get(commit, {})
        return any(entry is None and path.endswith(f"/{FILE}") for path, entry in changes.items())


def _folder_files(repository: Repository, pull: PullRequest, root: str) -> dict[str, Entry]:
    """Everything in the folders that the head touches, by path."""
    depth = root.count("/") + 2
    folders = {"/".join(path.split("/")[:depth]) for path in pull.paths}
    entries = repository.tree(pull.head, root)
    return {path: one for path, one in entries.items() if "/".join(path.split("/")[:depth]) in folders}


def _is_small(pull: PullRequest, root: str) -> bool:
    """Whether somebody's pull request changes the catalog, and no more of it than we read of a stranger."""
    inside = sum(path.startswith(f"{root}/") for path in pull.paths)
    return 0 < inside <= _MOST_OF_A_STRANGER and pull.paths_complete


def _diagnostics(entries: Mapping[str, Entry], contents: Mapping[str, bytes]) -> tuple[Diagnostic, ...]:
    """What is wrong with these folders: what is no plain file, and what Backstage would refuse."""
    odd = "is a link, a submodule or executable; only plain files belong into the catalog"
    report = validate_files({path: contents[one.blob] for path, one in entries.items() if one.is_file})
    return (
        *(
            Diagnostic(path, 1, 1, "error", "not-a-plain-file", odd, None)
            for path, entry in sorted(entries.items())
            if entry.mode != "100644"
        ),
        *report.diagnostics,
    )


def _sentence(one: Diagnostic) -> str:
    if one.code == "not-a-plain-file":
        return f"{one.file}: {one.message}"
    return f"{one.file}:{one.line}:{one.column}: {one.message}"
