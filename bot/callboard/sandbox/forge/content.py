"""Commits made by the sandbox itself: the first content of a repository, and a person's edit."""

from __future__ import annotations

from collections.abc import Mapping

from .bare import ZERO, Bare, Person

Files = Mapping[str, bytes | None]


def commit_files(bare: Bare, branch: str, files: Files, message: str, who: Person) -> str:
    """The id of a new commit on ``branch`` (made when it is missing); None as content removes a file."""
    ref = f"refs/heads/{branch}"
    parent = bare.resolve(branch)
    written = {path: data for path, data in files.items() if data is not None}
    blobs = dict(zip(written, bare.write_blobs(written.values()), strict=True))
    entries = [("100644", path, blobs.get(path)) for path in files]
    tree = bare.write_tree(parent, entries)
    commit = bare.commit_tree(tree, [parent] if parent else [], message, who, who)
    bare.update_ref(ref, commit, parent or ZERO)
    return commit
