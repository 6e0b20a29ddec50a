"""Files by path."""

from __future__ import annotations

import dataclasses

from callboard.sandbox.forge.refusal import not_found
from callboard.sandbox.forge.shapes import files

from .repositories import resolve
from .table import Answer, Call, operation

_LARGEST_ENCODED = 1 << 20
"""Larger files come without content unless asked for raw (GitHub, "Get repository content")."""


@operation(
    "GET",
    "/repos/{owner}/{repo}/contents/{path:path}",
    "repos/get-content",
    models="raw where Accept asks for it; no content above 1 MiB unless raw; ETag and 304",
)
def get(call: Call) -> Answer:
    """A file, symbolic link or folder."""
    repository, git = call.repository, call.repository.git
    path = call.path["path"].strip("/")
    reference = call.query.get("ref") or repository.default_branch
    commit = resolve(call, reference)
    entry = git.entry(commit, path) if path else None
    if path and (entry is None or entry.type == "commit"):
        raise not_found()
    if entry is None or entry.type == "tree":
        inside = [
            dataclasses.replace(each, path=f"{path}/{each.path}" if path else each.path)
            for each in git.tree(entry.sha if entry else commit)
        ]
        return Answer([files.content(call.links, repository, each, reference) for each in inside])
    data = git.blob(entry.sha)
    if "raw" in call.accept:
        return Answer(data, media="application/vnd.github.raw; charset=utf-8")
    body = files.content(call.links, repository, entry, reference)
    if entry.mode == "120000":
        return Answer(body | {"target": data.decode(errors="replace")})
    if len(data) > _LARGEST_ENCODED:
        return Answer(body | {"encoding": "none", "content": ""})
    return Answer(body | {"encoding": "base64", "content": files.encoded(data)})
