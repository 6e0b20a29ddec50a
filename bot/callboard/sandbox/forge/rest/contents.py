"""Files by path."""

from __future__ import annotations

from callboard.sandbox.forge.refusal import not_found
from callboard.sandbox.forge.shapes import repositories as shapes

from .repositories import resolve
from .table import Answer, Call, operation


@operation("GET", "/repos/{owner}/{repo}/contents", "repos/get-content", models="the root folder")
def get_root(call: Call) -> Answer:
    """The root folder."""
    return _content(call, "")


@operation(
    "GET",
    "/repos/{owner}/{repo}/contents/{path:path}",
    "repos/get-content",
    models="raw where Accept asks for it; ETag and 304",
)
def get(call: Call) -> Answer:
    """A file, symbolic link or folder."""
    return _content(call, call.path["path"].strip("/"))


def _content(call: Call, path: str) -> Answer:
    repository, git = call.repository, call.repository.git
    reference = call.query.get("ref") or repository.default_branch
    commit = resolve(call, reference)
    entry = git.entry(commit, path) if path else None
    if path and entry is None:
        raise not_found()
    if entry is None or entry.type == "tree":
        listed = git.tree(entry.sha if entry else commit)
        items = []
        for each in listed:
            full = f"{path}/{each.path}" if path else each.path
            items.append(
                shapes.content(
                    call.links,
                    repository,
                    type(each)(each.mode, each.type, each.sha, each.size, full),
                    reference,
                )
            )
        return Answer(items)
    data = git.blob(entry.sha)
    if "raw" in call.accept:
        return Answer(data, media="application/vnd.github.raw; charset=utf-8")
    body = shapes.content(call.links, repository, entry, reference)
    if entry.mode == "120000":
        return Answer(body | {"target": data.decode(errors="replace")})
    return Answer(body | {"encoding": "base64", "content": shapes.encoded(data)})
