"""Who one is, what one may do, how often."""

from __future__ import annotations

from callboard.sandbox.forge.refusal import Refused, not_found
from callboard.sandbox.forge.shapes import people

from .table import Answer, Call, operation

_RATE = {"limit": 5000, "used": 0, "remaining": 5000, "reset": 4102444800}


@operation("GET", "/user", "users/get-authenticated", models="401 for a wrong token; 403 for an app's bot")
def get_authenticated(call: Call) -> Answer:
    """The caller. An app is not a user, so its token is refused."""
    if call.signed_in.kind == "Bot":
        raise Refused(403, "Resource not accessible by integration")
    return Answer(people.profile(call.links, call.signed_in))


@operation("GET", "/users/{username}", "users/get-by-username")
def get_by_username(call: Call) -> Answer:
    """Any account."""
    return Answer(people.profile(call.links, call.world.account(call.path["username"])))


@operation("GET", "/rate_limit", "rate-limit/get")
def rate_limit(_call: Call) -> Answer:
    """Always the full allowance: only a fault that a test asks for ever runs out."""
    resources = {"core": _RATE, "search": _RATE, "graphql": _RATE}
    return Answer({"resources": resources, "rate": _RATE})


@operation(
    "GET",
    "/orgs/{org}/teams/{team_slug}/members",
    "teams/list-members-in-org",
    models="404 for who has nothing to do with the organization",
)
def list_members(call: Call) -> Answer:
    """The members of a team, for those who have a role in a repository of the organization."""
    organization = call.path["org"].lower()
    here = [each for each in call.world.repositories.values() if each.owner.login.lower() == organization]
    found = call.world.teams.get((organization, call.path["team_slug"].lower()))
    if found is None or not any(each.role(call.signed_in) for each in here):
        raise not_found()
    return call.page([people.account(call.links, who) for who in found])


@operation("GET", "/repos/{owner}/{repo}/collaborators", "repos/list-collaborators", needs="write")
def list_collaborators(call: Call) -> Answer:
    """People with a role of their own; apps are none."""
    entries = call.repository.collaborators.values()
    return call.page(
        [people.collaborator(call.links, who, role) for who, role in entries if who.kind != "Bot"]
    )


@operation(
    "GET",
    "/repos/{owner}/{repo}/collaborators/{username}/permission",
    "repos/get-collaborator-permission-level",
    models="maintain reads as write and triage as read in `permission`; the role itself in `role_name`",
)
def get_permission(call: Call) -> Answer:
    """What one account may do."""
    who = call.world.account(call.path["username"])
    return Answer(people.permission(call.links, call.repository, who))


@operation("GET", "/repos/{owner}/{repo}/collaborators/{username}", "repos/check-collaborator")
def check_collaborator(call: Call) -> Answer:
    """204 or 404."""
    if call.world.account(call.path["username"]).id not in call.repository.collaborators:
        raise not_found()
    return Answer(status=204)
