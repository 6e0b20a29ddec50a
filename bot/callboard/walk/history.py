"""What the commits of pull requests did, and whose they are."""

from __future__ import annotations

from collections.abc import Iterable

from callboard.catalog.lock import FILE
from callboard.changes.fingerprint import fingerprint
from callboard.git.repository import Repository
from callboard.pulls.commits import fingerprint_in


def made_by_us(repository: Repository, head: str) -> bool:
    """Whether a commit is as we made it: a message of ours over other content is a person's amendment."""
    return History(repository, [head]).made_by_us(head)


class History:
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
        """Whether the commit could be had."""
        return commit in self._commits

    def is_single(self, commit: str) -> bool:
        """Whether the commit's only parent is on the base branch."""
        return commit in self._changes

    def content(self, commit: str) -> str | None:
        """The fingerprint of what the commit does to the base branch."""
        changes = self._changes.get(commit)
        return None if changes is None else fingerprint(changes)

    def made_by_us(self, commit: str) -> bool:
        """Whether it is as we made it: its message's fingerprint is that of its content."""
        content = self.content(commit)
        return content is not None and fingerprint_in(self._commits[commit].message) == content

    def committed_at(self, commit: str) -> str:
        """When, as the committer's clock said."""
        return self._commits[commit].committed_at

    def stands_on(self, commit: str, base: str | None) -> bool:
        """Whether its only parent is this commit."""
        return self._commits[commit].parents == (base,)

    def removes_a_model(self, commit: str) -> bool:
        """Whether it removes a lock."""
        changes = self._changes.get(commit, {})
        return any(entry is None and path.endswith(f"/{FILE}") for path, entry in changes.items())
