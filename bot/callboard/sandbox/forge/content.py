"""Commits made by the sandbox itself: the first content of a repository, and a person's edit."""

from __future__ import annotations

from collections.abc import Mapping

from .bare import Bare, Person

Files = Mapping[str, bytes | None]


def commit_files(bare: Bare, branch: str, files: Files, message: str, who: Person) -> str:
    """The id of a new commit on ``branch`` (made when it is missing); None as content removes a file."""
    return bare.write_commit(f"refs/heads/{branch}", bare.resolve(branch), files, message, who)
