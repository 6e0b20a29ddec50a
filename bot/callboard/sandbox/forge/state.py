"""What the sandbox forge remembers beside the git repositories: accounts, pull requests, reviews, checks."""

from __future__ import annotations

import hashlib
import itertools
import secrets
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from .bare import Bare
from .faults import Faults
from .installations import App, Grant
from .project import AutoMerge, Event, Issue, ProjectSettings
from .records import (
    Account,
    AccountKind,
    BaseChanged,
    CheckRun,
    Comment,
    ForcePushed,
    Label,
    Protection,
    Review,
    ReviewState,
    Status,
)
from .refusal import Refused, not_found
from .requestlog import RequestLog

__all__ = [
    "ROLES",
    "Account",
    "AccountKind",
    "App",
    "AutoMerge",
    "BaseChanged",
    "CheckRun",
    "Comment",
    "Event",
    "ForcePushed",
    "Grant",
    "Issue",
    "Label",
    "MergeQueue",
    "ProjectSettings",
    "Protection",
    "Pull",
    "QueueEntry",
    "Repository",
    "Review",
    "ReviewState",
    "Role",
    "Status",
    "World",
]

Role = Literal["read", "triage", "write", "maintain", "admin"]
ROLES: tuple[Role, ...] = ("read", "triage", "write", "maintain", "admin")


@dataclass
class Pull:
    """A pull request within one repository. ``base`` is the base commit as of the last push to the head."""

    id: int
    number: int
    title: str
    body: str | None
    author: Account
    head_ref: str
    head: str
    base_ref: str
    base: str
    created_at: str
    updated_at: str
    draft: bool = False
    state: Literal["open", "closed"] = "open"
    closed_at: str | None = None
    merged_at: str | None = None
    merged_by: Account | None = None
    merge_commit: str | None = None
    labels: list[str] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    requested_reviewers: list[Account] = field(default_factory=list)
    force_pushes: list[ForcePushed] = field(default_factory=list)
    base_changes: list[BaseChanged] = field(default_factory=list)
    undecided_reads: int = 0
    """How many more reads answer that mergeability is not known yet."""
    events: list[Event] = field(default_factory=list)
    """Pushes and verdicts, oldest first; GitLab tells of them in notes and versions."""
    squash: bool = False
    squash_commit: str | None = None
    remove_source_branch: bool = False
    auto_merge: AutoMerge | None = None
    merge_error: str | None = None
    fork: Repository | None = None
    """Where its head branch is, when that is not the repository itself."""


@dataclass
class QueueEntry:
    """A place in a merge queue, pinned to a head."""

    id: int
    pull: Pull
    head: str
    enqueuer: Account
    enqueued_at: str


@dataclass
class MergeQueue:
    """The merge queue of a branch."""

    id: int
    branch: str
    method: Literal["merge", "squash", "rebase"] = "merge"
    waiting: list[QueueEntry] = field(default_factory=list)

    @property
    def entries(self) -> list[QueueEntry]:
        """What still waits: a pull request that moved, was closed or aimed elsewhere has dropped out."""
        return [
            entry
            for entry in self.waiting
            if (entry.pull.state, entry.pull.head, entry.pull.base_ref) == ("open", entry.head, self.branch)
        ]

    def entry(self, pull: Pull) -> QueueEntry | None:
        """The place of a pull request."""
        return next((entry for entry in self.entries if entry.pull is pull), None)


@dataclass
class Repository:
    """A repository: its content is in ``git``, the rest is here."""

    id: int
    owner: Account
    name: str
    private: bool
    default_branch: str
    git: Bare
    created_at: str
    updated_at: str
    pushed_at: str
    collaborators: dict[int, tuple[Account, Role]] = field(default_factory=dict)
    labels: dict[str, Label] = field(default_factory=dict)
    """By lower-cased name: GitHub takes names that differ only by case for one."""
    pulls: dict[int, Pull] = field(default_factory=dict)
    comments: dict[int, Comment] = field(default_factory=dict)
    statuses: list[Status] = field(default_factory=list)
    check_runs: dict[int, CheckRun] = field(default_factory=dict)
    protections: dict[str, Protection] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    """The refs as of the last look, so that a push is seen whichever way it came."""
    issues: dict[int, Issue] = field(default_factory=dict)
    settings: ProjectSettings = field(default_factory=ProjectSettings)
    queues: dict[str, MergeQueue] = field(default_factory=dict)
    """The merge queues by their branches."""
    signed: set[str] = field(default_factory=set)
    """The commits that the forge itself signed."""
    parent: Repository | None = None
    """What it is a fork of."""

    @property
    def full_name(self) -> str:
        """``owner/name``."""
        return f"{self.owner.login}/{self.name}"

    def role(self, account: Account | None) -> Role | None:
        """The role of ``account`` here; None: none, or not signed in."""
        if account is None:
            return None
        if account == self.owner:
            return "admin"
        entry = self.collaborators.get(account.id)
        return entry[1] if entry else None

    def allows(self, account: Account | None, needed: Role) -> bool:
        """Whether ``account`` may do what asks for ``needed``. Everyone may read a public repository."""
        role = self.role(account)
        if role is None:
            return needed == "read" and not self.private
        return ROLES.index(role) >= ROLES.index(needed)

    def next_number(self) -> int:
        """The number of the next issue or pull request, which GitHub counts together."""
        return max((0, *self.pulls, *self.issues)) + 1

    def pull(self, number: int) -> Pull:
        """The pull request with this number. Raises Refused (404)."""
        try:
            return self.pulls[number]
        except KeyError:
            raise not_found() from None

    def label(self, name: str) -> Label | None:
        """The label of this name, in whatever case."""
        return self.labels.get(name.lower())


