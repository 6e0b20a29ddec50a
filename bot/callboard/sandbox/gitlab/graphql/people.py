"""What GitLab's GraphQL queries see of users."""

from __future__ import annotations

from typing import Any

from callboard.sandbox.forge.state import Account


def global_id(kind: str, number: int) -> str:
    """How GraphQL names things."""
    return f"gid://gitlab/{kind}/{number}"


def user(account: Account) -> dict[str, Any]:
    """A user, of whatever type."""
    return {"id": global_id("User", account.id), "username": account.slug, "bot": account.kind == "Bot"}
