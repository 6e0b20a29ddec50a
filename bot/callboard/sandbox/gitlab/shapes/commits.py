"""Commits, diffs, files and trees."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from callboard.sandbox.forge.bare import Commit, FileChange, TreeEntry
from callboard.sandbox.forge.state import Repository

from .links import Links


def basic(links: Links, repository: Repository, commit: Commit) -> dict[str, Any]:
    """Commit."""
    return {
        "id": commit.sha,
        "short_id": commit.sha[:8],
        "created_at": commit.committer.date,
        "parent_ids": list(commit.parents),
        "title": commit.message.partition("\n")[0],
        "message": commit.message,
        "author_name": commit.author.name,
        "author_email": commit.author.email,
        "authored_date": commit.author.date,
        "committer_name": commit.committer.name,
        "committer_email": commit.committer.email,
        "committed_date": commit.committer.date,
        "trailers": {},
        "extended_trailers": {},
        "web_url": links.page(repository, "commit", commit.sha),
    }


def detail(
    links: Links, repository: Repository, commit: Commit, pipeline: dict[str, Any] | None
) -> dict[str, Any]:
    """CommitDetail."""
    changes = changed(repository, commit)
    added, removed = sum(each.additions for each in changes), sum(each.deletions for each in changes)
    return basic(links, repository, commit) | {
        "stats": {"additions": added, "deletions": removed, "total": added + removed},
        "status": pipeline["status"] if pipeline else None,
        "project_id": repository.id,
        "last_pipeline": pipeline,
    }


def signature() -> dict[str, Any]:
    """CommitSignature: by a key of the instance."""
    return {
        "signature_type": "SSH",
        "verification_status": "verified_system",
        "key": None,
        "commit_source": "gitaly",
    }


_EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


def changed(repository: Repository, commit: Commit) -> list[FileChange]:
    """What a commit changed against its first parent."""
    return repository.git.changes(commit.parents[0] if commit.parents else _EMPTY_TREE, commit.sha)


def diff(change: FileChange, most_lines: int) -> dict[str, Any]:
    """Diff. A text longer than ``most_lines`` is left out and marked."""
    too_large = change.patch.count("\n") >= most_lines
    return {
        "diff": "" if too_large or not change.patch else f"{change.patch}\n",
        "collapsed": False,
        "too_large": too_large,
        "new_path": change.path,
        "old_path": change.previous or change.path,
        "a_mode": "0" if change.status == "added" else "100644",
        "b_mode": "0" if change.status == "removed" else "100644",
        "new_file": change.status == "added",
        "renamed_file": change.status == "renamed",
        "deleted_file": change.status == "removed",
        "generated_file": False,
    }


def diffs(repository: Repository, changes: list[FileChange]) -> list[dict[str, Any]]:
    """Diffs, as many and as long as the project shows."""
    settings = repository.settings
    return [diff(each, settings.most_diff_lines) for each in changes[: settings.most_diff_files]]


def tree_entry(entry: TreeEntry) -> dict[str, Any]:
    """TreeObject."""
    return {
        "id": entry.sha,
        "name": entry.path.rpartition("/")[2],
        "type": entry.type,
        "path": entry.path,
        "mode": entry.mode,
    }


def file(repository: Repository, entry: TreeEntry, reference: str, commit: str) -> dict[str, Any]:
    """A file with its content."""
    data = repository.git.blob(entry.sha)
    last = repository.git.commits(commit, limit=1, path=entry.path)
    return {
        "file_name": entry.path.rpartition("/")[2],
        "file_path": entry.path,
        "size": len(data),
        "encoding": "base64",
        "content_sha256": hashlib.sha256(data).hexdigest(),
        "ref": reference,
        "blob_id": entry.sha,
        "commit_id": commit,
        "last_commit_id": last[0].sha,
        "execute_filemode": entry.mode == "100755",
        "content": base64.b64encode(data).decode(),
    }