class World:
    """Everything behind one forge. Whoever reads or changes it holds ``lock``."""

    def __init__(self, root: Path, *, repoints_reviews: bool, undecided_reads: int) -> None:
        self.root = root
        self.lock = threading.RLock()
        self.log = RequestLog()
        self.faults = Faults()
        self.repoints_reviews = repoints_reviews
        self.undecided_reads = undecided_reads
        self.repositories: dict[str, Repository] = {}
        self.accounts: dict[str, Account] = {}
        self.teams: dict[tuple[str, str], list[Account]] = {}
        """The members of a team by its organization and slug, in lower case."""
        self.former: dict[str, Repository] = {}
        """Repositories by the names that they had before, in lower case."""
        self.on_change: list[Callable[[Account], None]] = []
        """Called by ``changed``."""
        self.apps: dict[int, App] = {}
        self.token_lifetime = timedelta(hours=1)
        """Of an installation's tokens."""
        self._tokens: dict[str, Account] = {}
        self._grants: dict[str, Grant] = {}
        self._read_only: set[str] = set()
        self._ids: Iterator[int] = itertools.count(1001)
        self._now = datetime.now(UTC).replace(microsecond=0)

    def changed(self, actor: Account) -> None:
        """Tell whoever wants to know that ``actor`` may have changed something."""
        for tell in self.on_change:
            tell(actor)

    def new_id(self) -> int:
        """A number that no other thing here has."""
        return next(self._ids)

    def now(self) -> str:
        """The time, at least one second after the last answer: no two events happen at the same second."""
        self._now = max(datetime.now(UTC).replace(microsecond=0), self._now + timedelta(seconds=1))
        return self._now.strftime("%Y-%m-%dT%H:%M:%SZ")

    def add_account(self, login: str, kind: AccountKind) -> Account:
        """A new account. Raises ValueError when the login is taken."""
        if kind == "Bot":
            login = f"{login.removesuffix('[bot]')}[bot]"
        if login.lower() in self.accounts:
            raise ValueError(f"the sandbox already has an account {login!r}")
        account = Account(self.new_id(), login, kind, self.now())
        self.accounts[login.lower()] = account
        return account

    def account(self, login: str) -> Account:
        """The account of this login, a bot's with or without its suffix. Raises Refused (404)."""
        found = self.accounts.get(login.lower()) or self.accounts.get(f"{login.lower()}[bot]")
        if found is None:
            raise not_found()
        return found

    def new_token(self, account: Account, *, read_only: bool = False, grant: Grant | None = None) -> str:
        """A token for ``account``, which GitLab takes no writes of when it is ``read_only``.

        ``grant`` limits it, as a token of an app's installation is limited. Only its digest is kept.
        """
        token = f"sandbox_{secrets.token_hex(20)}"
        self._tokens[_digest(token)] = account
        if grant:
            self._grants[_digest(token)] = grant
        if read_only:
            self._read_only.add(_digest(token))
        return token

    def is_read_only(self, token: str) -> bool:
        """Whether a token was made to read only."""
        return _digest(token) in self._read_only

    def signed_in(self, token: str) -> Account:
        """Whose token it is. Raises Refused (401)."""
        account, grant = self._tokens.get(_digest(token)), self.grant(token)
        if account is None or (grant and grant.expires_at <= datetime.now(UTC)):
            raise Refused(401, "Bad credentials")
        return account

    def grant(self, token: str) -> Grant | None:
        """What limits a token; None: nothing but its account's role."""
        return self._grants.get(_digest(token))

    def moved(self, owner: str, name: str, account: Account | None) -> Repository | None:
        """The repository that had this name, when ``account`` may read it, and none has it now."""
        key = f"{owner}/{name}".lower()
        found = None if key in self.repositories else self.former.get(key)
        return found if found and found.allows(account, "read") else None

    def repository(self, owner: str, name: str, account: Account | None) -> Repository:
        """The repository, when ``account`` may read it. Raises Refused (404)."""
        found = self.repositories.get(f"{owner}/{name}".lower())
        if found is None or not found.allows(account, "read"):
            raise not_found()
        return found


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
