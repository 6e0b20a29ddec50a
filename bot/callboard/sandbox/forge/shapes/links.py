"""Addresses. PyGithub takes only those with the scheme, host, port and prefix that it was pointed at."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from urllib.parse import quote

from callboard.sandbox.forge.state import Account, Repository


@dataclass(frozen=True)
class Links:
    """``root`` is scheme and authority, without a slash at the end."""

    root: str

    @property
    def api(self) -> str:
        """Where the REST API starts."""
        return f"{self.root}/api/v3"

    def repository(self, repository: Repository) -> str:
        """The repository in the API."""
        return f"{self.api}/repos/{repository.full_name}"

    def page(self, repository: Repository, *parts: str) -> str:
        """A page about the repository, for people."""
        return "/".join([f"{self.root}/{repository.full_name}", *(quote(part) for part in parts)])

    def account(self, account: Account) -> str:
        """The page of an account."""
        place = f"apps/{account.slug}" if account.kind == "Bot" else account.login
        return f"{self.root}/{place}"


def node_id(kind: str, number: int | str) -> str:
    """GitHub's global id of a thing."""
    return base64.b64encode(f"{kind}:{number}".encode()).decode()
