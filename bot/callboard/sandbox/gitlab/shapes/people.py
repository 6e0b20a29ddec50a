"""Users and members."""

from __future__ import annotations

from typing import Any

from callboard.sandbox.forge.bare import Person
from callboard.sandbox.forge.state import Account, Repository, Role

from .links import Links, at

_LEVELS: dict[Role, int] = {"read": 10, "triage": 20, "write": 30, "maintain": 40, "admin": 40}
OWNER = 50


def access_level(repository: Repository, account: Account | None) -> int:
    """GitLab's number for what somebody may do here; 0: no member."""
    if account is not None and account == repository.owner:
        return OWNER
    role = repository.role(account)
    return _LEVELS[role] if role else 0


def signature(account: Account) -> Person:
    """As whom GitLab commits for somebody."""
    return Person(account.slug, f"{account.id}-{account.slug}@users.noreply.gitlab.example")


def basic(links: Links, account: Account) -> dict[str, Any]:
    """UserBasic."""
    return {
        "id": account.id,
        "username": account.slug,
        "public_email": "",
        "name": account.slug,
        "state": "active",
        "locked": False,
        "avatar_url": f"{links.root}/uploads/-/system/user/avatar/{account.id}/avatar.png",
        "web_url": links.account(account),
    }


def optional(links: Links, account: Account | None) -> dict[str, Any] | None:
    """UserBasic, or null."""
    return basic(links, account) if account else None


def author(links: Links, account: Account) -> dict[str, Any]:
    """UserBasic that also tells bots from people."""
    return basic(links, account) | {"bot": account.kind == "Bot"}


def profile(links: Links, account: Account) -> dict[str, Any]:
    """What everybody may see of a user."""
    return author(links, account) | {
        "created_at": at(account.created_at),
        "bio": "",
        "location": "",
        "skype": "",
        "linkedin": "",
        "twitter": "",
        "website_url": "",
        "organization": "",
        "job_title": "",
        "pronouns": None,
        "work_information": None,
        "followers": 0,
        "following": 0,
        "is_followed": False,
        "local_time": None,
    }


def own_profile(links: Links, account: Account) -> dict[str, Any]:
    """What somebody sees of themselves."""
    return profile(links, account) | {
        "email": f"{account.slug}@users.example",
        "commit_email": signature(account).email,
        "last_sign_in_at": None,
        "confirmed_at": at(account.created_at),
        "last_activity_on": None,
        "theme_id": 1,
        "color_scheme_id": 1,
        "projects_limit": 100000,
        "current_sign_in_at": None,
        "identities": [],
        "can_create_group": True,
        "can_create_project": True,
        "two_factor_enabled": False,
        "external": False,
        "private_profile": False,
        "namespace_id": account.id,
        "created_by": None,
    }


def token(account: Account, scopes: tuple[str, ...]) -> dict[str, Any]:
    """PersonalAccessToken."""
    return {
        "id": account.id,
        "name": account.slug,
        "revoked": False,
        "created_at": at(account.created_at),
        "description": None,
        "scopes": list(scopes),
        "user_id": account.id,
        "last_used_at": None,
        "active": True,
        "expires_at": None,
    }


def group_member(links: Links, account: Account) -> dict[str, Any]:
    """Member, of a group: a Developer."""
    return basic(links, account) | {
        "access_level": _LEVELS["write"],
        "created_at": at(account.created_at),
        "expires_at": None,
        "membership_state": "active",
    }


def member(links: Links, repository: Repository, account: Account) -> dict[str, Any]:
    """Member."""
    return basic(links, account) | {
        "access_level": access_level(repository, account),
        "created_at": at(repository.created_at),
        "expires_at": None,
        "membership_state": "active",
    }
