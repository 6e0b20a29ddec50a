"""What the sandbox forge writes down: accounts, and what they say about commits and pull requests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

AccountKind = Literal["User", "Bot", "Organization"]
ReviewState = Literal["APPROVED", "CHANGES_REQUESTED", "COMMENTED", "DISMISSED"]


@dataclass(frozen=True)
class Account:
    """A person, an app's bot (``slug[bot]`` in REST, ``slug`` in GraphQL), or an organization."""

    id: int
    login: str
    kind: AccountKind
    created_at: str

    @property
    def slug(self) -> str:
        """The login without a bot's suffix."""
        return self.login.removesuffix("[bot]")


@dataclass
class Label:
    """A label of a repository."""

    id: int
    name: str
    color: str = "ededed"
    description: str | None = None


@dataclass
class Comment:
    """A comment in the conversation of a pull request."""

    id: int
    number: int
    author: Account
    body: str
    created_at: str
    updated_at: str
    resolved: bool | None = None
    """Of a thread that has to be resolved (GitLab); None: there is nothing to resolve."""


@dataclass
class Review:
    """A submitted review. ``commit`` is the commit that GitHub names, which a force push can re-point."""

    id: int
    author: Account
    state: ReviewState
    body: str
    commit: str
    submitted_at: str


@dataclass(frozen=True)
class BaseChanged:
    """The pull request was aimed at another branch."""

    id: int
    actor: Account
    previous: str
    current: str
    created_at: str


@dataclass(frozen=True)
class ForcePushed:
    """The head branch was moved to a commit that does not descend from the one before."""

    id: int
    actor: Account
    before: str
    after: str
    created_at: str


@dataclass
class Status:
    """A commit status."""

    id: int
    sha: str
    context: str
    state: Literal["error", "failure", "pending", "success"]
    description: str | None
    target_url: str | None
    creator: Account
    created_at: str
    ref: str = ""
    native_state: str = ""
    """GitLab's word, which says more than ``state``."""


@dataclass
class CheckRun:
    """A check run of an app."""

    id: int
    sha: str
    name: str
    status: str
    conclusion: str | None
    app: Account
    external_id: str
    details_url: str | None
    title: str | None
    summary: str | None
    text: str | None
    started_at: str
    completed_at: str | None
    annotations: list[dict[str, Any]] = field(default_factory=list)
    """As they were sent."""


@dataclass(frozen=True)
class Protection:
    """What a protected branch asks for before a pull request may merge."""

    approvals: int = 0
    checks: tuple[str, ...] = ()
    strict: bool = False
    """The head must contain the base."""
    dismiss_stale_reviews: bool = False
    """A push to the head dismisses the approvals."""
