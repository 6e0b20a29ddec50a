"""Addresses, as the caller reaches us."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from callboard.sandbox.forge.state import Account, Repository


@dataclass(frozen=True)
class Links:
    """``root`` is scheme and authority, without a slash at the end."""

    root: str

    def api(self, repository: Repository, *parts: str) -> str:
        """Something of a project in the API."""
        return "/".join([f"{self.root}/api/v4/projects/{repository.id}", *(quote(part) for part in parts)])

    def project(self, repository: Repository) -> str:
        """The page of a project."""
        return f"{self.root}/{repository.full_name}"

    def page(self, repository: Repository, *parts: str) -> str:
        """A page below a project, which GitLab sets off with a dash."""
        return "/".join([f"{self.project(repository)}/-", *(quote(part) for part in parts)])

    def account(self, account: Account) -> str:
        """The page of an account."""
        return f"{self.root}/{account.slug}"


def at(time: str) -> str:
    """A time as GitLab writes it, with milliseconds."""
    return time.replace("Z", ".000Z") if len(time) == len("2026-01-01T00:00:00Z") else time
