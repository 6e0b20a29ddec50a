"""What the rest of the house may ask of a forge, in words that GitHub and GitLab share.

Reads answer frozen facts; writes answer what the forge made of them. Every method may raise ``ForgeError``.
A write is sent once and never retried blindly: after an unclear answer the next walk reads the truth.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol


class ForgeError(Exception):
    """The forge did not do what was asked: what, where, and what to do next. Redacted."""

    def __init__(self, what: str, *, where: str, hint: str, status: int | None = None) -> None:
        super().__init__(f"{what} ({where}); {hint}")
        self.what, self.where, self.hint, self.status = what, where, hint, status


class HeadMoved(ForgeError):
    """The merge was refused because the head is not the commit that was approved and checked."""


@dataclass(frozen=True)
class Account:
    """A person, a bot or an app on the forge. ``id`` never changes; ``login`` can."""

    id: str
    login: str


@dataclass(frozen=True)
class Review:
    """One review of a pull request, newest state per author and commit as the forge tells it."""

    author: Account
    state: Literal["approved", "changes-requested", "commented", "dismissed", "pending"]
    commit: str
    """The commit that the forge names. After a force push it may have been re-pointed: see decide."""
    submitted_at: str
    author_can_write: bool
    author_is_person: bool


@dataclass(frozen=True)
class Check:
    """One check or status on the head."""

    name: str
    state: Literal["success", "failure", "pending", "neutral"]
    source: str
    """The app or account that reported it."""
    title: str = ""
    """What it says in one line; empty when it says nothing."""


@dataclass(frozen=True)
class ForcePush:
    """The head branch was force-pushed. GitLab tells of every push, and each of them is told here."""

    before: str
    after: str
    at: str


@dataclass(frozen=True)
class Comment:
    """A comment in the conversation of a pull request."""

    id: int
    author: Account
    body: str
    created_at: str = ""
    edited: bool = False
    """Somebody changed it after it was written, who need not be its author."""
    author_is_person: bool = False


@dataclass(frozen=True)
class Issue:
    """An issue of the repository, as far as the dashboard needs it."""

    number: int
    url: str
    title: str
    body: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class About:
    """What the forge says about us and about the repository itself, told in one read."""

    identity: Account
    repository: str
    """Its name now: another than the one that was asked for after it was renamed or moved."""
    default_branch: str
    queue: bool = False
    """Merges into the base branch go through the forge's own merge queue (GitLab: merge train)."""
    dashboard: Issue | None = None
    """The oldest open issue of ours that has the label ``DASHBOARD_LABEL``."""


DASHBOARD_LABEL = "callboard-dashboard"
"""How the dashboard issue is found again."""


@dataclass(frozen=True)
class Annotation:
    """One diagnostic at its place in a file."""

    path: str
    line: int
    """From 1."""
    column: int
    """From 1."""
    severity: Literal["error", "warning"]
    title: str
    message: str


@dataclass(frozen=True)
class CheckReport:
    """What our own check on a head says."""

    name: str
    state: Literal["success", "failure", "neutral"]
    title: str
    """One line of at most 140 characters (GitHub's limit for the description of a status)."""
    summary: str
    """Markdown."""
    annotations: tuple[Annotation, ...] = ()


@dataclass(frozen=True)
class PullRequest:
    """A pull request (GitLab: merge request) with all that deciding needs, read in one go."""

    number: int
    url: str
    title: str
    body: str
    author: Account
    state: Literal["open", "closed", "merged"]
    draft: bool
    head_ref: str
    head: str
    """Commit id of the head."""
    head_repository: str
    """``owner/name``; a fork's name differs from the base repository's; empty when it was deleted."""
    base_ref: str
    base: str
    """Commit id of the base branch as the forge compared it."""
    labels: tuple[str, ...] = ()
    mergeable: bool | None = None
    """None: the forge has not decided yet."""
    blocked_by_forge: bool = False
    """The forge's own protection does not allow the merge now (GitHub: mergeStateStatus BLOCKED; GitLab: any
    detailed_merge_status but ``mergeable`` that is not about conflicts)."""
    reviews: tuple[Review, ...] = ()
    checks: tuple[Check, ...] = ()
    paths: tuple[str, ...] = ()
    """Every changed path, old and new names of renames. Complete, or ``paths_complete`` is False."""
    paths_complete: bool = True
    force_pushes: tuple[ForcePush, ...] = ()
    retargeted_at: tuple[str, ...] = ()
    """When its base branch was changed: what was reviewed before was another difference."""
    created_at: str = ""
    updated_at: str = ""
    merge_commit: str | None = None
    comments: tuple[Comment, ...] = ()
    in_queue: bool = False
    """It stands in the forge's own merge queue or train."""
    mark: Literal["#", "!"] = "#"
    """What the forge writes before its number."""

    @property
    def reference(self) -> str:
        """How the forge refers to it: ``#12``, or ``!12`` on GitLab."""
        return f"{self.mark}{self.number}"

    def comment_of(self, author: Account, marker: str) -> Comment | None:
        """The comment of this author that begins with the marker."""
        return next(
            (one for one in self.comments if one.author.id == author.id and one.body.startswith(marker)), None
        )


