"""The instance and its users."""

from __future__ import annotations

from callboard.sandbox.forge.state import Account
from callboard.sandbox.gitlab.refusal import missing, unauthorized
from callboard.sandbox.gitlab.shapes import people
from callboard.sandbox.gitlab.table import Answer, Call, operation

VERSION = "18.6.0"


@operation("GET", "/version", "version/get", models="401 for nobody")
def version(call: Call) -> Answer:
    """What runs here."""
    if call.actor is None:
        raise unauthorized()
    kas = {"enabled": False, "externalUrl": None, "externalK8sProxyUrl": None, "version": None}
    return Answer({"version": VERSION, "revision": "sandbox", "kas": kas, "enterprise": False})


@operation("GET", "/user", "user/get", models="401 for nobody; `bot` tells tokens of projects from people")
def user(call: Call) -> Answer:
    """Who asks."""
    return Answer(people.own_profile(call.links, call.signed_in))


@operation(
    "GET", "/personal_access_tokens/self", "personal_access_tokens/self", models="the scopes; 401 for nobody"
)
def own_token(call: Call) -> Answer:
    """The token that asks; those of projects and groups are told alike."""
    return Answer(people.token(call.signed_in, call.scopes))


def _users(call: Call) -> list[Account]:
    return [each for each in call.world.accounts.values() if each.kind != "Organization"]


@operation("GET", "/users", "users/list", models="`username`, in any case, and `search`")
def list_users(call: Call) -> Answer:
    """People and bots."""
    found = _users(call)
    if "username" in call.query:
        found = [each for each in found if each.slug.lower() == call.query["username"].lower()]
    if "search" in call.query:
        found = [each for each in found if call.query["search"].lower() in each.slug.lower()]
    return call.page([people.basic(call.links, each) for each in found])


@operation("GET", "/users/:user", "users/get", models="`bot`")
def get_user(call: Call) -> Answer:
    """Somebody."""
    number = call.number("user")
    found = next((each for each in _users(call) if each.id == number), None)
    if found is None:
        raise missing("User")
    return Answer(people.profile(call.links, found))
