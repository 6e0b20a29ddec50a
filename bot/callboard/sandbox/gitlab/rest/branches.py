"""Branches."""

from __future__ import annotations

from callboard.sandbox.forge.bare import ZERO
from callboard.sandbox.forge.pushes import settle
from callboard.sandbox.gitlab.refusal import Denied, missing
from callboard.sandbox.gitlab.shapes import projects as shapes
from callboard.sandbox.gitlab.table import Answer, Call, operation

_BRANCHES = "/projects/:id/repository/branches"
_HEADS = "refs/heads/"


@operation("GET", _BRANCHES, "branches/list", models="`search`")
def list_branches(call: Call) -> Answer:
    """All, by name."""
    names = sorted(ref.removeprefix(_HEADS) for ref in call.repository.refs if ref.startswith(_HEADS))
    search = call.query.get("search", "")
    found = [name for name in names if search in name]
    return call.page([shapes.branch(call.links, call.repository, name, call.actor) for name in found])


@operation(
    "POST", _BRANCHES, "branches/create", needs="write", models="400 when it exists, or for a bad start"
)
def create(call: Call) -> Answer:
    """A new branch."""
    repository, name = call.repository, call.text("branch")
    git, start = repository.git, call.text("ref")
    commit = git.resolve(start)
    if f"{_HEADS}{name}" in repository.refs:
        raise Denied(400, "Branch already exists")
    if not git.valid_ref(f"{_HEADS}{name}"):
        raise Denied(400, "Branch name is invalid")
    if commit is None:
        raise Denied(400, f"Invalid reference name: {start}")
    git.update_ref(f"{_HEADS}{name}", commit, ZERO)
    settle(call.world, repository, call.signed_in)
    return Answer(shapes.branch(call.links, repository, name, call.actor), 201)


def _name(call: Call) -> str:
    name = call.path["branch"]
    if f"{_HEADS}{name}" not in call.repository.refs:
        raise missing("Branch")
    return name


@operation("GET", f"{_BRANCHES}/:branch", "branches/get", models="404 for a missing one")
def get(call: Call) -> Answer:
    """One branch."""
    return Answer(shapes.branch(call.links, call.repository, _name(call), call.actor))


@operation(
    "DELETE",
    f"{_BRANCHES}/:branch",
    "branches/delete",
    needs="write",
    models="closes the merge requests of the branch; 403 for a protected one",
)
def delete(call: Call) -> Answer:
    """Delete a branch."""
    repository, name = call.repository, _name(call)
    if shapes.is_protected(repository, name):
        raise Denied(403, "403 Forbidden - Protected branch cannot be deleted")
    repository.git.delete_ref(f"{_HEADS}{name}", repository.refs[f"{_HEADS}{name}"])
    settle(call.world, repository, call.signed_in)
    return Answer(status=204)
