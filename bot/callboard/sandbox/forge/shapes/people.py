"""Accounts and what they may do."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from callboard.sandbox.forge.state import ROLES, Account, Repository, Role

from .links import Links, node_id

_COARSE = {"triage": "read", "maintain": "write"}


def account(links: Links, who: Account) -> dict[str, Any]:
    """simple-user."""
    url = f"{links.api}/users/{quote(who.login)}"
    return {
        "login": who.login,
        "id": who.id,
        "node_id": node_id(who.kind, who.id),
        "avatar_url": f"{links.root}/avatars/{who.id}",
        "gravatar_id": "",
        "url": url,
        "html_url": links.account(who),
        "followers_url": f"{url}/followers",
        "following_url": f"{url}/following{{/other_user}}",
        "gists_url": f"{url}/gists{{/gist_id}}",
        "starred_url": f"{url}/starred{{/owner}}{{/repo}}",
        "subscriptions_url": f"{url}/subscriptions",
        "organizations_url": f"{url}/orgs",
        "repos_url": f"{url}/repos",
        "events_url": f"{url}/events{{/privacy}}",
        "received_events_url": f"{url}/received_events",
        "type": who.kind,
        "site_admin": False,
    }


def profile(links: Links, who: Account) -> dict[str, Any]:
    """public-user."""
    return account(links, who) | {
        "user_view_type": "public",
        "name": who.slug,
        "company": None,
        "blog": "",
        "location": None,
        "email": None,
        "hireable": None,
        "bio": None,
        "public_repos": 0,
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "created_at": who.created_at,
        "updated_at": who.created_at,
    }


def permissions(role: Role | None) -> dict[str, bool]:
    """What a role includes, by GitHub's five words."""
    words = {"read": "pull", "triage": "triage", "write": "push", "maintain": "maintain", "admin": "admin"}
    level = -1 if role is None else ROLES.index(role)
    return {words[each]: ROLES.index(each) <= level for each in ROLES}


def collaborator(links: Links, who: Account, role: Role) -> dict[str, Any]:
    """collaborator."""
    return account(links, who) | {"role_name": role, "permissions": permissions(role)}


def permission(links: Links, repository: Repository, who: Account) -> dict[str, Any]:
    """repository-collaborator-permission. ``permission`` knows only admin, write, read and none."""
    role = repository.role(who) or (None if repository.private else "read")
    name = role or "none"
    return {
        "permission": _COARSE.get(name, name),
        "role_name": name,
        "user": account(links, who) | {"role_name": name, "permissions": permissions(role)},
    }


def association(repository: Repository, who: Account) -> str:
    """author-association."""
    if who == repository.owner:
        return "OWNER"
    if who.id in repository.collaborators:
        return "COLLABORATOR"
    return "NONE"
