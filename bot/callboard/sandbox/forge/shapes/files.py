"""Trees, blobs and files by path."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote

from callboard.sandbox.forge.bare import TreeEntry
from callboard.sandbox.forge.state import Repository

from .links import Links, node_id


def tree(links: Links, repository: Repository, sha: str, entries: list[TreeEntry]) -> dict[str, Any]:
    """git-tree."""
    url = links.repository(repository)
    places = {"tree": "trees", "blob": "blobs", "commit": "commits"}
    listed = [
        {
            "path": entry.path,
            "mode": entry.mode,
            "type": entry.type,
            "sha": entry.sha,
            "url": f"{url}/git/{places[entry.type]}/{entry.sha}",
        }
        | ({"size": entry.size} if entry.size is not None else {})
        for entry in entries
    ]
    return {"sha": sha, "url": f"{url}/git/trees/{sha}", "tree": listed, "truncated": False}


def encoded(data: bytes) -> str:
    """base64 in lines of 60 characters, each ended, as GitHub answers it."""
    text = base64.b64encode(data).decode()
    return "".join(f"{text[at : at + 60]}\n" for at in range(0, len(text), 60))


def blob(links: Links, repository: Repository, sha: str, data: bytes) -> dict[str, Any]:
    """blob."""
    return {
        "sha": sha,
        "node_id": node_id("Blob", sha),
        "size": len(data),
        "url": f"{links.repository(repository)}/git/blobs/{sha}",
        "content": encoded(data),
        "encoding": "base64",
    }


def content(links: Links, repository: Repository, entry: TreeEntry, reference: str) -> dict[str, Any]:
    """What content-file, content-symlink and the items of content-directory share."""
    url = f"{links.repository(repository)}/contents/{quote(entry.path)}?ref={quote(reference, safe='')}"
    kind = (
        "symlink" if entry.mode == "120000" else {"tree": "dir", "blob": "file"}.get(entry.type, "submodule")
    )
    places = {"dir": ("tree", "trees"), "file": ("blob", "blobs"), "symlink": ("blob", "blobs")}
    page, objects = places.get(kind, ("tree", "trees"))
    html = links.page(repository, page, reference, entry.path)
    git = f"{links.repository(repository)}/git/{objects}/{entry.sha}"
    return {
        "name": entry.path.rpartition("/")[2],
        "path": entry.path,
        "sha": entry.sha,
        "size": entry.size or 0,
        "type": kind,
        "url": url,
        "html_url": html,
        "git_url": git,
        "download_url": links.page(repository, "raw", reference, entry.path) if page == "blob" else None,
        "_links": {"self": url, "git": git, "html": html},
    }
