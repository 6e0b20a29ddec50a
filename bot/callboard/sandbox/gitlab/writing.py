"""Commits made through the API: several files at once, all or nothing."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from callboard.sandbox.forge.bare import ZERO, Person
from callboard.sandbox.forge.state import Repository

from .refusal import Denied, wrong


@dataclass(frozen=True)
class NewCommit:
    """What a commit is made of. ``start`` is where a branch begins that is new, or replaced by ``force``."""

    branch: str
    message: str
    author: Person
    committer: Person
    actions: list[Mapping[str, Any]]
    start: str | None
    force: bool


def write_commit(repository: Repository, new: NewCommit) -> str:
    """The id of the commit. Raises Denied (400)."""
    git, ref = repository.git, f"refs/heads/{new.branch}"
    if not git.valid_ref(ref):
        raise Denied(400, f"Branch name is invalid: {new.branch}")
    before = repository.refs.get(ref)
    if before and new.start and not new.force:
        said = "Switch to that branch in order to make changes"
        raise Denied(400, f"A branch called '{new.branch}' already exists. {said}")
    start = git.resolve(new.start) if new.start else before
    if start is None:
        if repository.refs:
            raise Denied(400, "You can only create or edit files when you are on a branch")
        parents: list[str] = []
    else:
        parents = [start]
    entries: dict[str, tuple[str, str | None]] = {}
    for action in new.actions:
        _apply(repository, start, action, entries)
    tree = git.write_tree(start, [(mode, path, sha) for path, (mode, sha) in entries.items()])
    commit = git.commit_tree(tree, parents, new.message, new.author, new.committer)
    git.update_ref(ref, commit, before or ZERO)
    return commit


def _apply(
    repository: Repository,
    start: str | None,
    action: Mapping[str, Any],
    entries: dict[str, tuple[str, str | None]],
) -> None:
    what, path = action.get("action"), action.get("file_path")
    if not isinstance(path, str) or not path:
        raise wrong("actions[file_path]", "is missing")
    if {"", ".", "..", ".git"} & set(path.lower().split("/")):
        raise Denied(400, f"invalid path: '{path}'")
    now = entries[path] if path in entries else _standing(repository, start, path)
    exists = now is not None and now[1] is not None
    mode = now[0] if now and exists else "100644"
    if what == "create":
        if exists:
            raise Denied(400, "A file with this name already exists")
        entries[path] = ("100755" if action.get("execute_filemode") else "100644", _blob(repository, action))
        return
    if what == "move":
        previous = action.get("previous_path")
        moved = _standing(repository, start, previous) if isinstance(previous, str) else None
        if moved is None:
            raise Denied(400, "A file with this name doesn't exist")
        entries[str(previous)] = (moved[0], None)
        entries[path] = (moved[0], _blob(repository, action) if "content" in action else moved[1])
        return
    if not exists or now is None:
        raise Denied(400, "A file with this name doesn't exist")
    if what == "update":
        entries[path] = (mode, _blob(repository, action))
    elif what == "delete":
        entries[path] = (mode, None)
    elif what == "chmod":
        entries[path] = ("100755" if action.get("execute_filemode") else "100644", now[1])
    else:
        raise wrong("actions[action]", "does not have a valid value")


def _standing(repository: Repository, start: str | None, path: str) -> tuple[str, str | None] | None:
    entry = repository.git.entry(start, path) if start else None
    return (entry.mode, entry.sha) if entry and entry.type == "blob" else None


def _blob(repository: Repository, action: Mapping[str, Any]) -> str:
    content = action.get("content", "")
    if not isinstance(content, str):
        raise wrong("actions[content]", "is invalid")
    data = content.encode()
    if action.get("encoding") == "base64":
        try:
            data = base64.b64decode(content)
        except binascii.Error:
            raise wrong("actions[content]", "is invalid") from None
    return repository.git.write_blobs([data])[0]