@dataclass(frozen=True)
class NewPullRequest:
    """What opens a pull request."""

    head_ref: str
    base_ref: str
    title: str
    body: str
    labels: tuple[str, ...] = ()
    draft: bool = False


class Forge(Protocol):
    """One repository on a forge."""

    repository: str
    """``owner/name``; on GitLab ``group/subgroup/project`` with any number of groups."""
    word: Literal["pull request", "merge request"]
    """What people on this forge call a pull request."""
    access: str
    """What the token has to be allowed, in the forge's words: "give the token …"."""
    git_url: str
    """Where git clones from and pushes to; never holds a credential."""

    @property
    def reads(self) -> int:
        """Requests that asked, so far."""

    @property
    def writes(self) -> int:
        """Requests that were to change something, so far."""

    def identity(self) -> Account:
        """Who we are to the forge. One read, remembered."""

    def about(self, base_ref: str) -> About:
        """Who we are, what the repository is called now, and its dashboard. One read, which also answers
        ``identity``; asked anew each time."""

    def commit_author(self) -> str:
        """``NAME <EMAIL>`` by which the forge shows a commit as ours. No read but that of ``identity``."""

    def open_pull_requests(self) -> tuple[PullRequest, ...]:
        """All open pull requests, complete with facts, in as few reads as the forge allows.

        One for fifty. GitLab: three more for each one of ours that somebody approves; as long as nobody does,
        a file that its only commit renamed is told by its new name alone.
        """

    def finished_lately(self) -> tuple[PullRequest, ...]:
        """The pull requests that changed last of those that are merged (at most fifty) and of those that were
        closed without it (at most twenty), in one read; on GitLab only ours."""

    def last_closed(self, head_ref: str) -> PullRequest | None:
        """The pull request of this head branch that was closed or merged last; on GitLab without what stands
        around it (reviews, checks, paths, comments)."""

    def open(self, new: NewPullRequest) -> PullRequest:
        """Open a pull request. At most two writes: the pull request, and its labels (GitLab: one)."""

    def edit(self, number: int, *, title: str | None = None, body: str | None = None) -> None:
        """Change title or text. One write."""

    def comment(self, pull: PullRequest, body: str, *, marker: str) -> None:
        """Write our comment that begins with this hidden marker, or rewrite it in place when it differs."""

    def label(self, number: int, *, add: tuple[str, ...] = (), remove: tuple[str, ...] = ()) -> None:
        """Add and remove labels. Labels that are already so cost nothing."""

    def merge(self, number: int, *, head: str, method: str, title: str, message: str) -> str:
        """Merge, pinned to ``head``; answers the merge commit. Raises HeadMoved.

        ``method``: ``merge``, ``squash`` or ``rebase``. Whether there is a merge commit is a setting of a
        GitLab project; there ``squash`` squashes, and the other two do not.
        """

    def enqueue(self, number: int, *, head: str) -> None:
        """Put into the forge's own merge queue or train, pinned to ``head``. Raises HeadMoved."""

    def dequeue(self, number: int) -> None:
        """Take out of the forge's own merge queue or train. One write."""

    def close(self, number: int) -> None:
        """Close without merging."""

    def can_write(self, account: Account) -> bool:
        """Whether this account may write to the repository. One read, remembered."""

    def members(self, group: str) -> frozenset[str] | None:
        """The logins in a team (``acme/ml``, GitLab: a group) named by a code owners file, in lower case.

        None when the forge does not tell. One read for a hundred, remembered.
        """

    def head_of(self, number: int) -> str:
        """The ref under which git fetches the head of a pull request, from a fork too."""

    def check(self, pull: PullRequest, report: CheckReport) -> None:
        """Say on the head what was checked: a check with annotations where the forge takes one from us, else
        a commit status. One write; none when the head already has the same (state and title)."""

    def open_issue(self, title: str, body: str, labels: tuple[str, ...]) -> Issue:
        """Open an issue. One write."""

    def edit_issue(self, number: int, *, body: str) -> None:
        """Change the text of an issue. One write."""

    def commit(
        self,
        branch: str,
        *,
        parent: str,
        files: Mapping[str, bytes | None],
        existing: Collection[str],
        message: str,
        expected: str | None,
    ) -> str:
        """Make a commit through the API, which the forge signs, and point the branch at it; answers its id.

        ``files``: paths to content, None removes; all plain files. ``existing``: those of them that
        ``parent`` has. ``expected``: the commit that the branch is at, None when it does not exist; HeadMoved
        when it is not so.
        """

    def file_url(self, path: str, base: str) -> str:
        """The address of a file on the base branch, in the form that Backstage registers (``…/blob/…``)."""
