"""Refs, blobs, trees and commits."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from callboard.sandbox.forge.bare import SHA, ZERO, GitFailed, Person
from callboard.sandbox.forge.pushes import settle
from callboard.sandbox.forge.refusal import Refused, not_found
from callboard.sandbox.forge.shapes import files
from callboard.sandbox.forge.shapes import repositories as shapes

from .repositories import resolve
from .table import Answer, Call, operation

_FORGE = Person("GitHub", "noreply@github.com")
_MODES = {"100644": "blob", "100755": "blob", "040000": "tree", "160000": "commit", "120000": "blob"}


@operation("GET", "/repos/{owner}/{repo}/git/ref/{ref:path}", "git/get-ref")
def get_ref(call: Call) -> Answer:
    """One ref, named from after ``refs/``."""
    name = f"refs/{call.path['ref']}"
    sha = call.repository.refs.get(name)
    if sha is None:
        raise not_found()
    return Answer(_ref(call, name, sha))


def _ref(call: Call, name: str, sha: str) -> dict[str, Any]:
    kind = call.repository.git.object_type(sha) or "commit"
    return shapes.ref(call.links, call.repository, name, sha, kind)


@operation("GET", "/repos/{owner}/{repo}/git/matching-refs/{ref:path}", "git/list-matching-refs")
def matching_refs(call: Call) -> Answer:
    """The refs whose name starts so."""
    start = f"refs/{call.path['ref']}"
    found = [(name, sha) for name, sha in sorted(call.repository.refs.items()) if name.startswith(start)]
    return call.page([_ref(call, name, sha) for name, sha in found])


@operation(
    "POST", "/repos/{owner}/{repo}/git/refs", "git/create-ref", needs="write", models="422 when it exists"
)
def create_ref(call: Call) -> Answer:
    """A new branch or tag."""
    name, sha, git = call.text("ref"), call.text("sha"), call.repository.git
    if not name.startswith("refs/") or name.count("/") < 2 or not git.valid_ref(name):
        raise Refused(422, f"{name} is not a valid ref name.")
    if name in call.repository.refs:
        raise Refused(422, "Reference already exists")
    if not SHA.fullmatch(sha) or git.object_type(sha) is None:
        raise Refused(422, "Object does not exist")
    git.update_ref(name, sha, ZERO)
    settle(call.world, call.repository, call.signed_in)
    return Answer(_ref(call, name, sha), 201)


def _writable(call: Call) -> tuple[str, str]:
    name = f"refs/{call.path['ref']}"
    sha = call.repository.refs.get(name)
    if sha is None or name.startswith("refs/pull/"):
        raise Refused(422, "Reference does not exist")
    return name, sha


@operation(
    "PATCH",
    "/repos/{owner}/{repo}/git/refs/{ref:path}",
    "git/update-ref",
    needs="write",
    models="422 for what is no fast-forward, unless forced",
)
def update_ref(call: Call) -> Answer:
    """Move a branch."""
    name, old = _writable(call)
    new, git = call.text("sha"), call.repository.git
    if not SHA.fullmatch(new) or git.object_type(new) is None:
        raise Refused(422, "Object does not exist")
    if not call.body.get("force") and not git.is_ancestor(old, new):
        raise Refused(422, "Update is not a fast forward")
    git.update_ref(name, new, old)
    settle(call.world, call.repository, call.signed_in)
    return Answer(_ref(call, name, new))


@operation(
    "DELETE",
    "/repos/{owner}/{repo}/git/refs/{ref:path}",
    "git/delete-ref",
    needs="write",
    models="closes the pull requests of the branch",
)
def delete_ref(call: Call) -> Answer:
    """Delete a branch or tag."""
    call.repository.git.delete_ref(*_writable(call))
    settle(call.world, call.repository, call.signed_in)
    return Answer(status=204)


@operation("POST", "/repos/{owner}/{repo}/git/blobs", "git/create-blob", needs="write")
def create_blob(call: Call) -> Answer:
    """Store bytes."""
    text = call.text("content")
    if call.text("encoding", "utf-8") == "base64":
        try:
            data = base64.b64decode("".join(text.split()), validate=True)
        except binascii.Error:
            raise Refused(422, "content is not valid Base64") from None
    else:
        data = text.encode()
    sha = call.repository.git.write_blobs([data])[0]
    return Answer({"sha": sha, "url": f"{call.links.repository(call.repository)}/git/blobs/{sha}"}, 201)


@operation(
    "GET",
    "/repos/{owner}/{repo}/git/blobs/{sha}",
    "git/get-blob",
    models="base64, or raw where Accept asks for it",
)
def get_blob(call: Call) -> Answer:
    """The bytes of a blob."""
    sha, git = call.path["sha"], call.repository.git
    if not SHA.fullmatch(sha) or git.object_type(sha) != "blob":
        raise not_found()
    if "raw" in call.accept:
        return Answer(git.blob(sha), media="application/vnd.github.raw; charset=utf-8")
    return Answer(files.blob(call.links, call.repository, sha, git.blob(sha)))


@operation(
    "POST",
    "/repos/{owner}/{repo}/git/trees",
    "git/create-tree",
    needs="write",
    models="base_tree, inline content, removal by a null sha",
)
def create_tree(call: Call) -> Answer:
    """A tree of given entries, over another one."""
    git, entries = call.repository.git, []
    listed = call.body.get("tree")
    if not isinstance(listed, list) or not listed:
        raise Refused(422, "Invalid tree info")
    for entry in listed:
        mode, path, sha = entry.get("mode", "100644"), entry.get("path", ""), entry.get("sha")
        if not path or path.startswith("/") or ".." in path.split("/"):
            raise Refused(422, f"tree.path contains a malformed path component: {path}")
        if "content" in entry:
            sha = git.write_blobs([entry["content"].encode()])[0]
        elif sha is not None and git.object_type(sha) != _MODES.get(mode):
            raise Refused(422, f"tree.sha {sha} is not a valid {_MODES.get(mode, 'object')}")
        if mode == "040000" and sha is not None:
            entries += [
                (each.mode, f"{path}/{each.path}", each.sha)
                for each in git.tree(sha, recursive=True)
                if each.type != "tree"
            ]
        else:
            entries.append((mode, path, sha))
    try:
        sha = git.write_tree(call.optional("base_tree"), entries)
    except GitFailed:
        raise Refused(422, "base_tree is not a valid tree") from None
    return Answer(files.tree(call.links, call.repository, sha, git.tree(sha)), 201)


@operation(
    "GET", "/repos/{owner}/{repo}/git/trees/{sha:path}", "git/get-tree", models="recursive; never truncated"
)
def get_tree(call: Call) -> Answer:
    """The entries of a tree, by its id, or by a commit or branch."""
    git, name = call.repository.git, call.path["sha"]
    sha = name
    if not SHA.fullmatch(name) or git.object_type(name) != "tree":
        sha = git.commit(resolve(call, name)).tree
    entries = git.tree(sha, recursive="recursive" in call.query)
    return Answer(files.tree(call.links, call.repository, sha, entries))


def _person(given: dict[str, str] | None, default: Person) -> Person:
    if given is None:
        return default
    return Person(given.get("name", ""), given.get("email", ""), given.get("date", ""))


@operation(
    "POST",
    "/repos/{owner}/{repo}/git/commits",
    "git/create-commit",
    needs="write",
    models="signed by the forge when an app names neither author nor committer",
)
def create_commit(call: Call) -> Answer:
    """A commit that no branch holds yet."""
    git, who = call.repository.git, call.signed_in
    for sha, kind in [(call.text("tree"), "tree"), *((each, "commit") for each in call.texts("parents"))]:
        if not SHA.fullmatch(sha) or git.object_type(sha) != kind:
            raise Refused(422, f"{kind.capitalize()} SHA does not exist")
    default = Person(who.login, f"{who.id}+{who.login}@users.noreply.github.com")
    author = _person(call.body.get("author"), default)
    signs = who.kind == "Bot" and not {"author", "committer"} & call.body.keys()
    committer = _FORGE if signs else _person(call.body.get("committer"), author)
    sha = git.commit_tree(call.text("tree"), call.texts("parents"), call.text("message"), author, committer)
    if signs:
        call.repository.signed.add(sha)
    return Answer(shapes.git_commit(call.links, call.repository, git.commit(sha)), 201)


@operation("GET", "/repos/{owner}/{repo}/git/commits/{sha}", "git/get-commit")
def get_commit(call: Call) -> Answer:
    """A commit object."""
    git, sha = call.repository.git, call.path["sha"]
    if not SHA.fullmatch(sha) or git.object_type(sha) != "commit":
        raise not_found()
    return Answer(shapes.git_commit(call.links, call.repository, git.commit(sha)))
