"""Projects, their members and protected branches."""

from __future__ import annotations

from callboard.sandbox.forge.state import Account
from callboard.sandbox.gitlab.refusal import missing
from callboard.sandbox.gitlab.shapes import people
from callboard.sandbox.gitlab.shapes import projects as shapes
from callboard.sandbox.gitlab.table import Answer, Call, operation


@operation(
    "GET",
    "/projects/:id",
    "projects/get",
    models="by number or encoded path; the caller's access; merge settings",
)
def get(call: Call) -> Answer:
    """One project."""
    return Answer(shapes.project(call.links, call.repository, call.actor))


def _members(call: Call) -> list[Account]:
    repository = call.repository
    found = [account for account, _ in repository.collaborators.values()]
    return found if repository.owner.kind == "Organization" else [repository.owner, *found]


@operation("GET", "/projects/:id/members/all", "members/list")
def members(call: Call) -> Answer:
    """Everybody with a role here."""
    return call.page([people.member(call.links, call.repository, each) for each in _members(call)])


@operation("GET", "/projects/:id/members/all/:user", "members/get", models="404 for who is no member")
def member(call: Call) -> Answer:
    """One member."""
    number = call.number("user")
    found = next((each for each in _members(call) if each.id == number), None)
    if found is None:
        raise missing()
    return Answer(people.member(call.links, call.repository, found))


@operation("GET", "/projects/:id/protected_branches", "protected_branches/list", needs="write")
def protected_branches(call: Call) -> Answer:
    """The default branch, and those with rules."""
    names = dict.fromkeys([call.repository.default_branch, *call.repository.protections])
    return call.page([shapes.protection(call.repository, name) for name in names])


@operation(
    "GET",
    "/projects/:id/protected_branches/:name",
    "protected_branches/get",
    needs="write",
    models="404 unless so",
)
def protected_branch(call: Call) -> Answer:
    """One protection."""
    if not shapes.is_protected(call.repository, call.path["name"]):
        raise missing()
    return Answer(shapes.protection(call.repository, call.path["name"]))


@operation("GET", "/groups/:group/members/all", "groups/members", models="of teams; 404 for what is no group")
def group_members(call: Call) -> Answer:
    """Everybody in a group."""
    organization, _, slug = call.path["group"].lower().partition("/")
    found = call.world.teams.get((organization, slug))
    if found is None:
        raise missing("Group")
    return call.page([people.group_member(call.links, each) for each in found])
